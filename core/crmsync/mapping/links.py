"""A link of a stream -> the statement that reads it: answers about links in, one other record's id a record out. Pure.

An answer is read as records are, by the same kind of statement, so it cannot fail on what a provider sends. But a link
that cannot be told is told as a fault, whatever it is: read as none, it would clear what the store has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from crmsync.mapping.read import compile_read
from crmsync.mapping.types import duckdb_type
from crmsync.quote import identifier, literal
from crmsync.spec.model_stream import Field, Link, Record, Stream, Transform


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """How answers about a link become a column.

    `sql` is a SELECT over `$bodies` that gives `_id`, `ref` (NULL: linked to nothing), `_page`, and `fault`: why an
    entry, or a whole answer, cannot be read.
    """

    link: Link
    type: str
    sql: str

    def create_sql(self, table: str) -> str:
        """The statement that makes the links of `$bodies` a temporary table."""
        return f"CREATE OR REPLACE TEMP TABLE {identifier(table)} AS\n{self.sql}"

    def fill_sql(self, rows: str, links: str) -> str:
        """The statement that puts the links of one table into the rows of another; of several answers, the first."""
        column, rows = identifier(self.link.field), identifier(rows)
        first = f"SELECT _id, arg_min_null(ref, (_page, _pos)) AS ref FROM {identifier(links)} GROUP BY _id"
        return f"UPDATE {rows} SET {column} = try_cast(l.ref AS {self.type}) FROM ({first}) l WHERE {rows}._id = l._id"


def compile_link(stream: Stream, link: Link) -> LinkPlan:
    """The plan for one link of `stream`: of the ids at `ref` the one that is preferred, else the first.

    Raises SpecError where the spec asks for what cannot be read.
    """
    ref = Field("ref", "ref", (link.ref,), Transform("ref"), prefer=link.prefer)
    list_ = Field("list", "json", (re.split(r"\[\]|\{\}", link.ref)[0] or "$",), Transform("json"))
    record = Record(replace(stream.record.id, at=(link.source,)))
    entries = replace(stream, record=record, fields=(ref, list_), links=())
    sql = f"""SELECT _id, ref, _page, _pos, CASE
    WHEN len(_problems) > 0 THEN _problems[1].reason
    WHEN {_missed(link)} THEN {literal(f"no id at {link.ref}")}
    WHEN ref[1] IN ('', '{{', '[') THEN 'not an id'
  END AS fault
FROM (
{compile_read(entries, link.request.records).sql}
)"""
    return LinkPlan(link, next(duckdb_type(field.type) for field in stream.fields if field.name == link.field), sql)


def _missed(link: Link) -> str:
    """SQL: whether there is no id although the list is not empty, or no list at all."""
    listed = re.search(r"\[\]|\{\}", link.ref)
    return "ref IS NULL AND coalesce(list NOT IN ('[]', '{}'), true)" if listed else "false"
