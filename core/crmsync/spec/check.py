"""A parsed document -> all its mistakes at once, each with its place. Reads nothing and builds nothing.

First the shape, by the JSON Schema (schema_faults.py). What it refuses is left out, and the meaning of the rest is
checked: check_top.py, check_account.py, check_stream.py, check_fields.py, check_write.py. Which names a place may
use: scope.py.

SP001 not plain YAML        SP107 too small or large     SP205 type of a column         SP211 grows without end
SP101 unknown key           SP108 newer language         SP206 transform does not fit   SP212 option at odds
SP102 not carried yet       SP109 other crmsync needed   SP207 name is taken
SP103 missing key           SP201 no such name here      SP208 a way is incomplete
SP104 wrong kind of value   SP202 secret outside auth    SP209 address of a request
SP105 not one of            SP203 unknown limit          SP210 limit without a number
SP106 wrong form            SP204 unknown list or field  SP213 cannot be written
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import crmsync
from crmsync.errors import Fault
from crmsync.spec.check_account import account_findings
from crmsync.spec.check_fields import as_line, linked
from crmsync.spec.check_stream import stream_findings
from crmsync.spec.check_top import Top
from crmsync.spec.model import LANGUAGE, RESERVED_CONNECTIONS, Objects
from crmsync.spec.schema_faults import Finding, findings
from crmsync.spec.scope import MAX_DEPTH, MAX_TEXT, TOO_LARGE, Scope, measure
from crmsync.spec.sheet import Parts, Sheet, sheet
from crmsync.spec.yaml import Document, Path


def check(document: Document, objects: Objects) -> tuple[Fault, ...]:
    """All mistakes, sorted by place; empty when the spec is right."""
    tree = document.tree
    version = tree.get("crmsync") if isinstance(tree, dict) else None
    if isinstance(version, int) and version > LANGUAGE:
        why = f"this spec is written in language version {version}; this crmsync speaks {LANGUAGE}: upgrade crmsync"
        return (document.fault(("crmsync",), "SP108", why),)
    found = findings(tree)
    if isinstance(tree, dict):
        sound = _without(tree, {finding.path for finding in found}, ())
        found += _meaning(Top(tree, sound), objects)
    return tuple(sorted({document.fault(f.path, f.code, f.message) for f in found}))


def _without(node: Any, refused: Collection[Path], path: Path) -> Any:
    """A copy of `node` without what the schema refuses; in lists its place stays, so that the others keep theirs."""
    if isinstance(node, dict):
        return {k: _without(v, refused, (*path, k)) for k, v in node.items() if (*path, k) not in refused}
    if isinstance(node, list):
        return [None if (*path, i) in refused else _without(v, refused, (*path, i)) for i, v in enumerate(node)]
    return node


def _meaning(top: Top, objects: Objects) -> list[Finding]:
    found = [*_runtime(top.sound.get("requires")), *account_findings(top.tree, top.sound), *top.taken()]
    if top.sound.get("name") in RESERVED_CONNECTIONS:
        found.append(Finding(("name",), "SP207", f"the name {top.sound['name']} is taken by the store"))
    if grown := list(top.growth()):
        return found + grown  # nothing can be put in for the constants
    return [*found, *top.placeholders(), *_streams(top, objects)]


def _streams(top: Top, objects: Objects) -> Iterator[Finding]:
    """The streams' mistakes; one that `defaults` makes in several of them is told once."""
    told: set[tuple[Path, str]] = set()
    text = measure({k: v for k, v in top.sound.items() if k not in ("streams", "defaults")}, top.sizes).text
    for name in top.map("streams"):
        stream = sheet(name, top.tree, top.sound, objects.get(name, {}))
        if grown := list(top.growth(stream.part("vars"), ("streams", name))):
            yield from grown
            continue
        scope = top.scope_of(stream.part("vars"), name)
        size = measure(stream.line, scope.constants)
        text += size.text + _repeated(stream, top.parts, scope)
        if text > MAX_TEXT or size.depth > MAX_DEPTH:
            yield Finding(("streams", name), "SP211", TOO_LARGE)
            return
        found = [*stream_findings(stream, top.parts, scope), *top.discover_in(scope)]
        yield from (f for f in found if (f.path, f.code) not in told)
        told |= {(f.path, f.code) for f in found}


def _repeated(stream: Sheet, parts: Parts, scope: Scope) -> int:
    """The size of what is put in again for each field that is a link, and for each operation that writes."""
    links = sum("link" in as_line(line) for line in stream.part("fields").values())
    ends = links * [line for line, _ in parts.link_writes.values()]
    common = len(stream.part("write")) * [stream.part("write", "common")]
    return sum(measure(line, scope.constants).text for line in [*len(linked(stream)) * [parts.link], *ends, *common])


def _runtime(requires: Any) -> Iterator[Finding]:
    """Whether this crmsync is in the range of versions that the spec asks for."""
    here = _numbers(crmsync.__version__)
    for part in requires.split(",") if requires else ():
        sign, version = re.match(r"\s*([<>=!]+)\s*([0-9.]+)", part).groups()  # type: ignore[union-attr]  # the schema
        there = _numbers(version)
        holds = {
            ">=": here >= there,
            "<=": here <= there,
            ">": here > there,
            "<": here < there,
            "==": here == there,
            "!=": here != there,
        }[sign]
        if not holds:
            why = f"this spec needs crmsync {requires.strip()}, and this is {crmsync.__version__}"
            yield Finding(("requires",), "SP109", f"{why}: install a version in that range")
            return


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    return tuple([*numbers, 0, 0, 0, 0][:4])
