"""Lines of a checked document that ask the provider for something. Part of build.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.spec import bind
from crmsync.spec.build_fields import texts, transform
from crmsync.spec.duration import seconds
from crmsync.spec.inherit import merge, on
from crmsync.spec.model import Check, Discover, Flag, Lookup, Probe
from crmsync.spec.model_stream import Field, Reader, Request
from crmsync.spec.transport import Transport

_ONE = {"id", "key", "value", "fields", "ref", "old"}  # outside of `item`, they are those of one record


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes the requests of one spec, and what is read by them. Its `transport` carries those that are calls."""

    transport: Transport = field(default_factory=Transport)

    def request(self, line: Mapping[str, Any]) -> Request:
        """The request of a line, whatever else the line says."""
        line = self.transport.carried(on(line))
        method, _, path = line["do"].partition(" ")
        per_items = line["cost"]["items"] if isinstance(line.get("cost"), dict) else None
        used = set(bind.names([line[key] for key in ("do", "query", "headers", "body") if key in line]))
        return Request(
            method=method,
            path=path,
            query=line.get("query", {}),
            headers=line.get("headers", {}),
            body=line.get("body"),
            records=line.get("records", "$"),
            uses=tuple(line.get("uses", ())),
            cost=1 if per_items else line.get("cost", 1),
            cost_items=per_items,
            limit=line.get("limit"),
            batch=line.get("batch"),
            item=line.get("item"),
            names_max=line.get("names_max"),
            page=line.get("page"),
            next=line.get("next"),
            more=line.get("more"),
            carried=line.get("carried", False),
            one=bool(used & _ONE),
        )

    def reader(self, line: Mapping[str, Any], every_s: float | None = None) -> Reader:
        """A way to read a stream; `every_s` is how often, where the line does not say it."""
        line = self.transport.carried(on(line))
        return Reader(
            by=line.get("by", "list"),
            request=self.request(line),
            bounds=line.get("bounds", "iso"),
            overlap_s=seconds(line.get("overlap", "0s")),
            total=line.get("total"),
            cap=line.get("cap"),
            every_s=seconds(line["every"]) if "every" in line else every_s,
            id=line.get("id"),
            deleted_at=line.get("deleted_at"),
            token=line.get("token"),
            split=line.get("split", False),
        )

    def check(self, line: Mapping[str, Any], account: str) -> Check:
        """`account` as it was written: with a placeholder it is a value and no path."""
        fixed = any(bind.names(account))
        return Check(
            request=self.request(line),
            account=None if fixed else self.transport.inside(line["account"]),
            fixed=line["account"] if fixed else None,
            facts={name: self.transport.inside(path) for name, path in line.get("facts", {}).items()},
        )

    def discover(self, line: Mapping[str, Any]) -> Discover:
        """How the provider describes its fields."""
        options = {key: str(path) for key, path in line["options"].items()} if "options" in line else None
        return Discover(
            request=self.request(line),
            name=line.get("name"),
            type=line["type"],
            label=line.get("label", line.get("name")),
            types=line["types"],
            options=options,
            readonly=_flag(line["readonly"]) if "readonly" in line else None,
            length=line.get("length"),
        )

    def lookups(self, written: Any, discover: Mapping[str, Any]) -> tuple[Lookup, ...]:
        """A list; of several requests, the further ones are merged over the first."""
        first, *rest = written if isinstance(written, list) else [written]
        return tuple(self._lookup(line, discover) for line in [first, *(merge(first, line) for line in rest)])

    def _lookup(self, line: Mapping[str, Any], discover: Mapping[str, Any]) -> Lookup:
        stream, _, column = line.get("options", "").partition(".")
        paths = {"key": discover["options"]["value"], "value": discover["options"]["label"]} if stream else line
        return Lookup(
            request=None if stream else self.request(line),
            key=str(paths["key"]),
            value=str(paths["value"]),
            within=line.get("within"),
            also=tuple(_also(name, how) for name, how in line.get("also", {}).items()),
            options=(stream, column) if stream else None,
        )

    def probe(self, line: Mapping[str, Any]) -> Probe:
        """How the provider is asked for an option."""
        return Probe(self.request({"do": line["do"]}), line["json"], line["is"], line["else"])


def _flag(line: Any) -> Flag:
    return Flag(line["at"], line.get("as") == "not") if isinstance(line, dict) else Flag(line)


def _also(name: str, line: Any) -> Field:
    """A further column of a list: a path, or a line with `at`, or a `case`."""
    line = line if isinstance(line, dict) else {"at": line}
    how = line if "case" in line else line.get("as", "text")
    return Field(name, "text", texts(line.get("at")), transform(how))
