"""`crmsync conflicts`: what changed in the hub and in a CRM, and which of it holds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmsync.cli import show
from crmsync.cli.known import require, where
from crmsync.cli.options import (
    config_option,
    json_option,
    limit_option,
    of_connection_option,
    of_stream_option,
    open_store,
    reading,
    store_option,
    store_path,
)
from crmsync.errors import UsageError

if TYPE_CHECKING:
    from crmsync.store import FileStore

Conflict = dict[str, Any]  # a row of crmsync.conflicts, its texts parsed, and what its record is called

_HOW = """\
Decide with: crmsync conflicts resolve ID --take hub|remote|VALUE
  hub     the hub's value holds: the CRM gets it with the next sync
  remote  the CRM's value holds: the hub gets it at once
  VALUE   another one holds: the hub gets it at once, the CRM with the next sync"""
_HOW_GONE = """\
Where one side was deleted:
  hub     the hub decides: archived in the CRM, or created there again, with the next sync
  remote  the CRM decides: the hub gets its row back at once, or keeps it, linked to no record"""


@click.group(invoke_without_command=True)
@click.pass_context
@store_option
@config_option
@of_connection_option
@of_stream_option
@click.option("--all", "everything", is_flag=True, help="Those that were resolved as well.")
@limit_option
@json_option
def conflicts(
    ctx: click.Context,
    store: Path | None,
    config: Path | None,
    connection: str | None,
    stream: str | None,
    everything: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List what changed in the hub and in a CRM, with the values of both; `resolve` decides."""
    ctx.obj = (store, config)
    if ctx.invoked_subcommand is not None:
        return
    which, parameters = where(connection=connection, stream=stream)
    which += "" if everything else " AND resolved_at IS NULL"
    with reading(store, config) as opened:
        if (connection, stream) != (None, None):
            require(opened, connection, stream)
        found = _conflicts(opened, f"{which} ORDER BY opened_at, id LIMIT {limit}", parameters)
        ((all_,),) = opened.query(f"SELECT count(*) FROM crmsync.conflicts WHERE {which}", parameters)[1]
        ids = [row[0] for row in opened.query("SELECT id FROM crmsync.conflicts")[1]]
    if as_json:
        for each in found:
            show.json_line(each)
        return
    for each in found:
        _print(each, ids)
    if all_ > len(found):
        click.echo(f"{all_ - len(found):,} more: see them with --limit {all_}", err=True)
    _tell_how([each for each in found if each["resolved_at"] is None])


@conflicts.command("resolve")
@store_option
@config_option
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--take", required=True, metavar="hub|remote|VALUE", help="What is to hold.")
@click.pass_obj
def resolve_(
    before: tuple[Path | None, Path | None], store: Path | None, config: Path | None, ids: tuple[str, ...], take: str
) -> None:
    """Let the hub's value hold, the CRM's, or another one; what is to be written goes out with the next sync.

    An ID may be shortened to its beginning or its end, where that fits no other. What was lost is kept: see
    crmsync conflicts --all.
    """
    from crmsync.cli.sides import connector_of, side
    from crmsync.sync.job import new_run_id
    from crmsync.sync.merge.resolve import Winner, resolve

    store, config = store or before[0], config or before[1]
    with reading(store, config) as opened:
        picked = [_picked(opened, word) for word in dict.fromkeys(ids)]
    winner: Winner = "hub" if take == "hub" else "remote" if take == "remote" else "value"
    if winner == "value" and len(picked) > 1:
        raise UsageError(f"A value decides one conflict; there are {len(picked)}.", hint="Take hub or remote.")
    writable = open_store(store_path(store, config))
    try:
        for (connection, stream), group in groupby(sorted(picked, key=_stream), key=_stream):
            those = {each["id"]: each for each in group}
            resolve(writable, side(writable, config, connection, stream), list(those), winner, take, new_run_id())
            for each in those.values():
                click.echo(f"{each['record']}: {_after(each, winner)}.", err=True)
            if winner != "remote":  # else there is nothing to send
                connector = connector_of(writable, connection)
                named = "" if connector == connection else f" --connection {connection}"
                show.hint(f"Carry it out with: crmsync run --connector {connector}{named} --mode sync")
    finally:
        writable.close()


