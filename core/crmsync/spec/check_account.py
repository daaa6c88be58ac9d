"""Meaning of what concerns the account: options, ways to authenticate, limits, error rules, lists. Part of check.py.

`tree` is the spec as written, where names are looked up; `sound` is the part of it whose shape is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from crmsync.spec import bind
from crmsync.spec.inherit import merge
from crmsync.spec.schema_faults import Finding, near, shown
from crmsync.spec.yaml import Path

_NUMBERS = ("rate", "budget", "concurrent")


def part(tree: Any, *keys: str) -> dict[str, Any]:
    """The map at `keys`; empty where there is none."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def requests_of(name: str, written: Any) -> list[tuple[Callable[..., Path], dict[str, Any]]]:
    """The requests of an entry of `lists`, each with what tells the place of a key: further ones build on the first."""
    if not isinstance(written, list):
        return [(partial(_place, ("lists", name)), written if isinstance(written, dict) else {})]
    lines = [line if isinstance(line, dict) else {} for line in written]
    return [
        (partial(_place_in, ("lists", name), index, line), merge(lines[0], line)) for index, line in enumerate(lines)
    ]


def _place(path: Path, *rest: str | int) -> Path:
    return (*path, *rest)


def _place_in(path: Path, index: int, own: Mapping[str, Any], *rest: str | int) -> Path:
    return (*path, index if not rest or rest[0] in own else 0, *rest)


