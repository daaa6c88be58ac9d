"""Search: the ids that a domain finds. Fast where ids are walked or a time window is read, right for the rest.

The conditions that all results must meet are looked at first (`Candidates`): they leave a few ids, a range of ids, or
the records of a time span. Those are then tested chunk by chunk, in the order of ids, until there are enough.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.compare import time_span
from crmsync_odoo.simulator.orm.domain import Leaf, Node, conjuncts, parse
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.matching import restricted, sieve
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.ordering import by_id, ordered, read_order
from crmsync_odoo.simulator.orm.records import Records

CHUNK_MIN, CHUNK_MAX = 512, 4096
LOWEST, HIGHEST = -(1 << 62), 1 << 62


def search(env: Env, model: Model, domain: Any, offset: Any = 0, limit: Any = None, order: Any = None) -> list[int]:
    """Ids of the records that a client's domain finds, in order; 0 and nothing are no limit."""
    return search_node(env, model, parse(domain), offset, limit, order)


def search_node(env: Env, model: Model, node: Node, offset: Any = 0, limit: Any = None, order: Any = None) -> list[int]:
    """The same for a domain that was read already."""
    skip, most = _count(offset, "OFFSET"), _count(limit, "LIMIT")
    rules = read_order(env, model, order or model.order)
    node = restricted(env, model, node)
    stop = skip + most if most else None
    falling = by_id(rules)
    if falling is None:
        return ordered(Records(env, model, list(found(env, model, node))), rules)[skip:stop]
    return list(islice(found(env, model, node, falling=falling, wanted=stop), skip, stop))


def found(env: Env, model: Model, node: Node, *, falling: bool = False, wanted: int | None = None) -> Iterator[int]:
    """Ids that match, in the order of ids, as they are asked for; `wanted` is how many will be at most."""
    sifted = sieve(env, model, node)
    size = CHUNK_MAX if wanted is None else min(max(wanted + wanted // 4, CHUNK_MIN), CHUNK_MAX)
    for ids in _candidates(env, model, node).chunks(model, size, falling=falling):
        yield from sifted(ids)


def count(env: Env, model: Model, domain: Any, limit: Any = None) -> int:
    most = _count(limit, "LIMIT")
    ids = found(env, model, restricted(env, model, parse(domain)))
    return sum(1 for _ in (islice(ids, most) if most else ids))


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may match: ids from `low` to `high`, of `only` these if given, changed between the two times if given."""

    low: int = LOWEST
    high: int = HIGHEST
    only: frozenset[int] | None = None
    changed: tuple[int, int] | None = None

    def chunks(self, model: Model, size: int, *, falling: bool) -> Iterator[Sequence[int]]:
        """The ids, rising or falling, some at a time."""
        if self.only is not None:
            there = sorted(each for each in self.only if self.low <= each <= self.high and model.table.has(each))
            spans = [(place, place + size) for place in range(0, len(there), size)]
            parts: Iterator[Sequence[int]] = (there[first:stop] for first, stop in _turned(spans, falling))
        else:
            parts = self._spread(model, size, falling=falling)
        for part in parts:
            if part:
                yield part[::-1] if falling else part

    def _spread(self, model: Model, size: int, *, falling: bool) -> Iterator[Sequence[int]]:
        """Untouched records by arithmetic, touched ones from their lists."""
        table, base = model.table, model.table.baseline
        indexes = base.timeline.between(*self.changed) if self.changed else range(base.size)
        first = max(base.first_id + indexes.start, self.low)
        stop = max(min(base.first_id + indexes.stop, self.high + 1), first)
        touched = table.changed_between(*self.changed) if self.changed else table.touched
        rows = table.rows
        for low, high in _turned(_spans(first, stop, self.low, self.high, touched, size), falling):
            mine = [each for each in _cut(touched, low, high) if rows.get(each) is not None]
            part: Sequence[int] = range(max(low, first), min(high, stop))
            if part and base.full < part[-1] - base.first_id + 1:
                part = [each for each in part if base.index_of(each) >= 0]
            if part and _cut(table.touched, low, high):
                part = [each for each in part if each not in rows]
            yield sorted([*part, *mine]) if mine else part


def _candidates(env: Env, model: Model, node: Node) -> Candidates:
    found = Candidates()
    for leaf in conjuncts(node):
        if leaf.field == "id":
            found = _by_id(found, leaf)
        elif leaf.field == "write_date" and (span := time_span(env, leaf)):
            low, high = found.changed or (LOWEST, HIGHEST)
            found = replace(found, changed=(max(low, span[0]), min(high, span[1])))
        elif model.table.finds(leaf.field):
            found = _by_value(found, model, leaf)
    return found


def _by_id(found: Candidates, leaf: Leaf) -> Candidates:
    value = leaf.value
    if leaf.operator in ("=", "in"):
        values = value if isinstance(value, list | tuple) else [value]
        return _only(found, frozenset(each for each in map(_number, values) if each is not None))
    number = _number(value)
    if number is None:
        return found
    match leaf.operator:
        case ">":
            return replace(found, low=max(found.low, number + 1))
        case ">=":
            return replace(found, low=max(found.low, number))
        case "<":
            return replace(found, high=min(found.high, number - 1))
        case "<=":
            return replace(found, high=min(found.high, number))
    return found


def _by_value(found: Candidates, model: Model, leaf: Leaf) -> Candidates:
    values = leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
    if (
        leaf.operator not in ("=", "in")
        or not all(values)
        or (found.only is not None and len(found.only) < len(values))
    ):
        return found
    if model.fields[leaf.field].relation and not all(isinstance(value, int) for value in values):
        return found
    return _only(found, frozenset(each for value in values for each in model.table.referrers(leaf.field, value)))


def _only(found: Candidates, ids: frozenset[int]) -> Candidates:
    return replace(found, only=ids if found.only is None else found.only & ids)


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None


def _spans(first: int, stop: int, low: int, high: int, touched: Sequence[int], size: int) -> list[tuple[int, int]]:
    """Spans of ids, the end not included, that together go from `low` to `high` and hold about `size` records each."""
    under, above = bisect_left(touched, low), bisect_left(touched, first)
    beyond, top = bisect_left(touched, stop), bisect_right(touched, high)
    edges = [low, *(touched[at] for at in range(under + size, above, size)), *range(first, stop, size)]
    edges += [stop, *(touched[at] for at in range(beyond + size, top, size)), high + 1]
    return list(pairwise(edges))


def _cut(ids: Sequence[int], low: int, stop: int) -> Sequence[int]:
    return ids[bisect_left(ids, low) : bisect_left(ids, stop)]


def _turned(spans: list[tuple[int, int]], falling: bool) -> list[tuple[int, int]]:
    return spans[::-1] if falling else spans


def _count(value: Any, word: str) -> int:
    """A limit or an offset; numbers may come as texts."""
    if value in (None, False):
        return 0
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise errors.value_error(str(error)) from None
    if number < 0:
        raise errors.database(f"InvalidRowCountIn{word.capitalize()}Clause", f"{word} must not be negative")
    return number
