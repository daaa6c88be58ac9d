"""The fields of the models around partners and leads."""

from __future__ import annotations

from crmsync_odoo.simulator.orm.fields import (
    Column,
    Field,
    boolean,
    char,
    integer,
    many2many,
    many2one,
    one2many,
    selection,
)
from crmsync_odoo.simulator.orm.records import Records

ACTIVE, SEQUENCE, COLOR = boolean("active", "Active"), integer("sequence", "Sequence"), integer("color", "Color")
NAME = char("name", "Name", required=True)
TRANSLATED = char("name", "Name", required=True, translated=True)
TRIGGERS = (
    "on_create_or_write:On create and edit",
    "on_create:On create",
    "on_write:On update",
    "on_unlink:On deletion",
    "on_archive:On archived",
    "on_unarchive:On unarchived",
    "on_stage_set:Stage is set to",
    "on_user_set:User is set",
    "on_time:Based on date field",
    "on_webhook:On webhook",
)


def stage_fields(version: int) -> tuple[Field, ...]:
    """A stage belongs to a team until 18, to several from 19 on; to none: to all."""
    team = (
        many2many("team_ids", "Sales Teams", "crm.team")
        if version >= 19
        else many2one("team_id", "Sales Team", "crm.team")
    )
    return (
        char("name", "Stage Name", required=True, translated=True),
        SEQUENCE,
        boolean("is_won", "Is Won Stage?"),
        boolean("fold", "Folded in Pipeline"),
        Field("requirements", "text", "Requirements"),
        team,
    )


def _complete(records: Records) -> Column:
    """`module.name`."""
    pairs = zip(records.column("module"), records.column("name"), strict=True)
    return [f"{module}.{name}" if module else name for module, name in pairs]


USERS = (
    char(
        "name",
        "Name",
        stored=False,
        compute=lambda records: records.related("partner_id", "name"),
    ),
    char("login", "Login", required=True),
    many2one("partner_id", "Related Partner", "res.partner", required=True),
    ACTIVE,
    boolean("share", "Share User", readonly=True),
    char("email", "Email", stored=False, compute=lambda records: records.related("partner_id", "email")),
    selection("lang", "Language", "en_US:English (US)"),
    selection("tz", "Timezone", "UTC:UTC", "Europe/Berlin:Europe/Berlin"),
    many2one("company_id", "Company", "res.company", required=True),
    many2many("company_ids", "Companies", "res.company"),
)
COMPANIES = (
    NAME,
    many2one("partner_id", "Partner", "res.partner", required=True),
    many2one("currency_id", "Currency", "res.currency", required=True),
    ACTIVE,
)
CURRENCIES = (
    char("name", "Currency", required=True),
    char("symbol", "Symbol", required=True),
    Field("rounding", "float", "Rounding Factor"),
    integer("decimal_places", "Decimal Places"),
    ACTIVE,
)
INDUSTRIES = (TRANSLATED, char("full_name", "Full Name", translated=True), ACTIVE)
CATEGORIES = (
    TRANSLATED,
    many2one("parent_id", "Category", "res.partner.category"),
    one2many("child_ids", "Child Tags", "res.partner.category", "parent_id"),
    COLOR,
    ACTIVE,
)
PARTNER_TITLES = (TRANSLATED, char("shortcut", "Abbreviation", translated=True))
COUNTRIES = (TRANSLATED, char("code", "Country Code"))
STATES = (NAME, char("code", "State Code"), many2one("country_id", "Country", "res.country"))
TEAMS = (
    TRANSLATED,
    SEQUENCE,
    ACTIVE,
    many2one("company_id", "Company", "res.company"),
    many2one("user_id", "Team Leader", "res.users"),
)
LOST_REASONS = (TRANSLATED, ACTIVE)
TAGS = (TRANSLATED, COLOR)
EXTERNAL_IDS = (
    char("name", "External Identifier", required=True),
    char("complete_name", "Complete ID", stored=False, compute=_complete),
    char("module", "Module", required=True),
    char("model", "Model Name", required=True),
    integer("res_id", "Record ID"),
    boolean("noupdate", "Non Updatable"),
)
MODELS = (char("name", "Model Description"), char("model", "Model"))
MODEL_FIELDS = (
    char("name", "Field Name"),
    char("field_description", "Field Label"),
    char("model", "Model Name"),
    many2one("model_id", "Model", "ir.model"),
    char("ttype", "Field Type"),
)
AUTOMATIONS = (
    NAME,
    many2one("model_id", "Model", "ir.model", required=True),
    selection("trigger", "Trigger", *TRIGGERS),
    many2many("trigger_field_ids", "When updating", "ir.model.fields"),
    ACTIVE,
    one2many("action_server_ids", "Actions", "ir.actions.server", "base_automation_id"),
)
SERVER_ACTIONS = (
    NAME,
    many2one("model_id", "Model", "ir.model", required=True),
    selection("state", "Type", "code:Execute Code", "webhook:Send Webhook Notification", "object_write:Update Record"),
    char("webhook_url", "Webhook URL"),
    many2many("webhook_field_ids", "Webhook Fields", "ir.model.fields"),
    many2one("base_automation_id", "Automation Rule", "base.automation"),
    selection("usage", "Usage", "ir_actions_server:Server Action", "base_automation:Automation Rule"),
)
