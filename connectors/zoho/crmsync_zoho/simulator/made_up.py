"""The made-up records of a fresh org: contacts, accounts, deals and leads that belong together.

Contact i works for account i // 5, except one in eight who works for none. Deal d is about contact 4 d and that
contact's account. So each lookup can be followed from both ends, and each name or address found, without a search.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from crmsync.sandbox.people import number
from crmsync_zoho.simulator.baseline import Baseline
from crmsync_zoho.simulator.columns import Compute, Link, Pack, Value
from crmsync_zoho.simulator.instants import DAY_S
from crmsync_zoho.simulator.modules import ACCOUNTS, CONTACTS, DEALS, LEADS, Module
from crmsync_zoho.simulator.packs import NAMES, PEOPLE, made_packs

_ALWAYS = Pack(("Record_Status__s", "Locked__s"), [("Available", False)], 0)
_NAME_STEP = 7_919


class MadeUp:
    """Builds the baselines of an org, and knows which of their records belong together."""

    def __init__(self, records: int, seed: int, newest_s: int, owners: Sequence[int]) -> None:
        self._seed, self._newest_s = seed, newest_s
        self._counts = {CONTACTS: records, ACCOUNTS: max(1, records // 5), DEALS: max(1, records // 4)}
        self._counts[LEADS] = max(1, records // 10)
        self._packs = made_packs(seed, tuple(owners))
        self._account = lru_cache(256)(self._account_at)  # neighbours share an account
        self.accounts = self._accounts()
        self.contacts = self._contacts()
        self.deals = self._deals()
        self.leads = self._leads()

    @property
    def baselines(self) -> dict[str, Baseline]:
        made = (self.leads, self.accounts, self.contacts, self.deals)
        return {baseline.module.api_name: baseline for baseline in made}

    def account_of_contact(self, index: int) -> int | None:
        if index % 8 == 5:
            return None
        last = self._counts[ACCOUNTS] - 1
        return account if (account := index // 5) < last else last

    def contact_of_deal(self, index: int) -> int | None:
        contact = 4 * index
        return contact if contact < self._counts[CONTACTS] and index % 16 != 11 else None

    def account_of_deal(self, index: int) -> int | None:
        return self.account_of_contact(4 * index)

    def referring(self, module: str, index: int) -> list[tuple[str, str, range]]:
        """Where to look for untouched records that look up this one: module, field, indexes."""
        contacts, deals = self._counts[CONTACTS], self._counts[DEALS]
        if module == "Contacts":
            return [("Deals", "Contact_Name", range(index // 4, min(index // 4 + 1, deals)))]
        if module != "Accounts":
            return []
        last = index == self._counts[ACCOUNTS] - 1
        people = range(5 * index, contacts if last else min(5 * index + 5, contacts))
        return [
            ("Contacts", "Account_Name", people),
            ("Deals", "Account_Name", range(5 * index // 4, deals if last else min(5 * index // 4 + 3, deals))),
        ]

    def candidates(self, module: str, name: str, value: str) -> list[int] | None:
        """Indexes of all untouched records that may have this value, whatever its case; None: any may."""
        wanted = value.lower()
        match module, name:
            case ("Contacts" | "Leads", "Email"):
                local = wanted.partition("@")[0]
                found = re.search(r"\d{1,9}$", local)
                return self._there(module, [int(found[0])] if found else [])
            case ("Deals", "Deal_Name"):
                found = re.search(r"#(\d{1,9})$", wanted)
                return self._there(module, [int(found[1])] if found else [])
            case ("Accounts", "Account_Name"):
                return self._named(wanted)
        return None

    def _there(self, module: str, indexes: list[int]) -> list[int]:
        return [index for index in indexes if index < self.baselines[module].count]

    def _named(self, wanted: str) -> list[int]:
        """Names repeat every `NAMES` accounts."""
        back = pow(_NAME_STEP, -1, NAMES)
        found: list[int] = []
        for slot in _slots(self._seed, tuple(each.name for each in self._packs.names)).get(wanted, ()):
            found += range((slot - self._seed) * back % NAMES, self._counts[ACCOUNTS], NAMES)
        return sorted(found)

    def _account_at(self, index: int) -> tuple[str, str]:
        company = self._packs.names[(index * _NAME_STEP + self._seed) % NAMES]
        return company.name, f"{company.slug}{index}.example"

    def _accounts(self) -> Baseline:
        account = self._account
        sites = self._packs.addresses(
            "Billing_Street", "Billing_City", "Billing_State", "Billing_Code", "Billing_Country"
        )
        computed: dict[str, Compute] = {
            "Account_Name": lambda i, _: account(i)[0],
            "Website": lambda i, mixed: f"https://www.{account(i)[1]}" if mixed >> 60 != 5 else None,
            "Phone": number(sites, "_phone", 12),
            "Employees": lambda _, mixed: 1 + (mixed >> 34) % 5000 if mixed >> 61 != 3 else None,
            "Annual_Revenue": lambda _, mixed: (mixed >> 30) % 90_000 * 1000 if mixed >> 61 != 4 else None,
            "Account_Number": lambda i, _: 10_000_000_000 + i,
        }
        return self._baseline(ACCOUNTS, [sites, self._packs.books], computed, {})

    def _contacts(self) -> Baseline:
        packs, local = self._packs, self._packs.locals
        account_of, account = self.account_of_contact, self._account
        homes = packs.addresses("Mailing_Street", "Mailing_City", "Mailing_State", "Mailing_Zip", "Mailing_Country")

        def email(index: int, mixed: int) -> Value:
            if mixed >> 58 == 9:
                return None
            at = account_of(index)
            return f"{local[mixed % PEOPLE]}{index}@{'mail.example' if at is None else account(at)[1]}"

        computed: dict[str, Compute] = {
            "Email": email,
            "Phone": number(homes, "_phone", 7),
            "Mobile": number(homes, "_mobile", 3),
            "Date_of_Birth": lambda _, mixed: _day(-(mixed >> 44) % 20_000) if mixed >> 62 == 1 else None,
        }
        links = {"Account_Name": Link("Accounts", account_of)}
        return self._baseline(CONTACTS, [packs.persons, homes, packs.roles], computed, links)

    def _deals(self) -> Baseline:
        offers = self._packs.offers
        product, probability = offers.column("_product"), offers.column("Probability")
        last_day = self._newest_s // DAY_S + 120

        def name(index: int, mixed: int) -> str:
            at = self.account_of_deal(index)
            buyer = "Direct sale" if at is None else self._account(at)[0]
            return f"{buyer} - {product(index, mixed)} #{index}"

        def amount(_: int, mixed: int) -> float | None:
            return ((mixed >> 36) % 250_000 * 100 + mixed % 100) / 100 if mixed >> 60 != 7 else None

        def expected(index: int, mixed: int) -> Value:
            value, percent = amount(index, mixed), probability(index, mixed)
            return None if value is None or not isinstance(percent, int) else round(value * percent / 100, 2)

        computed: dict[str, Compute] = {
            "Deal_Name": name,
            "Amount": amount,
            "Expected_Revenue": expected,
            "Closing_Date": lambda _, mixed: _day(last_day - (mixed >> 30) % 480),
        }
        links = {
            "Account_Name": Link("Accounts", self.account_of_deal),
            "Contact_Name": Link("Contacts", self.contact_of_deal),
        }
        return self._baseline(DEALS, [offers], computed, links)

    def _leads(self) -> Baseline:
        packs, local, names = self._packs, self._packs.locals, self._packs.names
        homes = packs.addresses("Street", "City", "State", "Zip_Code", "Country")

        def email(index: int, mixed: int) -> Value:
            return f"{local[mixed % PEOPLE]}{index}@{names[(mixed >> 20) % NAMES].slug}.example"

        computed: dict[str, Compute] = {
            "Company": lambda _, mixed: names[(mixed >> 20) % NAMES].name,
            "Email": lambda i, mixed: email(i, mixed) if mixed >> 58 != 9 else None,
            "Phone": number(homes, "_phone", 5),
            "Mobile": number(homes, "_mobile", 3),
            "No_of_Employees": lambda _, mixed: 1 + (mixed >> 34) % 5000 if mixed >> 61 != 3 else None,
        }
        return self._baseline(LEADS, [packs.persons, homes, packs.prospects], computed, {})

    def _baseline(
        self, module: Module, packs: Sequence[Pack], computed: Mapping[str, Compute], links: Mapping[str, Link]
    ) -> Baseline:
        count = self._counts[module]
        return Baseline(module, count, self._seed, self._newest_s, [_ALWAYS, *packs], computed, links)


@lru_cache(8)
def _slots(_seed: int, names: tuple[str, ...]) -> Mapping[str, list[int]]:
    """Where a name stands among the made-up ones, by its lower case."""
    slots: dict[str, list[int]] = defaultdict(list)
    for slot, name in enumerate(names):
        slots[name.lower()].append(slot)
    return slots


@lru_cache(1024)
def _day(number: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + number).isoformat()
