"""Values that a client writes: from JSON to what is kept, or to what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crmsync_zoho.simulator.answers import Refused, Row, invalid
from crmsync_zoho.simulator.catalogue import OWNED, Field
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.instants import read_iso
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.pipelines import PIPELINES
from crmsync_zoho.simulator.table import Version

EMAIL = re.compile(r"[^@\s;,<>()]+@[^@\s;,<>()]+\.[^@\s;,.<>()]+")
CLOSED = ("Stage", "Pipeline")  # picklists that never take other values
_NUMERIC = {"integer": (int,), "double": (int, float), "percent": (int, float), "currency": (int, float)}


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A lookup written by name: the record is made along the way."""

    name: str


Written = dict[str, Value | NewAccount]


def checked(org: Org, shelf: Shelf, row: Mapping[str, Any], path: str, current: Version | None) -> Written:
    """The values to keep; None clears. `path` is where the row stands in the body. Raises Refused with all mistakes."""
    values: Written = {}
    wrong: list[Row] = []
    appended = row.get("$append_values")
    for name, given in row.items():
        field = shelf.catalogue.get(name)
        if field is None:
            if org.switches.unknown_fields_refused and name[0] != "$":
                wrong.append(invalid("invalid data", api_name=name, json_path=f"{path}.{name}").body)
            continue
        if field.read_only:
            continue  # as if it had not been sent
        try:
            values[name] = _kept(org, field, given, f"{path}.{name}")
        except Refused as refused:
            wrong.append(refused.body)
        if isinstance(appended, dict) and appended.get(name) is True and current is not None:
            values[name] = _more(shelf.table.value(current, name), values.get(name))
    wrong += _missing(org, shelf, row, path, current)
    if not wrong:
        wrong += _mismatch(org, shelf, values, path, current)
    if len(wrong) > 1:
        raise Refused(400, "MULTIPLE_OR_MULTI_ERRORS", "Multiple errors in the request", {"errors": wrong})
    if wrong:
        raise Refused(400, wrong[0]["code"], wrong[0]["message"], wrong[0]["details"])
    return values


def _kept(org: Org, field: Field, given: Any, path: str) -> Value | NewAccount:
    if given is None or given == "":
        return None
    match field.type:
        case "lookup":
            return _lookup(org, field, given, path)
        case "boolean":
            if not isinstance(given, bool):
                raise _wrong(field, path, "boolean")
            return given
        case "multiselectpicklist":
            if not isinstance(given, list) or not all(isinstance(part, str) for part in given):
                raise _wrong(field, path, "jsonarray")
            return tuple(given)
    if field.type in OWNED:
        return _user(org, field, given, path)
    if field.type in _NUMERIC or field.type == "bigint":
        return _number(field, given, path)
    if field.name == "Tag" and isinstance(given, list):
        return tuple(str(entry.get("name")) for entry in given if isinstance(entry, dict))
    if not isinstance(given, str):
        raise _wrong(field, path, {"date": "date", "datetime": "datetime", "email": "email"}.get(field.type, "text"))
    return _text(org, field, given, path)


def _text(org: Org, field: Field, given: str, path: str) -> Value:
    if field.type == "datetime":
        if (moment := read_iso(given)) is None:
            raise _wrong(field, path, "datetime")
        return moment
    if field.type == "date":
        if not _is_date(given):
            raise _wrong(field, path, "date")
        return given
    if field.length and len(given) > field.length:
        raise invalid("invalid data", maximum_length=field.length, api_name=field.name, json_path=path)
    if field.type == "email" and not EMAIL.fullmatch(given):
        raise _wrong(field, path, "email")
    return _option(org, field, given, path) if field.type == "picklist" else given


def _option(org: Org, field: Field, given: str, path: str) -> str:
    if (option := field.option(given)) is not None:
        return option.display
    closed = field.name in CLOSED or not org.switches.open_picklists
    if closed and not (field.name == "Stage" and not org.switches.pipelines):
        values = [option.display for option in field.options]
        raise invalid("invalid data", supported_values=values, api_name=field.name, json_path=path)
    return given


def _number(field: Field, given: Any, path: str) -> Value:
    if field.type == "bigint" and isinstance(given, str) and re.fullmatch(r"-?\d{1,18}", given):
        return int(given)
    kinds = _NUMERIC.get(field.type, (int,))
    if isinstance(given, bool) or not isinstance(given, kinds):
        raise _wrong(field, path, "integer" if field.type == "integer" else "double")
    assert isinstance(given, int | float)
    if field.length and len(str(abs(int(given)))) > field.length:
        raise invalid("invalid data", maximum_length=field.length, api_name=field.name, json_path=path)
    return given


def _lookup(org: Org, field: Field, given: Any, path: str) -> Value | NewAccount:
    if not isinstance(given, dict):
        raise _wrong(field, path, "jsonobject")
    if "id" not in given:
        name = given.get("name")
        if field.target == "Accounts" and isinstance(name, str) and org.switches.lookups_by_name:
            return NewAccount(name)
        details = {"api_name": "id", "json_path": f"{path}.id"}
        raise Refused(400, "MANDATORY_NOT_FOUND", "required field not found", details)
    if not is_id(given["id"]) or org.table(field.target).live(int(given["id"])) is None:
        raise invalid("the id given seems to be invalid", api_name="id", json_path=f"{path}.id")
    return int(given["id"])


def _user(org: Org, field: Field, given: Any, path: str) -> int:
    record_id = given.get("id") if isinstance(given, dict) else given
    user = org.user(int(str(record_id))) if is_id(record_id) else None
    if user is None or not user.active:
        raise invalid("the id given seems to be invalid", api_name=field.name, json_path=path)
    return user.id


def _missing(org: Org, shelf: Shelf, row: Mapping[str, Any], path: str, current: Version | None) -> list[Row]:
    """A new record needs every mandatory field; a change must not clear one."""
    module, missing = shelf.module.api_name, []
    for field in shelf.catalogue:
        needed = field.mandatory and (field.name != "Pipeline" or org.switches.pipelines)
        needed = needed or (module, field.name) in org.switches.mandatory
        given = row.get(field.name, None if current is None else "as it is")
        if needed and given in (None, ""):
            details = {"api_name": field.name, "json_path": f"{path}.{field.name}"}
            if current is not None:
                details["id"] = str(current.id)
            missing.append(Refused(400, "MANDATORY_NOT_FOUND", "required field not found", details).body)
    return missing


def _mismatch(org: Org, shelf: Shelf, values: Written, path: str, current: Version | None) -> list[Row]:
    """A stage belongs to its deal's pipeline."""
    if shelf.module.api_name != "Deals" or not org.switches.pipelines or not {"Stage", "Pipeline"} & values.keys():
        return []

    def now(name: str) -> Any:
        if name in values or current is None:
            return values.get(name)
        return shelf.table.value(current, name)

    pipeline = next((each for each in PIPELINES if each.name == now("Pipeline")), None)
    if pipeline is None or now("Stage") in pipeline.stages:
        return []
    details = {"mapped_field": "Pipeline", "api_name": "Stage", "json_path": f"{path}.Stage"}
    return [Refused(400, "MAPPING_MISMATCH", "the value given is not mapped to the pipeline", details).body]


def _more(now: Value, added: Any) -> Value:
    """Values of a choice of several beside those that are there."""
    kept = now if isinstance(now, tuple) else ()
    return tuple(dict.fromkeys([*kept, *(added or ())]))


def _wrong(field: Field, path: str, expected: str) -> Refused:
    return invalid("invalid data", expected_data_type=expected, api_name=field.name, json_path=path)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
