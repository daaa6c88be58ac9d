"""The order of a search: from its text to sorted ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import MANY, Field, Raw
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.records import Records, distinct

_RULE = re.compile(r"(\w+)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of an order."""

    field: Field
    falling: bool
    nulls_first: bool


def read_order(env: Env, model: Model, text: Any) -> list[Rule]:
    """The rules of an order such as `write_date desc, id`."""
    rules = []
    for part in str(text).split(","):
        found = _RULE.fullmatch(part.strip())
        if found is None:
            raise errors.user_error(
                f'Invalid "order" specified ({text}). A valid one is a list of fields, asc or desc.'
            )
        field = model.field(found[1], env.version)
        if field.type in MANY or not field.stored:
            raise errors.value_error(f"Cannot convert {model.name}.{field.name} to SQL because it is not stored")
        falling = (found[2] or "").lower() == "desc"
        nulls_first = found[3].lower() == "first" if found[3] else falling
        rules.append(Rule(field, falling, nulls_first))
    return rules


def by_id(rules: Sequence[Rule]) -> bool | None:
    """Whether ids fall, where they alone decide the order; None where they do not."""
    return rules[0].falling if rules[0].field.name == "id" else None


def ordered(records: Records, rules: Sequence[Rule]) -> list[int]:
    """The ids in order; what is equal is in the order of ids."""
    places = list(range(len(records.ids)))
    for rule in reversed(rules):
        keys = _keys(records, rule)
        places.sort(key=keys.__getitem__, reverse=rule.falling)
    return [records.ids[place] for place in places]


def _keys(records: Records, rule: Rule) -> list[tuple[int, Any]]:
    column = records.column(rule.field.name)
    if rule.field.relation:
        ranks = _ranks(records.env, rule.field, distinct(column))
        column = [None if value is None else ranks[value] for value in column]
    null = (-1 if rule.nulls_first is not rule.falling else 1, 0)
    return [null if value is None else (0, _key(value)) for value in column]


def _ranks(env: Env, field: Field, ids: Sequence[int]) -> dict[Raw, int]:
    """The place of each record in its own model's order."""
    model = env.model(field.relation)
    order = ordered(Records(env, model, ids), read_order(env, model, model.order))
    return {each: rank for rank, each in enumerate(order)}


def _key(value: Raw) -> Any:
    return value.casefold() if isinstance(value, str) else value
