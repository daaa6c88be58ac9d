"""The made-up partners of a fresh database: companies, the people who work there, and some of their addresses.

Contact i works for company i // 5, except one in eight who works for none. The partners stand in blocks of 25: four
times a company and five contacts, and then an address, so that ids of companies and contacts alternate as in life.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from crmsync.sandbox.columns import mix
from crmsync_odoo.simulator.data.packs import NAMES, PEOPLE, Packs, number
from crmsync_odoo.simulator.data.users import SELLERS
from crmsync_odoo.simulator.orm.baseline import Baseline, Fill, Find, Slice, Who
from crmsync_odoo.simulator.orm.fields import Raw

COMPANY, CONTACT, ADDRESS = range(3)
BLOCK, FIRST_ID = 25, 101
NOWHERE = "mail.example"  # the domain of who works for no company
Make = Callable[[int, int], Raw]  # which of its kind, and its hash


class MadeUpPartners:
    """The partners, and which of them belong together."""

    def __init__(self, records: int, seed: int, newest_us: int, packs: Packs) -> None:
        self.contacts, self.companies = records, max(1, records // 5) if records else 0
        self._seed, self._packs, self._salt = seed, packs, mix(seed * 1_000_003 + 1, 0)
        self._firm = lru_cache(256)(self._firm_at)  # neighbours share a company
        ends = (self.index_of_company(self.companies - 1), self.index_of_contact(records - 1))
        last = max(*ends, (self.companies - 1) // 4 * BLOCK + 24) if records else -1
        self.baseline = Baseline(
            size=last + 1,
            first_id=FIRST_ID,
            full=min(records // 20, self.companies // 4) * BLOCK,
            salt=self._salt,
            newest_us=newest_us,
            block=BLOCK,
            who=who,
            is_there=self._is_there,
            columns=self._columns(),
            find=self._finders(),
        )

    @staticmethod
    def index_of_company(company: int) -> int:
        return company // 4 * BLOCK + company % 4 * 6

    @staticmethod
    def index_of_contact(contact: int) -> int:
        block, place = divmod(contact, 20)
        return block * BLOCK + place // 5 * 6 + place % 5 + 1

    def id_of_company(self, company: int) -> int:
        return FIRST_ID + self.index_of_company(company)

    def id_of_contact(self, contact: int) -> int:
        return FIRST_ID + self.index_of_contact(contact)

    def company_of(self, contact: int) -> int | None:
        if contact % 8 == 5 or not self.companies:
            return None
        return min(contact // 5, self.companies - 1)

    def contacts_of(self, company: int) -> list[int]:
        last = self.contacts if company == self.companies - 1 else 5 * company + 5
        return [contact for contact in range(5 * company, last) if self.company_of(contact) == company]

    def firm(self, company: int) -> str:
        """The name of a company."""
        return self._firm(company)[0]

    def _firm_at(self, company: int) -> tuple[str, str]:
        made = self._packs.firms[(company * 7919 + self._seed) % NAMES]
        return made.name, f"{made.slug}{company}.example"

    def _is_there(self, index: int) -> bool:
        kind, number = who(index)
        return 4 * number < self.companies if kind == ADDRESS else number < (self.companies, self.contacts)[kind]

    def _columns(self) -> dict[str, Fill]:
        columns = {**self._identity(), **self._reach(), **self._work()}
        packs = self._packs
        for name in ("user_id", "category_id", "comment"):
            of_company, of_contact = packs.businesses.pick(name), packs.roles.pick(name)
            columns[name] = by_kind(_of(of_company), _of(of_contact), _always(None))
        for name in ("street", "street2", "city", "zip", "state_id", "country_id"):
            columns[name] = _plain(packs.homes.pick(name))
        return columns

    def _identity(self) -> dict[str, Fill]:
        """What and whose a partner is."""
        firm, packs = self._firm, self._packs
        return {
            "name": by_kind(lambda at, _: firm(at)[0], _of(packs.people.pick("name")), _warehouse),
            "is_company": by_kind(_always(True), _always(False), _always(False)),
            "type": by_kind(_always("contact"), _always("contact"), _kind_of_address),
            "parent_id": by_kind(_always(None), self._parent, lambda at, _: self.id_of_company(4 * at)),
            "title": by_kind(_always(None), _of(packs.people.pick("title")), _always(None)),
            "active": by_kind(_active, _active, _always(True)),
            "create_uid": _user(44),
            "write_uid": _user(47),
            "lang": lambda some: ["en_US"] * len(some.indexes),
        }

    def _reach(self) -> dict[str, Fill]:
        """How to reach them; people type their addresses with capitals at times, or with their name."""
        packs, firm, domain = self._packs, self._firm, self._domain
        local, names = packs.people.columns["local"], packs.people.columns["name"]
        work, home = number(packs.homes, "_phone", 12), number(packs.homes, "_phone", 7)

        def address(at: int, mixed: int) -> Raw:
            return f"{local[mixed % PEOPLE]}{at}@{domain(at)}" if mixed >> 58 != 9 else None

        def typed(at: int, mixed: int) -> Raw:
            plain = address(at, mixed)
            style = (mixed >> 52) & 63
            if plain is None or style > 4:
                return plain
            return f"{names[mixed % PEOPLE]} <{plain}>" if style == 0 else str(plain).title()

        def site(at: int, mixed: int) -> Raw:
            begin = ("https://www.", "https://www.", "http://", "https://")[(mixed >> 50) & 3]
            return begin + firm(at)[1] if (mixed >> 53) % 16 else None

        def office(at: int, mixed: int) -> Raw:
            return f"info@{firm(at)[1]}" if (mixed >> 56) % 4 else None

        return {
            "email": by_kind(office, typed, _always(None)),
            "email_normalized": by_kind(office, address, _always(None)),
            "phone": by_kind(_of(work), _of(home), _always(None)),
            "mobile": by_kind(_always(None), _of(number(packs.homes, "_mobile", 3)), _always(None)),
            "website": by_kind(site, _always(None), _always(None)),
        }

    def _work(self) -> dict[str, Fill]:
        """What they do; some who work for no company that is known name one."""
        industry = self._packs.businesses.pick("industry_id")

        def above(at: int, _: int) -> Raw:
            company = self.company_of(at)
            return None if company is None else industry(mix(self.index_of_company(company), self._salt))

        def employer(at: int, mixed: int) -> Raw:
            return self.firm(at) if self.company_of(at) is None and mixed % 3 == 0 else None

        return {
            "industry_id": by_kind(_of(industry), above, _always(None)),
            "company_name": by_kind(_always(None), employer, _always(None)),
            "x_employees": by_kind(lambda _, mixed: 1 + (mixed >> 34) % 5000, _always(None), _always(None)),
            "function": by_kind(_always(None), _of(self._packs.roles.pick("function")), _always(None)),
        }

    def _finders(self) -> dict[str, Find]:
        return {"parent_id": self._below, "email_normalized": self._with_email, "website": self._with_site}

    def _domain(self, contact: int) -> str:
        company = self.company_of(contact)
        return NOWHERE if company is None else self._firm(company)[1]

    def _parent(self, contact: int, _: int) -> Raw:
        company = self.company_of(contact)
        return None if company is None else self.id_of_company(company)

    def _below(self, partner: Raw) -> Iterable[int]:
        index = self.baseline.index_of(partner) if isinstance(partner, int) else -1
        kind, number = who(index)
        if index < 0 or kind != COMPANY:
            return []
        below = [self.index_of_contact(contact) for contact in self.contacts_of(number)]
        return below if number % 4 else [*below, number // 4 * BLOCK + BLOCK - 1]

    def _with_email(self, email: Raw) -> Iterable[int]:
        """A contact's number stands before the @, a company's after it."""
        found = re.fullmatch(r"info@[a-z]+(\d{1,9})\.example|.*?(\d{1,9})@.*", str(email))
        if found is None:
            return []
        if found[1]:
            return [self.index_of_company(int(found[1]))] if int(found[1]) < self.companies else []
        return [self.index_of_contact(int(found[2]))] if int(found[2]) < self.contacts else []

    def _with_site(self, site: Raw) -> Iterable[int]:
        found = re.fullmatch(r".*?(\d{1,9})\.example", str(site))
        there = found is not None and int(found[1]) < self.companies
        return [self.index_of_company(int(found[1]))] if found and there else []


def who(index: int) -> Who:
    """What kind of partner stands at an index, and which of its kind."""
    block, place = divmod(index, BLOCK)
    if place == BLOCK - 1:
        return ADDRESS, block
    group, member = divmod(place, 6)
    return (CONTACT, 20 * block + 5 * group + member - 1) if member else (COMPANY, 4 * block + group)


def by_kind(*makers: Make) -> Fill:
    """A column whose values are made in another way for each kind of record."""

    def fill(some: Slice) -> list[Raw]:
        return [makers[kind](number, mixed) for (kind, number), mixed in zip(some.who, some.hashes, strict=True)]

    return fill


def _always(value: Raw) -> Make:
    return lambda _, __: value


def _of(pick: Callable[[int], Raw]) -> Make:
    return lambda _, mixed: pick(mixed)


def _plain(pick: Callable[[int], Raw]) -> Fill:
    return lambda some: [pick(mixed) for mixed in some.hashes]


def _user(shift: int) -> Fill:
    return lambda some: [SELLERS[(mixed >> shift) % len(SELLERS)] for mixed in some.hashes]


def _active(_: int, mixed: int) -> Raw:
    return (mixed >> 55) % 53 != 7


def _kind_of_address(block: int, _: int) -> Raw:
    return ("invoice", "delivery", "other")[block % 3]


def _warehouse(block: int, _: int) -> Raw:
    return "Warehouse" if block % 3 == 2 else None
