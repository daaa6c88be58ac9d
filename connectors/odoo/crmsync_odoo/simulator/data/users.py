"""The users of a fresh database, and the partners that are theirs."""

from __future__ import annotations

import random
from dataclasses import dataclass

from crmsync.sandbox.words import FAMILY, GIVEN, slug

OWN_COMPANY = 1  # the partner of the company whose database it is
ADMIN, BOT = 2, 5
SELLERS = tuple(range(6, 14))
FORMER = 14
CUSTOMERS = ((15, 3, True), (16, 8, True), (17, 12, False))  # user, contact, whether access is still granted
MAIL = "lantern.example"  # the domain of the own company


@dataclass(frozen=True, slots=True)
class User:
    """A user as the database is set up with it; `share` is a customer or nobody in particular, not staff."""

    id: int
    partner: int
    name: str
    login: str
    active: bool = True
    share: bool = False


def staff(seed: int) -> list[User]:
    """All users but customers; each has the partner after its own number."""
    dice = random.Random(seed)
    users = [
        User(1, 2, "OdooBot", "__system__", active=False),
        User(ADMIN, 3, "Administrator", f"admin@{MAIL}"),
        User(3, 4, "Public user", "public", active=False, share=True),
        User(4, 5, "Portal User Template", "portaltemplate", active=False, share=True),
        User(BOT, 6, "crmsync", f"bot@{MAIL}"),
    ]
    for number in (*SELLERS, FORMER):
        first, last = dice.choice(GIVEN), dice.choice(FAMILY)
        login = f"{slug(first)}.{slug(last)}{number}@{MAIL}"
        users.append(User(number, number + 1, f"{first} {last}", login, active=number != FORMER))
    return users
