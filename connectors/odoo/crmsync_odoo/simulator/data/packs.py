"""Packs: rows of made-up values that belong together, such as a street, its city and its country.

Sizes are prime and each pack looks at other bits of a record's hash, so that they vary independently of each other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crmsync.sandbox.people import Company, company, person
from crmsync.sandbox.words import PLACES, PRODUCTS, STREETS, TITLES, filled_form, sparse
from crmsync_odoo.simulator.data import lists
from crmsync_odoo.simulator.orm.fields import Raw

PEOPLE, HOMES, ROLES, FIRMS, OFFERS, NAMES = 1999, 997, 1021, 499, 503, 3001
_ENDS = tuple(f"{number:02d}" for number in range(100))
Pick = Callable[[int], Raw]  # hash -> value


@dataclass(frozen=True)
class Pack:
    """Columns of equal length; a hash, shifted right by `shift` bits, picks a row."""

    columns: dict[str, tuple[Raw, ...]]
    shift: int

    def pick(self, name: str) -> Pick:
        column, shift, size = self.columns[name], self.shift, len(self.columns[name])
        return lambda mixed: column[(mixed >> shift) % size]


@dataclass(frozen=True)
class Packs:
    """All packs of a database."""

    firms: list[Company]
    people: Pack
    homes: Pack
    roles: Pack
    businesses: Pack
    offers: Pack


@lru_cache(8)  # databases of one seed share them
def made_packs(seed: int, sellers: tuple[int, ...]) -> Packs:
    """The packs of a seed. `sellers` are the users who look after records."""
    dice = random.Random(seed)
    return Packs(
        firms=[company(dice) for _ in range(NAMES)],
        people=_pack(0, "name local title", [_person(dice) for _ in range(PEOPLE)]),
        homes=_pack(
            11, "street street2 city zip state_id country_id _phone _mobile", [_home(dice) for _ in range(HOMES)]
        ),
        roles=_pack(22, "function user_id lang category_id comment", [_role(dice, sellers) for _ in range(ROLES)]),
        businesses=_pack(
            22, "industry_id user_id category_id comment", [_business(dice, sellers) for _ in range(FIRMS)]
        ),
        offers=_pack(0, "_product stage_id user_id team_id priority tag_ids description", _offers(dice, sellers)),
    )


def number(pack: Pack, name: str, odds: int) -> Pick:
    """Telephone numbers from the forms of a pack of homes; one record in `odds` has none."""
    head = pack.pick(name)
    return lambda mixed: f"{head(mixed)}{_ENDS[(mixed >> 40) % 100]}" if (mixed >> 47) % odds else None


def _pack(shift: int, names: str, rows: Sequence[tuple[Raw, ...]]) -> Pack:
    return Pack(dict(zip(names.split(), zip(*rows, strict=True), strict=True)), shift)


def _person(dice: random.Random) -> tuple[Raw, ...]:
    each, title = person(dice), dice.choice((None, None, *range(1, len(lists.TITLES) + 1)))
    return each.name, each.local, title


def _home(dice: random.Random) -> tuple[Raw, ...]:
    city, state, country, code, phone, _zone = dice.choice(PLACES)
    street = f"{dice.randint(1, 290)} {dice.choice(STREETS)}" if dice.random() < 0.9 else None
    second = f"Floor {dice.randint(1, 30)}" if dice.random() < 0.1 else None
    numbers = filled_form(phone[:-2], dice), filled_form(phone[:-2], dice)
    where = lists.state_id(state, country), lists.country_id(country)
    return street, second, city, code and filled_form(code, dice), *where, *numbers


def _role(dice: random.Random, sellers: Sequence[int]) -> tuple[Raw, ...]:
    remarks = ("<p>Newsletter; please call in the morning.</p>", "<p>Met at the fair in Lyon.</p>")
    return (
        sparse(dice, TITLES),
        sparse(dice, sellers) if dice.random() < 0.4 else None,
        "en_US",
        _some(dice, len(lists.CATEGORIES)),
        sparse(dice, remarks) if dice.random() < 0.3 else None,
    )


def _business(dice: random.Random, sellers: Sequence[int]) -> tuple[Raw, ...]:
    remarks = ("<p>Family business.</p>", "<p>Wächst schnell.</p>", "<p>海外展開中。</p>")
    return (
        sparse(dice, range(1, len(lists.INDUSTRIES) + 1)),
        sparse(dice, sellers),
        _some(dice, len(lists.CATEGORIES)),
        sparse(dice, remarks) if dice.random() < 0.3 else None,
    )


def _offers(dice: random.Random, sellers: Sequence[int]) -> list[tuple[Raw, ...]]:
    remarks = ("<p>Waiting for the budget.</p>", "<p>Rückruf vereinbart.</p>", "<p>Contrato enviado.</p>")
    return [
        (
            dice.choice(PRODUCTS),
            dice.choice((1, 1, 2, 2, 3, 4)),
            dice.choice(sellers),
            dice.choice((1, 1, 1, 2, 3)),
            dice.choice(("0", "0", "1", "2", "3")),
            _some(dice, len(lists.TAGS)),
            sparse(dice, remarks) if dice.random() < 0.3 else None,
        )
        for _ in range(OFFERS)
    ]


def _some(dice: random.Random, size: int) -> tuple[int, ...]:
    """No, one or two ids of a list."""
    return tuple(sorted(dice.sample(range(1, size + 1), dice.choice((0, 0, 1, 1, 2)))))
