"""Webhooks: what automation rules post when a record changes. A hint that repeats itself, unsigned and sent once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from crmsync_odoo.simulator import times
from crmsync_odoo.simulator.orm.env import Change, Delivery, Env
from crmsync_odoo.simulator.orm.fields import Field, Raw
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.records import Records
from crmsync_odoo.simulator.orm.writes import is_same

HEADERS = {"Content-Type": "application/json", "User-Agent": "python-requests/2.31.0", "Accept": "*/*"}
PARTNER, LEAD = "res.partner", "crm.lead"


def posts_for(env: Env, change: Change) -> Iterator[Delivery]:
    """The posts that a change causes, repeated as the server repeats them."""
    rules = env.model("base.automation")
    for rule in rules.table.touched:
        if rules.table.has(rule) and _concerns(env, rules, rule, change):
            times_sent = _repeats(env, change) if not rules.table.value(rule, "trigger_field_ids") else 1
            for action in env.model("ir.actions.server").table.referrers("base_automation_id", rule):
                if delivery := _delivery(env, action, change):
                    yield from [delivery] * times_sent


def _concerns(env: Env, rules: Model, rule: int, change: Change) -> bool:
    value = rules.table.value
    model = env.model("ir.model").table.value(_id(value(rule, "model_id")), "model")
    if model != change.model.name or not value(rule, "active"):
        return False
    return _triggers(str(value(rule, "trigger")), change, _fields(env, value(rule, "trigger_field_ids")))


def _triggers(trigger: str, change: Change, watched: list[str]) -> bool:
    """Whether the change is what the rule waits for; with fields to watch, only if one of them has another value."""
    table, each = change.model.table, change.record_id
    moved = {name for name, old in change.former.items() if not is_same(old, table.value(each, name))}
    if change.kind != "write":
        return trigger == f"on_{change.kind}" or (trigger == "on_create_or_write" and change.kind == "create")
    match trigger:
        case "on_create_or_write" | "on_write":
            return bool(moved & set(watched)) if watched else True
        case "on_archive" | "on_unarchive":
            return "active" in moved and bool(table.value(each, "active")) is (trigger == "on_unarchive")
        case "on_stage_set" | "on_user_set":
            return f"{trigger.split('_')[1]}_id" in moved
    return False


def _repeats(env: Env, change: Change) -> int:
    """Each recomputed field of a new record is a write of its own to a rule without fields to watch."""
    partner, lead = env.database.switches.create_posts
    return {PARTNER: partner, LEAD: lead}.get(change.model.name, 1) if change.kind == "create" else 1


def _delivery(env: Env, action: int, change: Change) -> Delivery | None:
    table = env.model("ir.actions.server").table
    if table.value(action, "state") != "webhook":
        return None
    records = Records(env.sudo(), change.model, [change.record_id])
    body: dict[str, Any] = {
        "_action": f"{table.value(action, 'name')}(#{action})",
        "_id": change.record_id,
        "_model": change.model.name,
    }
    for name in _fields(env, table.value(action, "webhook_field_ids")):
        if (field := change.model.fields.get(name)) is not None:
            body[name] = _shown(field, records.column(name)[0])
    text = json.dumps(body, sort_keys=True)
    return Delivery(str(table.value(action, "webhook_url")), text.encode(), HEADERS)


def _shown(field: Field, value: Raw) -> Any:
    """A many2one is its bare id, and a time has its microseconds."""
    return times.precise(value) if field.type == "datetime" and isinstance(value, int) else field.shown(value)


def _fields(env: Env, ids: Raw) -> list[str]:
    table = env.model("ir.model.fields").table
    return [str(table.value(each, "name")) for each in ids] if isinstance(ids, tuple) else []


def _id(value: Raw) -> int:
    return value if isinstance(value, int) else 0
