"""A stream -> the one statement that reads its records: page bodies in, typed rows out. Pure; nothing is run here.

The statement never fails on what a provider sends, and never passes over anything in silence:
- one row for each element of each page's list, in order;
- a page that is not JSON, or has no list where the records should be, gives one row with `_pos` 0;
- an element that is no record (no id, no object that holds the fields) gives a row with `_rejected`;
- a value that does not fit its column is NULL there and named in `_problems`.

It expects `TimeZone` UTC and bodies nested no deeper than 64 levels, and takes the bodies as one list parameter,
`$bodies`: a table of bodies costs twice as much.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from crmsync.errors import SpecError
from crmsync.mapping.cell import Cell, FieldSource, identity
from crmsync.mapping.lists import ELEMENT, kept
from crmsync.mapping.page import Pages
from crmsync.mapping.shape import Shape
from crmsync.mapping.transforms import split
from crmsync.mapping.types import duckdb_type
from crmsync.quote import identifier
from crmsync.spec.model_stream import Field, Record, Stream, Transform

PROBLEM = "STRUCT(field VARCHAR, reason VARCHAR, value VARCHAR, hold BOOLEAN)"

_DELETED = "When the record was deleted, by the provider's clock"
_SHOWN = 1000  # characters of a rejected record that its problem shows


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the rows, with the sentence that explains it to a person."""

    name: str
    type: str
    comment: str


_OWN = (
    Column("_id", "VARCHAR", "Id of the record at the provider"),
    Column("_created_at", "TIMESTAMPTZ", "When the record was created, by the provider's clock"),
    Column("_updated_at", "TIMESTAMPTZ", "When the record last changed, by the provider's clock"),
    Column("_archived", "BOOLEAN", "Put away at the provider, but alive"),
)
_ABOUT = (
    Column("_deleted", "BOOLEAN", "The entry tells that the record is deleted"),
    Column("_merged", "VARCHAR[]", "Ids of the records that this one absorbed"),
    Column("_page", "BIGINT", "Index of the body, from 0"),
    Column("_pos", "BIGINT", "Place in the page's list, from 1; 0: the page itself cannot be read"),
    Column("_problems", f"{PROBLEM}[]", "What could not be read; hold: the rest of the record is applied"),
    Column("_rejected", "BOOLEAN", "Nothing of this row may be applied"),
    Column("_newest", "BOOLEAN", "The newest copy of its record"),
)


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """How a stream's pages become rows.

    Planning costs 6 ms a batch, and parsing the text 2 ms more: run what `extract_statements` made of it once.
    `sql` is a SELECT over `$bodies` that gives its columns, then what a merge needs to know of the row (`about`).
    `names` are the provider's fields to ask for. Where one request does not take them all, `parts` are the plans for
    the rest of them, whose rows belong to those of this one by `_id`; `columns` and `fields` are those of all.
    """

    sql: str
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    fields: tuple[Field, ...]
    element_sql: str
    about: tuple[Column, ...] = _ABOUT
    parts: tuple[ReadPlan, ...] = ()

    def create_sql(self, table: str) -> str:
        """The statement that makes the rows of `$bodies` a temporary table, all of them marked `_newest`."""
        return f"CREATE OR REPLACE TEMP TABLE {identifier(table)} AS\n{self.sql}"

    def older_sql(self, table: str) -> str:
        """The statement that clears `_newest` of every copy of a record in that table but the newest.

        A rejected copy counts: if it is the newest, no older one is applied. This is a second statement because it
        sees four columns; a window in the first would carry all of them, for five times the cost.
        """
        name = identifier(table)
        return f"""UPDATE {name} SET _newest = false WHERE rowid IN (
  SELECT rowid FROM {name} WHERE _id IN (SELECT _id FROM {name} GROUP BY _id HAVING count(*) > 1)
  QUALIFY row_number() OVER (PARTITION BY _id ORDER BY _updated_at DESC NULLS LAST, _page DESC, _pos DESC) > 1
)"""


def compile_read(stream: Stream, records: str, *, one: bool = False) -> ReadPlan:
    """The plan for pages whose records stand at the path `records`; `one`: a single record stands there.

    It has parts where the stream's requests take fewer names than it has.

    Raises SpecError where the spec asks for what cannot be read, ConfigError for an unknown time zone.
    """
    _refuse_doubles(stream)
    first, *rest = _portions(stream)
    plan = _compiled(replace(stream, fields=first), records, one=one)
    alone = replace(stream, record=Record(stream.record.id, values=stream.record.values), links=())
    parts = tuple(_compiled(replace(alone, fields=fields), records, one=one) for fields in rest)
    if not parts:
        return plan
    read = {field.name for part in (plan, *parts) for field in part.fields}
    fields = tuple(field for field in stream.fields if field.name in read)
    return replace(plan, columns=(*map(_column, fields), *_OWN), fields=fields, parts=parts)


def _portions(stream: Stream) -> list[tuple[Field, ...]]:
    """The fields, in as many portions as it takes for none to have more names than a request may ask for."""
    most = stream.names_max
    if most is None:
        return [stream.fields]
    record = stream.record
    alone = replace(stream, record=Record(record.id, values=record.values), fields=(), links=())
    taken = set(_compiled(replace(stream, fields=()), "$", one=False).names)
    portions: list[list[Field]] = [[]]
    for field in stream.fields:
        names = set(_compiled(replace(alone, fields=(field,)), "$", one=False).names)
        if len(names) > most:
            raise SpecError(f"{field.name} of {stream.name} needs more names than a request may ask for: {most}")
        if len(taken | names) > most:
            portions.append([])
            taken = set()
        taken |= names
        portions[-1].append(field)
    return [tuple(portion) for portion in portions]


