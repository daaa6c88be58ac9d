"""A parsed document -> all its mistakes at once, each with its place. Reads nothing and builds nothing.

First the shape, by the JSON Schema (schema_faults.py). What it refuses is left out, and the rest is checked for its
meaning: here the top of the spec, in check_stream.py the streams, in scope.py the placeholders. Codes: docs/errors.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import crmsync
from crmsync.errors import Fault
from crmsync.spec import bind
from crmsync.spec.build import constants
from crmsync.spec.check_request import request_findings
from crmsync.spec.check_stream import Parts, sheet, stream_findings
from crmsync.spec.model import LANGUAGE, RESERVED_CONNECTIONS, Objects
from crmsync.spec.schema_faults import Finding, findings, near, shown
from crmsync.spec.scope import GIVEN, LATER, MAX_DEPTH, MAX_TEXT, PAGE, RESERVED, Scope, measure, measured
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
        found += _meaning(tree, sound, objects)
    return tuple(sorted({document.fault(f.path, f.code, f.message) for f in found}))


def _without(node: Any, refused: Collection[Path], path: Path) -> Any:
    """A copy of `node` without what the schema refuses; in lists its place stays, so that the others keep theirs."""
    if isinstance(node, dict):
        return {k: _without(v, refused, (*path, k)) for k, v in node.items() if (*path, k) not in refused}
    if isinstance(node, list):
        return [None if (*path, i) in refused else _without(v, refused, (*path, i)) for i, v in enumerate(node)]
    return node


def _meaning(tree: dict[str, Any], sound: dict[str, Any], objects: Objects) -> list[Finding]:
    top = _Top(tree, sound)
    found = [*top.findings()]
    if any(finding.code == "SP211" for finding in found):
        return found  # nothing can be put in for the constants
    return [*found, *top.placeholders(), *_streams(top, objects)]


def _streams(top: _Top, objects: Objects) -> Iterator[Finding]:
    """The streams' mistakes; one that `defaults` makes in several of them is told once."""
    told: set[tuple[Path, str]] = set()
    text = measure({k: v for k, v in top.sound.items() if k not in ("streams", "defaults")}, top.sizes).text
    for name in top.map("streams"):
        stream = sheet(name, top.tree, top.sound, objects.get(name, {}))
        scope, circle = top.scope_of(stream.part("vars"), name)
        if circle:
            yield Finding(stream.at("vars", circle[0]), "SP211", _circle(circle))
            continue
        size = measure(stream.line, scope.constants)
        text += size.text
        if text > MAX_TEXT or size.depth > MAX_DEPTH:
            yield Finding(("streams", name), "SP211", _TOO_LARGE)
            return
        found = [*stream_findings(stream, top.parts, scope), *top.discover_in(scope)]
        yield from (f for f in found if (f.path, f.code) not in told)
        told |= {(f.path, f.code) for f in found}


