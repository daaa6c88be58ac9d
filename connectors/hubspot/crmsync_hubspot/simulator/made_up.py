"""The made-up records of a fresh portal: contacts, companies and deals that belong together.

Contact i works for company i // 5, except one in eight who works for none. Deal d is about contact 4 d and that
contact's company. So each link can be read from both ends without a search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from crmsync.sandbox.columns import Compute, Group, Shared, Value
from crmsync.sandbox.people import number
from crmsync_hubspot.simulator.baseline import Baseline
from crmsync_hubspot.simulator.instants import DAY_MS, iso
from crmsync_hubspot.simulator.kinds import COMPANIES, CONTACTS, DEALS, TICKETS, Kind
from crmsync_hubspot.simulator.packs import NAMES, PEOPLE, made_packs


class MadeUp:
    """Builds the baselines of a portal, and knows which of their records belong together."""

    def __init__(self, records: int, seed: int, newest_ms: int, portal: int, owners: Sequence[str]) -> None:
        self._counts = {CONTACTS: records, COMPANIES: max(1, records // 5), DEALS: max(1, records // 4), TICKETS: 0}
        self._seed, self._newest_ms, self._portal = seed, newest_ms, portal
        self._packs = made_packs(seed, tuple(owners))
        self._company = lru_cache(256)(self._company_at)  # neighbours share a company
        self.companies = self._companies()
        self.contacts = self._contacts()
        self.deals = self._deals()
        self.tickets = self._baseline(TICKETS, [], {})

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        return (self.contacts, self.companies, self.deals, self.tickets)

    def company_of_contact(self, index: int) -> int | None:
        if index % 8 == 5:
            return None
        last = self.companies.count - 1
        return company if (company := index // 5) < last else last

    def contacts_of_company(self, index: int) -> list[int]:
        last = self.contacts.count if index == self.companies.count - 1 else 5 * index + 5
        return [contact for contact in range(5 * index, last) if self.company_of_contact(contact) is not None]

    def contact_of_deal(self, index: int) -> int | None:
        contact = 4 * index
        return contact if contact < self.contacts.count and index % 16 != 11 else None

    def deals_of_contact(self, index: int) -> list[int]:
        deal, rest = divmod(index, 4)
        there = rest == 0 and deal < self.deals.count and self.contact_of_deal(deal) is not None
        return [deal] if there else []

    def company_of_deal(self, index: int) -> int | None:
        return self.company_of_contact(4 * index)

    def deals_of_company(self, index: int) -> list[int]:
        last = self.deals.count if index == self.companies.count - 1 else min(5 * index // 4 + 3, self.deals.count)
        return [deal for deal in range(5 * index // 4, last) if self.company_of_deal(deal) == index]

    def contact_with_email(self, email: str) -> int | None:
        """The index of the contact that was made with this address: its number stands before the @."""
        local = email.partition("@")[0]
        digits = local[len(local.rstrip("0123456789")) :]
        if not digits or len(digits) > 9 or int(digits) >= self.contacts.count:
            return None
        return int(digits) if self.contacts.value(int(digits), "email") == email else None

    def _company_at(self, index: int) -> tuple[str, str]:
        made = self._packs.names[(index * 7919 + self._seed) % NAMES]
        return made.name, f"{made.slug}{index}.example"

    def _companies(self) -> Baseline:
        packs, company = self._packs, self._company
        computed: dict[str, Compute] = {
            "name": lambda i, _: company(i)[0],
            "domain": lambda i, _: company(i)[1],
            "website": lambda i, _: f"https://www.{company(i)[1]}",
            "phone": number(packs.sites, "_phone", 12),
            "numberofemployees": lambda _, mixed: str(1 + (mixed >> 34) % 5000) if mixed >> 61 != 3 else None,
            "annualrevenue": lambda _, mixed: str((mixed >> 30) % 90_000 * 1000) if mixed >> 61 != 4 else None,
            "founded_year": lambda _, mixed: str(1890 + (mixed >> 36) % 135),
            "linkedin_company_page": lambda i, _: f"https://www.linkedin.com/company/{company(i)[1][:-8]}",
        }
        return self._baseline(COMPANIES, [packs.sites, packs.books], computed)

    def _contacts(self) -> Baseline:
        packs, local = self._packs, self._packs.locals
        company_of, company, id_of = self.company_of_contact, self._company, self.companies.id_of

        def domain(index: int) -> str:
            at = company_of(index)
            return "mail.example" if at is None else company(at)[1]

        def email(index: int, mixed: int) -> Value:
            return f"{local[mixed % PEOPLE]}{index}@{domain(index)}" if mixed >> 58 != 9 else None

        computed: dict[str, Compute] = {
            "email": email,
            "hs_email_domain": lambda i, mixed: domain(i) if mixed >> 58 != 9 else None,
            "phone": number(packs.homes, "_phone", 7),
            "mobilephone": number(packs.homes, "_mobile", 3),
        }
        employer = Shared(
            company_of,
            {
                "company": lambda at: company(at)[0],
                "website": lambda at: f"https://www.{company(at)[1]}",
                "associatedcompanyid": lambda at: str(id_of(at)),
            },
        )
        made_of: list[Group] = [packs.people, packs.homes, packs.roles, packs.habits, employer]
        return self._baseline(CONTACTS, made_of, computed)

    def _deals(self) -> Baseline:
        offers = self._packs.offers
        product, last_ms = offers.pick("_product"), self._newest_ms + 120 * DAY_MS

        def name(index: int, mixed: int) -> str:
            at = self.company_of_deal(index)
            buyer = "Direct sale" if at is None else self._company(at)[0]
            return f"{buyer} - {product(index, mixed)} #{index}"

        computed: dict[str, Compute] = {
            "dealname": name,
            "amount": lambda _, mixed: f"{(mixed >> 36) % 250_000}.{mixed % 100:02d}" if mixed >> 60 != 7 else None,
            "closedate": lambda _, mixed: iso(last_ms - (mixed >> 30) % 480 * DAY_MS - mixed % DAY_MS),
            "num_notes": lambda _, mixed: str((mixed >> 45) % 12),
        }
        return self._baseline(DEALS, [offers], computed)

    def _baseline(self, kind: Kind, made_of: Sequence[Group], computed: Mapping[str, Compute]) -> Baseline:
        count = self._counts[kind]
        return Baseline(kind, count, self._seed, self._newest_ms, made_of, computed, self._portal)
