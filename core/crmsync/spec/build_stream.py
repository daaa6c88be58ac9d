"""A stream of a checked document, with what it inherits. Part of build.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crmsync.spec import bind
from crmsync.spec.build_fields import field_of, record_of
from crmsync.spec.build_requests import Requests
from crmsync.spec.build_write import find_of, link_writes_of, unique_of, write_of
from crmsync.spec.duration import seconds
from crmsync.spec.inherit import merge, on
from crmsync.spec.model import Objects
from crmsync.spec.model_stream import Census, Field, Link, Missing, Stream
from crmsync.spec.values import Values, constants

DEFAULT_SWEEP_S = 7 * 86400.0
DEFAULT_TOMBSTONES_S = 86400.0


@dataclass(frozen=True, slots=True)
class Streams:
    """Makes the streams of one spec: `tree` is its document, `known` and `nulls` are those of all its streams."""

    tree: Mapping[str, Any]
    objects: Objects
    known: Mapping[str, Any]
    nulls: tuple[Any, ...]
    requests: Requests

    def stream(self, name: str) -> Stream:
        """The stream `name`."""
        merged = merge(self.tree.get("defaults", {}), self.tree["streams"][name])
        values = Values(constants(self.tree.get("vars", {}), merged.get("vars") or {}), {**self.known, "stream": name})
        line = self._put_in(merged, values)
        read, deletes, canonical = on(line["read"]), on(line.get("deletes", {})), self.objects.get(name, {})
        lines = on(line["fields"])
        fields = [field for n, at in lines.items() if (field := field_of(n, at, canonical.get(n), self.nulls))]
        links = [link for f in fields if (link := self._link(f.name, lines[f.name], values))]
        write = write_of(line, self.requests)
        if write:
            made = link_writes_of(fields, lines, self.tree.get("link", {}), values, self.requests)
            write = replace(write, links=tuple(made))
        census = on(deletes.get("census", {}))
        counted = bool(census.keys() - {"every", "brake"})  # by a request of its own
        sweep_s = seconds(census["every"]) if "every" in census and not counted else DEFAULT_SWEEP_S
        own = {n: bind.plain(bind.bind(value, values.known)) for n, value in values.constants.items()}
        make = self.requests
        return Stream(
            name=name,
            record=record_of(line.get("record", {}), self.nulls),
            fields=tuple(fields if write else map(_read_only, fields)),
            full=make.reader(read["full"], sweep_s),
            changes=make.reader(read["changes"]) if "changes" in read else None,
            by_id=make.request(read["by_id"]) if "by_id" in read else None,
            tombstones=make.reader(deletes["tombstones"], DEFAULT_TOMBSTONES_S) if "tombstones" in deletes else None,
            census=Census(
                brake=float(census.get("brake", "2%").rstrip("%")) / 100,
                reader=make.reader(census, DEFAULT_SWEEP_S) if counted else None,
            ),
            cursor=own.get("cursor"),
            vars={**{n: v for n, v in values.known.items() if v is not None}, **own},
            links=tuple(links),
            confirm=make.request(deletes["confirm"]) if "confirm" in deletes else None,
            find=find_of(line, self.requests),
            write=write,
        )

    def _put_in(self, merged: Mapping[str, Any], values: Values) -> dict[str, Any]:
        """The stream's line with all that is known; what `$unique` stands for may be an option itself."""
        unique = unique_of(values.put_in({"identify": merged.get("identify")}))
        return on(replace(values, known={**values.known, "unique": unique}).put_in(merged))

    def _link(self, field: str, line: Any, values: Values) -> Link | None:
        """How the links of one field are read; None for a field that the record holds."""
        line = on(line) if isinstance(line, dict) else {}
        if "link" not in line or "at" in line:
            return None
        of = {"primary": None, **bind.plain(line["link"])}
        read = replace(values, known={**values.known, **of}).put_in(self.tree["link"]["read"])
        prefer = bind.fill(read.get("prefer"), {})  # without `primary`, what asks for it is no condition
        missing = Missing(**bind.plain(read["missing_ok"])) if "missing_ok" in read else None
        return Link(field, self.requests.request(read), read["from"], read["ref"], prefer or None, missing)


def _read_only(field: Field) -> Field:
    return replace(field, dir="read", to=None)
