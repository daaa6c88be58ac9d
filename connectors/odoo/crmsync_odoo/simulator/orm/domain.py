"""Domains: from the prefix notation of the wire to a tree without negations. Knows no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crmsync_odoo.simulator import errors

NEGATED = {
    "=": "!=",
    "<": ">=",
    ">": "<=",
    "in": "not in",
    "like": "not like",
    "ilike": "not ilike",
    "=like": "not =like",
    "=ilike": "not =ilike",
    "any": "not any",
    "child_of": "not child_of",
    "parent_of": "not parent_of",
}
NEGATED |= {negative: positive for positive, negative in NEGATED.items()}
NEGATIVE = {operator for operator in NEGATED if operator == "!=" or operator.startswith("not ")}
SPELT = {"<>": "!=", "==": "="}
NESTING_MAX = 60


@dataclass(frozen=True)
class Leaf:
    """One condition. The value of `any` is a node."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Group:
    """All of the nodes, or any of them; an empty group is true, or false."""

    every: bool
    nodes: tuple[Node, ...]


Node = Leaf | Group
TRUE, FALSE = Group(True, ()), Group(False, ())


def parse(domain: Any, depth: int = 0) -> Node:
    """The tree of a domain; no domain at all is true for all records."""
    if not domain:
        return TRUE
    if not isinstance(domain, list | tuple):
        raise errors.value_error(f"Domain() invalid domain: {domain!r}")
    if depth > NESTING_MAX:
        raise errors.builtin("RecursionError", "maximum recursion depth exceeded")
    items = iter(domain)
    nodes = [_node(item, items, False, depth) for item in items]
    return nodes[0] if len(nodes) == 1 else Group(True, tuple(nodes))


def terms(node: Node) -> Iterator[Node]:
    """What all records of the result meet, term by term."""
    if isinstance(node, Group) and node.every:
        for each in node.nodes:
            yield from terms(each)
    else:
        yield node


def conjuncts(node: Node) -> Iterator[Leaf]:
    """Those of the terms that are plain conditions."""
    return (each for each in terms(node) if isinstance(each, Leaf))


def names(node: Node) -> Iterator[str]:
    """The fields that the conditions name."""
    if isinstance(node, Leaf):
        yield node.field
    else:
        for each in node.nodes:
            yield from names(each)


def both(*nodes: Node) -> Node:
    """All of them."""
    kept = tuple(node for node in nodes if node != TRUE)
    return kept[0] if len(kept) == 1 else Group(True, kept)


def _node(item: Any, items: Iterator[Any], negate: bool, depth: int) -> Node:
    """One term of the prefix notation; an operator takes its operands from `items`."""
    if isinstance(item, str):
        return _operator(item, items, negate, depth + 1)
    if isinstance(item, bool):
        return FALSE if item is negate else TRUE
    if not isinstance(item, list | tuple) or len(item) != 3:
        raise errors.value_error(f"Domain() invalid item in domain: {item!r}")
    return _leaf(item[0], item[1], item[2], negate, depth)


def _operator(operator: str, items: Iterator[Any], negate: bool, depth: int) -> Node:
    if operator not in ("&", "|", "!"):
        raise errors.value_error(f"Domain() invalid item in domain: {operator!r}")
    if depth > NESTING_MAX:
        raise errors.builtin("RecursionError", "maximum recursion depth exceeded")
    try:
        if operator == "!":
            return _node(next(items), items, not negate, depth)
        operands = [_node(next(items), items, negate, depth) for _ in range(2)]
    except StopIteration:
        raise errors.value_error("Domain() malformed domain: an operator lacks a condition") from None
    return Group((operator == "&") is not negate, tuple(operands))


def _leaf(field: Any, operator: Any, value: Any, negate: bool, depth: int) -> Node:
    if field in (0, 1) and operator in ("=", "!="):  # the old way to say true and false
        truth = (field == value) is (operator == "=")
        return FALSE if truth is negate else TRUE
    operator = SPELT.get(operator, operator)
    if operator == "=?":
        if value in (None, False):
            return FALSE if negate else TRUE
        operator = "="
    if not isinstance(field, str) or operator not in NEGATED:
        raise errors.value_error(f"Invalid operator {operator!r} in domain term ({field!r}, {operator!r}, {value!r})")
    if operator in ("any", "not any"):
        value = parse(value, depth + 1)
    return Leaf(field, NEGATED[operator] if negate else operator, value)
