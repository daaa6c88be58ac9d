"""A stream and one of its operations -> the one statement that renders items. Pure; nothing is run here.

The statement reads a table of intents, a row each (`WritePlan.inputs`), and gives a row for each, with `_item`, the
JSON text of what is sent. It never fails, whatever the values are, and passes over nothing in silence:
- only the fields that `_write` names are written; where records are created, the required ones, too;
- a value that the provider could not show again is left out, and named in `_problems` (hold: the rest is written), and
  so is a required one that is to be cleared;
- an item that lacks an id, anything to say, or, where it is created, a required value is `_rejected`, and has no text.

Fields that are written to one place share it: the first that has a value counts, whichever of them is named.
It expects `TimeZone` UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmsync.mapping.item import CELLS, Item, objects
from crmsync.mapping.line import Context, Line, Piece, is_writable
from crmsync.mapping.lists import ELEMENT, kept
from crmsync.mapping.read import PROBLEM, Column
from crmsync.mapping.types import duckdb_type
from crmsync.mapping.wire import MERGED, Wire, object_of, quoted
from crmsync.quote import identifier, literal
from crmsync.spec import bind
from crmsync.spec.model_stream import Field, Stream
from crmsync.spec.model_write import Operation

_INPUTS = (
    Column("_key", "VARCHAR", "Our key of the intent"),
    Column("_id", "VARCHAR", "Id of the record at the provider; null: it is to be created"),
    Column("_value", "VARCHAR", "Value that finds the record again"),
    Column("_write", "VARCHAR[]", "Names of the fields to write"),
    Column("_now", "VARCHAR", "The record as the provider has it, JSON; null where it is not known"),
)


@dataclass(frozen=True, slots=True)
class WritePlan:
    """How intents become the items of requests.

    `sql` is a SELECT over a table of `inputs` that gives `_key, _id, _item, _columns, _problems, _rejected`. `_columns`
    is the JSON array of a table row's columns, whose cells are the array `_item`; elsewhere NULL. `batch` is the most
    items that one request takes. `links` are the fields that are written beside records, and `shown` the mirror's
    columns that `_now` is made of, by their paths in it.
    """

    sql: str
    inputs: tuple[Column, ...]
    fields: tuple[Field, ...]
    batch: int
    links: tuple[str, ...] = ()
    shown: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def now_sql(self, row: str) -> str:
        """SQL of `_now`, of the mirror's row `row`."""
        texts = {path: quoted(f"{row}.{identifier(name)}::VARCHAR") for path, name in self.shown.items()}
        return object_of(objects(texts)) if texts else "NULL::VARCHAR"

    def create_sql(self, table: str) -> str:
        """The statement that makes the items a temporary table."""
        return f"CREATE OR REPLACE TEMP TABLE {identifier(table)} AS\n{self.sql}"

    def batches_sql(self, rendered: str) -> str:
        """A SELECT of the batches of that table's items: `_batch` from 0, `_keys`, `_ids`, `_items`, `_columns`.

        `_items` is the JSON array of the items, in the order of `_keys`. Items of one batch have the same columns.
        """
        return f"""SELECT
  row_number() OVER (ORDER BY min(_place)) - 1 AS _batch,
  list(_key ORDER BY _place) AS _keys,
  list(_id ORDER BY _place) AS _ids,
  '[' || string_agg(_item, ',' ORDER BY _place) || ']' AS _items,
  _columns
FROM (
  SELECT *, (row_number() OVER (PARTITION BY _columns ORDER BY _place) - 1) // {self.batch} AS _part
  FROM (SELECT *, row_number() OVER (ORDER BY _key) AS _place FROM {identifier(rendered)} WHERE NOT _rejected)
)
GROUP BY _columns, _part
ORDER BY _batch"""


