"""What the tests of writing share: streams with lines for both directions, and an engine that renders their items."""

import json
from dataclasses import replace
from typing import Any

from crmsync.mapping import list_variable
from crmsync.mapping.labels import set_keys_sql
from crmsync.mapping.write import WritePlan, compile_write
from crmsync.quote import identifier
from crmsync.spec.model_stream import Field, Request, Stream
from crmsync.spec.model_write import Operation, Outcome
from mapping_engine import Engine, a_stream

WRITES = ("dir", "to", "put", "sets", "required", "stand_in")
NOWHERE = ("link",)


def for_writing(stream: Stream, lines: dict[str, Any]) -> Stream:
    """The stream with what `lines` say of writing; without a word, a field is written where it is read."""

    def written(field: Field) -> Field:
        line = lines.get(field.name)
        line = line if isinstance(line, dict) else {}
        given = {key: line[key] for key in WRITES if key in line}
        to = None if "link" in line else field.at[0] if field.at else None
        both = {"dir": "both"} if stream.write is None else {}  # without a word of writing, a stream is read only
        return replace(field, **{"to": to, **both, **given})

    return replace(stream, fields=tuple(map(written, stream.fields)))


def a_target(fields: dict[str, Any], record: dict[str, Any] | None = None, nulls: list[Any] | None = None) -> Stream:
    """As mapping_engine.a_stream, for both directions."""
    reading = {
        name: {key: value for key, value in line.items() if key not in WRITES} if isinstance(line, dict) else line
        for name, line in fields.items()
    }
    return for_writing(a_stream(reading, record, nulls), fields)


def an_operation(item: Any = None, batch: int = 100, **about: Any) -> Operation:
    """An operation whose items are `item`: all fields and the id, unless it is given."""
    item = {"id": "$id", "+": "$fields"} if item is None and about.get("layout") != "table" else item
    return Operation(Request("POST", "/write", batch=batch, item=item), Outcome("order"), **about)


class Writer(Engine):
    """DuckDB as the runtime opens it, with a table of intents."""

    def set_list(self, name: str, entries: list[tuple[str | None, ...]]) -> None:
        """A list in both directions: key, label, and the key that scopes it."""
        keys, labels, scopes = zip(*[(*entry, None)[:3] for entry in entries], strict=True) if entries else ((), (), ())
        self.set_lookup(list_variable(name), dict(zip(keys, labels, strict=True)))
        self.con.execute(
            set_keys_sql(list_variable(name)), {"keys": list(keys), "labels": list(labels), "scopes": list(scopes)}
        )

    def render(self, plan: WritePlan, *intents: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of intents, in order; what they do not say has a value that does no harm."""
        columns = ", ".join(f"{identifier(column.name)} {column.type}" for column in plan.inputs)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE outgoing ({columns})")
        for number, intent in enumerate(intents):
            row = {"_key": f"k{number}", "_id": str(number + 1), "_write": [n for n in intent if n[0] != "_"], **intent}
            names = ", ".join(map(identifier, row))
            marks = ", ".join("?" for _ in row)
            self.con.execute(f"INSERT INTO outgoing ({names}) VALUES ({marks})", list(row.values()))
        self.con.execute(plan.create_sql("rendered"))
        return self.rows("SELECT * FROM rendered ORDER BY rowid")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        result = self.con.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def item(self, stream: Stream, intent: dict[str, Any], operation: Operation | None = None, **how: Any) -> Any:
        """The item of one intent as a value, or the reasons why it has none."""
        plan = compile_write(stream, operation or an_operation(), creates=how.pop("creates", False), **how)
        (row,) = self.render(plan, intent)
        if row["_rejected"]:
            assert row["_item"] is None
            return [(problem["field"], problem["reason"]) for problem in row["_problems"]]
        if row["_columns"]:
            return dict(zip(json.loads(row["_columns"]), json.loads(row["_item"]), strict=True))
        return json.loads(row["_item"])
