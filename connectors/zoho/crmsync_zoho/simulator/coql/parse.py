"""From the text of a query to its tree. What the grammar forbids is refused; names are looked at later."""

from __future__ import annotations

from functools import lru_cache

from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.coql.lexer import Words
from crmsync_zoho.simulator.coql.tree import (
    DEFAULT_LIMIT,
    Both,
    Column,
    Comparison,
    Condition,
    Order,
    Path,
    Query,
    comparisons,
)

AGGREGATES = ("sum", "max", "min", "avg", "count")
CONDITIONS_MAX, ORDERS_MAX, GROUPS_MAX, AGGREGATES_MAX = 25, 10, 4, 5
_SIGNS = ("=", "!=", ">=", "<=", ">", "<")


@lru_cache(64)
def parse(text: str) -> Query:
    """The query that a text is. Raises Refused."""
    words = Words(text)
    query = _select(words)
    if words.peek().kind != "end":
        words.fail()
    return query


def _select(words: Words) -> Query:
    if not words.take("select"):
        raise _missing("select")
    columns = _columns(words)
    if not words.take("from"):
        raise _missing("from")
    module = words.name()
    view = words.next().text if words.take("#") else ""
    if not words.take("where"):
        raise _missing("where")
    where = _condition(words)
    if len(comparisons(where)) > CONDITIONS_MAX:
        raise _too_many("where", CONDITIONS_MAX)
    groups = _groups(words)
    orders = _orders(words)
    limit, offset = _limit(words)
    return Query(columns, module, view, where, groups, orders, limit, offset)


def _columns(words: Words) -> tuple[Column, ...]:
    columns = [_column(words)]
    while words.take(","):
        columns.append(_column(words))
    if sum(bool(column.function) for column in columns) > AGGREGATES_MAX:
        raise _too_many("select", AGGREGATES_MAX)
    return tuple(columns)


def _column(words: Words) -> Column:
    name, function = words.name(), ""
    if name.lower() in AGGREGATES and words.take("("):
        function, name = name.upper(), "id" if words.take("*") else words.name()
        words.expect(")")
    alias = words.name() if words.take("as") else ""
    return Column(Path(name), function, alias)


def _condition(words: Words) -> Condition:
    """One or two operands: a third one needs brackets."""
    left = _operand(words)
    for joiner in ("and", "or"):
        if words.take(joiner):
            return Both(left, _operand(words), any=joiner == "or")
    return left


def _operand(words: Words) -> Condition:
    if not words.take("("):
        return _comparison(words)
    inner = _condition(words)
    words.expect(")")
    return inner


def _comparison(words: Words) -> Comparison:
    path = Path(words.name())
    for sign in _SIGNS:
        if words.take(sign):
            return _with_value(words, path, sign)
    if words.take("is", "not", "null"):
        return Comparison(path, "is not null")
    if words.take("is", "null"):
        return Comparison(path, "is null")
    negation = "not " if words.take("not") else ""
    if words.take("like"):
        return Comparison(path, f"{negation}like", (_value(words),))
    if words.take("between"):
        low = _value(words)
        words.expect("and")
        return Comparison(path, f"{negation}between", (low, _value(words)))
    words.expect("in")
    words.expect("(")
    return _within(words, path, f"{negation}in")


def _with_value(words: Words, path: Path, sign: str) -> Comparison:
    if not words.take("("):
        return Comparison(path, sign, (_value(words),))
    inner = _select(words)
    words.expect(")")
    return Comparison(path, sign, query=inner)


def _within(words: Words, path: Path, operator: str) -> Comparison:
    if words.peek().says("select"):
        inner = _select(words)
        words.expect(")")
        return Comparison(path, operator, query=inner)
    values = [_value(words)]
    while words.take(","):
        values.append(_value(words))
    words.expect(")")
    return Comparison(path, operator, tuple(values))


def _value(words: Words) -> str:
    word = words.peek()
    if word.kind in ("text", "number") or word.says("true") or word.says("false"):
        return words.next().text
    return words.fail()


def _groups(words: Words) -> tuple[Path, ...]:
    if not words.take("group", "by"):
        return ()
    groups = [Path(words.name())]
    while words.take(","):
        groups.append(Path(words.name()))
    if len(groups) > GROUPS_MAX:
        raise _too_many("group by", GROUPS_MAX)
    return tuple(groups)


def _orders(words: Words) -> tuple[Order, ...]:
    if not words.take("order", "by"):
        return ()
    orders = [_order(words)]
    while words.take(","):
        orders.append(_order(words))
    if len(orders) > ORDERS_MAX:
        raise _too_many("order by", ORDERS_MAX)
    return tuple(orders)


def _order(words: Words) -> Order:
    path = Path(words.name())
    if words.take("desc"):
        return Order(path, descending=True)
    words.take("asc")
    return Order(path)


def _limit(words: Words) -> tuple[int, int]:
    """`limit n`, `limit offset, n`, `limit n offset m`."""
    limit, offset = DEFAULT_LIMIT, 0
    if words.take("limit"):
        limit = words.whole()
        if words.take(","):
            limit, offset = words.whole(), limit
    if words.take("offset"):
        offset = words.whole()
    return limit, offset


def _missing(clause: str) -> Refused:
    return Refused(400, "SYNTAX_ERROR", f"missing clause {clause}", {"clause": clause})


def _too_many(clause: str, limit: int) -> Refused:
    return Refused(
        400, "LIMIT_EXCEEDED", f"too many entries in the {clause} clause", {"clause": clause, "limit": limit}
    )