class _Top:
    """The top of a spec: `tree` as written, `sound` without what the schema refuses."""

    def __init__(self, tree: dict[str, Any], sound: dict[str, Any]) -> None:
        self.tree, self.sound = tree, sound
        self.options = {name: line or {} for name, line in self.map("config").items()}
        self.secrets = frozenset(n for n, line in self.options.items() if line.get("secret"))
        self.vars = self.map("vars")
        self.facts = frozenset(_map(_map(tree, "check"), "facts"))
        self.names = frozenset(_map(tree, "config")) - self.secrets
        self.streams_vars = frozenset(self._streams_vars())
        self.sizes, self.circle = measured({**self._defaults(), **self.vars})
        self.parts = Parts(
            lists={name: self.map("lists").get(name, {}) for name in _map(tree, "lists")},
            pools=frozenset(_map(tree, "limits")),
            discover=_map(tree, "discover") if "discover" in tree else None,
            options=frozenset(_map(tree, "config")) | self.facts | frozenset(self.vars),
            base_url="base_url" in _map(tree, "config"),
        )

    def map(self, key: str) -> dict[str, Any]:
        """A part of the spec by name, as far as it is sound."""
        return _map(self.sound, key)

    def findings(self) -> Iterator[Finding]:
        """Everything but placeholders."""
        yield from _runtime(self.sound.get("requires"))
        if self.sound.get("name") in RESERVED_CONNECTIONS:
            yield Finding(("name",), "SP207", f"the name {self.sound['name']} is taken by the store")
        yield from self._taken()
        for name, line in self.options.items():
            yield from _option(name, line, self.options)
        yield from self._growth()
        for name, line in self.map("auth").items():
            yield from self._needs(("auth", name, "needs"), line.get("needs", ()))
        for name, line in self.map("limits").items():
            yield from self._pool(("limits", name), line)
        for index, rule in enumerate(self.sound.get("errors", ())):
            yield from self._rule(("errors", index), rule or {})
        for name, line in self.map("lists").items():
            yield from self._within(("lists", name, "within", "list"), name, line.get("within", {}).get("list"))

    def placeholders(self) -> Iterator[Finding]:
        """Every placeholder outside the streams that has no value at its place, and the requests around them."""
        anywhere = self._scope("`vars`", self.names | self.facts | self.streams_vars | {"stream", "connection"})
        yield from (f for n, v in self.vars.items() for f in anywhere.findings(v, ("vars", n)))
        early = self._scope("`auth`", self.names | self.secrets | {"connection"}, secrets=frozenset())
        for name, line in self.map("auth").items():
            yield from early.findings(line.get("headers", {}), ("auth", name, "headers"))
        options = self._scope("`config`", self.names)
        for name, line in self.options.items():
            pick = line if "by" in line else line.get("default")
            yield from options.findings(pick, ("config", name))
        before = self._scope("`check`: facts are known after it", self.names | {"connection"})
        yield from self._request(("check",), self.map("check"), before)
        later = self._scope("", self.names | self.facts | {"connection"})
        for name, line in self.map("lists").items():
            yield from self._request(("lists", name), line, later.giving("`lists`", PAGE - {"names"}))
            for key in ("key", "value", "within", "also"):
                yield from later.giving("`lists`", ()).findings(line.get(key), ("lists", name, key))
        for key in ("limits", "error", "errors", "nulls"):
            yield from later.giving(f"`{key}`", ()).findings(self.sound.get(key), (key,))

    def discover_in(self, scope: Scope) -> Iterator[Finding]:
        """`discover` is asked for each stream: with its constants."""
        return self._request(("discover",), self.map("discover"), scope.giving("`discover`", ()))

    def scope_of(self, own: Mapping[str, Any], stream: str) -> tuple[Scope, list[str]]:
        """What a stream's parts may use, and the constants of it that run in a circle."""
        sizes, circle = measured({**self._defaults(), **self.vars, **own})
        allowed = self.names | self.facts | {"stream", "connection"}
        values = {} if circle else constants(self.vars, own)
        return Scope(f"stream `{stream}`", frozenset(allowed), sizes, values, self.secrets, self._elsewhere()), circle

    # -- the parts -----------------------------------------------------------------------------------------------------

    def _scope(self, where: str, allowed: Collection[str], secrets: frozenset[str] | None = None) -> Scope:
        secrets = self.secrets if secrets is None else secrets
        sizes = {name: size for name, size in self.sizes.items() if name in self.vars}
        values = constants(self.vars, {})
        return Scope(where, frozenset(allowed), sizes, values, secrets, self._elsewhere())

    def _elsewhere(self) -> frozenset[str]:
        return GIVEN | LATER | self.facts | self.streams_vars

    def _streams_vars(self) -> Iterator[str]:
        yield from _map(self.map("defaults"), "vars")
        for line in self.map("streams").values():
            yield from _map(line, "vars")

    def _defaults(self) -> dict[str, Any]:
        return {n: line if "by" in line else line.get("default") for n, line in self.options.items() if n in self.names}

    def _request(self, path: Path, line: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
        yield from request_findings(line, lambda *rest: (*path, *rest), scope, self.parts.pools, self.names)
        if str(line.get("do", "")).partition(" ")[2].startswith("/") and not self.parts.base_url:
            yield Finding((*path, "do"), "SP209", "a path needs the option `base_url` in `config`")

    def _taken(self) -> Iterator[Finding]:
        holders: list[tuple[Path, Mapping[str, Any]]] = [(("config",), self.options), (("vars",), self.vars)]
        holders += [(("check", "facts"), _map(self.map("check"), "facts"))]
        holders += [(("streams", n, "vars"), _map(line, "vars")) for n, line in self.map("streams").items()]
        holders += [(("defaults", "vars"), _map(self.map("defaults"), "vars"))]
        for path, names in holders:
            for name in names:
                if name in RESERVED:
                    yield Finding((*path, name), "SP207", f"the name `{name}` is taken by the language")
                elif path != ("config",) and name in self.options:
                    yield Finding((*path, name), "SP207", f"`{name}` is already an option in `config`")
                elif "vars" in path and name in self.facts:
                    yield Finding((*path, name), "SP207", f"`{name}` is already a fact of `check`")

    def _growth(self) -> Iterator[Finding]:
        for name in self.circle:
            yield Finding(("vars" if name in self.vars else "config", name), "SP211", _circle(self.circle))
        for name, size in self.sizes.items():
            if size.text > MAX_TEXT or size.depth > MAX_DEPTH:
                yield Finding(("vars" if name in self.vars else "config", name), "SP211", _TOO_LARGE)
                return

    def _needs(self, path: Path, needs: Any) -> Iterator[Finding]:
        for index, name in enumerate(needs):
            if name is not None and name not in _map(self.tree, "config"):
                guess = near(name, self.options)
                yield Finding((*path, index), "SP201", f"there is no option `{name}` in `config`{guess}")

    def _pool(self, path: Path, line: Mapping[str, Any]) -> Iterator[Finding]:
        written = _map(_map(self.tree, "limits"), str(path[-1]))
        kinds = [k for k in ("rate", "budget", "concurrent") if k in written]
        if len(kinds) != 1:
            yield Finding(path, "SP210", "a limit is exactly one of `rate`, `budget`, `concurrent`")
        for kind in kinds:
            value = line.get(kind)
            branches = [v for k, v in value.items() if k != "by"] if isinstance(value, dict) else [value]
            for name in [n for branch in branches for n in bind.names(branch)]:
                yield from self._number((*path, kind), name)
            if isinstance(value, dict) and "else" not in value:
                yield Finding((*path, kind), "SP210", "the pick needs `else`, for what is not known yet")

    def _number(self, path: Path, name: str) -> Iterator[Finding]:
        line = self.options.get(name)
        if line is None:
            if name in self.vars or name in self.facts:
                yield Finding(path, "SP210", f"a limit's number is an option, and `{name}` is none")
        elif line.get("type") != "integer":
            yield Finding(path, "SP210", f"a limit is a number: `{name}` needs `type: integer`")
        elif "default" not in line and not line.get("required"):
            yield Finding(path, "SP210", f"a limit needs a number: give `{name}` a default or make it required")

    def _rule(self, path: Path, rule: Mapping[str, Any]) -> Iterator[Finding]:
        pool, pools = rule.get("pool"), _map(self.tree, "limits")
        if pool is not None and pool not in pools:
            yield Finding((*path, "pool"), "SP203", f"there is no limit `{pool}`{near(pool, pools)}")
        elif rule.get("is") == "exhausted" and "budget" not in _map(pools, str(pool)):
            yield Finding((*path, "is"), "SP203", "`exhausted` needs `pool`: a limit with a `budget`")

    def _within(self, path: Path, name: str, scope: Any) -> Iterator[Finding]:
        lists = _map(self.tree, "lists")
        if scope is not None and (scope not in lists or scope == name):
            yield Finding(path, "SP204", f"there is no other list `{scope}`{near(scope, set(lists) - {name})}")


_TOO_LARGE = f"larger than {MAX_TEXT // 1024 // 1024} MB or {MAX_DEPTH} levels, with its constants put in"


def _circle(names: list[str]) -> str:
    return f"runs in a circle: {', '.join(f'`${name}`' for name in names)}"


def _map(tree: Any, key: str) -> dict[str, Any]:
    value = tree.get(key) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


def _option(name: str, line: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[Finding]:
    path: Path = ("config", name)
    for pick in (line, line.get("default")):
        by = pick.get("by") if isinstance(pick, dict) else None
        if by is not None and (by not in options or by == name):
            yield Finding(path, "SP201", f"there is no other option `{by}`{near(str(by), options)}")
    if line.get("default") is None:
        return
    default = line["default"]
    if line.get("secret"):
        yield Finding((*path, "default"), "SP212", f"`{name}` is a secret: it cannot have a default")
    if line.get("required"):
        yield Finding((*path, "required"), "SP212", f"`{name}` has a default, so it cannot be required")
    if isinstance(default, dict) or any(bind.names(default)):
        return
    if line.get("type", "text") == "integer" and not isinstance(default, int):
        yield Finding(
            (*path, "default"), "SP212", f"the default of `{name}` must be a whole number, not {shown(default)}"
        )
    if "choice" in line and default not in line["choice"]:
        choices = ", ".join(str(choice) for choice in line["choice"])
        yield Finding((*path, "default"), "SP212", f"the default of `{name}` must be one of {choices}")
    if isinstance(default, str) and default.lower().startswith("http://"):
        yield Finding((*path, "default"), "SP209", f"the default of `{name}` must be an https URL")


def _runtime(requires: Any) -> Iterator[Finding]:
    """The range of versions of crmsync that the spec asks for has this one in it."""
    if requires is None:
        return
    here = _numbers(crmsync.__version__)
    for part in requires.split(","):
        sign, wanted = re.match(r"\s*([<>=!]+)\s*([0-9.]+)", part).groups()  # type: ignore[union-attr]  # schema
        there = _numbers(wanted)
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
