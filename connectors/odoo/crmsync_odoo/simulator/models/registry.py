"""All models of a database, and their rows before anybody did anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmsync_odoo.simulator.data import lists
from crmsync_odoo.simulator.data.leads import MadeUpLeads
from crmsync_odoo.simulator.data.packs import made_packs
from crmsync_odoo.simulator.data.partners import MadeUpPartners
from crmsync_odoo.simulator.data.users import CUSTOMERS, OWN_COMPANY, SELLERS, User, staff
from crmsync_odoo.simulator.models import list_fields as fields
from crmsync_odoo.simulator.models.lead_fields import lead_fields
from crmsync_odoo.simulator.models.leads import LeadBehaviour
from crmsync_odoo.simulator.models.partner_fields import complete_name, partner_fields
from crmsync_odoo.simulator.models.partners import PartnerBehaviour
from crmsync_odoo.simulator.models.small import ActiveByDefault, ExternalIdBehaviour, StageBehaviour
from crmsync_odoo.simulator.orm.baseline import Baseline
from crmsync_odoo.simulator.orm.fields import Field, Raw
from crmsync_odoo.simulator.orm.model import Behaviour, Model, Values
from crmsync_odoo.simulator.orm.table import Table, Undo
from crmsync_odoo.simulator.times import DAY

PARTNERS_ORDER = "complete_name ASC, id DESC"
NAMES = {
    "res.partner": ("base", {1: "main_partner", 2: "partner_root", 3: "partner_admin", 4: "public_partner"}),
    "res.users": ("base", {1: "user_root", 2: "user_admin", 3: "public_user", 4: "template_portal_user_id"}),
    "res.company": ("base", {1: "main_company"}),
    "res.currency": ("base", {place: row[0] for place, row in enumerate(lists.CURRENCIES, 1)}),
    "res.country": ("base", {place: row[1].lower() for place, row in enumerate(lists.COUNTRIES, 1)}),
    "crm.stage": ("crm", {place: f"stage_lead{place}" for place in range(1, len(lists.STAGES) + 1)}),
}  # model -> module and the names of external ids that come with it


class Registry:
    """Makes the models; all tables write to the same journal."""

    def __init__(self, records: int, seed: int, newest_us: int, version: int) -> None:
        packs = made_packs(seed, SELLERS)
        self.journal: list[Undo] = []
        self.models: dict[str, Model] = {}
        self._version, self._origin_us = version, newest_us - 800 * DAY
        self.partners = MadeUpPartners(records, seed, newest_us, packs)
        self.leads = MadeUpLeads(self.partners, seed, newest_us, packs, version)
        self._crm()
        self._lists()
        self._technical()
        self._fill(seed)
        self.journal.clear()

    def _crm(self) -> None:
        self._add(
            "res.partner",
            "Contact",
            partner_fields(self._version),
            order=PARTNERS_ORDER,
            behaviour=PartnerBehaviour(),
            baseline=self.partners.baseline,
            tracked=("parent_id", "email_normalized", "website"),
        )
        self._add(
            "crm.lead",
            "Lead",
            lead_fields(self._version),
            order="priority desc, id desc",
            behaviour=LeadBehaviour(),
            baseline=self.leads.baseline,
            tracked=("partner_id",),
        )
        self._add(
            "crm.stage", "CRM Stages", fields.stage_fields(self._version), "sequence, id", behaviour=StageBehaviour()
        )
        active = ActiveByDefault()
        self._add("crm.team", "Sales Team", fields.TEAMS, "sequence, id", behaviour=active)
        self._add("crm.lost.reason", "Opp. Lost Reason", fields.LOST_REASONS, behaviour=active)
        self._add("crm.tag", "CRM Tag", fields.TAGS, "name, id")

    def _lists(self) -> None:
        active = ActiveByDefault()
        self._add("res.users", "User", fields.USERS, "login, id", behaviour=active, tracked=("partner_id",))
        self._add("res.company", "Companies", fields.COMPANIES, "name, id", behaviour=active)
        self._add("res.currency", "Currency", fields.CURRENCIES, "active desc, name", behaviour=active)
        self._add("res.partner.industry", "Industry", fields.INDUSTRIES, "name, id", behaviour=active)
        tags = ("parent_id",)
        self._add("res.partner.category", "Partner Tags", fields.CATEGORIES, "name, id", behaviour=active, tracked=tags)
        self._add("res.country", "Country", fields.COUNTRIES, "name, id")
        self._add("res.country.state", "Country state", fields.STATES, "code, id")
        if self._version < 19:
            self._add("res.partner.title", "Partner Title", fields.PARTNER_TITLES, "name, id")

    def _technical(self) -> None:
        self._add(
            "ir.model.data",
            "Model Data",
            fields.EXTERNAL_IDS,
            "module, model, name",
            behaviour=ExternalIdBehaviour(),
            tracked=("name", "res_id"),
        )
        self._add("ir.model", "Models", fields.MODELS, "model, id")
        self._add("ir.model.fields", "Fields", fields.MODEL_FIELDS, "name, id")
        rules, active = ("base_automation_id",), ActiveByDefault()
        self._add("base.automation", "Automation Rule", fields.AUTOMATIONS, behaviour=active)
        self._add("ir.actions.server", "Server Action", fields.SERVER_ACTIONS, "name, id", tracked=rules)

    def _add(
        self,
        name: str,
        label: str,
        known: Iterable[Field],
        order: str = "id",
        *,
        behaviour: Behaviour | None = None,
        baseline: Baseline | None = None,
        tracked: Sequence[str] = (),
    ) -> None:
        table = Table(baseline or Baseline(), tracked, self.journal)
        label_of = complete_name if name == "res.partner" else None
        self.models[name] = Model(name, label, known, table, order, behaviour, label_of)

    def _fill(self, seed: int) -> None:
        for name, rows in _rows().items():
            if name in self.models:
                for place, values in enumerate(rows, 1):
                    self._put(name, place, values)
        self._users(staff(seed))
        for place, model in enumerate(self.models.values(), 1):
            self._put("ir.model", place, {"name": model.label, "model": model.name})
        for owner, (module, names) in NAMES.items():
            for record_id, name in names.items():
                row: Values = {"module": module, "name": name, "model": owner, "res_id": record_id, "noupdate": True}
                self._put("ir.model.data", self.models["ir.model.data"].table.new_id(), row)

    def _users(self, users: Iterable[User]) -> None:
        own: Values = {"name": "My Company", "is_company": True, "type": "contact", "active": True, "lang": "en_US"}
        self._put("res.partner", OWN_COMPANY, own)
        for user in users:
            mail = user.login if "@" in user.login else None
            row: Values = {
                "name": user.name,
                "type": "contact",
                "is_company": False,
                "email": mail,
                "email_normalized": mail,
            }
            self._put("res.partner", user.partner, {**row, "active": user.active, "lang": "en_US"})
            self._user(user)
        for number, contact, active in CUSTOMERS:
            if contact < self.partners.contacts:
                partner = self.partners.id_of_contact(contact)
                login = f"customer{contact}@portal.example"
                self._user(User(number, partner, "", login, active=active, share=True))

    def _user(self, user: User) -> None:
        row: Values = {"login": user.login, "partner_id": user.partner, "active": user.active, "share": user.share}
        self._put("res.users", user.id, {**row, "lang": "en_US", "company_id": 1, "company_ids": (1,)})

    def _put(self, model: str, record_id: int, values: Mapping[str, Raw]) -> None:
        made: Values = {"create_uid": 1, "write_uid": 1, "create_date": self._origin_us, "write_date": self._origin_us}
        self.models[model].table.put(record_id, {**made, **values})


def _rows() -> dict[str, list[Values]]:
    """The rows of the short lists."""
    countries = [country for country, _ in lists.COUNTRIES]
    return {
        "res.company": [
            {"name": "My Company", "partner_id": OWN_COMPANY, "currency_id": lists.COMPANY_CURRENCY, "active": True}
        ],
        "res.currency": [
            {"name": name, "symbol": symbol, "active": active, "rounding": 0.01, "decimal_places": 2}
            for name, symbol, active in lists.CURRENCIES
        ],
        "res.partner.industry": [{"name": name, "full_name": full, "active": True} for name, full in lists.INDUSTRIES],
        "res.partner.category": [
            {"name": name, "active": True, "color": place} for place, name in enumerate(lists.CATEGORIES)
        ],
        "res.partner.title": [{"name": name, "shortcut": shortcut} for name, shortcut in lists.TITLES],
        "res.country": [{"name": name, "code": code} for name, code in lists.COUNTRIES],
        "res.country.state": [
            {"name": name, "code": name[:3].upper(), "country_id": countries.index(country) + 1}
            for name, country in lists.STATES
        ],
        "crm.stage": [
            {"name": name, "sequence": sequence, "is_won": won, "fold": False} for name, sequence, won in lists.STAGES
        ],
        "crm.team": [{"name": name, "sequence": 10, "active": True, "company_id": 1} for name in lists.TEAMS],
        "crm.lost.reason": [{"name": name, "active": True} for name in lists.LOST_REASONS],
        "crm.tag": [{"name": name, "color": place} for place, name in enumerate(lists.TAGS)],
    }
