"""The names of a spec: those taken, how far constants grow, placeholders outside streams. Part of check.py."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from crmsync.spec import bind
from crmsync.spec.check_account import part, requests_of
from crmsync.spec.check_request import address_findings, request_findings
from crmsync.spec.schema_faults import Finding, near
from crmsync.spec.scope import RESERVED, TOO_LARGE, WALK, Measure, Scope, is_too_large, measured
from crmsync.spec.sheet import Parts
from crmsync.spec.transport import GIVEN as CALL
from crmsync.spec.values import constants
from crmsync.spec.yaml import Path


class Top:
    """A spec's names: `tree` as written, `sound` without what the schema refuses."""

    def __init__(self, tree: dict[str, Any], sound: dict[str, Any]) -> None:
        self.tree, self.sound = tree, sound
        self.options = {name: line or {} for name, line in self.map("config").items()}
        self.secrets = frozenset(name for name, line in self.options.items() if line.get("secret"))
        self.names = frozenset(part(tree, "config")) - self.secrets
        self.facts = frozenset(part(tree, "check", "facts"))
        self.vars = self.map("vars")
        holders = [self.map("defaults"), *self.map("streams").values()]
        self.kept = frozenset(name for line in self.map("auth").values() for name in part(line, "keep"))
        self.late = self.facts | self.kept | {name for line in holders for name in part(line, "vars")}

    def map(self, key: str) -> dict[str, Any]:
        """A part of the spec by name, as far as it is sound."""
        return part(self.sound, key)

    @cached_property
    def parts(self) -> Parts:
        """What the streams' rules look things up in."""
        return Parts(
            lists={name: self._list(name) for name in part(self.tree, "lists")},
            pools=frozenset(part(self.tree, "limits")),
            discover=part(self.tree, "discover") if "discover" in self.tree else None,
            link=part(self.sound, "link", "read") if "link" in self.tree else None,
            link_writes={
                name: (part(self.sound, "link", name), part(self.tree, "link", name))
                for name in ("write", "clear")
                if name in part(self.tree, "link")
            },
            options=frozenset(part(self.tree, "config")) | self.facts | self.kept | frozenset(self.vars),
            carries="transport" in self.tree,
        )

    @cached_property
    def sizes(self) -> dict[str, Measure]:
        """What the constants of the top are."""
        sizes, _ = measured(self._templates({}))
        return {name: size for name, size in sizes.items() if name in self.vars}

    def taken(self) -> Iterator[Finding]:
        """Names that mean something else already."""
        holders: list[tuple[Path, Mapping[str, Any]]] = [(("config",), self.options), (("vars",), self.vars)]
        holders += [(("check", "facts"), part(self.sound, "check", "facts"))]
        holders += [(("streams", name, "vars"), part(line, "vars")) for name, line in self.map("streams").items()]
        holders += [(("defaults", "vars"), part(self.sound, "defaults", "vars"))]
        holders += [(("auth", name, "keep"), part(line, "keep")) for name, line in self.map("auth").items()]
        for path, names in holders:
            for name in names:
                if name in RESERVED:
                    yield Finding((*path, name), "SP207", f"the name `{name}` is taken by the language")
                elif path != ("config",) and name in self.options:
                    yield Finding((*path, name), "SP207", f"`{name}` is already an option in `config`")
                elif path[-1] in ("vars", "keep") and name in self.facts:
                    yield Finding((*path, name), "SP207", f"`{name}` is already a fact of `check`")
                elif path[-1] == "vars" and name in self.kept:
                    yield Finding((*path, name), "SP207", f"`{name}` is already kept by a way of `auth`")

    def growth(self, own: Mapping[str, Any] | None = None, path: Path = ()) -> Iterator[Finding]:
        """Constants that run in a circle, and the first that is too large to be put in. `own` are a stream's."""
        sizes, circle = measured(self._templates(own or {}))
        for name in circle:
            others = ", ".join(f"`${other}`" for other in circle)
            yield Finding(self._holder(name, own, path), "SP211", f"runs in a circle: {others}")
        large = next((name for name, size in sizes.items() if is_too_large(size)), None)
        if large:
            yield Finding(self._holder(large, own, path), "SP211", TOO_LARGE)

    def placeholders(self) -> Iterator[Finding]:
        """Every placeholder outside the streams that has no value at its place, and the requests around them."""
        anywhere = self._scope("`vars`", self.names | self.late | {"stream", "connection"})
        for name, value in self.vars.items():
            yield from anywhere.findings(value, ("vars", name))
        for name, line in self.map("auth").items():
            yield from self._way(("auth", name), line)
        for name, line in self.options.items():
            default = line if "by" in line else line.get("default")
            yield from self._scope("`config`", self.names).findings(default, ("config", name))
            probe = part(line, "probe")
            yield from self._request(("config", name, "probe"), probe, self._scope("`probe`", ()))
        yield from self._check()
        yield from self._transport()
        later = self._scope("", self.names | self.facts | self.kept | {"connection"})
        for name, written in self.map("lists").items():
            for at, line in requests_of(name, written):
                scope = later.giving("`lists`", WALK)
                yield from request_findings(line, at, scope, self.parts.pools, self.names, carries=self.parts.carries)
        for key in ("limits", "error", "errors", "nulls"):
            yield from later.giving(f"`{key}`", ()).findings(self.sound.get(key), (key,))

    def discover_in(self, scope: Scope) -> Iterator[Finding]:
        """`discover` is asked for each stream: with its constants."""
        line = self.map("discover")
        yield from self._request(("discover",), line, scope.giving("`discover`", ()))
        if line and "name" not in part(self.tree, "discover") and not str(line.get("records")).endswith("{}"):
            why = "`discover` needs `name`, or `records` that end with `{}`: a map by name"
            yield Finding(("discover", "name?"), "SP208", why)

    def scope_of(self, own: Mapping[str, Any], stream: str) -> Scope:
        """What a stream's parts may use. Its constants must not grow without end."""
        sizes, _ = measured(self._templates(own))
        sizes = {name: size for name, size in sizes.items() if name in {**self.vars, **own}}
        allowed = self.names | self.facts | self.kept | {"stream", "connection"}
        return Scope(f"stream `{stream}`", allowed, sizes, constants(self.vars, own), self.secrets, self.late)

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _way(self, path: Path, line: Mapping[str, Any]) -> Iterator[Finding]:
        """A way to authenticate: each kind may show its secrets in one place, and an access token is one of its own."""
        plain = self._scope("`auth`", self.names | {"connection"})
        secret = self._scope("`auth`", self.names | self.secrets | {"connection"}, secrets=frozenset())
        if line.get("kind") == "oauth2":
            alone = "headers of `oauth2` show `$access_token` alone"
            tokens = replace(plain.giving("`auth`", {"access_token"}), secrets_may=alone)
            yield from tokens.findings(line.get("headers", {}), (*path, "headers"))
            for key in ("token", "authorize", "authorize_extra", "scopes", "scope_join"):
                yield from plain.findings(line.get(key), (*path, key))
            for key in ("token", "authorize"):
                if isinstance(line.get(key), str):
                    target = line[key].removeprefix("POST ")
                    yield from address_findings(target, (*path, key), plain, self.names)
        elif line.get("kind") == "login":
            request = {key: line[key] for key in ("do", "query", "headers") if key in line}
            yield from self._request(path, request, plain)
            yield from secret.findings(line.get("body"), (*path, "body"))
        else:
            yield from secret.findings(line.get("headers", {}), (*path, "headers"))

    def _check(self) -> Iterator[Finding]:
        scope = self._scope("`check`: facts are known after it", self.names | self.kept | {"connection"})
        yield from self._request(("check",), self.map("check"), scope)
        if "base_url" not in part(self.tree, "config") and (path := _relative(self.sound, scope.values)):
            yield Finding(path, "SP209", "a path needs the option `base_url` in `config`")

    def _transport(self) -> Iterator[Finding]:
        """Envelopes may hold secrets, since some providers want them in each body, and what stands for the call."""
        line, by = self.map("transport"), self.map("transport").get("by")
        if by is not None and by not in self.options:
            yield Finding(("transport", "by"), "SP201", f"there is no option `{by}`{near(by, self.options)}")
        scope = self._scope(
            "`transport`", self.names | self.secrets | self.kept | {"connection", *CALL}, secrets=frozenset()
        )
        scope = replace(scope, constants={name: size for name, size in self.sizes.items() if name not in CALL})
        for key, envelope in line.items() if by is not None else [(None, line)]:
            if key != "by":
                yield from scope.findings(envelope, ("transport",) if key is None else ("transport", key))

    def _list(self, name: str) -> dict[str, Any]:
        """The first request of a list, where its columns are."""
        return next((line for _, line in requests_of(name, self.map("lists").get(name))), {})

    def _request(self, path: Path, line: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
        return request_findings(
            line, lambda *rest: (*path, *rest), scope, self.parts.pools, self.names, carries=self.parts.carries
        )

    def _scope(self, where: str, allowed: Collection[str], secrets: frozenset[str] | None = None) -> Scope:
        secrets = self.secrets if secrets is None else secrets
        return Scope(where, frozenset(allowed), self.sizes, self._values, secrets, self.late)

    @cached_property
    def _values(self) -> dict[str, Any]:
        return constants(self.vars, {})

    def _templates(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that others may name and that is a template itself."""
        lines = ((name, line) for name, line in self.options.items() if name in self.names)
        return {**{n: line if "by" in line else line.get("default") for n, line in lines}, **self.vars, **own}

    def _holder(self, name: str, own: Mapping[str, Any] | None, path: Path) -> Path:
        if own and name in own:
            return (*path, "vars", name)
        return ("vars" if name in self.vars else "config", name)


def _relative(node: Any, values: Mapping[str, Any], path: Path = ()) -> Path | None:
    """The first request that goes to a path instead of a URL."""
    if not isinstance(node, dict):
        return None
    for key in ("do", "token"):
        if isinstance(do := node.get(key), str) and str(bind.expand(do, values)).partition(" ")[2].startswith("/"):
            return (*path, key)
    return next((found for k, v in node.items() if (found := _relative(v, values, (*path, k)))), None)
