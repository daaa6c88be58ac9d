"""`crmsync explain`: one record, field by field, in the hub and in each CRM; what moved it, and what is to come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmsync.cli import show
from crmsync.cli.options import config_option, reading, store_option

if TYPE_CHECKING:
    from crmsync.store import FileStore
    from crmsync.sync.merge.side import Side

_WIDE, _NARROW = 20, 14  # letters of a value that a table shows; --json has them all
_ENDINGS = {
    "archive": "The hub's row was deleted: the record is archived with the next sync.",
    "mark": "The record was deleted in {crm}: the link ends with the next sync, and the hub's row stays.",
    "forget": "Both sides are gone: the link ends with the next sync.",
    "conflict": "One side was deleted and the other edited: see crmsync conflicts.",
}


@click.command()
@click.argument("object_", metavar="OBJECT")
@click.argument("key")
@store_option
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with everything.")
def explain(object_: str, key: str, store: Path | None, config: Path | None, as_json: bool) -> None:
    """Show one record, field by field: crmsync explain contact ada@example.com.

    KEY is its e-mail address or domain, the _id of the hub's row, or CONNECTION:ID. Each field stands beside what both
    sides agreed on last (base) and what the CRM shows, with what it waits for, and what moved it last.
    """
    from crmsync.cli.candidates import candidate, connections

    with reading(store, config) as opened:
        meant = candidate(opened, object_, key)
        if meant.hub_id is None:
            assert meant.connection is not None
            told = [_one(opened, config, object_, meant.connection, None, meant.remote_id)]
        else:
            told = [_one(opened, config, object_, c, meant.hub_id, None) for c in connections(opened, object_)]
        whole = {"object": object_, **_hub(opened, object_, meant.hub_id), "connections": told}
        if as_json:
            show.json_line(whole)
        else:
            _print(opened, whole)


def _hub(opened: FileStore, object_: str, hub_id: str | None) -> dict[str, Any]:
    """The hub's row, with all columns that it has."""
    from crmsync.cli.sides import columns_of
    from crmsync.quote import identifier

    names, rows = list[str](), list[tuple[Any, ...]]()
    if hub_id is not None and columns_of(opened, "crm", object_):
        names, rows = opened.query(f"FROM crm.{identifier(object_)} WHERE _id = ?", [hub_id])
    return {"hub_id": hub_id, "hub": dict(zip(names, rows[0], strict=True)) if rows else None}


def _one(
    opened: FileStore, config: Path | None, object_: str, connection: str, hub_id: str | None, remote_id: str | None
) -> dict[str, Any]:
    """What there is of a connection: link, record, fields, and the journal of the pair."""
    from crmsync.cli.sides import side
    from crmsync.errors import UsageError
    from crmsync.sync.merge.explain import seen

    who = {"connection": connection, "stream": object_}
    links = _rows(opened, "links", {**who, "hub_id": hub_id})
    link = links[0] if links else None
    remote_id = link["remote_id"] if link else remote_id
    out: dict[str, Any] = {**who, "remote_id": remote_id, "link": link}
    out["record"] = _record(opened, connection, object_, remote_id)
    out["rejects"] = _rows(opened, "rejects", {**who, "record_id": remote_id}) if remote_id else []
    out["conflicts"] = _rows(opened, "conflicts", {**who, "hub_id": hub_id})
    out["writes"] = [each for each in _rows(opened, "intents", {**who, "hub_id": hub_id}) if each["plan_id"] is None]
    try:
        about: Side = side(opened, config, connection, object_)
    except UsageError as error:
        return {**out, "problem": error.message, "ending": None, "fields": []}
    found = seen(opened, about, hub_id, remote_id)
    linked = link is not None and link["state"] == "linked"
    out["ending"] = found.ending if linked else None
    out["fields"] = [
        {
            "field": field.name,
            "hub": (found.hub or {}).get(field.name),
            "base": found.base.get(field.name),
            "shown": found.shown.get(field.name),
            "crm": (found.remote or {}).get(field.name),
            "state": found.states.get(field.name) if linked and not found.ending else None,
            "refers": field.refers,
            "trouble": _trouble(out, field.name),
            "moved": _moved(out, field.name),
        }
        for field in about.fields
    ]
    return out


