"""What the tests of the mapping share: streams written as in a spec, and an engine that reads pages with them."""

import json
from typing import Any

import duckdb

from crmsync.mapping import compile_read, set_lookup_sql
from crmsync.spec.build import build
from crmsync.spec.model import ObjectField
from crmsync.spec.model_stream import Stream

WRAPPED = {"id": "id", "updated_at": "changed", "deleted": {"gone": True}, "values": "properties"}


def a_stream(fields: dict[str, Any], record: dict[str, Any] | None = None, nulls: list[Any] | None = None) -> Stream:
    """A stream whose fields are text unless their line says otherwise."""
    lines = {
        name: {"type": "text", **(line if isinstance(line, dict) else {"at": line})} for name, line in fields.items()
    }
    tree = {
        "crmsync": 1,
        "name": "acme",
        "check": {"do": "GET /me", "account": "id"},
        "nulls": nulls if nulls is not None else [None, ""],
        "streams": {"contact": {"record": record or {"id": "id"}, "fields": lines, "read": {"full": {"do": "GET /c"}}}},
    }
    return build(tree, {"contact": {"title": ObjectField("text", "Title")}}, {}).streams["contact"]


class Engine:
    """DuckDB as the runtime opens it."""

    def __init__(self) -> None:
        self.con = duckdb.connect(":memory:", config={"threads": 1})
        self.con.execute("SET TimeZone = 'UTC'")
        self.con.execute("SET enable_external_access = false")
        self.con.execute("SET lock_configuration = true")

    def set_lookup(self, variable: str, entries: dict[str, str]) -> None:
        self.con.execute(set_lookup_sql(variable), {"keys": list(entries), "labels": list(entries.values())})

    def read(self, stream: Stream, *bodies: str | None, records: str = "$", one: bool = False) -> list[dict[str, Any]]:
        """The rows of `bodies`, in order."""
        plan = compile_read(stream, records, one=one)
        self.con.execute(plan.create_sql("batch"), {"bodies": list(bodies)})
        self.con.execute(plan.older_sql("batch"))
        result = self.con.execute("SELECT * FROM batch ORDER BY _page, _pos")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def read_records(self, stream: Stream, *records: Any) -> list[dict[str, Any]]:
        """The rows of one page of `records`."""
        return self.read(stream, json.dumps(records))

    def value(self, line: Any, value: Any, nulls: list[Any] | None = None) -> Any:
        """What a field written as `line` over the key `v` makes of `value`; `bad: reason` if it does not fit."""
        line = {"at": "v", **line} if isinstance(line, dict) else {"at": "v", "type": line}
        row = self.read_records(a_stream({"x": line}, nulls=nulls), {"id": "1", "v": value})[0]
        return f"bad: {row['_problems'][0]['reason']}" if row["_problems"] else row["x"]
