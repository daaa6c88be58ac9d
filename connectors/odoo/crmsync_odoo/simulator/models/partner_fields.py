"""The fields of partners: people, companies and addresses in one model."""

from __future__ import annotations

import re

from crmsync_odoo.simulator.orm.fields import (
    Column,
    Field,
    Raw,
    boolean,
    char,
    integer,
    many2many,
    many2one,
    one2many,
    selection,
)
from crmsync_odoo.simulator.orm.records import Records, distinct

ADDRESS = ("street", "street2", "zip", "city", "state_id", "country_id")
COMMERCIAL = ("vat", "company_registry", "industry_id")  # those of the company, copied down to its people
TYPES = selection(
    "type",
    "Address Type",
    "contact:Contact",
    "invoice:Invoice Address",
    "delivery:Delivery Address",
    "other:Other Address",
)
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+")


def partner_fields(version: int) -> tuple[Field, ...]:
    """The fields that a version has; `mobile` and `title` went with 19."""
    gone = () if version >= 19 else (char("mobile", "Mobile"), many2one("title", "Title", "res.partner.title"))
    return (*_IDENTITY, *_PLACE, *_REST, *gone)


def email_normalized(email: Raw) -> Raw:
    """The first address in a text, in small letters."""
    found = _ADDRESS.search(str(email)) if email else None
    return found[0].lower() if found else None


def complete_name(records: Records) -> Column:
    """`Acme GmbH, Ann Lee`: the label of a person has the company before it."""
    labels: Column = []
    kinds = dict(TYPES.selection)
    columns = (records.column(name) for name in ("name", "type", "is_company", "commercial_company_name"))
    parents = records.related("parent_id", "name")
    for name, kind, is_company, company, parent in zip(*columns, parents, strict=True):
        label, above = str(name or ""), company or parent
        if above and not is_company:
            label = f"{above}, {label or kinds.get(str(kind), '')}"
        labels.append(label.strip())
    return labels


def commercial_partner(records: Records) -> Column:
    """The company that a partner stands for: itself, or the first company above it, or else who stands above all."""
    parents = [
        None if is_company else parent
        for is_company, parent in zip(records.column("is_company"), records.column("parent_id"), strict=True)
    ]
    above = records.env.records(records.model.name, distinct(parents))
    found = dict(zip(above.ids, above.column("commercial_partner_id"), strict=True)) if above.ids else {}
    return [
        found[parent] if isinstance(parent, int) else each for each, parent in zip(records.ids, parents, strict=True)
    ]


def _email_formatted(records: Records) -> Column:
    pairs = zip(records.column("name"), records.column("email_normalized"), strict=True)
    return [f'"{name or ""}" <{email}>' if email else None for name, email in pairs]


def _commercial_company(records: Records) -> Column:
    """The name of the company, where there is one."""
    companies = records.related("commercial_partner_id", "is_company")
    names = records.related("commercial_partner_id", "name")
    own = records.column("company_name")
    return [name if is_one else mine for is_one, name, mine in zip(companies, names, own, strict=True)]


def _address(records: Records) -> Column:
    columns = [records.column("street"), records.column("zip"), records.column("city")]
    columns.append(records.related("country_id", "name"))
    return ["\n".join(str(part) for part in parts if part) for parts in zip(*columns, strict=True)]


def _share(records: Records) -> Column:
    """Whether a partner belongs to no staff."""
    users = records.env.model("res.users").table
    lines = (users.referrers("partner_id", record_id) for record_id in records.ids)
    return [all(users.value(user, "share") for user in of_one) for of_one in lines]


_IDENTITY = (
    char("name", "Name"),
    char("complete_name", "Complete Name", readonly=True, compute=complete_name),
    boolean("is_company", "Is a Company"),
    selection(
        "company_type",
        "Company Type",
        "person:Person",
        "company:Company",
        stored=False,
        compute=lambda records: ["company" if flag else "person" for flag in records.column("is_company")],
    ),
    many2one("parent_id", "Related Company", "res.partner"),
    char(
        "parent_name",
        "Parent name",
        readonly=True,
        stored=False,
        compute=lambda records: records.related("parent_id", "name"),
    ),
    one2many("child_ids", "Contact", "res.partner", "parent_id"),
    many2one("commercial_partner_id", "Commercial Entity", "res.partner", readonly=True, compute=commercial_partner),
    char("commercial_company_name", "Company Name Entity", readonly=True, compute=_commercial_company),
    char("company_name", "Company Name"),
    TYPES,
    char("email", "Email"),
    char("email_normalized", "Normalized Email", readonly=True),
    char("email_formatted", "Formatted Email", readonly=True, stored=False, compute=_email_formatted),
    char("phone", "Phone"),
    char("website", "Website Link"),
    char("function", "Job Position"),
    many2one("industry_id", "Industry", "res.partner.industry"),
    many2many("category_id", "Tags", "res.partner.category"),
    boolean("active", "Active"),
    one2many("user_ids", "Users", "res.users", "partner_id"),
    boolean("partner_share", "Share Partner", readonly=True, compute=_share),
)
_PLACE = (
    char("street", "Street"),
    char("street2", "Street2"),
    char("zip", "Zip"),
    char("city", "City"),
    many2one("state_id", "State", "res.country.state"),
    many2one("country_id", "Country", "res.country"),
    char("country_code", "Country Code", stored=False, compute=lambda records: records.related("country_id", "code")),
    char("contact_address", "Complete Address", readonly=True, stored=False, compute=_address),
    Field("partner_latitude", "float", "Geo Latitude"),
    Field("partner_longitude", "float", "Geo Longitude"),
)
_REST = (
    char("ref", "Reference"),
    char("vat", "Tax ID"),
    char("company_registry", "Company ID"),
    selection("lang", "Language", "en_US:English (US)"),
    selection("tz", "Timezone", "UTC:UTC", "Europe/Berlin:Europe/Berlin"),
    many2one("user_id", "Salesperson", "res.users"),
    many2one("company_id", "Company", "res.company"),
    Field("comment", "html", "Notes"),
    boolean("employee", "Employee"),
    integer("color", "Color Index"),
    char("barcode", "Barcode"),
    integer("message_bounce", "Bounce"),
    one2many("opportunity_ids", "Opportunities", "crm.lead", "partner_id"),
    integer("x_employees", "Number of employees"),
)