def compile_write(
    stream: Stream,
    operation: Operation,
    *,
    creates: bool,
    clear: Any = None,
    known: Mapping[str, Any] | None = None,
    outgoing: str = "outgoing",
) -> WritePlan:
    """The plan for one operation over the table `outgoing`; `creates`: it may make records.

    `clear` is what the provider takes for null. `known` are values for further placeholders, such as the connection.

    Raises SpecError where the spec asks for what cannot be written, ConfigError for an unknown time zone.
    """
    flat = operation.layout == "table"
    wire = Wire(clear, texts=flat, numbers=stream.record.id.transform.kind == "integer")
    fields = {field.name: field for field in stream.fields if is_writable(field)}
    context = Context(stream, fields, wire, creates, flat)
    lines = [Line(context, field, f"#{number}") for number, field in enumerate(fields.values(), 1)]
    for line in lines:
        line.scoping(lines)
    cells = _cells(lines, operation.constants, context)
    item = Item(wire, {path: f'"#to{number}"' for number, path in enumerate(cells, 1)})
    known = {**stream.vars, "stream": stream.name, **(known or {})}
    template, keys = bind.bind(_template(operation), known), bind.bind(dict(operation.keys), known)
    needs = {"key", *bind.names([template, keys])} | {name for name in ("id", "value") if operation.request.asks(name)}
    text, columns = item.row(keys) if flat else (item.object(template), "NULL::VARCHAR")
    return WritePlan(
        sql=_statement(outgoing, lines, cells.values(), (text, columns), item.lacks(needs)),
        inputs=(*_INPUTS, *(Column(f.name, duckdb_type(f.type), f.title) for f in fields.values())),
        fields=tuple(fields.values()),
        batch=operation.request.batch or 1,
        links=tuple(link.field for link in stream.write.links) if stream.write else (),
        shown={path: name for line in lines for path, name in line.shown().items()},
    )


def _template(operation: Operation) -> bind.Template:
    """What an item is made of; without a word: all cells where the request has a place for them, else the id."""
    if operation.layout == "table" or (operation.request.item is None and operation.request.asks(CELLS)):
        return {MERGED: f"${CELLS}"}
    return "$id" if operation.request.item is None else operation.request.item


def _cells(lines: Sequence[Line], constants: Mapping[str, Any], context: Context) -> dict[tuple[str, ...], str]:
    """SQL of each cell's JSON text, by its path; NULL where it is not written."""
    shared: dict[tuple[str, ...], list[tuple[Line, Piece]]] = {}
    for line in lines:
        for piece in line.pieces():
            shared.setdefault(piece.path, []).append((line, piece))
    cells = {path: _cell(parts, context.wire.null) for path, parts in shared.items()}
    return cells | {context.path(path): context.wire.constant(value) for path, value in constants.items()}


def _cell(parts: Sequence[tuple[Line, Piece]], null: str) -> str:
    named = " OR ".join(f"{line.named} AND NOT ({line.torn})" for line, _ in parts)
    values = " ".join(f"WHEN {piece.given} THEN {piece.json}" for _, piece in parts)
    cleared = [line.named for line, piece in parts if piece.clears and not line.required]
    if len(cleared) == len(parts):
        values += f" ELSE {null}"
    elif cleared:
        values += f" WHEN {' OR '.join(cleared)} THEN {null}"
    return f"CASE WHEN {named} THEN CASE {values} END END"


def _statement(
    outgoing: str, lines: Sequence[Line], cells: Iterable[str], item: tuple[str, str], faults: list[tuple[str, str]]
) -> str:
    found = "".join(f",\n    {column}" for line in lines for column in line.found())
    converted = "".join(f",\n    {column}" for line in lines for column in line.converted())
    placed = "".join(f',\n    {sql} AS "#to{number}"' for number, sql in enumerate(cells, 1))
    text, columns = item
    return f"""WITH given AS (
  SELECT *, CASE WHEN json_valid(_now) THEN _now::JSON END AS "#now" FROM {identifier(outgoing)}
), found AS (
  SELECT *{found}
  FROM given
), converted AS (
  SELECT *{converted}
  FROM found
), placed AS (
  SELECT *{placed}
  FROM converted
), rendered AS (
  SELECT _key, _id,
    {text} AS _item,
    {columns} AS _columns,
    {_problems(lines, faults)} AS _problems
  FROM placed
), judged AS (
  SELECT *, len({kept("_problems", f"NOT {ELEMENT}.hold")}) > 0 AS _rejected FROM rendered
)
SELECT
  _key,
  _id,
  CASE WHEN NOT _rejected THEN _item END AS _item,
  CASE WHEN NOT _rejected THEN _columns END AS _columns,
  _problems,
  _rejected
FROM judged"""


def _problems(lines: Sequence[Line], faults: list[tuple[str, str]]) -> str:
    whole = " ".join(f"WHEN {sql} THEN {literal(why)}" for sql, why in faults)
    item = f"{{'field': '', 'reason': CASE {whole} END, 'value': NULL::VARCHAR, 'hold': false}}"
    entries = ",\n      ".join([item, *(problem for line in lines if (problem := line.problem()))])
    return f"{kept(f'[{chr(10)}      {entries}{chr(10)}    ]', f'{ELEMENT}.reason IS NOT NULL')}::{PROBLEM}[]"
