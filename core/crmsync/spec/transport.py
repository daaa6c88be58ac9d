"""Transport: `call: model.method` with `args` -> the HTTP request that carries it. Pure.

Some providers have one address for everything and put the call into an envelope. The rest of the runtime only knows
requests; so a call becomes one here, and paths of its answer begin where the envelope has the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.spec import bind

GIVEN = ("model", "method", "args")  # what an envelope's placeholders may name of the call
_PATHS = ("records", "next", "more", "total", "token")  # from the answer's top, by key of a request


@dataclass(frozen=True, slots=True)
class Transport:
    """The `envelope` of a spec's calls; empty where it has none, and paths are those of the whole answer."""

    envelope: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        """Where the answer to a call that failed has its error."""
        return self.envelope.get("error")

    def carried(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """The request `line` in terms of `do` and `body`; one that has no `call` is returned as it is."""
        if "call" not in line:
            return dict(line)
        model, _, method = str(line["call"]).rpartition(".")
        call = {"model": model, "method": method, "args": line.get("args", {})}
        request = bind.expand({"do": self.envelope["do"], "body": self.envelope["body"]}, call)
        rest = {key: value for key, value in line.items() if key not in ("call", "args")}
        paths = {key: self.inside(rest[key]) for key in _PATHS if key in rest}
        return {**rest, "records": self.inside("$"), **paths, **request, "carried": True}

    def inside(self, path: str) -> str:
        """A path of the result as a path of the whole answer."""
        return within(self.envelope.get("result"), path)


def within(outer: str | None, path: str) -> str:
    """`path` of what is at `outer`, from the top."""
    if outer is None or outer == "$":
        return path
    return outer if path == "$" else f"{outer}.{path}"
