"""Reading: records as a client gets them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crmsync_odoo.simulator import errors, times
from crmsync_odoo.simulator.orm.domain import parse
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import MANY, Column, Field
from crmsync_odoo.simulator.orm.matching import matching
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.records import Records, distinct, mentioned

CLASSIC = "_classic_read"


def read(env: Env, model: Model, ids: Iterable[Any], fields: Any = None, load: Any = CLASSIC) -> list[dict[str, Any]]:
    """Those records that are there, in the order of the ids; others are left out."""
    wanted = chosen(env, model, fields)
    there = [each for each in ids if model.table.has(each)]
    check_rules(env, model, there, "read")
    records = Records(env, model, there)
    columns = [records.ids, *(shown(records, field, pairs=load == CLASSIC) for field in wanted)]
    names = ["id", *(field.name for field in wanted)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def chosen(env: Env, model: Model, fields: Any) -> list[Field]:
    """The fields that a client names, or all; the id goes without saying."""
    names = fields or list(model.fields)
    return [field for name in dict.fromkeys(names) if (field := model.field(name, env.version)).name != "id"]


def shown(records: Records, field: Field, *, pairs: bool) -> list[Any]:
    """One column as it is on the wire."""
    column = records.column(field.name)
    if field.relation:
        return _relation(records, field, column, pairs=pairs)
    if field.type == "datetime":
        return [times.text(value) if isinstance(value, int) else False for value in column]
    if None not in column:
        return column
    null = field.shown(None)
    return [null if value is None else value for value in column]


def labels(env: Env, model: Model, ids: Sequence[int]) -> dict[int, Any]:
    """Display names."""
    return dict(zip(ids, Records(env, model, ids).column("display_name"), strict=True))


def check_rules(env: Env, model: Model, ids: Sequence[int], deed: str) -> None:
    """Refuse records that a rule of access hides from the user."""
    rule = None if env.is_superuser else env.database.rules.get((env.uid, model.name))
    if rule and len(matching(env.sudo(), model, ids, parse(rule))) < len(ids):
        raise errors.access(
            f"You are not allowed to access some of these records ('{model.label}' ({model.name}), operation: {deed}, "
            f"user: {env.uid})."
        )


def _relation(records: Records, field: Field, column: Column, *, pairs: bool) -> list[Any]:
    env, comodel = records.env, records.env.model(field.relation)
    if field.type in MANY:
        hidden: set[int] = set()
        if comodel.has_active and env.active_test:
            ids = mentioned(column)
            active = Records(env, comodel, ids).column("active")
            hidden = {each for each, flag in zip(ids, active, strict=True) if not flag}
        return [[each for each in value or () if each not in hidden] for value in column]  # type: ignore[union-attr]
    if not pairs:
        return [False if value is None else value for value in column]
    named = labels(env, comodel, distinct(column))
    return [False if value is None else [value, named[value] or ""] for value in column]  # type: ignore[index]
