"""Made-up persons, addresses and company names, for the packs of any simulator. No text needs escaping in JSON."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crmsync.sandbox.words import (
    FAMILY,
    GIVEN,
    NAME_ENDS,
    NAME_MIDDLES,
    NAME_STARTS,
    PLACES,
    STREETS,
    filled_form,
    slug,
)

_ENDS = tuple(f"{number:02d}" for number in range(100))


@dataclass(frozen=True, slots=True)
class Person:
    """A name, and how it stands before the @ of an address."""

    first: str
    last: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def local(self) -> str:
        return f"{slug(self.first)}.{slug(self.last)}"


@dataclass(frozen=True, slots=True)
class Home:
    """An address and its time zone; the telephone numbers lack their last two digits."""

    street: str | None
    city: str
    state: str | None
    code: str | None
    country: str
    zone: str
    phone: str
    mobile: str


@dataclass(frozen=True, slots=True)
class Company:
    """A name, and the slug that begins its domain."""

    name: str
    slug: str


class Rows(Protocol):
    """A pack, whatever its values are."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> Sequence[tuple[object, ...]]: ...

    @property
    def shift(self) -> int: ...


def person(dice: random.Random) -> Person:
    """Somebody from anywhere."""
    return Person(dice.choice(GIVEN), dice.choice(FAMILY).replace("O-", "O'").replace("Da-", "da "))


def home(dice: random.Random) -> Home:
    """An address in one of the cities; one in ten has no street."""
    city, state, country, code, phone, zone = dice.choice(PLACES)
    street = f"{dice.randint(1, 290)} {dice.choice(STREETS)}" if dice.random() < 0.9 else None
    numbers = filled_form(phone[:-2], dice), filled_form(phone[:-2], dice)
    return Home(street, city, state, code and filled_form(code, dice), country, zone, *numbers)


def company(dice: random.Random) -> Company:
    """A business of any kind."""
    start, middle, end = dice.choice(NAME_STARTS), dice.choice(NAME_MIDDLES), dice.choice(NAME_ENDS)
    return Company(f"{start} {middle} {end}", slug(start + middle))


def number(homes: Rows, name: str, odds: int) -> Callable[[int, int], str | None]:
    """Telephone numbers from those that a pack of homes has in the column `name`; one record in `odds` has none."""
    column = homes.names.index(name)
    heads, size, shift = [str(row[column]) for row in homes.rows], len(homes.rows), homes.shift

    def numbered(_: int, mixed: int) -> str | None:
        return heads[(mixed >> shift) % size] + _ENDS[(mixed >> 40) % 100] if (mixed >> 47) % odds else None

    return numbered
