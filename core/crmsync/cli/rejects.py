"""`crmsync rejects`: records that could not be read in whole, writes that a CRM refused, and another try at both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

_READ = "record_id, connection || '.' || stream AS stream, outcome, p.field, p.value, p.reason"
_READ_JSON = "* EXCLUDE (problems, p), p.field, p.reason, p.value"
_LAST = "QUALIFY row_number() OVER (PARTITION BY connection, stream, hub_id ORDER BY id DESC) = 1"
_AGAIN = "Try again with the next run: crmsync rejects retry [ID…] [--reason CODE]"


@click.group(invoke_without_command=True)
@click.pass_context
@store_option
@config_option
@of_connection_option
@of_stream_option
@click.option("--all", "everything", is_flag=True, help="Those that are over as well.")
@limit_option
@json_option
def rejects(
    ctx: click.Context,
    store: Path | None,
    config: Path | None,
    connection: str | None,
    stream: str | None,
    everything: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List records that were rejected or have held fields, and writes that a CRM refused, with the reasons."""
    ctx.obj = (store, config)
    if ctx.invoked_subcommand is not None:
        return
    which, parameters = where(connection=connection, stream=stream)
    sql = f"""
        SELECT {_READ_JSON if as_json else _READ}
        FROM (SELECT *, unnest(problems) AS p FROM crmsync.rejects
              WHERE {which} {"" if everything else "AND resolved_at IS NULL"}
              ORDER BY last_at DESC, record_id LIMIT {limit})"""
    with reading(store, config) as opened:
        if (connection, stream) != (None, None):
            require(opened, connection, stream)
        names, read = opened.query(sql, parameters)
        refused = _refused(opened, which, parameters, limit, everything=everything)
    if as_json:
        show.rows((*names, "kind"), [(*row, "record") for row in read], as_json=True)
        for write in refused:
            show.json_line({**write, "kind": "write"})
        return
    if read or not refused:
        show.rows(names, read, as_json=False, nothing="No rejects: every record was mapped in whole.")
    if read and refused:
        show.line()
    for write in refused:
        _print(write, [each["id"] for each in refused])
    if read or refused:
        show.hint(_AGAIN, "")


@rejects.command("retry")
@store_option
@config_option
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--reason", help="Of this reason only: a code of the CRM's, or what is said of a field.")
@of_connection_option
@of_stream_option
@click.pass_obj
def retry_(
    before: tuple[Path | None, Path | None],
    store: Path | None,
    config: Path | None,
    ids: tuple[str, ...],
    reason: str | None,
    connection: str | None,
    stream: str | None,
) -> None:
    """Let the next run try again: write what was refused, and read what was rejected or held.

    Without an ID all of them. That of a write may be shortened to its beginning or its end, where that fits no other.
    """
    from crmsync.sync.pull.rejects import ask_again
    from crmsync.sync.push.retry import retry

    store, config = store or before[0], config or before[1]
    which, parameters = where(connection=connection, stream=stream)
    with reading(store, config) as opened:
        if (connection, stream) != (None, None):
            require(opened, connection, stream)
        refused = [write for write in _refused(opened, which, parameters) if reason in (None, write["code"])]
        writes = [write for write in refused if write["source"] is None]  # else its row is not at hand any more
        records = _records(opened, which, parameters, reason)
    if ids:
        known = [write["id"] for write in writes]
        meant = {id_ for word in ids for id_ in _meant(word, known, [record[2] for record in records])}
        writes = [write for write in writes if write["id"] in meant]
        records = [record for record in records if record[2] in meant]
    if not writes and not records:
        given = sorted({write["source"] for write in refused if write["source"] is not None})
        hint = (
            f"Rows of a file are handed over again: --from {given[0]}"
            if given
            else "See what there is: crmsync rejects"
        )
        raise UsageError("There is nothing to try again.", hint=hint)
    writable = open_store(store_path(store, config))
    try:
        sent = retry(writable, [write["id"] for write in writes]) if writes else 0
        asked = ask_again(writable, records) if records else 0
    finally:
        writable.close()
    if sent:
        click.echo(f"The next sync sends {show.count(sent, 'write')} again.", err=True)
    if asked:
        click.echo(f"The next run asks for {show.count(asked, 'record')} again.", err=True)


def _refused(
    opened: FileStore, which: str, parameters: Sequence[Any], limit: int | None = None, *, everything: bool = False
) -> list[dict[str, Any]]:
    """Writes whose last attempt was refused; of each hub row the last one, or all there ever were."""
    from crmsync.cli.records import called, entries

    intents = f"(FROM crmsync.intents WHERE plan_id IS NULL AND {which} {'' if everything else _LAST})"
    some = "" if limit is None else f"LIMIT {limit}"
    names, rows = opened.query(
        f"FROM {intents} WHERE state = 'rejected' ORDER BY settled_at DESC, id {some}", parameters
    )
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for stream in {each["stream"] for each in found}:
        of = [each for each in found if each["stream"] == stream]
        hub = called(opened, "crm", stream, {each["hub_id"] for each in of})
        for each in of:
            each["fields"] = entries(each["fields"])
            each["record"] = hub.get(each["hub_id"]) or _given(each)
    return found


def _given(write: Mapping[str, Any]) -> str:
    """What a row is called that is not in the hub: it was deleted, or came from a file."""
    from crmsync.cli.records import KEYS, spoken

    values = write["fields"] or {}
    called = spoken(values.get("name"), next((values[key] for key in KEYS if values.get(key)), None))
    return f"{called} (from {write['source']})" if write["source"] else called


def _records(
    opened: FileStore, which: str, parameters: Sequence[Any], reason: str | None
) -> list[tuple[str, str, str]]:
    """Connection, stream and id of what has an open reject, and an id to ask for."""
    because = "true" if reason is None else "list_contains([p.reason FOR p IN problems], ?)"
    found = opened.query(
        "SELECT connection, stream, record_id FROM crmsync.rejects WHERE resolved_at IS NULL AND outcome <> 'page' "
        f"AND record_id IS DISTINCT FROM md5(payload) AND {which} AND {because} ORDER BY ALL",
        [*parameters, *([] if reason is None else [reason])],
    )
    return [(row[0], row[1], row[2]) for row in found[1]]


def _meant(word: str, writes: Sequence[str], records: Sequence[str]) -> list[str]:
    """The write, or the records (of several streams there may be one), that a person means."""
    if word in writes or word in records:
        return [word]
    fits = [id_ for id_ in writes if word and (id_.startswith(word) or id_.endswith(word))]
    if len(fits) > 1:
        raise UsageError(f"{word} fits {len(fits)} writes.", hint="\n".join(fits))
    if not fits:
        raise UsageError(f"There is no open reject {word}.", hint="See what there is: crmsync rejects")
    return fits


def _print(write: dict[str, Any], ids: Sequence[str]) -> None:
    from crmsync.cli.records import short

    times = "not sent" if not write["attempts"] else show.count(write["attempts"], "attempt")
    when = f", {write['settled_at'].astimezone():%Y-%m-%d %H:%M}" if write["settled_at"] else ""
    who = f"{write['connection']}.{write['stream']} {write['remote_id'] or ''}".rstrip()
    show.line(f"{short(write['id'], ids)}  {write['record']}  {who}  {write['action']} refused ({times}{when})")
    said = ": ".join(filter(None, (write["code"], write["message"]))) or "The CRM gave no reason."
    show.told(said + (f" (request {write['request_id']})" if write["request_id"] else ""), err=False)
