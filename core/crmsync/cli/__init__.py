"""The command line: parse, call, print. Commands are imported when they are used, so that --help is quick."""

from __future__ import annotations

import importlib
import os
import sys
from io import TextIOWrapper
from typing import Any

import click

from crmsync import __version__
from crmsync.errors import CrmsyncError, InternalError
from crmsync.secret import Redactor

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended

# name -> module and the line that --help shows; reading the line must not import the module
_COMMANDS = {
    "run": ("run", "Bring streams up to date."),
    "plan": ("plan", "Tell exactly what a push or sync would write, and write nothing."),
    "check": ("check", "Tell whether a connection works, and what to do if not."),
    "auth": ("auth", "Connect by your consent: in the browser, or by a code."),
    "connectors": ("specs", "List the installed connectors."),
    "streams": ("specs", "List the streams of a connector."),
    "validate": ("specs", "Check a spec and tell all its mistakes."),
    "conflicts": ("conflicts", "List what changed on both sides, and decide."),
    "explain": ("explain", "Show one record, field by field: hub, CRMs, what moved it."),
    "status": ("journal", "Show how each stream is doing."),
    "state": ("state", "Show, set or reset checkpoints."),
    "rejects": ("rejects", "List what could not be mapped, was held or refused, and why."),
    "runs": ("journal", "List the last runs."),
    "logs": ("journal", "Show what happened in runs."),
    "query": ("journal", "Run one SQL statement on the store."),
    "sandbox": ("sandbox", "Serve a connector's simulator."),
}


class _Lazy(click.Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"crmsync.cli.{_COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command for a mistyped one."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(name, _COMMANDS, 1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "CRMSYNC"})
@click.version_option(__version__, prog_name="crmsync")
def cli() -> None:
    """Keep your own data and your CRMs in step.

    Try one without an account: crmsync run --connector NAME --sandbox
    """


def main(program: click.Command = cli) -> None:
    """Run the command line and end the process with its status; no traceback and no secret reaches a person."""
    masked = Redactor()  # it learns what the commands come to know
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name must not fail for want of a letter
    try:
        status: Any = program(prog_name="crmsync", standalone_mode=False, obj=masked)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        status = INTERRUPTED
    except CrmsyncError as error:
        _show(error, masked)
        status = error.exit_status
    except Exception as error:  # noqa: BLE001 - the edge of the program
        status = _internal(error, masked)
    sys.exit(status if isinstance(status, int) else 0)


def _show(error: CrmsyncError, masked: Redactor) -> None:
    from crmsync.cli import show

    show.told(masked(error.message), first=show.colour(f"error {error.code}", "red") + "  ")
    show.hint(masked(error.hint))


def _internal(error: Exception, masked: Redactor) -> int:
    """A mistake of ours: told in a line; CRMSYNC_DEBUG=1 shows the traceback."""
    if os.environ.get("CRMSYNC_DEBUG"):
        import traceback

        click.echo(masked("".join(traceback.format_exception(error))), err=True)
    told = InternalError(f"Internal error: {type(error).__name__}: {error}")
    _show(told, masked)
    return told.exit_status
