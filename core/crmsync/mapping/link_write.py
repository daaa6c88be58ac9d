"""The write of a link -> the statement that renders its items: pairs of records in, JSON texts out. Pure.

The statement reads a table of `_key`, `_id`, `_ref` and `_old`: a record, what it is to be linked to, and what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.mapping.read import PROBLEM
from crmsync.mapping.wire import Filling, Value, Wire
from crmsync.mapping.write import WritePlan
from crmsync.quote import identifier
from crmsync.spec import bind
from crmsync.spec.model_stream import Stream
from crmsync.spec.model_write import Operation

_ENDS = ("id", "ref", "old")


def compile_link_write(
    stream: Stream, operation: Operation, *, pairs: str, known: Mapping[str, Any] | None = None
) -> WritePlan:
    """The plan for one operation over the table `pairs`; ids go out as those of the stream's records do.

    An operation without a template has one item a request: the object of its ids, for the request to be filled with.
    Raises SpecError for a placeholder that has no value here.
    """
    wire = Wire(numbers=stream.record.id.transform.kind == "integer")
    values = {name: Value(wire.json(f"_{name}", bare=wire.numbers), f"_{name}") for name in _ENDS}
    template = operation.request.item
    if template is None:
        template = {name: f"${name}" for name in _ENDS}
    item = Filling(values).json(bind.bind(template, {**stream.vars, "stream": stream.name, **(known or {})}))
    sql = (
        f"SELECT _key, _id, {item} AS _item, NULL::VARCHAR AS _columns, []::{PROBLEM}[] AS _problems, "
        f"false AS _rejected FROM {identifier(pairs)}"
    )
    return WritePlan(sql, (), (), operation.request.batch or 1)
