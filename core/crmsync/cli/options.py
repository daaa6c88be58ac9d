"""Options that several commands share, and how a connection is found from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crmsync.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from crmsync.config import Connection, Settings
    from crmsync.plugins import Connector
    from crmsync.secret import Redactor
    from crmsync.store import FileStore, Keys
    from crmsync.sync import Job

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(dir_okay=False, path_type=Path)
SANDBOX_STORE = Path("crmsync-sandbox.duckdb")


class ConnectorName(click.types.StringParamType):
    """The name of an installed connector; a missing one is told together with those that there are."""

    name = "name"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:  # noqa: ARG002
        return f"Installed: {', '.join(self._names()) or 'none'}."

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]

    def _names(self) -> list[str]:
        from crmsync import plugins

        return [c.name for c in plugins.connectors() if not c.fault]


connector_option = click.option(
    "--connector", type=ConnectorName(), required=True, help="Name of an installed connector."
)
config_option = click.option("--config", type=FILE, help="Read this file instead of crmsync.yaml.")
store_option = click.option(
    "--store", type=FILE, envvar="CRMSYNC_STORE", help="The store file; by default crmsync.yaml's, or crmsync.duckdb."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a row.")
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most this many."
)
of_stream_option = click.option("--stream", help="Of this stream only.")
of_connection_option = click.option("--connection", help="Of this connection only.")


def connector_options(function: F) -> F:
    """--connector, --connection and --config."""
    named = click.option("--connection", help="Name of the connection; by default the connector's.")
    return connector_option(named(config_option(function)))


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
    from crmsync import plugins
    from crmsync.config import load_settings, resolve
    from crmsync.spec.build import options
    from crmsync.spec.model import variable

    found = plugins.connector(connector)
    declared = options(plugins.read_spec(found).tree)
    assert found.spec_file is not None  # plugins.connector raises otherwise
    settings, environment = load_settings(config), dict(os.environ)
    if sandbox is not None:
        name = connection or connector
        line = {"connector": connector, **_shape_only(settings, name)}
        settings = replace(settings, connections={name: line})
        environment = {variable(name, option): value for option, value in sandbox.items()}
    resolved = resolve(settings, connector, connection, declared, environment)
    redactor().learn(resolved.secrets)  # whatever goes wrong from here on is told without them
    return Picked(found, found.spec_file, resolved)


def _shape_only(settings: Settings, name: str) -> dict[str, Any]:
    """What a connection reads, without how it gets there: that part is the simulator's."""
    written = settings.connections.get(name) or {}
    return {key: written[key] for key in ("fields", "streams", "hub", "merge", "values", "brake") if key in written}


def job_of(picked: Picked, **how: Any) -> Job:
    """What to do with it, and with what this user has at hand for it."""
    from crmsync.sync import Job

    how = {"state_dir": state_dir(), "keys": keys(), "redact": redactor(), **how}
    return Job(picked.spec_file, picked.connection, **how)


def redactor() -> Redactor:
    """The one that masks whatever this process tells."""
    from crmsync.secret import Redactor

    return click.get_current_context().find_object(Redactor) or Redactor()


def keys() -> Keys:
    """The keys that tokens in the store are sealed with: those of CRMSYNC_KEY, else that of a file of this user."""
    from platformdirs import user_config_path

    from crmsync.secret import Secret
    from crmsync.store import Keys

    given = Secret(os.environ.get("CRMSYNC_KEY", ""))
    redactor().learn([Secret(part.strip()) for part in given.reveal().split(",")])
    return Keys(given, user_config_path("crmsync") / "key")


def sandbox_keys() -> Keys:
    """A key that everybody knows: tokens of a made-up CRM are no secrets, and need no file of this user."""
    import base64

    from crmsync.secret import Secret
    from crmsync.store import Keys

    return Keys(Secret(base64.b64encode(bytes(32)).decode()))


def state_dir() -> Path:
    """Where the rate limits that all processes of this machine share are kept."""
    from platformdirs import user_state_path

    return user_state_path("crmsync") / "limits"


def store_path(store: Path | None, config: Path | None = None) -> Path:
    """The store file: the option or CRMSYNC_STORE, else crmsync.yaml's, else the default."""
    if store is not None:
        return store
    from crmsync.config import DEFAULT_STORE, load_settings

    settings = load_settings(config)
    return settings.folder / settings.store if settings.store else Path(DEFAULT_STORE)


@contextmanager
def reading(store: Path | None, config: Path | None) -> Iterator[FileStore]:
    """The store, to be read only; open while the block runs."""
    path = store_path(store, config)
    if not path.exists():
        sandbox = f"That of --sandbox runs is {SANDBOX_STORE}: --store {SANDBOX_STORE}"
        hint = sandbox if SANDBOX_STORE.exists() else "Fill it with: crmsync run --connector NAME"
        raise UsageError(f"There is no store {path} yet.", hint=hint)
    opened = open_store(path, read_only=True)
    try:
        yield opened
    finally:
        opened.close()


def open_store(path: Path, *, read_only: bool = False, on_wait: Callable[[str], None] | None = None) -> FileStore:
    """The store. Waits for a lock are told with the holder's name, by `on_wait` or on stderr."""
    from crmsync.store import FileStore

    def waiting(holder: str, seconds: float) -> None:
        text = f"Waiting for {path}, which {holder} has open ({seconds:.0f} s)."
        if on_wait is not None:
            on_wait(text)
        else:
            click.echo(text, err=True)

    return FileStore(path, on_wait=waiting, read_only=read_only)