def _conflicts(opened: FileStore, which: str, parameters: Sequence[Any]) -> list[Conflict]:
    from crmsync.cli.records import called, entries

    names, rows = opened.query(f"FROM crmsync.conflicts WHERE {which}", parameters)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for stream in {each["stream"] for each in found}:
        of = [each for each in found if each["stream"] == stream]
        hub = called(opened, "crm", stream, {each["hub_id"] for each in of})
        for connection in {each["connection"] for each in of}:
            ours = [each for each in of if each["connection"] == connection]
            mirror = called(opened, connection, stream, {each["remote_id"] for each in ours})
            for each in ours:
                each |= {side: entries(each[side]) for side in ("base", "hub", "remote")}
                each["record"] = hub.get(each["hub_id"]) or mirror.get(each["remote_id"]) or each["hub_id"]
    return found


def _picked(opened: FileStore, word: str) -> Conflict:
    """The open conflict that a person means."""
    fits = "(id = $1 OR starts_with(id, $1) OR ends_with(id, $1))"
    found = _conflicts(opened, f"{fits} ORDER BY id", [word]) if word else []
    found = [each for each in found if each["id"] == word] or found
    still_open = [each for each in found if each["resolved_at"] is None]
    if len(still_open) == 1:
        return still_open[0]
    if still_open:
        listed = "\n".join(f"{each['id']}  {each['record']}: {', '.join(each['fields'])}" for each in still_open)
        raise UsageError(f"{word} fits {len(still_open)} conflicts.", hint=listed)
    if found:
        gone = found[-1]
        when = f"{gone['resolved_at'].astimezone():%Y-%m-%d %H:%M:%S}"
        by = gone["resolution"] + (f", {gone['winner']}" if gone["winner"] else "")
        raise UsageError(
            f"The conflict {word} was resolved at {when} ({by}).", hint="See the open ones: crmsync conflicts"
        )
    raise UsageError(f"There is no conflict {word}.", hint="See the open ones: crmsync conflicts")


def _stream(conflict: Conflict) -> tuple[str, str]:
    return conflict["connection"], conflict["stream"]


def _after(conflict: Conflict, winner: str) -> str:
    """What a decision has done, and will do."""
    crm, fields = conflict["connection"], ", ".join(conflict["fields"])
    if conflict["hub"] is None:
        if winner == "hub":
            return f"archived in {crm} with the next sync"
        return f"in the hub again, as {crm} has it"
    if conflict["remote"] is None:
        if winner == "hub":
            return f"created again in {crm} with the next sync"
        return f"stays in the hub, linked to no record of {crm}"
    if winner == "remote":
        return f"{fields} in the hub as {crm} has it"
    return f"{fields} to {crm} with the next sync"


# -- for a person ------------------------------------------------------------------------------------------------------


def _print(conflict: Conflict, ids: Sequence[str]) -> None:
    from crmsync.cli.records import said, short

    crm, hub, remote, base = (conflict[key] for key in ("connection", "hub", "remote", "base"))
    opened = f"{conflict['opened_at'].astimezone():%Y-%m-%d %H:%M}"
    who = f"{conflict['record']}  {crm}.{conflict['stream']} {conflict['remote_id']}"
    flips = conflict["policy"] == "flips"
    why = "keeps flipping: the CRM turns back what is written" if flips else f"policy: {conflict['policy']}"
    show.line(f"{short(conflict['id'], ids)}  {who}  since {opened} ({why})")
    if conflict["resolved_at"] is not None:
        won = f": {conflict['winner']}" if conflict["winner"] else ""
        show.line(f"Resolved {conflict['resolved_at'].astimezone():%Y-%m-%d %H:%M} by {conflict['resolution']}{won}.")
    sides = {name: side for name, side in (("hub", hub), (crm, remote)) if side is not None}
    fields = conflict["fields"]
    if len(sides) == 1:
        ((there, values),) = sides.items()
        gone = crm if there == "hub" else "the hub"
        edited = f"edited in {'the hub' if there == 'hub' else crm} since" if base else "of which nothing was agreed on"
        show.line(f"Deleted in {gone}, {edited}:")
        fields = [name for name in fields if values.get(name) != base.get(name)]
    before = {name: said(base[name]) if name in base else "(never agreed)" for name in fields}
    rows = [(name, before[name], *(said(side.get(name)) for side in sides.values())) for name in fields]
    show.rows(("field", "base", *sides), rows, as_json=False)
    show.line()


def _tell_how(still_open: Sequence[Conflict]) -> None:
    if not still_open:
        click.echo("No conflicts.", err=True)
        return
    show.hint(_HOW, "")
    if any(each["hub"] is None or each["remote"] is None for each in still_open):
        show.hint(_HOW_GONE, "")
