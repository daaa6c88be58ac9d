"""`crmsync run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from crmsync.cli import show
from crmsync.cli.options import connector_options, store_option
from crmsync.cli.running import carried_out, sandbox_option
from crmsync.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmsync.sync.model import Result

_WRITING = {
    "refused": "Some writes were not accepted. See why: crmsync rejects",
    "conflicts": "Some fields differ on both sides, and wait for you to decide: crmsync conflicts",
}
_MARKS = {"done": ("✓", "green"), "stopped": ("■", "yellow"), "failed": ("✗", "red")}


@click.command()
@connector_options
@click.option("--stream", "streams", multiple=True, help="This stream only; may be given several times.")
@click.option(
    "--mode",
    type=click.Choice(["pull", "push", "sync"]),
    default="pull",
    show_default=True,
    help="pull: read the CRM; push: also bring the hub's changes to it; sync: both ways.",
)
@click.option("--backfill", is_flag=True, help="Read everything again, not only what changed.")
@store_option
@sandbox_option
@click.option(
    "--brake", type=click.FloatRange(0, 100), help="Per cent of the rows that may be marked as deleted, or archived."
)
@click.option(
    "--plan", metavar="ID", help="With push or sync: write what this plan has, nothing else; see crmsync plan."
)
@click.option("--from", "source", metavar="FILE|SELECT", help="With push: write these rows instead of the hub's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a stream, nothing else, on stdout.")
@click.option("--wait", is_flag=True, help="Wait for a run that reads the same stream, instead of stopping.")
@click.option("--strict", is_flag=True, help="End with status 3 where something was rejected, held or disputed.")
@click.pass_context
def run(
    ctx: click.Context,
    connector: str,
    connection: str | None,
    config: Path | None,
    streams: tuple[str, ...],
    mode: Literal["pull", "push", "sync"],
    backfill: bool,
    store: Path | None,
    sandbox: int | None,
    brake: float | None,
    plan: str | None,
    source: str | None,
    as_json: bool,
    wait: bool,
    strict: bool,
) -> int:
    """Bring the streams of a connection up to date.

    The first run reads everything, later ones what changed. A run that was stopped or killed goes on where it was.
    With --mode sync, the tables crm.contact, crm.company and crm.deal are then kept in step with the CRM.

    Exit status: 0 done, 1 failed, 2 wrong usage or credentials, 3 rejects (--strict), 4 stopped: run it again.
    """
    if plan is not None and mode == "pull":
        raise UsageError("A plan is written by a push or a sync.", hint="Add the --mode that it was made with.")
    if source is not None and (mode != "push" or plan is not None or len(streams) != 1):
        raise UsageError("--from needs --mode push, one --stream and no --plan.")
    path, results = carried_out(
        ctx,
        connector,
        connection,
        config,
        store,
        sandbox,
        streams=streams,
        mode=mode,
        backfill=backfill,
        wait=wait,
        brake=None if brake is None else brake / 100,
        plan=plan,
        source=source,
    )
    if as_json:
        for result in results:
            show.json_line(result.as_dict())
    else:
        _summary(results, path, by_hub=source is None)
    return _exit_status(results, strict=strict)


def _summary(results: Sequence[Result], path: Path, *, by_hub: bool) -> None:
    """What became of each stream, and what to type next; all on stderr. `by_hub`: the hub is what was written."""
    for result in results:
        _told(result)
    hints = [result.error["hint"] for result in results if result.error and result.error["hint"]]
    for hint in dict.fromkeys(hints):
        show.hint(hint)
    if any(result.counts.rejected or result.counts.held for result in results):
        show.hint(f"Some records were rejected or held. See why: crmsync rejects --store {path}")
    for trouble, say in _WRITING.items():
        if any(getattr(result.written, trouble, 0) for result in results):
            show.hint(f"{say} --store {path}")
    if done := [result for result in results if result.status == "done"]:
        table = f"{'crm' if by_hub and done[0].written else done[0].connection}.{done[0].stream}"
        show.hint(f'Look at the rows: crmsync query --store {path} "FROM {table} LIMIT 5"')


def _told(result: Result) -> None:
    mark, colour = _MARKS[result.status]
    name = show.colour(f"{mark} {result.connection}.{result.stream}", colour)
    error = f"{result.error['code']}  {result.error['message']}" if result.error else ""
    if error and not result.counts.read:
        show.told(error, first=f"{name}  ")
        return
    show.told(f"{_counts(result)}{_written(result)}  ({_costs(result)})", first=f"{name}  ")
    if error:
        show.told(error)


def _counts(result: Result) -> str:
    counts = result.counts.as_dict()
    return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n or what in ("read", "applied", "unchanged"))


def _written(result: Result) -> str:
    written = result.written.as_dict() if result.written else {}
    told = ", ".join(
        show.count(n, "conflict") if what == "conflicts" else f"{n:,} {what}" for what, n in written.items() if n
    )
    nothing = "nothing to write" if result.status == "done" else "no write confirmed"
    return f"; {told or nothing}" if written else ""


def _costs(result: Result) -> str:
    costs = [f"{result.seconds:.1f} s"]
    if result.counts.read and result.seconds > 0.1:
        costs.append(f"{result.counts.read / result.seconds:,.0f}/s")
    costs.append(show.count(result.requests, "request"))
    if result.retries:
        costs.append(show.count(result.retries, "retry", "retries"))
    if result.waited_seconds >= 0.1:
        costs.append(f"waited {result.waited_seconds:.1f} s")
    return ", ".join(costs)


def _exit_status(results: Sequence[Result], *, strict: bool) -> int:
    """The gravest of the streams': failed, wrong usage, stopped; then rejects where --strict."""
    statuses = {result.exit_status for result in results}
    for status in (1, 2, 4):
        if status in statuses:
            return status
    return 3 if strict and any(_is_troubled(result) for result in results) else 0


def _is_troubled(result: Result) -> bool:
    counts, written = result.counts, result.written
    disputed = written is not None and (written.refused or written.unknown or written.conflicts)
    return bool(counts.rejected or counts.held or disputed)
