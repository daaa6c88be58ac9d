"""`crmsync plan`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from crmsync.cli import show
from crmsync.cli.options import connector_options, store_option
from crmsync.cli.running import carried_out, sandbox_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmsync.sync.planning import Plan, Trouble

_COUNTS = ("create", "update", "archive", "link", "conflicts", "requests")


@click.command()
@connector_options
@click.option("--stream", "streams", multiple=True, help="This stream only; may be given several times.")
@click.option(
    "--mode", type=click.Choice(["push", "sync"]), default="push", show_default=True, help="What the plan is of."
)
@store_option
@sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a stream, nothing else, on stdout.")
@click.option("--wait", is_flag=True, help="Wait for a run that reads the same stream, instead of stopping.")
@click.pass_context
def plan(
    ctx: click.Context,
    connector: str,
    connection: str | None,
    config: Path | None,
    streams: tuple[str, ...],
    mode: Literal["push", "sync"],
    store: Path | None,
    sandbox: int | None,
    as_json: bool,
    wait: bool,
) -> int:
    """Tell exactly what a push or sync would write, and write nothing.

    The CRM is read, as in a run. The plan is kept: crmsync run --plan ID writes what is in it and nothing else, and
    refuses if by then something else would be written. Each write is a row of crmsync.intents.
    """
    path, results = carried_out(
        ctx, connector, connection, config, store, sandbox, streams=streams, mode=mode, wait=wait, rehearse=True
    )
    failed = [result for result in results if result.error]
    plans = {result.stream: result.plan for result in results if result.plan}
    if as_json:
        for result in results:
            show.json_line(result.as_dict())
    else:
        if plans or not failed:
            _tell(plans)
        for stream, drawn in plans.items():
            _tell_troubles(results[0].connection, stream, drawn.troubles)
        if words := [_value_map(stream, drawn) for stream, drawn in plans.items() if drawn.labels]:
            _offer(results[0].connection, words)
        named = [("connection", connection), *(("stream", stream) for stream in streams)]
        named += [("sandbox", str(sandbox))] if sandbox is not None else []
        how = "".join(f" --{option} {value}" for option, value in named if value)
        _hints(plans, path, f"--connector {connector}{how} --mode {mode}")
    for result in failed:
        assert result.error
        show.told(f"{result.connection}.{result.stream}  {result.error['code']}  {result.error['message']}")
        show.hint(result.error["hint"])
    return max((result.exit_status for result in results), default=0)


def _tell(plans: dict[str, Plan]) -> None:
    names = [
        name
        for name in (*_COUNTS, "merged", "unclear")
        if name in _COUNTS or any(getattr(p, name) for p in plans.values())
    ]
    rows = [[stream, *(getattr(drawn, name) for name in names)] for stream, drawn in plans.items()]
    show.rows(["stream", *names], rows, as_json=False, nothing="Nothing here is written.")


def _tell_troubles(connection: str, stream: str, troubles: Sequence[Trouble]) -> None:
    """Why writes would go without a field, or not at all."""
    for (field, reason, whole, label), alike in groupby(troubles, key=lambda t: (t.field, t.reason, t.whole, t.label)):
        rows = sum(t.rows for t in alike)
        what = "would not be written" if whole else f"would be written without {field}"
        why = f"{connection} has no {field} called as in the hub" if label else reason
        show.told(f"{stream}: {show.count(rows, 'row')} {what}: {why}")


def _offer(connection: str, words: Sequence[list[str]]) -> None:
    """The value maps to fill in, as one piece of YAML, since a file has each key once."""
    show.hint(f"Say in crmsync.yaml what these are called in {connection}; without its line, one is not written there:")
    lines = ["connections:", f"  {connection}:", "    values:", *(line for each in words for line in each)]
    show.hint("\n".join(lines), "    ")


def _value_map(stream: str, drawn: Plan) -> list[str]:
    """Of one stream: each word of the hub that the CRM has no label for, and the labels that there are."""
    import json
    import textwrap

    lines = [f"      {stream}:"]
    for field, labels in drawn.labels.items():
        there = ", ".join(labels) or "nothing: the list is empty"
        lines.append(f"        {field}:")
        lines += textwrap.wrap(
            f"one of: {there}", 100, initial_indent=f"{' ' * 10}# ", subsequent_indent=f"{' ' * 10}#   "
        )
        for (value, meant), alike in groupby(_labelled(drawn, field), key=lambda t: (t.value, t.meant)):
            rows = show.count(sum(t.rows for t in alike), "row")
            mapped = f"; now {meant!r}" if meant != value else ""
            lines.append(f'{" " * 10}{json.dumps(value, ensure_ascii=False)}: ""  # {rows}{mapped}')
    return lines


def _labelled(drawn: Plan, field: str) -> Sequence[Trouble]:
    return sorted((t for t in drawn.troubles if t.label and t.field == field), key=lambda t: (t.value or "", t.meant))


def _hints(plans: dict[str, Plan], path: Path, how: str) -> None:
    if not plans:
        return
    (plan_id,) = {drawn.id for drawn in plans.values()}
    if any(drawn.conflicts for drawn in plans.values()):
        show.hint("Conflicts stay as they are on both sides until somebody decides.")
    if any(drawn.braked for drawn in plans.values()):
        show.hint("More would be archived than the brake lets through: if that is right, add --brake 100 to the run.")
    seconds = sum(drawn.seconds for drawn in plans.values())
    if seconds >= 1:
        show.hint(f"By the limits of the account it takes {seconds:,.0f} s at least.")
    show.hint(f"Each write: crmsync query --store {path} \"FROM crmsync.intents WHERE plan_id = '{plan_id}'\"")
    show.hint(f"Carry it out: crmsync run {how} --plan {plan_id} --store {path}")
