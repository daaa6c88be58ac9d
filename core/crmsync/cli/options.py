"""Options that several commands share, and how a connection is found from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crmsync.config import DEFAULT_STORE

if TYPE_CHECKING:
    from crmsync.config import Connection, Settings
    from crmsync.plugins import Connector
    from crmsync.store import FileStore

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(dir_okay=False, path_type=Path)


def connector_options(function: F) -> F:
    """--connector, --connection and --config."""
    for option in (
        click.option("--config", type=FILE, help="Read this file instead of crmsync.yaml."),
        click.option("--connection", help="Name of the connection; by default the connector's."),
        click.option("--connector", required=True, help="Name of an installed connector."),
    ):
        function = option(function)
    return function


def store_option(function: F) -> F:
    """--store; by default what crmsync.yaml says, else crmsync.duckdb."""
    return click.option(
        "--store", type=FILE, envvar="CRMSYNC_STORE", help=f"The store file; by default {DEFAULT_STORE}."
    )(function)


def config_option(function: F) -> F:
    """--config alone."""
    return click.option("--config", type=FILE, help="Read this file instead of crmsync.yaml.")(function)


@dataclass(frozen=True, slots=True)
class Picked:
    """What --connector, --connection and --config lead to."""

    connector: Connector
    spec_file: Path
    connection: Connection


def pick(
    connector: str, connection: str | None, config: Path | None, sandbox: Mapping[str, str] | None = None
) -> Picked:
    """Find connector and connection. `sandbox` are the options of a simulator; then nothing else is read."""
    import os

    from crmsync import plugins
    from crmsync.config import Settings, load_settings, resolve, variable
    from crmsync.spec.build import options
    from crmsync.spec.load import load

    found = plugins.connector(connector)
    assert found.spec_file is not None  # plugins.connector raises otherwise
    declared = options(load(found.spec_file).tree)
    settings, environment = load_settings(config), dict(os.environ)
    if sandbox is not None:
        name = connection or connector
        settings = Settings(connections={name: {"connector": connector, **_shape_only(settings, name)}})
        environment = {variable(name, option): value for option, value in sandbox.items()}
    return Picked(found, found.spec_file, resolve(settings, connector, connection, declared, environment))


def _shape_only(settings: Settings, name: str) -> dict[str, Any]:
    """What a connection reads, without how it gets there: that part is the simulator's."""
    line = settings.connections.get(name) or {}
    return {key: line[key] for key in ("fields", "brake") if key in line}


def state_dir() -> Path:
    """Where the rate limits that all processes of this machine share are kept."""
    from platformdirs import user_state_path

    return user_state_path("crmsync") / "limits"


def store_path(store: Path | None, config: Path | None = None) -> Path:
    """The store file: the option or CRMSYNC_STORE, else crmsync.yaml's, else the default."""
    if store is not None:
        return store
    from crmsync.config import load_settings

    return Path(load_settings(config).store or DEFAULT_STORE)


def open_store(path: Path, *, read_only: bool = False) -> FileStore:
    """The store; waits for a lock are told on stderr, with the holder's name."""
    from crmsync.store import FileStore

    def waiting(holder: str, seconds: float) -> None:
        click.echo(f"Waiting for {path}: {holder} has it open ({seconds:.0f} s).", err=True)

    return FileStore(path, on_wait=waiting, read_only=read_only)
