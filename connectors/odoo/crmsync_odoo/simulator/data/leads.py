"""The made-up leads and opportunities of a fresh database, about its made-up partners.

Opportunity d is about contact 4 d, or else about that contact's company: one field holds either. After seven
opportunities comes a lead that is about nobody known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crmsync.sandbox.columns import mix
from crmsync_odoo.simulator.data.lists import LOST_REASONS, WON
from crmsync_odoo.simulator.data.packs import Packs
from crmsync_odoo.simulator.data.partners import COMPANY, MadeUpPartners, by_kind, who
from crmsync_odoo.simulator.data.users import SELLERS
from crmsync_odoo.simulator.orm.baseline import Baseline, Fill, Slice, Who
from crmsync_odoo.simulator.orm.fields import Column, Raw
from crmsync_odoo.simulator.times import DAY, SECOND, day

BLOCK = 16
OPPORTUNITY, LEAD = range(2)


class MadeUpLeads:
    """The leads. Until 18 whatever is archived is lost."""

    def __init__(self, partners: MadeUpPartners, seed: int, newest_us: int, packs: Packs, version: int) -> None:
        contacts = partners.contacts
        self.opportunities = max(1, contacts // 4) if contacts else 0
        self._partners, self._packs, self._newest_us, self._version = partners, packs, newest_us, version
        size = self.opportunities + self.opportunities // 7
        self.baseline = Baseline(
            size=size,
            full=size,
            salt=mix(seed * 1_000_003 + 2, 0),
            newest_us=newest_us,
            block=BLOCK,
            who=_who,
            columns=self._columns(),
            find={"partner_id": self._about},
        )

    def partner_of(self, deal: int) -> int | None:
        """Whom an opportunity is about."""
        contact, company = 4 * deal, self._partners.company_of(4 * deal)
        if contact < self._partners.contacts and deal % 16 != 11:
            return self._partners.id_of_contact(contact)
        return None if company is None else self._partners.id_of_company(company)

    def _about(self, partner: Raw) -> Iterable[int]:
        """Where the opportunities may stand that are about a partner."""
        base = self._partners.baseline
        index = base.index_of(partner) if isinstance(partner, int) else -1
        if index < 0:
            return []
        kind, number = who(index)
        last = number == self._partners.companies - 1
        span = range(number // 4, number // 4 + 1)
        if kind == COMPANY:
            span = range(5 * number // 4, self.opportunities if last else 5 * number // 4 + 3)
        return [deal + deal // 7 for deal in span if deal < self.opportunities]

    def _columns(self) -> dict[str, Fill]:
        packs, partners = self._packs, self._partners
        product, stage = packs.offers.pick("_product"), packs.offers.pick("stage_id")

        def name(deal: int, mixed: int) -> Raw:
            company = partners.company_of(4 * deal)
            buyer = "Direct sale" if company is None else partners.firm(company)
            return f"{buyer} - {product(mixed)} #{deal}"

        def asked(number: int, mixed: int) -> Raw:
            return f"Enquiry {number}: {product(mixed)}"

        def revenue(_: int, mixed: int) -> Raw:
            return (mixed >> 36) % 250_000 + mixed % 100 / 100 if mixed >> 60 != 7 else 0.0

        def deadline(_: int, mixed: int) -> Raw:
            at = self._newest_us + 120 * DAY - (mixed >> 30) % 480 * DAY
            return day(at) if (mixed >> 56) % 11 else None

        person = packs.people.pick("name")
        nobody: Callable[[int, int], Raw] = lambda _, __: None  # noqa: E731 - one value beside many like it
        columns: dict[str, Fill] = {
            "name": by_kind(name, asked),
            "type": by_kind(lambda _, __: "opportunity", lambda _, __: "lead"),
            "partner_id": by_kind(lambda deal, _: self.partner_of(deal), nobody),
            "contact_name": by_kind(nobody, lambda _, mixed: person(mixed)),
            "email_from": by_kind(self._email, lambda number, _: f"enquiry{number}@web.example"),
            "expected_revenue": by_kind(revenue, lambda _, __: 0.0),
            "date_deadline": by_kind(deadline, nobody),
            "stage_id": lambda some: [stage(mixed) for mixed in some.hashes],
            "active": lambda some: [active for active, _, _ in self._states(some)],
            "probability": lambda some: [probability for _, probability, _ in self._states(some)],
            "automated_probability": lambda some: [probability for _, probability, _ in self._states(some)],
            "date_closed": self._closed,
            "lost_reason_id": lambda some: [
                1 + (mixed >> 50) % len(LOST_REASONS) if lost else None
                for mixed, (_, _, lost) in zip(some.hashes, self._states(some), strict=True)
            ],
            "company_id": lambda some: [1] * len(some.indexes),
            "create_uid": lambda some: [SELLERS[(mixed >> 44) % len(SELLERS)] for mixed in some.hashes],
            "write_uid": lambda some: [SELLERS[(mixed >> 47) % len(SELLERS)] for mixed in some.hashes],
        }
        for field in ("user_id", "team_id", "priority", "tag_ids", "description"):
            columns[field] = _picked(packs, field)
        return columns

    def _email(self, deal: int, _: int) -> Raw:
        """Every other opportunity has its partner's address copied."""
        partner, base = self.partner_of(deal), self._partners.baseline
        return None if partner is None or deal % 2 else base.value("email", base.index_of(partner))

    def _states(self, some: Slice) -> list[tuple[bool, float, bool]]:
        """Active, probability, lost."""
        stage, states = self._packs.offers.pick("stage_id"), []
        for index, mixed in zip(some.indexes, some.hashes, strict=True):
            at, fate = stage(mixed), (mixed >> 58) % 32
            lost = at != WON and (fate % 8 == 3 or (fate == 5 and self._version < 19))
            archived = lost or (at != WON and fate == 5)
            states.append((not archived, 0.0 if lost else score(at, index + 1, won=at == WON), lost))
        return states

    def _closed(self, some: Slice) -> Column:
        times = self.baseline.timeline.changed(some.indexes)
        states = self._states(some)
        return [
            at - at % SECOND if isinstance(at, int) and (lost or not active or chance == 100) else None
            for at, (active, chance, lost) in zip(times, states, strict=True)
        ]


def score(stage: Raw, lead_id: int, *, won: bool) -> float:
    """The probability that the server thinks of: odd, but for a won stage and for none."""
    if not isinstance(stage, int):
        return 0.0
    return 100.0 if won else round(3.07 + (stage * 2137 + lead_id * 389) % 9000 / 100, 2)


def _who(index: int) -> Who:
    block, place = divmod(index, 8)
    return (LEAD, block) if place == 7 else (OPPORTUNITY, 7 * block + place)


def _picked(packs: Packs, field: str) -> Fill:
    pick = packs.offers.pick(field)
    return lambda some: [pick(mixed) for mixed in some.hashes]
