"""Domains on a model: from the tree to a function that tells for many records at once whether they match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.compare import ORDERED, Flags, any_of, compared, liked, whole
from crmsync_odoo.simulator.orm.domain import FALSE, NEGATED, NEGATIVE, TRUE, Leaf, Node, both, names, parse, terms
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import MANY, Column, Field
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.records import Records, mentioned

Predicate = Callable[[Records], Flags]
Accept = Callable[[Sequence[int]], set[int]]  # which of these ids of the other model will do


def matcher(env: Env, model: Model, node: Node) -> Predicate:
    """The function that tells which records match; refuses what the model does not know."""
    if isinstance(node, Leaf):
        return _leaf(env, model, node)
    parts = [matcher(env, model, each) for each in node.nodes]
    if not node.every:
        return lambda records: any_of((part(records) for part in parts), len(records.ids))
    return lambda records: _all(parts, records)


def sieve(env: Env, model: Model, node: Node) -> Callable[[Sequence[int]], list[int]]:
    """The function that gives those of some records that match. What is left by few terms is looked at alone."""
    parts = [matcher(env, model, each) for each in terms(node)]

    def sifted(ids: Sequence[int]) -> list[int]:
        records, flags = Records(env, model, ids), [True] * len(ids)
        for part in parts:
            flags = [mine and more for mine, more in zip(flags, part(records), strict=True)]
            if 2 * sum(flags) < len(flags):
                records = Records(env, model, list(compress(records.ids, flags)))
                flags = [True] * len(records.ids)
        return list(compress(records.ids, flags))

    return sifted


def matching(env: Env, model: Model, ids: Sequence[int], node: Node) -> list[int]:
    """Those of some records that match."""
    return sieve(env, model, node)(ids)


def with_active(env: Env, model: Model, node: Node) -> Node:
    """The domain, and that archived records are hidden, unless the context or the domain itself says otherwise."""
    if not model.has_active or not env.active_test or "active" in names(node):
        return node
    return both(node, Leaf("active", "=", True))


def _all(parts: Sequence[Predicate], records: Records) -> Flags:
    flags = [True] * len(records.ids)
    for part in parts:
        flags = [mine and more for mine, more in zip(flags, part(records), strict=True)]
    return flags


def _leaf(env: Env, model: Model, leaf: Leaf) -> Predicate:
    name, _, rest = leaf.field.partition(".")
    field = model.field(name, env.version)
    if rest:
        if not field.relation:
            raise errors.value_error(f"Invalid field {model.name}.{leaf.field} in a condition: {name} is no relation")
        leaf = Leaf(name, "any", Leaf(rest, leaf.operator, leaf.value))
    if leaf.operator.endswith(("child_of", "parent_of")):
        return _family(env, model, field, leaf)
    if field.relation:
        return _relation(env, field, leaf)
    test = compared(env, field, leaf)
    return lambda records: test(records.column(name))


def _relation(env: Env, field: Field, leaf: Leaf) -> Predicate:
    if leaf.operator in NEGATIVE:
        positive = _relation(env, field, Leaf(leaf.field, NEGATED[leaf.operator], leaf.value))
        return lambda records: [not flag for flag in positive(records)]
    if leaf.operator in ORDERED:
        bound, test = whole(leaf.value), ORDERED[leaf.operator]
        return lambda records: [isinstance(v, int) and test(v, bound) for v in records.column(field.name)]
    values = leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
    empty = leaf.operator in ("=", "in") and any(value in (None, False, "") for value in values)
    accept = _accept(env, field, leaf, values)
    shown = _seen(env, field) if empty else None

    def match(records: Records) -> Flags:
        column = records.column(field.name)
        flags = _linked(column, accept(mentioned(column)))
        if shown is None:
            return flags
        return [flag or not shown(value) for flag, value in zip(flags, column, strict=True)]

    return match


def _seen(env: Env, field: Field) -> Callable[[Any], Any]:
    """What counts as linked when asked if nothing is: from 19 on, archived lines only if the context shows them."""
    if field.type not in MANY or env.version < 19 or not env.active_test:
        return bool
    comodel = env.model(field.relation)
    return lambda ids: matching(env, comodel, ids or (), with_active(env, comodel, TRUE))


def _accept(env: Env, field: Field, leaf: Leaf, values: Iterable[Any]) -> Accept:
    comodel = env.model(field.relation)
    if leaf.operator == "any":
        return _such(env, field, comodel, leaf.value)
    if leaf.operator.endswith("like"):
        like = liked(leaf.operator, leaf.value)
        return lambda ids: set(compress(ids, like(Records(env, comodel, ids).column("display_name"))))
    wanted = [value for value in values if value not in (None, False, "")]
    labels = [value for value in wanted if isinstance(value, str) and not value.isdecimal()]
    numbers = {whole(value) for value in wanted if value not in labels}

    def accept(ids: Sequence[int]) -> set[int]:
        named = Records(env, comodel, ids).column("display_name") if labels else ()
        return numbers | {each for each, label in zip(ids, named, strict=False) if label in labels}

    return accept


def _such(env: Env, field: Field, comodel: Model, node: Node) -> Accept:
    """Records of the other model that match; a many2one leads to archived ones too."""
    if field.type in MANY:
        node = with_active(env, comodel, node)
    if node in (TRUE, FALSE):
        return lambda ids: set(ids) if node == TRUE else set()
    predicate = matcher(env, comodel, node)

    def accept(ids: Sequence[int]) -> set[int]:
        there = [each for each in ids if comodel.table.has(each)]
        return set(compress(there, predicate(Records(env, comodel, there))))

    return accept


def _linked(column: Column, good: set[int]) -> Flags:
    if not good:
        return [False] * len(column)
    return [not good.isdisjoint(v) if isinstance(v, tuple) else v is not None and v in good for v in column]


def _family(env: Env, model: Model, field: Field, leaf: Leaf) -> Predicate:
    """`child_of` and `parent_of`: the records themselves, and those below or above."""
    base = env.model(field.relation) if field.relation else model
    if "parent_id" not in base.fields:
        raise errors.value_error(f"{base.name} has no hierarchy")
    values = leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
    ids = {whole(value) for value in values if value not in (None, False)}
    down = leaf.operator.endswith("child_of")
    good = relatives(base, ids, down=down)
    negative = leaf.operator.startswith("not ")
    return lambda records: [flag is not negative for flag in _linked(records.column(field.name), good)]


def relatives(model: Model, ids: Iterable[int], *, down: bool) -> set[int]:
    """The records and all below them, or all above them."""
    table = model.table
    found: set[int] = set()
    waiting = [each for each in ids if table.has(each)]
    while waiting:
        each = waiting.pop()
        if each in found:
            continue
        found.add(each)
        if down:
            waiting += table.referrers("parent_id", each)
        elif isinstance(parent := table.value(each, "parent_id"), int):
            waiting.append(parent)
    return found


def restricted(env: Env, model: Model, node: Node) -> Node:
    """A client's domain, with the rules of access and what the context hides."""
    node = with_active(env, model, node)
    rule = None if env.is_superuser else env.database.rules.get((env.uid, model.name))
    return both(node, parse(rule)) if rule else node