def account_findings(tree: Mapping[str, Any], sound: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything that is wrong with the meaning of these parts, placeholders aside."""
    options = {name: line or {} for name, line in part(sound, "config").items()}
    for name, line in options.items():
        yield from _option(("config", name), line, options)
    for name, line in part(sound, "auth").items():
        yield from _needs(("auth", name, "needs"), line.get("needs", ()), part(tree, "config"))
        yield from _when(("auth", name, "when"), line.get("when", {}), options)
        if line.get("kind") == "oauth2":
            yield from _client(("auth", name), part(tree, "config"))
    for name, line in part(sound, "limits").items():
        yield from _limit(("limits", name), line, tree, options)
    for index, rule in enumerate(sound.get("errors", ())):
        yield from _rule(("errors", index), rule or {}, part(tree, "limits"), part(tree, "config"))
    for name, line in part(sound, "lists").items():
        for (place, sound_line), (_, written) in zip(
            requests_of(name, line), requests_of(name, part(tree, "lists")[name]), strict=True
        ):
            yield from _list(place(), sound_line, written, tree)


def _option(path: Path, line: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[Finding]:
    name, default = path[-1], line.get("default")
    for by in dict.fromkeys([*_pickers(line), *_pickers(default)]):
        if by not in options or by == name:
            yield Finding(path, "SP201", f"there is no other option `{by}`{near(by, options)}")
    for key in ("is", "else"):
        if "choice" in line and (value := part(line, "probe").get(key)) and value not in line["choice"]:
            choice = ", ".join(str(choice) for choice in line["choice"])
            yield Finding((*path, "probe", key), "SP212", f"`{key}` must be one of {choice}")
    if default is None:
        return
    if line.get("secret"):
        yield Finding((*path, "default"), "SP212", f"`{name}` is a secret: it cannot have a default")
    if line.get("required"):
        yield Finding((*path, "required"), "SP212", f"`{name}` has a default, so it cannot be required")
    if line.get("type") == "integer" and any(bind.names(default)):
        other = str(default).removeprefix("$")
        if (options.get(other) or {}).get("type") != "integer":
            why = f"the default of `{name}` must be a whole number or an option that is one, not {shown(default)}"
            yield Finding((*path, "default"), "SP212", why)
    elif not isinstance(default, dict) and not any(bind.names(default)):
        yield from _default((*path, "default"), f"the default of `{name}`", default, line)


def _pickers(node: Any) -> Iterator[str]:
    """The options that a pick looks at, those of picks within it too."""
    if isinstance(node, dict) and "by" in node:
        yield str(node["by"])
        for branch in node.values():
            yield from _pickers(branch)


def _default(path: Path, what: str, value: Any, line: Mapping[str, Any]) -> Iterator[Finding]:
    if line.get("type") == "integer" and not isinstance(value, int):
        yield Finding(path, "SP212", f"{what} must be a whole number, not {shown(value)}")
    if "choice" in line and value not in line["choice"]:
        yield Finding(path, "SP212", f"{what} must be one of {', '.join(str(choice) for choice in line['choice'])}")
    if isinstance(value, str) and value.lower().startswith("http://"):
        yield Finding(path, "SP209", f"{what} must be an https URL")


def _needs(path: Path, needs: Any, options: Mapping[str, Any]) -> Iterator[Finding]:
    for index, name in enumerate(needs):
        if name is not None and name not in options:
            yield Finding((*path, index), "SP201", f"there is no option `{name}` in `config`{near(name, options)}")


def _when(path: Path, condition: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[Finding]:
    for name, value in condition.items():
        choice = (options.get(name) or {}).get("choice")
        if name not in options:
            yield Finding((*path, name), "SP201", f"there is no option `{name}` in `config`{near(name, options)}")
        elif choice and value not in choice:
            yield Finding((*path, name), "SP212", f"`{name}` must be one of {', '.join(map(str, choice))}")


def _client(path: Path, options: Mapping[str, Any]) -> Iterator[Finding]:
    """The options of OAuth have fixed names; those that would let a stranger in are secrets."""
    if "client_id" not in options:
        yield Finding(path, "SP201", "`oauth2` needs an option `client_id` in `config`")
    for name in ("client_secret", "refresh_token"):
        line = options.get(name)
        if isinstance(line, dict) and not line.get("secret"):
            yield Finding(("config", name), "SP212", f"`{name}` must be a secret: `secret: true`")


def _limit(path: Path, line: Mapping[str, Any], tree: Any, options: Mapping[str, Any]) -> Iterator[Finding]:
    kinds = [kind for kind in _NUMBERS if kind in part(tree, "limits", str(path[-1]))]
    if len(kinds) != 1:
        yield Finding(path, "SP210", "a limit is exactly one of `rate`, `budget`, `concurrent`")
    for kind in kinds:
        value = line.get(kind)
        for branch in [v for k, v in value.items() if k != "by"] if isinstance(value, dict) else [value]:
            for name in bind.names(branch):
                yield from _number((*path, kind), name, tree, options)
        if isinstance(value, dict):
            yield from _picked((*path, kind), value, {**options, **part(tree, "check", "facts")})


def _number(path: Path, name: str, tree: Any, options: Mapping[str, Any]) -> Iterator[Finding]:
    """A limit must have its number whenever a run begins."""
    line = options.get(name)
    if line is None:
        if name in {**part(tree, "vars"), **part(tree, "check", "facts")}:
            yield Finding(path, "SP210", f"a limit's number is an option, and `{name}` is none")
    elif line.get("type") != "integer":
        yield Finding(path, "SP210", f"a limit is a number: `{name}` needs `type: integer`")
    elif "default" not in line and not line.get("required"):
        yield Finding(path, "SP210", f"a limit needs a number: give `{name}` a default or make it required")


def _picked(path: Path, pick: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Finding]:
    if "by" in pick and pick["by"] not in known:
        yield Finding((*path, "by"), "SP201", f"there is no option or fact `{pick['by']}`{near(pick['by'], known)}")
    if "else" not in pick:
        yield Finding(path, "SP210", "the pick needs `else`, for what is not known yet")


def _rule(
    path: Path, rule: Mapping[str, Any], pools: Mapping[str, Any], options: Mapping[str, Any]
) -> Iterator[Finding]:
    pool = rule.get("pool")
    if pool is not None and pool not in pools:
        yield Finding((*path, "pool"), "SP203", f"there is no limit `{pool}`{near(pool, pools)}")
    elif rule.get("is") == "exhausted" and "budget" not in part(pools, str(pool)):
        yield Finding((*path, "is"), "SP203", "`exhausted` needs `pool`: a limit with a `budget`")
    budget = rule.get("budget")
    if "exhausted_after" in rule and rule.get("is") != "throttled":
        yield Finding((*path, "exhausted_after"), "SP203", "`exhausted_after` belongs to `is: throttled`")
    if ("exhausted_after" in rule) != (budget is not None):
        yield Finding(path, "SP203", "`exhausted_after` and `budget` belong together")
    elif budget is not None and "budget" not in part(pools, str(budget)):
        yield Finding((*path, "budget"), "SP203", f"there is no limit `{budget}` with a `budget`{near(budget, pools)}")
    if "existing" in rule and rule.get("is") != "conflict":
        yield Finding((*path, "existing"), "SP208", "`existing` belongs to `is: conflict`")
    yield from _needs((*path, "options"), rule.get("options", ()), options)


def _list(path: Path, line: Mapping[str, Any], written: Mapping[str, Any], tree: Any) -> Iterator[Finding]:
    """`line` is the sound part of what is `written`."""
    name, lists, scope = path[1], part(tree, "lists"), line.get("within", {}).get("list")
    if scope is not None and (scope not in lists or scope == name):
        guess = near(scope, set(lists) - {name})
        yield Finding((*path, "within", "list"), "SP204", f"there is no other list `{scope}`{guess}")
    if "options" not in written:
        yield from (
            Finding((*path, f"{key}?"), "SP103", f"the key `{key}` is missing in `{name}`")
            for key in ("do", "key", "value")
            if key not in written and not (key == "do" and "call" in written)
        )
        return
    stream = str(line.get("options")).partition(".")[0]
    if stream not in part(tree, "streams"):
        guess = near(stream, part(tree, "streams"))
        yield Finding((*path, "options"), "SP204", f"`options` names no stream: `{stream}`{guess}")
    if "options" not in part(tree, "discover"):
        yield Finding((*path, "options"), "SP208", "`options` needs `discover` with `options`")
    for key in sorted(set(written) - {"options", "also"}):
        yield Finding((*path, key), "SP208", f"a list of `options` has no request, so there is no `{key}`")
