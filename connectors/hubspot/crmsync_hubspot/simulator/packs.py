"""Packs: rows of made-up values that belong together, such as a city, its country and its telephone numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from crmsync.sandbox.columns import Pack
from crmsync.sandbox.people import Company, Person, company, home, person
from crmsync.sandbox.words import PRODUCTS, TITLES, sparse
from crmsync_hubspot.simulator.industries import INDUSTRIES
from crmsync_hubspot.simulator.pipelines import STAGES

LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
LEAD_STATUSES = (
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
)
SOURCES = ("ORGANIC_SEARCH", "PAID_SEARCH", "EMAIL_MARKETING", "SOCIAL_MEDIA", "REFERRALS", "DIRECT_TRAFFIC", "OFFLINE")

# Sizes are prime and the shifts differ, so that the packs of one record vary independently of each other.
PEOPLE, HOMES, ROLES, HABITS, BOOKS, OFFERS, NAMES = 1999, 997, 1021, 757, 499, 503, 3001


@dataclass(frozen=True, slots=True)
class Packs:
    """All packs of a portal."""

    names: list[Company]
    sites: Pack
    books: Pack
    people: Pack
    locals: list[str]  # the name of each person as it stands before the @
    homes: Pack
    roles: Pack
    habits: Pack
    offers: Pack


@lru_cache(8)  # portals of one seed share them
def made_packs(seed: int, owners: tuple[str, ...]) -> Packs:
    """The packs of a seed."""
    dice = random.Random(seed)
    persons = people(dice)
    return Packs(
        names=[company(dice) for _ in range(NAMES)],
        sites=homes(dice),
        books=books(dice, owners),
        people=persons,
        locals=[Person(str(first), str(last)).local for first, last, *_ in persons.rows],
        homes=homes(dice),
        roles=roles(dice, owners),
        habits=habits(dice),
        offers=offers(dice, owners),
    )


def people(dice: random.Random) -> Pack:
    """Names of persons."""
    rows = []
    for _ in range(PEOPLE):
        each = person(dice)
        title = dice.choice((None, None, "Dr.", "Ms.", "Mr."))
        language = dice.choice(("en", "de", "es", "fr", "pt", "ja", "pl", "tr", None))
        rows.append((each.first, each.last, each.name, title, language))
    return Pack(("firstname", "lastname", "hs_full_name_or_email", "salutation", "hs_language"), rows, 0)


def roles(dice: random.Random, owners: Sequence[str]) -> Pack:
    """What a person does, and how far the sale is."""
    industries = [code.replace("_", " ").title() for code in INDUSTRIES]
    remarks = ("Newsletter; please call in the morning.", "Met at the fair in Lyon.", "Prefiere correo electrónico.")
    rows = [
        (
            sparse(dice, TITLES),
            dice.choice(LIFECYCLE),
            sparse(dice, LEAD_STATUSES),
            sparse(dice, owners),
            dice.choice(SOURCES),
            sparse(dice, industries),
            dice.choice(("true", "false", None)),
            sparse(dice, remarks),
        )
        for _ in range(ROLES)
    ]
    names = (
        "jobtitle lifecyclestage hs_lead_status hubspot_owner_id hs_analytics_source industry hs_email_optout message"
    )
    return Pack(tuple(names.split()), rows, 22)


def homes(dice: random.Random) -> Pack:
    """Addresses; `_phone` and `_mobile` are numbers without their last two digits."""
    made = [home(dice) for _ in range(HOMES)]
    rows = [(h.street, h.city, h.state, h.code, h.country, zone_code(h.zone), h.phone, h.mobile) for h in made]
    return Pack(("address", "city", "state", "zip", "country", "hs_timezone", "_phone", "_mobile"), rows, 11)


def habits(dice: random.Random) -> Pack:
    """What a contact did on the portal's pages."""
    rows = []
    for _ in range(HABITS):
        revenue = str(dice.randrange(1, 9000) * 1000) if dice.random() < 0.2 else None
        rows.append((str(dice.randrange(100)), str(dice.randrange(12)), *_visits(dice), revenue))
    names = "hubspotscore num_notes hs_analytics_num_page_views hs_analytics_num_visits annualrevenue"
    return Pack(tuple(names.split()), rows, 31)


def books(dice: random.Random, owners: Sequence[str]) -> Pack:
    """What a company is."""
    rows = [
        (
            sparse(dice, INDUSTRIES),
            dice.choice(("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER", None)),
            dice.choice(LIFECYCLE),
            sparse(dice, owners),
            dice.choice(("true", "false")),
            sparse(dice, ("Family business.", "Listed since 2009.", "Wächst schnell.", "海外展開中。")),
            sparse(dice, LEAD_STATUSES),
            dice.choice(SOURCES),
        )
        for _ in range(BOOKS)
    ]
    names = "industry type lifecyclestage hubspot_owner_id is_public description hs_lead_status hs_analytics_source"
    return Pack(tuple(names.split()), rows, 22)


def offers(dice: random.Random, owners: Sequence[str]) -> Pack:
    """What is sold, and how far the sale is."""
    rows = []
    for _ in range(OFFERS):
        pipeline, stage, probability, closed = dice.choice(STAGES)
        rows.append(
            (
                dice.choice(PRODUCTS),
                pipeline,
                stage,
                probability,
                str(closed).lower(),
                str(closed and probability == "1.0").lower(),
                dice.choice(("newbusiness", "existingbusiness", None)),
                sparse(dice, owners),
                dice.choice(("USD", "USD", "EUR", "GBP")),
                dice.choice(("low", "medium", "high", None)),
                sparse(dice, ("Waiting for the budget.", "Rückruf vereinbart.", "Contrato enviado.")),
            )
        )
    names = (
        "_product pipeline dealstage hs_deal_stage_probability hs_is_closed hs_is_closed_won dealtype "
        "hubspot_owner_id deal_currency_code hs_priority description"
    )
    return Pack(tuple(names.split()), rows, 0)


def _visits(dice: random.Random) -> tuple[str, str]:
    visits = dice.randrange(40)
    return str(visits * dice.randint(1, 7)), str(visits)


def zone_code(zone: str) -> str:
    """`europe_slash_berlin`: how the property spells a time zone."""
    return zone.lower().replace("/", "_slash_")
