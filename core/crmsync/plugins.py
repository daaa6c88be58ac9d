"""Finds connectors: installed distributions with an entry point in the group `crmsync`.

Discovery reads metadata and YAML and imports nothing, so a broken package never takes the others down. A package is
imported, and its hooks registered with pluggy, only when a hook of it is called; to tell a person whether it can be,
`checked` tries it in a process of its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmsync.errors import BrokenConnector, CrmsyncError, SpecError, UnknownConnector

if TYPE_CHECKING:
    from crmsync.sandbox.model import Simulator
    from crmsync.spec.yaml import Document

GROUP = "crmsync"
SPEC_FILE = "spec.yaml"
IMPORT_S = 20


@dataclass(frozen=True, slots=True)
class Connector:
    """An installed connector. `fault` says why it cannot be used, where it cannot."""

    name: str
    distribution: str
    version: str
    package: str
    spec_file: Path | None
    fault: str = ""


def connectors() -> tuple[Connector, ...]:
    """All installed connectors, sorted by name, broken ones included. Their specs are looked for, not read."""
    found = sorted(_found(), key=lambda c: (c.name, c.distribution))
    owners: dict[str, list[str]] = {}
    for each in found:
        owners.setdefault(each.name, []).append(each.distribution)
    return tuple(
        replace(c, fault=f"{' and '.join(owners[c.name])} both have this name") if len(owners[c.name]) > 1 else c
        for c in found
    )


def connector(name: str) -> Connector:
    """The usable connector `name`; raises UnknownConnector or BrokenConnector."""
    known = connectors()
    for found in known:
        if found.name == name:
            if found.fault:
                raise BrokenConnector(f"The connector {name} ({found.distribution}) cannot be used: {found.fault}.")
            return found
    from difflib import get_close_matches

    names = [c.name for c in known if not c.fault]
    near = get_close_matches(name, names, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise UnknownConnector(f"There is no connector {name!r}.{guess} Installed: {', '.join(names) or 'none'}.")


def read_spec(found: Connector) -> Document:
    """The connector's spec, checked; raises SpecError, or BrokenConnector where it is another connector's."""
    from crmsync.spec.load import load

    if found.spec_file is None:
        raise BrokenConnector(f"The connector {found.name} ({found.distribution}) cannot be used: {found.fault}.")
    document = load(found.spec_file)
    if document.tree["name"] != found.name:
        raise BrokenConnector(f"The spec of {found.name} ({found.distribution}) is one of {document.tree['name']}.")
    return document


def checked(found: Connector) -> Connector:
    """The same with its spec read and its package tried: `fault` tells of these too."""
    return found if found.fault else replace(found, fault=_spec_fault(found) or _import_fault(found))


def sandbox(found: Connector, records: int, seed: int) -> Simulator:
    """The connector's simulator with `records` records; raises BrokenConnector where it has none, or that fails."""
    simulator = _call(found, "crmsync_sandbox", records=records, seed=seed)
    if simulator is None:
        raise BrokenConnector(f"The connector {found.name} has no sandbox.", hint="Run it against a real account.")
    return simulator  # type: ignore[no-any-return]  # hooks are untyped


def _found() -> Iterator[Connector]:
    """One Connector an entry point. A distribution whose metadata cannot be read is one too, with that as its fault."""
    seen = set()
    for distribution in metadata.distributions():
        try:
            points = [p for p in distribution.entry_points if p.group == GROUP]
            if not points:  # without having read its metadata, which is long
                continue
            name, version = str(distribution.name), str(distribution.version)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's package has there
            if (broken := _unreadable(distribution, error)) is not None:
                yield broken
            continue
        if name.lower() not in seen:  # the first on the path is the one that is imported
            seen.add(name.lower())
            yield from (_inspect(point, name, version) for point in points)


def _unreadable(distribution: metadata.Distribution, error: Exception) -> Connector | None:
    """Worth telling only where the distribution means us."""
    try:
        text = distribution.read_text("entry_points.txt") or ""
        name = str(distribution.name)
    except Exception:  # noqa: BLE001 - the same stranger's package
        return None
    fault = f"its metadata cannot be read: {error}"
    return Connector(name, name, "?", "", None, fault) if f"[{GROUP}]" in text else None


def _inspect(point: metadata.EntryPoint, distribution: str, version: str) -> Connector:
    package = point.value.strip()
    bare = Connector(point.name, distribution, version, package, None)
    if not re.fullmatch(r"[A-Za-z_]\w*", package):
        return replace(bare, fault=f"its entry point must name a package, not {package!r}")
    try:
        origin = find_spec(package)
    except (ImportError, ValueError):
        origin = None
    folders = list(origin.submodule_search_locations or ()) if origin else []
    if not folders:
        return replace(bare, fault=f"the package {package} is not there")
    file = Path(folders[0]) / SPEC_FILE
    if not file.is_file():
        return replace(bare, fault=f"its package {package} has no {SPEC_FILE}")
    return replace(bare, spec_file=file)


def _spec_fault(found: Connector) -> str:
    try:
        read_spec(found)
    except SpecError as error:
        more = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
        return f"{error.message.partition(chr(10))[0]}{more}"
    except CrmsyncError as error:
        return error.message
    return ""


def _import_fault(found: Connector) -> str:
    """What importing the package raises: whatever else it does must not reach this process."""
    import subprocess

    program = [sys.executable, "-P", "-c", f"import {found.package}"]  # -P: not from the working directory
    try:
        tried = subprocess.run(
            program, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=IMPORT_S
        )
    except subprocess.TimeoutExpired:
        return f"importing {found.package} takes longer than {IMPORT_S} s"
    if tried.returncode == 0:
        return ""
    last = tried.stderr.strip().rpartition("\n")[2] or f"status {tried.returncode}"
    return f"importing {found.package} fails: {last}"


def _call(found: Connector, hook: str, **arguments: Any) -> Any:
    """Import the package and call one of its hooks."""
    import importlib

    import pluggy

    from crmsync import hooks

    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    try:
        manager.register(importlib.import_module(found.package), found.name)
        manager.check_pending()
        return getattr(manager.hook, hook)(**arguments)
    except (Exception, SystemExit) as error:
        told = f"{type(error).__name__}: {error}"
        raise BrokenConnector(f"The package of {found.name} ({found.distribution}) fails: {told}") from error
