"""A query as it was written."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or through a lookup a field of the other record: `Account_Name.Industry`."""

    text: str

    @property
    def parts(self) -> list[str]:
        return self.text.split(".")


@dataclass(frozen=True, slots=True)
class Column:
    """What is selected: a path, or an aggregate of one (`COUNT`, `SUM` ...)."""

    path: Path
    function: str = ""
    alias: str = ""

    @property
    def name(self) -> str:
        """What its values are called in an answer."""
        return self.alias or (f"{self.function}({self.path.text})" if self.function else self.path.text)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator values`, or a query in place of the values."""

    path: Path
    operator: str
    values: tuple[str, ...] = ()
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Both:
    """Two conditions joined by `and`; `any` joins them by `or`."""

    left: Condition
    right: Condition
    any: bool = False


Condition = Comparison | Both


@dataclass(frozen=True, slots=True)
class Order:
    """One key of `order by`: a path or an alias."""

    path: Path
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A whole `select`."""

    columns: tuple[Column, ...]
    module: str
    view: str
    where: Condition
    group_by: tuple[Path, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def comparisons(condition: Condition) -> list[Comparison]:
    """All comparisons of a condition, from left to right."""
    if isinstance(condition, Comparison):
        return [condition]
    return [*comparisons(condition.left), *comparisons(condition.right)]
