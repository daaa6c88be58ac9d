"""The fields of leads and opportunities."""

from __future__ import annotations

from crmsync_odoo.simulator.data.lists import COMPANY_CURRENCY
from crmsync_odoo.simulator.models.partner_fields import email_normalized
from crmsync_odoo.simulator.orm.fields import Column, Field, boolean, char, integer, many2many, many2one, selection
from crmsync_odoo.simulator.orm.records import Records


def lead_fields(version: int) -> tuple[Field, ...]:
    """The fields that a version has."""
    if version < 19:
        return (*_FIELDS, char("mobile", "Mobile"), many2one("title", "Title", "res.partner.title"))
    return (*_FIELDS, _WON_STATUS, _COMMERCIAL)


def _prorated(records: Records) -> Column:
    pairs = zip(records.column("expected_revenue"), records.column("probability"), strict=True)
    return [round(float(amount or 0) * float(chance or 0) / 100, 2) for amount, chance in pairs]  # type: ignore[arg-type]


def _is_automated(records: Records) -> Column:
    pairs = zip(records.column("probability"), records.column("automated_probability"), strict=True)
    return [abs(float(mine or 0) - float(theirs or 0)) < 0.005 for mine, theirs in pairs]  # type: ignore[arg-type]


def _won_status(records: Records) -> Column:
    """What the other fields say, unless somebody wrote it over."""
    columns = (records.stored("won_status"), records.column("active"), records.column("probability"))
    won = records.related("stage_id", "is_won")
    return [
        written
        or ("won" if active and chance == 100 and at_won else "lost" if not active and not chance else "pending")
        for written, active, chance, at_won in zip(*columns, won, strict=True)
    ]


_WON_STATUS = selection(
    "won_status", "Is Won", "won:Won", "lost:Lost", "pending:Pending", readonly=True, compute=_won_status
)
_COMMERCIAL = many2one(
    "commercial_partner_id",
    "Customer Company",
    "res.partner",
    stored=False,
    compute=lambda records: records.related("partner_id", "commercial_partner_id"),
)
_FIELDS = (
    char("name", "Opportunity", required=True),
    selection("type", "Type", "lead:Lead", "opportunity:Opportunity", required=True),
    boolean("active", "Active"),
    many2one("partner_id", "Customer", "res.partner"),
    char("partner_name", "Company Name"),
    char("contact_name", "Contact Name"),
    char("email_from", "Email"),
    char(
        "email_normalized",
        "Normalized Email",
        readonly=True,
        compute=lambda records: [email_normalized(email) for email in records.column("email_from")],
    ),
    char("email_cc", "Email cc"),
    char("phone", "Phone"),
    char("function", "Job Position"),
    char("website", "Website"),
    Field("expected_revenue", "monetary", "Expected Revenue", currency="company_currency"),
    many2one(
        "company_currency",
        "Currency",
        "res.currency",
        readonly=True,
        stored=False,
        compute=lambda records: [COMPANY_CURRENCY] * len(records.ids),
    ),
    Field("recurring_revenue", "monetary", "Recurring Revenues", currency="company_currency"),
    Field(
        "prorated_revenue",
        "monetary",
        "Prorated Revenue",
        readonly=True,
        currency="company_currency",
        compute=_prorated,
    ),
    many2one("stage_id", "Stage", "crm.stage"),
    Field("probability", "float", "Probability"),
    Field("automated_probability", "float", "Automated Probability", readonly=True),
    boolean("is_automated_probability", "Is automated probability?", stored=False, compute=_is_automated),
    Field("date_deadline", "date", "Expected Closing"),
    Field("date_closed", "datetime", "Closed Date", readonly=True),
    Field("date_open", "datetime", "Assignment Date", readonly=True),
    Field("date_last_stage_update", "datetime", "Last Stage Update", readonly=True),
    many2one("lost_reason_id", "Lost Reason", "crm.lost.reason"),
    many2one("user_id", "Salesperson", "res.users"),
    many2one("team_id", "Sales Team", "crm.team"),
    many2one("company_id", "Company", "res.company"),
    selection("priority", "Priority", "0:Low", "1:Medium", "2:High", "3:Very High"),
    many2many("tag_ids", "Tags", "crm.tag"),
    Field("description", "html", "Notes"),
    char("referred", "Referred By"),
    integer("color", "Color Index"),
    char("street", "Street"),
    char("street2", "Street2"),
    char("zip", "Zip"),
    char("city", "City"),
    many2one("state_id", "State", "res.country.state"),
    many2one("country_id", "Country", "res.country"),
)
