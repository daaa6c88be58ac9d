"""The users of an org; every record has one as its owner."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from crmsync.sandbox.people import person
from crmsync.sandbox.words import slug
from crmsync_zoho.simulator.ids import definition_id

USERS = 24
AREA, ROLES_AREA, PROFILES_AREA = 60, 61, 62
KINDS = {
    "AllUsers": "all",
    "ActiveUsers": "active",
    "DeactiveUsers": "inactive",
    "ConfirmedUsers": "all",
    "NotConfirmedUsers": "none",
    "DeletedUsers": "none",
    "ActiveConfirmedUsers": "active",
    "AdminUsers": "admin",
    "ActiveConfirmedAdmins": "admin",
    "CurrentUser": "first",
}


@dataclass(frozen=True, slots=True)
class User:
    """One user; number 0 is the administrator whose tokens are used."""

    id: int
    number: int
    first: str
    last: str
    active: bool = True

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"{slug(self.first)}.{slug(self.last)}@org.example"

    @property
    def brief(self) -> dict[str, str]:
        """As writes name who did it."""
        return {"name": self.name, "id": str(self.id)}

    @property
    def owner(self) -> dict[str, str]:
        """As records show their owner."""
        return {"name": self.name, "id": str(self.id), "email": self.email}


def made_up_users(seed: int) -> list[User]:
    dice = random.Random(seed)
    people = [person(dice) for _ in range(USERS)]
    return [User(int(definition_id(seed, AREA, n + 1)), n, p.first, p.last) for n, p in enumerate(people)]


def profiles(seed: int) -> list[dict[str, str]]:
    """The two profiles that every org has."""
    names = ("Administrator", "Standard")
    return [{"name": name, "id": definition_id(seed, PROFILES_AREA, place)} for place, name in enumerate(names, 1)]


def shown_user(seed: int, user: User, zone: str, created: str) -> dict[str, Any]:
    admin = user.number == 0
    roles = ("CEO", "Manager")
    return {
        "country": "DE",
        "language": "en_US",
        "microsoft": False,
        "id": str(user.id),
        "state": None,
        "fax": None,
        "country_locale": "en_US",
        "zip": None,
        "created_time": created,
        "time_format": "HH:mm",
        "profile": profiles(seed)[0 if admin else 1],
        "mobile": None,
        "last_name": user.last,
        "time_zone": zone,
        "zuid": str(694_579_958 + user.number),
        "confirm": True,
        "full_name": user.name,
        "phone": None,
        "dob": None,
        "date_format": "yyyy-MM-dd",
        "status": "active" if user.active else "inactive",
        "website": None,
        "email": user.email,
        "first_name": user.first,
        "locale": "en_US",
        "personal_account": False,
        "role": {"name": roles[0 if admin else 1], "id": definition_id(seed, ROLES_AREA, 1 if admin else 2)},
        "type__s": "Regular User",
        "Modified_Time": created,
    }


def users_of_kind(users: list[User], kind: str) -> list[User]:
    """Those that a `type` asks for."""
    match KINDS[kind]:
        case "all":
            return users
        case "active":
            return [user for user in users if user.active]
        case "inactive":
            return [user for user in users if not user.active]
        case "none":
            return []
    return users[:1]
