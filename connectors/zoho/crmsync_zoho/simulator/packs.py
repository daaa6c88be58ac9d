"""Packs: rows of made-up values that belong together, such as a city, its country and its telephone numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from crmsync.sandbox import people
from crmsync.sandbox.words import PRODUCTS, TITLES, sparse
from crmsync_zoho.simulator.columns import Pack
from crmsync_zoho.simulator.definitions import OPTIONS
from crmsync_zoho.simulator.pipelines import PIPELINES, stage_named

DEPARTMENTS = ("Sales", "Marketing", "Operations", "Finance", "IT", "Legal", "Purchasing", "Forschung", "Ventas")
NEXT_STEPS = ("Send the offer", "Call back", "Rückruf vereinbaren", "Visit in Lyon", "Enviar contrato")
REMARKS = ("Newsletter; please call in the morning.", "Met at the fair in Lyon.", "Prefiere correo electrónico.")

# Sizes are prime and the shifts differ, so that the packs of one record vary independently of each other.
PEOPLE, HOMES, ROLES, BOOKS, OFFERS, PROSPECTS, NAMES = 1999, 997, 1021, 499, 503, 757, 3001


@dataclass(frozen=True, slots=True)
class Packs:
    """All packs of an org."""

    names: list[people.Company]
    persons: Pack
    locals: list[str]  # the name of each person as it stands before the @
    homes: list[people.Home]
    roles: Pack
    books: Pack
    offers: Pack
    prospects: Pack

    def addresses(self, street: str, city: str, state: str, code: str, country: str, shift: int = 11) -> Pack:
        """The homes under a module's own names."""
        rows = [(h.street, h.city, h.state, h.code, h.country, h.phone, h.mobile) for h in self.homes]
        return Pack((street, city, state, code, country, "_phone", "_mobile"), rows, shift)


@lru_cache(8)  # orgs of one seed share them
def made_packs(seed: int, owners: tuple[int, ...]) -> Packs:
    """The packs of a seed."""
    dice = random.Random(seed)
    persons = [people.person(dice) for _ in range(PEOPLE)]
    return Packs(
        names=[people.company(dice) for _ in range(NAMES)],
        persons=_persons(persons, dice),
        locals=[each.local for each in persons],
        homes=[people.home(dice) for _ in range(HOMES)],
        roles=_roles(dice, owners),
        books=_books(dice, owners),
        offers=_offers(dice, owners),
        prospects=_prospects(dice, owners),
    )


def _persons(persons: Sequence[people.Person], dice: random.Random) -> Pack:
    rows = []
    for each in persons:
        first = each.first if dice.random() < 0.95 else None
        rows.append((_of(dice, "salutations"), first, each.last, f"{first} {each.last}" if first else each.last))
    return Pack(("Salutation", "First_Name", "Last_Name", "Full_Name"), rows, 0)


def _roles(dice: random.Random, owners: Sequence[int]) -> Pack:
    rows = [
        (
            sparse(dice, TITLES),
            sparse(dice, DEPARTMENTS),
            _of(dice, "sources"),
            dice.choice(owners),
            dice.random() < 0.1,
            sparse(dice, REMARKS),
        )
        for _ in range(ROLES)
    ]
    return Pack(("Title", "Department", "Lead_Source", "Owner", "Email_Opt_Out", "Description"), rows, 22)


def _books(dice: random.Random, owners: Sequence[int]) -> Pack:
    rows = [
        (
            _of(dice, "industries"),
            _of(dice, "account_types"),
            _of(dice, "ownerships"),
            _of(dice, "ratings"),
            dice.choice(owners),
            sparse(dice, ("Family business.", "Listed since 2009.", "Wächst schnell.", "海外展開中。")),
        )
        for _ in range(BOOKS)
    ]
    return Pack(("Industry", "Account_Type", "Ownership", "Rating", "Owner", "Description"), rows, 22)


def _offers(dice: random.Random, owners: Sequence[int]) -> Pack:
    rows = []
    for _ in range(OFFERS):
        pipeline = dice.choice(PIPELINES)
        stage = stage_named(dice.choice(pipeline.stages))
        assert stage is not None
        rows.append(
            (
                dice.choice(PRODUCTS),
                pipeline.name,
                stage.display,
                stage.probability,
                _of(dice, "deal_types"),
                _of(dice, "sources"),
                sparse(dice, NEXT_STEPS),
                dice.choice(owners),
                sparse(dice, REMARKS),
            )
        )
    names = "_product Pipeline Stage Probability Type Lead_Source Next_Step Owner Description"
    return Pack(tuple(names.split()), rows, 0)


def _prospects(dice: random.Random, owners: Sequence[int]) -> Pack:
    rows = [
        (
            sparse(dice, TITLES),
            _of(dice, "sources"),
            _of(dice, "lead_statuses"),
            _of(dice, "industries"),
            _of(dice, "ratings"),
            dice.choice(owners),
            dice.random() < 0.1,
            sparse(dice, REMARKS),
        )
        for _ in range(PROSPECTS)
    ]
    names = "Designation Lead_Source Lead_Status Industry Rating Owner Email_Opt_Out Description"
    return Pack(tuple(names.split()), rows, 22)


def _of(dice: random.Random, options: str) -> str | None:
    return sparse(dice, OPTIONS[options].split("|"))
