"""Values that a client writes: from JSON to what the portal stores, or to the complaint that the API makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from crmsync.sandbox.columns import Value
from crmsync_hubspot.simulator.answers import invalid, invalid_properties
from crmsync_hubspot.simulator.catalogue import Property
from crmsync_hubspot.simulator.instants import DAY_MS, iso, read_ms
from crmsync_hubspot.simulator.packs import LIFECYCLE
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.table import Version

EMAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,.]+")
TEXT_MAX = 65_536
STAGED = {"deals": ("pipeline", "dealstage"), "tickets": ("hs_pipeline", "hs_pipeline_stage")}


class Wrong(Exception):
    """A value that cannot be stored: the API's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def checked(portal: Portal, shelf: Shelf, given: Any, current: Version | None) -> dict[str, Value]:
    """The values to store; None clears. Refuses the whole record and names each wrong value."""
    if not isinstance(given, dict):
        raise invalid("properties must be an object")
    values: dict[str, Value] = {}
    problems: list[tuple[str, str, str]] = []
    for name, value in given.items():
        try:
            values[name] = _stored(portal, shelf, name, value, current)
        except Wrong as wrong:
            problems.append((name, wrong.code, str(wrong)))
    problems += _wrong_stage(portal, shelf, values, current)
    problems += _missing(portal, shelf, values) if current is None else []
    if problems:
        raise invalid_properties(problems, portal.id)
    return _only_forward(shelf, values, current)


def text_of(value: object) -> str:
    """A JSON scalar as the portal stores it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def stage_facts(portal: Portal, kind: str, stage: Value) -> Mapping[str, str]:
    """A stage's metadata: `isClosed`, `probability`."""
    stages = [entry for pipeline in portal.pipelines.get(kind, ()) for entry in pipeline["stages"]]
    return next((entry["metadata"] for entry in stages if entry["id"] == stage), {})


def _stored(portal: Portal, shelf: Shelf, name: str, value: Any, current: Version | None) -> Value:
    definition = shelf.catalogue.properties.get(name)
    if definition is None:
        raise Wrong("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition["modificationMetadata"]["readOnlyValue"] or definition["calculated"]:
        raise Wrong("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
    if value is None or value == "":
        return None
    if isinstance(value, (dict, list)):
        raise invalid(f"Invalid input JSON: the value of {name} must be a text, a number or a boolean")
    text = text_of(value)
    if len(text) > TEXT_MAX:
        raise Wrong("INVALID_LENGTH", f"{name} may have at most {TEXT_MAX} characters")
    if name == "email" and shelf.kind.plural == "contacts":
        return _email(text)
    if name == "hubspot_owner_id":
        if text not in {owner.id for owner in portal.owners}:
            raise Wrong("INVALID_OPTION", f"{text} is not a valid owner id")
        return text
    if name == "associatedcompanyid" and portal.company(text) is None:
        raise Wrong("INVALID_OPTION", f"{text} is not the id of a company")
    now = None if current is None else shelf.table.value(current, name)
    return _typed(definition, text, now)


def _typed(definition: Property, text: str, now: Value) -> str:
    match definition["type"]:
        case "number":
            if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
                raise Wrong("INVALID_INTEGER", f"{text} was not a valid number.")
        case "datetime":
            moment = read_ms(text)
            if moment is None:
                raise Wrong("INVALID_LONG", f"{text} was not a valid long.")
            return iso(moment)
        case "date":
            return _day(text)
        case "enumeration" | "bool":
            return _option(definition, text, now)
    return text


def _email(text: str) -> str:
    if not EMAIL.fullmatch(text.strip()):
        raise Wrong("INVALID_EMAIL", f"Email address {text} is invalid")
    return text.strip().lower()


def _day(text: str) -> str:
    if re.fullmatch(r"-?\d+", text):
        moment = int(text)
        if moment % DAY_MS:
            raise Wrong("INVALID_DATE", f"{text} is at {iso(moment)}, not midnight!")
        return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Wrong("INVALID_DATE", f"{text} was not a valid date.") from None


def _option(definition: Property, text: str, now: Value) -> str:
    many = definition["fieldType"] == "checkbox"
    parts = [part for part in text.split(";") if part] if many else [text]
    allowed = [option["value"] for option in definition["options"]]
    for part in parts:
        if allowed and part not in allowed:
            raise Wrong("INVALID_OPTION", f"{part} was not one of the allowed options: [{', '.join(allowed)}]")
    if many and text.startswith(";"):  # adds to what is there
        parts = [*(now or "").split(";"), *parts]
    return ";".join(dict.fromkeys(part for part in parts if part)) if many else text


def _wrong_stage(
    portal: Portal, shelf: Shelf, values: Mapping[str, Value], current: Version | None
) -> list[tuple[str, str, str]]:
    """A stage belongs to one pipeline."""
    if shelf.kind.plural not in STAGED:
        return []
    by_pipeline, by_stage = STAGED[shelf.kind.plural]
    if by_pipeline not in values and by_stage not in values:
        return []
    known = {entry["id"]: [stage["id"] for stage in entry["stages"]] for entry in portal.pipelines[shelf.kind.plural]}

    def now(name: str) -> Value:
        if name in values or current is None:
            return values.get(name)
        return shelf.table.value(current, name)

    pipeline, stage = now(by_pipeline), now(by_stage)
    if pipeline is None and stage is not None and len(known) == 1:
        pipeline = next(iter(known))
    if pipeline is not None and pipeline not in known:
        return [(by_pipeline, "INVALID_OPTION", f"{pipeline} was not one of the allowed options: {list(known)}")]
    if stage is not None and pipeline is not None and stage not in known[pipeline]:
        return [(by_stage, "INVALID_OPTION", f"{stage} was not one of the allowed options: {known[pipeline]}")]
    return []


def _missing(portal: Portal, shelf: Shelf, values: Mapping[str, Value]) -> list[tuple[str, str, str]]:
    """What a new record needs."""
    kind = shelf.kind.plural
    if kind == "companies" and not (values.get("name") or values.get("domain")):
        return [("name", "REQUIRED_PROPERTY_MISSING", "A company needs a name or a domain")]
    needed = {"deals": ["dealname", "dealstage"], "tickets": ["hs_pipeline_stage"]}.get(kind, [])
    if kind == "deals" and len(portal.pipelines["deals"]) > 1:
        needed = [*needed, "pipeline"]
    return [(name, "REQUIRED_PROPERTY_MISSING", f"{name} is required") for name in needed if not values.get(name)]


def _only_forward(shelf: Shelf, values: dict[str, Value], current: Version | None) -> dict[str, Value]:
    """A lifecycle stage does not go back; clear it first."""
    wanted = values.get("lifecyclestage")
    now = None if current is None else shelf.table.value(current, "lifecyclestage")
    if wanted in LIFECYCLE and now in LIFECYCLE and LIFECYCLE.index(wanted) < LIFECYCLE.index(now):
        return {name: value for name, value in values.items() if name != "lifecyclestage"}
    return values