def _rows(opened: FileStore, table: str, which: Mapping[str, Any]) -> list[dict[str, Any]]:
    from crmsync.cli.records import entries

    where = " AND ".join(f"{name} = ?" for name in which)
    names, rows = opened.query(f"FROM crmsync.{table} WHERE {where}", list(which.values()))
    found = [dict(zip(names, row, strict=True)) for row in rows]
    texts = ("base", "shown", "taken", "hub", "remote") + (("fields",) if table == "intents" else ())
    for each in found:
        each |= {name: entries(each[name]) for name in texts if name in each}
    return sorted(found, key=lambda each: str(each.get("id")))


def _record(opened: FileStore, connection: str, object_: str, remote_id: str | None) -> dict[str, Any] | None:
    """The record as its mirror has it."""
    from crmsync.quote import identifier

    if remote_id is None:
        return None
    names, rows = opened.query(f"FROM {identifier(connection)}.{identifier(object_)} WHERE _id = ?", [remote_id])
    return dict(zip(names, rows[0], strict=True)) if rows else None


def _trouble(of: Mapping[str, Any], field: str) -> str | None:
    """Why a field is not what it should be: it could not be read, or the CRM refused it."""
    for reject in of["rejects"]:
        for problem in reject["problems"] if reject["resolved_at"] is None else ():
            if problem["field"] == field:
                return f"held: {problem['reason']}" + (f" ({problem['value']!r})" if problem["value"] else "")
    last = of["writes"][-1] if of["writes"] else None
    return "refused" if last and last["state"] == "rejected" and field in (last["fields"] or {}) else None


def _moved(of: Mapping[str, Any], field: str) -> dict[str, Any] | None:
    """The last write or decision that this field was part of, or when the hub took it."""
    writes = [
        {
            "at": each["settled_at"],
            "what": f"{each['action'].rstrip('e')}ed in {of['connection']}",
            "run_id": each["run_id"],
        }
        for each in of["writes"]
        if each["state"] == "applied" and field in (each["fields"] or {})
    ]
    decisions = [
        {
            "at": each["resolved_at"],
            "what": f"conflict, {each['winner'] or 'both the same'} ({_by(each)})",
            "run_id": each["run_id"],
        }
        for each in of["conflicts"]
        if each["resolved_at"] is not None and field in each["fields"]
    ]
    takes = [
        {"at": datetime.fromisoformat(each["at"]), "what": f"taken from {of['connection']}", "run_id": each["run_id"]}
        for name, each in ((of["link"] or {}).get("taken") or {}).items()
        if name == field
    ]
    return max([*takes, *writes, *decisions], key=lambda each: each["at"], default=None)


def _by(conflict: Mapping[str, Any]) -> str:
    """Who decided it, or what."""
    return f"policy {conflict['policy']}" if conflict["resolution"] == "policy" else str(conflict["resolution"])


# -- for a person ------------------------------------------------------------------------------------------------------


def _print(opened: FileStore, whole: Mapping[str, Any]) -> None:
    from crmsync.cli.records import called

    hub_id, hub = whole["hub_id"], whole["hub"]
    if hub is not None:
        name = called(opened, "crm", whole["object"], [hub_id])[hub_id]
        show.line(f"{name}  crm.{whole['object']} {hub_id}")
    elif hub_id is not None:
        show.line(f"crm.{whole['object']} {hub_id}: the row was deleted")
    else:
        show.line(f"No row of crm.{whole['object']}")
    if not whole["connections"]:
        show.line("Nothing of it in any CRM.")
    anywhere = any(each["link"] for each in whole["connections"])
    for each in whole["connections"]:
        show.line()
        _print_head(each, hub_id)
        if each["link"] or not anywhere:
            _print_fields(opened, each, hub_id)