def _compiled(stream: Stream, records: str, *, one: bool) -> ReadPlan:
    shape, record = Shape(stream.record.values), stream.record
    linked = {link.field for link in stream.links}  # NULL here: the answers about links fill them
    read = tuple(f for f in stream.fields if f.at or is_told(f) or f.name in linked)
    cells = [FieldSource(stream.name, field, shape, shape.field).cell() for field in read]
    id_ = FieldSource(stream.name, record.id, shape, shape.meta)
    id_text = id_.text()
    cells += [
        identity(id_.cell(), id_text),
        _meta(stream, record.created_at, shape, "_created_at", "NULL::TIMESTAMPTZ"),
        _meta(stream, record.updated_at, shape, "_updated_at", "NULL::TIMESTAMPTZ"),
        _archived(_meta(stream, record.archived, shape, "_archived", "false")),
    ]
    deleted = id_.meets(record.deleted) if record.deleted else "false"
    merged = _absorbed(shape.text(shape.meta(record.merged), ("",))) if record.merged else "NULL::VARCHAR[]"
    pages = Pages(records, shape, one)
    return ReadPlan(
        sql=_statement(pages, cells, id_text, deleted, merged),
        columns=(*map(_column, read), *_OWN),
        names=shape.names,
        fields=read,
        element_sql=pages.element_sql(),
    )


def compile_tombstones(stream: Stream) -> ReadPlan:
    """The plan for the stream's list of deleted records: `_deleted_at` and `_id` of each.

    Raises as compile_read does, and SpecError if the stream has no such list.
    """
    reader = stream.tombstones
    if reader is None:
        raise SpecError(f"the stream {stream.name} has no tombstones")
    id_ = replace(stream.record.id, at=(reader.id,)) if reader.id else stream.record.id
    at = (reader.deleted_at,) if reader.deleted_at else ()
    when = Field("_deleted_at", "timestamp", at, Transform("timestamp"), id_.nulls, title=_DELETED)
    return compile_read(replace(stream, record=Record(id_), fields=(when,), links=()), reader.request.records)


def _refuse_doubles(stream: Stream) -> None:
    """DuckDB does not tell names apart that differ in case only."""
    names = [column.name for column in (*_OWN, *_ABOUT)] + [field.name for field in stream.fields]
    doubles = sorted(name for name, count in Counter(map(str.lower, names)).items() if count > 1)
    if doubles:
        raise SpecError(f"the stream {stream.name} has two columns named {', '.join(doubles)}")


def _meta(stream: Stream, field: Field | None, shape: Shape, name: str, absent: str) -> Cell:
    if field is None:
        return Cell(name, absent, name)
    return replace(FieldSource(stream.name, field, shape, shape.meta).cell(), name=name)


def _archived(cell: Cell) -> Cell:
    return replace(cell, result=f"coalesce({cell.result}, false)")


def _absorbed(text: str) -> str:
    return f"CASE WHEN {text} IS NOT NULL THEN {kept(split(text), f'{ELEMENT} <> _id')} END"


def is_told(field: Field) -> bool:
    """Whether a field without a path has a value all the same."""
    return field.transform.kind == "case" or field.default is not None


def _column(field: Field) -> Column:
    return Column(field.name, duckdb_type(field.type), field.title or f"Provider's {', '.join(field.at) or 'record'}")


def _statement(pages: Pages, cells: list[Cell], id_: str, deleted: str, merged: str) -> str:
    converted = "".join(f",\n    {cell.converted} AS {identifier(cell.name)}" for cell in cells if cell.converted)
    results = ",\n  ".join(f"{cell.result} AS {identifier(cell.name)}" for cell in cells)
    why = pages.why(id_)
    return f"""{pages.sql()}, converted AS (
  SELECT *,
    {pages.raw(id_)} AS "#raw"{converted}
  FROM texts
)
SELECT
  {results},
  {deleted} AS _deleted,
  {merged} AS _merged,
  _page,
  _pos,
  {_problems(why, id_, cells)} AS _problems,
  {_rejected(why, cells)} AS _rejected,
  true AS _newest
FROM converted"""


def _problems(why: str, id_: str, cells: list[Cell]) -> str:
    """The list is built only where something may be bad: it would cost as much as all the rest."""
    bad = [cell for cell in cells if cell.bad]
    shown = f"""coalesce(left("#raw"::VARCHAR, {_SHOWN}), {id_})"""
    record = f"{{'field': '', 'reason': {why}, 'value': {shown}, 'hold': false}}"
    entries = ",\n    ".join([record, *(cell.problem for cell in bad)])
    doubts = ['"#fault" IS NOT NULL', '"#raw" IS NOT NULL', "_id IS NULL", *(f"({cell.bad})" for cell in bad)]
    found = kept(f"[\n    {entries}\n  ]", f"{ELEMENT}.reason IS NOT NULL")
    return f"CASE WHEN {' OR '.join(doubts)} THEN {found} ELSE []::{PROBLEM}[] END"


def _rejected(why: str, cells: list[Cell]) -> str:
    fatal = [f"({cell.bad})" for cell in cells if cell.bad and cell.on_bad == "reject"]
    return " OR ".join([f"{why} IS NOT NULL", *fatal])
