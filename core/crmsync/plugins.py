"""Finds connectors: installed distributions with an entry point in the group `crmsync`.

Discovery reads metadata and YAML and imports nothing, so a broken package never takes the others down. A package is
imported, and its hooks registered with pluggy, only when a hook of it is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmsync.errors import BrokenConnector, UnknownConnector

if TYPE_CHECKING:
    from crmsync.sandbox.model import Simulator

GROUP = "crmsync"
SPEC_FILE = "spec.yaml"


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
    """All installed connectors, sorted by name, broken ones included."""
    found = sorted((_inspect(point) for point in metadata.entry_points(group=GROUP)), key=lambda c: c.name)
    times = Counter(c.name for c in found)
    return tuple(
        c if times[c.name] == 1 else replace(c, fault=f"{times[c.name]} packages register the name {c.name!r}")
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
    names = [c.name for c in known]
    near = get_close_matches(name, names, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise UnknownConnector(f"There is no connector {name!r}.{guess} Installed: {', '.join(names) or 'none'}.")


def sandbox(found: Connector, records: int, seed: int) -> Simulator:
    """The connector's simulator with `records` records; raises BrokenConnector where it has none."""
    simulator = _hook(found, "crmsync_sandbox")(records=records, seed=seed)
    if simulator is None:
        raise BrokenConnector(f"The connector {found.name} has no sandbox.", hint="Run it against a real account.")
    return simulator  # type: ignore[no-any-return]  # hooks are untyped


def _inspect(point: metadata.EntryPoint) -> Connector:
    distribution = point.dist.name if point.dist else "?"
    version = point.dist.version if point.dist else "?"
    package = point.value.strip()
    bare = Connector(point.name, distribution, version, package, None)
    if not re.fullmatch(r"[A-Za-z_]\w*", package):
        return replace(bare, fault=f"its entry point must name a package, not {package!r}")
    try:
        origin = find_spec(package)
    except (ImportError, ValueError):
        origin = None
    folders = origin.submodule_search_locations if origin else None
    if not folders:
        return replace(bare, fault=f"the package {package} is not there")
    file = Path(next(iter(folders))) / SPEC_FILE
    if not file.is_file():
        return replace(bare, fault=f"it has no {SPEC_FILE}")
    return replace(bare, spec_file=file)


def _hook(found: Connector, name: str) -> Callable[..., Any]:
    import importlib

    import pluggy

    from crmsync import hooks

    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    try:
        manager.register(importlib.import_module(found.package), found.name)
        manager.check_pending()
    except Exception as error:
        raise BrokenConnector(f"The package of {found.name} cannot be loaded: {error!r}") from error
    return getattr(manager.hook, name)  # type: ignore[no-any-return]