def _print_head(of: Mapping[str, Any], hub_id: str | None) -> None:
    crm, last = of["connection"], of["writes"][-1] if of["writes"] else None
    show.line(f"{crm}.{of['stream']} {of['remote_id'] or ''}".rstrip() + f": {_linked(of, hub_id)}")
    if "problem" in of:
        show.told(of["problem"], err=False)
    if of["ending"]:
        show.line(_ENDINGS[of["ending"]].format(crm=crm))
    if last and last["state"] == "rejected":
        said = ": ".join(filter(None, (last["code"], last["message"]))) or "no reason was given"
        times = show.count(last["attempts"] or 0, "attempt")
        show.told(said, first=f"The last write ({last['action']}, {times}) was refused: ", err=False)


def _print_fields(opened: FileStore, of: Mapping[str, Any], hub_id: str | None) -> None:
    crm = of["connection"]
    told = [each for each in of["fields"] if _says(each)]
    if not told:
        return
    names = ["field"]
    names += ["hub", "base"] if of["link"] else ["hub"] if hub_id else []
    names += [crm] if of["remote_id"] else []
    names += ["state"] if any(_state(of, each) for each in told) else []
    rows = []
    for each in told:
        cells = {"hub": _cell(opened, each, "hub", _WIDE), "base": _cell(opened, each, "base", _NARROW)}
        cells |= {"field": each["field"], crm: _cell(opened, each, "crm", _WIDE), "state": _state(of, each)}
        rows.append([cells[name] for name in names])
    show.rows(names, rows, as_json=False)
    empty = [each["field"] for each in of["fields"] if not _says(each)]
    if empty:
        show.told(f"Empty: {', '.join(empty)}", "", err=False)


def _linked(of: Mapping[str, Any], hub_id: str | None) -> str:
    link, record = of["link"], of["record"]
    gone = "; deleted there" if record and record["_deleted_at"] else ""
    if link is None:
        last = f"; {of['writes'][-1]['action']} {of['writes'][-1]['state']}" if of["writes"] else ""
        return f"not in the hub{gone}" if hub_id is None else f"not linked{last}"
    since = f" {link['linked_at'].astimezone():%Y-%m-%d}" if link["linked_at"] else ""
    moved = (
        f", moved {link['moved_at'].astimezone():%Y-%m-%d %H:%M} by run {link['run_id']}" if link["moved_at"] else ""
    )
    return f"{link['state']}{since}{moved}{gone}"


def _says(field: Mapping[str, Any]) -> bool:
    empty = all(field[side] in (None, "", []) for side in ("hub", "base", "shown", "crm"))
    return bool(not empty or field["trouble"] or field["state"] not in (None, "agreed", "never agreed"))


def _cell(opened: FileStore, field: Mapping[str, Any], side: str, letters: int) -> str:
    """A value, short enough for a table; a reference by the name of the row that it is to."""
    from crmsync.cli.records import called, said

    value = field[side]
    if value is None:
        return ""
    if field["refers"] is not None:
        value = called(opened, "crm", field["refers"], [value]).get(value, value)
    text = said(value)
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _state(of: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    """What of the field is to come, what keeps it from that, and what moved it last."""
    next_ = {
        "hub changed": f"hub changed: goes to {of['connection']}",
        "CRM changed": f"{of['connection']} changed: goes to the hub",
        "hub wins": f"both changed: the hub's goes to {of['connection']}",
        "CRM wins": f"both changed: {of['connection']}'s goes to the hub",
        "waits": f"waits: its {field['refers']} has no counterpart yet",
    }
    state = next_.get(field["state"], field["state"] or "")
    since = [e["opened_at"] for e in of["conflicts"] if e["resolved_at"] is None and field["field"] in e["fields"]]
    if field["state"] == "conflict" and since:
        state += f" since {since[0].astimezone():%Y-%m-%d %H:%M}: crmsync conflicts"
    if moved := field["moved"]:
        state += f"; {moved['what']} {moved['at'].astimezone():%Y-%m-%d %H:%M}, run {moved['run_id']}"
    return "; ".join(filter(None, (field["trouble"], state)))
