"""The users that records may belong to."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from crmsync.sandbox.words import FAMILY, GIVEN, slug

OWNERS = 24


@dataclass(frozen=True, slots=True)
class Owner:
    """A user of the portal; records name the `id`, not the `user_id`."""

    id: str
    user_id: int
    first: str
    last: str
    archived: bool = False

    @property
    def email(self) -> str:
        return f"{slug(self.first)}.{slug(self.last)}@portal.example"

    def shown(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": self.id,
            "email": self.email,
            "type": "PERSON",
            "firstName": self.first,
            "lastName": self.last,
            "userId": self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": "2021-05-06T07:08:09.010Z",
            "updatedAt": "2025-02-03T04:05:06.007Z",
            "archived": self.archived,
            "teams": [{"id": "701", "name": "Sales", "primary": True}],
        }
        return {key: value for key, value in body.items() if not (self.archived and key == "userId")}


def made_up_owners(seed: int) -> list[Owner]:
    dice = random.Random(seed)
    return [
        Owner(str(96_879_917 + 13 * number), 9_000_100 + number, dice.choice(GIVEN), dice.choice(FAMILY))
        for number in range(OWNERS)
    ]
