"""Which record a row of a write means: by id, by an external key, or because a value is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmsync_zoho.simulator.answers import Refused, invalid
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.table import Version
from crmsync_zoho.simulator.values import Written


def external_field(shelf: Shelf, call: Call) -> str:
    """The field that stands in place of the id, by the header `X-EXTERNAL: Deals.My_Key`; empty without one."""
    module, _, name = call.request.headers.get("x-external", "").partition(".")
    return name if module == shelf.module.api_name and name in shelf.catalogue.unique_names() else ""


def keyed(org: Org, shelf: Shelf, call: Call, key: str) -> Version | None:
    """The live record that a path means."""
    if external := external_field(shelf, call):
        return next(iter(org.found(shelf, external, key)), None)
    return shelf.table.live(int(key)) if is_id(key) else None


def meant(shelf: Shelf, org: Org, row: Mapping[str, Any], path: str, external: str) -> Version:
    """The record that an update is for. Raises Refused where there is none."""
    if external and row.get(external):
        rows = org.found(shelf, external, str(row[external]))
        if rows:
            return rows[0]
        raise invalid("the external id given seems to be invalid", api_name=external, json_path=f"{path}.{external}")
    if "id" not in row:
        details = {"api_name": "id", "json_path": f"{path}.id"}
        raise Refused(400, "MANDATORY_NOT_FOUND", "required field not found", details)
    version = shelf.table.live(int(row["id"])) if is_id(row["id"]) else None
    if version is None:
        raise invalid("the id given seems to be invalid", api_name="id", json_path=f"{path}.id")
    return version


def check_fields(shelf: Shelf, given: Any) -> list[str]:
    """The fields that an upsert matches, in order. Raises Refused for those that cannot be matched."""
    system, unique = shelf.module.check, shelf.catalogue.unique_names()
    if given is None:
        return [system, *(name for name in unique if name != system)]
    allowed = [system, *unique]
    if not isinstance(given, list) or any(name not in allowed for name in given):
        details = {"api_name": "duplicate_check_fields", "json_path": "$.duplicate_check_fields"}
        raise invalid("invalid data", supported_values=allowed, **details)
    return [*given, *(name for name in unique if name not in given)]


def duplicate(
    org: Org, shelf: Shelf, values: Written, names: Sequence[str], but: int | None = None
) -> tuple[str, Version] | None:
    """The first of the fields whose value another record has, and that record."""
    for name in names:
        value = values.get(name)
        if value is None or value == "":
            continue
        rows = [row for row in org.found(shelf, name, str(value)) if row.id != but]
        if rows:
            return name, rows[0]
    return None


def duplicate_data(org: Org, shelf: Shelf, name: str, version: Version, path: str) -> Refused:
    """The error of a row whose value another record has."""
    owner = shelf.table.value(version, "Owner")
    user = (org.user(owner) if isinstance(owner, int) else None) or org.users[0]
    record = {
        "id": str(version.id),
        "Owner": {**user.brief, "zuid": str(694_579_958 + user.number)},
        "module": {"api_name": shelf.module.api_name, "id": org.module_id(shelf.module.api_name)},
    }
    details = {
        "api_name": name,
        "json_path": f"{path}.{name}",
        "id": str(version.id),
        "duplicate_record": record,
        "more_records": False,
    }
    return Refused(400, "DUPLICATE_DATA", "duplicate data", details)
