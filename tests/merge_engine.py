"""What the tests of the merge share: pairs as plain values, and an engine that merges and settles them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from crmsync.mapping.types import duckdb_type
from crmsync.quote import identifier
from crmsync.sync.merge import Group, MergeField, groups, merge_sql, settle_sql

Values = Mapping[str, Any]
NEVER: Values = {}
DELETED = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pair:
    """Hub row and record with what they agreed on. `base`, `shown`: values, or the text itself. `hub` None: deleted."""

    base: Values | str | None = None
    hub: Values | None = None
    remote: Values | None = None
    shown: Values | str | None = None  # None: as base
    deleted: bool = False
    hub_at: datetime | None = None
    remote_at: datetime | None = None
    outranks: bool | None = None
    hub_pending: Sequence[str] | None = None
    flipping: Sequence[str] | None = None
    remote_pending: Sequence[str] | None = None

    @property
    def texts(self) -> tuple[str | None, str | None]:
        shown = self.base if self.shown is None else self.shown
        return text(self.base), text(shown)


@dataclass(frozen=True)
class Merged:
    """A row of `merged`."""

    hub: dict[str, Any]
    changed: bool
    base: dict[str, Any]
    shown: dict[str, Any]
    moved: bool
    write: list[str]
    sent: dict[str, Any]
    conflicts: list[dict[str, Any]]
    ending: str | None
    texts: tuple[str, str] = field(compare=False, default=("", ""))

    @property
    def quiet(self) -> bool:
        """Whether nothing at all is to be done."""
        return not (self.changed or self.moved or self.write or self.conflicts or self.ending)


def text(values: Values | str | None) -> str | None:
    """A text of a link; compact, as ours are, but with Python's idea of numbers and times."""
    if values is None or isinstance(values, str):
        return values
    return json.dumps(values, default=_spelled, ensure_ascii=False, separators=(",", ":"))


def _spelled(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value == Decimal(repr(float(value))) else str(value)
    assert isinstance(value, date)  # or a moment, which is one, too
    return value.isoformat()


def fields_of(**types: str) -> list[MergeField]:
    return [MergeField(name, type_) for name, type_ in types.items()]


class MergeEngine:
    """DuckDB as the runtime opens it, with the tables of one stream."""

    def __init__(self, fields: Sequence[MergeField]) -> None:
        self.groups: tuple[Group, ...] = groups(fields)
        self.fields = [f for group in self.groups for f in group.fields]
        self.names = [f.name for f in self.fields]
        self.con = duckdb.connect(":memory:", config={"threads": 1})
        self.con.execute("SET TimeZone = 'UTC'")
        self.con.execute("SET enable_external_access = false")
        self.con.execute("SET lock_configuration = true")
        columns = ", ".join(f"{identifier(f.name)} {duckdb_type(f.type)}" for f in self.fields)
        row = f"_id VARCHAR, {columns}, _updated_at TIMESTAMPTZ, _pending VARCHAR[]"
        link = "hub_id VARCHAR, remote_id VARCHAR, base VARCHAR, shown VARCHAR"
        for table in (
            f"pairs ({link})",
            "origins (hub_id VARCHAR, _outranks BOOLEAN[], _hub_at TIMESTAMPTZ[])",
            f"written ({link}, sent VARCHAR)",
            f"hub ({row}, _flipping VARCHAR[])",
            f"remote ({row}, _deleted_at TIMESTAMPTZ)",
        ):
            self.con.execute(f"CREATE TEMP TABLE {table}")

    def one(self, pair: Pair) -> Merged:
        return self.merge([pair])[0]

    def merge(self, pairs: Sequence[Pair]) -> list[Merged]:
        """The rows of `pairs`, in their order."""
        self._fill("pairs", [[f"h{i}", f"r{i}", *pair.texts] for i, pair in enumerate(pairs)])
        count = len(self.groups)
        self._fill("origins", [[f"h{i}", [p.outranks] * count, [p.hub_at] * count] for i, p in enumerate(pairs)])
        rows = [(i, p) for i, p in enumerate(pairs) if p.hub is not None]
        self._fill("hub", [[f"h{i}", *self._row(p.hub), None, p.hub_pending, p.flipping] for i, p in rows])
        self._remote(pairs)
        self.con.execute(merge_sql(self.groups))
        rows = self._rows("SELECT * FROM merged ORDER BY _id[2:]::INTEGER")
        assert [(row["_id"], row["_remote_id"]) for row in rows] == [(f"h{i}", f"r{i}") for i in range(len(pairs))]
        return [self._merged(row) for row in rows]

    def settle(self, pairs: Sequence[Pair], sent: Sequence[Values | str]) -> list[tuple[str, str]]:
        """Base and shown of each pair, of which `sent` was written; its `remote` is what the CRM shows now."""
        self._fill("written", [[f"h{i}", f"r{i}", *p.texts, text(sent[i])] for i, p in enumerate(pairs)])
        self._remote(pairs)
        self.con.execute(settle_sql(self.groups))
        return [(row["_base"], row["_shown"]) for row in self._rows("SELECT * FROM settled ORDER BY _id[2:]::INTEGER")]

    def after(
        self, pairs: Sequence[Pair], merged: Sequence[Merged], *, reformat: Any = lambda values: values
    ) -> list[Pair]:
        """The pairs as they are when all that a merge says is done; the CRM keeps `reformat` of what it is sent."""
        moved = [
            replace(pair, base=m.texts[0], shown=m.texts[1], hub=None if pair.hub is None else m.hub)
            for pair, m in zip(pairs, merged, strict=True)
        ]
        written = [
            replace(pair, remote={**(pair.remote or {}), **reformat({name: m.hub[name] for name in m.write})})
            for pair, m in zip(moved, merged, strict=True)
        ]
        texts = self.settle(written, [m.sent for m in merged])
        return [replace(pair, base=base, shown=shown) for pair, (base, shown) in zip(written, texts, strict=True)]

    def _merged(self, row: dict[str, Any]) -> Merged:
        return Merged(
            hub={name: row[name] for name in self.names},
            changed=row["_changed"],
            base=json.loads(row["_base"]),
            shown=json.loads(row["_shown"]),
            moved=row["_moved"],
            write=row["_write"],
            sent=json.loads(row["_sent"] or "{}"),
            conflicts=[
                {**c, **{side: c[side] and json.loads(c[side]) for side in ("base", "hub", "remote")}}
                for c in row["_conflicts"]
            ],
            ending=row["_ending"],
            texts=(row["_base"], row["_shown"]),
        )

    def _row(self, values: Values | None) -> list[Any]:
        return [(values or {}).get(name) for name in self.names]

    def _remote(self, pairs: Sequence[Pair]) -> None:
        rows = [
            [f"r{i}", *self._row(p.remote), p.remote_at, p.remote_pending, DELETED if p.deleted else None]
            for i, p in enumerate(pairs)
        ]
        self._fill("remote", rows)

    def _fill(self, table: str, rows: list[list[Any]]) -> None:
        self.con.execute(f"DELETE FROM {table}")
        if rows:
            row = f"({', '.join('?' * len(rows[0]))})"
            self.con.execute(f"INSERT INTO {table} VALUES {', '.join([row] * len(rows))}", [v for r in rows for v in r])

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        result = self.con.execute(sql)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
