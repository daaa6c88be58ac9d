"""Made-up persons, addresses and company names, for the packs of any simulator. No text needs escaping in JSON."""

from __future__ import annotations

import random
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Person:
    """A name, and how it stands before the @ of an address."""

    first: str
    last: str

    @property
    def local(self) -> str:
        return f"{slug(self.first)}.{slug(self.last)}"


@dataclass(frozen=True, slots=True)
class Home:
    """An address; the telephone numbers lack their last two digits."""

    street: str | None
    city: str
    state: str | None
    code: str | None
    country: str
    phone: str
    mobile: str


@dataclass(frozen=True, slots=True)
class Company:
    """A name, and the slug that begins its domain."""

    name: str
    slug: str


def person(dice: random.Random) -> Person:
    """Somebody from anywhere."""
    return Person(dice.choice(GIVEN), dice.choice(FAMILY).replace("O-", "O'").replace("Da-", "da "))


def home(dice: random.Random) -> Home:
    """An address in one of the cities; one in ten has no street."""
    city, state, country, code, phone, _ = dice.choice(PLACES)
    street = f"{dice.randint(1, 290)} {dice.choice(STREETS)}" if dice.random() < 0.9 else None
    numbers = filled_form(phone[:-2], dice), filled_form(phone[:-2], dice)
    return Home(street, city, state, code and filled_form(code, dice), country, *numbers)


def company(dice: random.Random) -> Company:
    """A business of any kind."""
    start, middle, end = dice.choice(NAME_STARTS), dice.choice(NAME_MIDDLES), dice.choice(NAME_ENDS)
    return Company(f"{start} {middle} {end}", slug(start + middle))
