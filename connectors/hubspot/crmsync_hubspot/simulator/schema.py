"""Requests about definitions: properties, property groups and pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_hubspot.simulator.answers import Refused, error_item, invalid, not_found, nothing, ok
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.catalogue import FIELD_TYPES, NAME, Catalogue, Property
from crmsync_hubspot.simulator.portal import Portal, Shelf

REQUIRED = ("name", "label", "type", "fieldType", "groupName")
BATCH_MAX = 100
UNIQUE_MAX = 10


def properties(portal: Portal, shelf: Shelf, call: Call) -> SimResponse | None:
    """Everything under `/properties/{type}`."""
    catalogue, now = shelf.catalogue, portal.now
    match (call.request.method, *call.parts[1:]):
        case ("GET",):
            return ok({"results": _shown(catalogue, call)})
        case ("POST",):
            return ok(_create(catalogue, call.object(), now), 201)
        case ("GET", "groups"):
            return ok({"results": [_group(catalogue)]})
        case ("POST", "batch", "read"):
            return _batch(portal, call, lambda given: _named(catalogue, str(given.get("name")), call.object()))
        case ("POST", "batch", "create"):
            return _batch(portal, call, lambda given: _create(catalogue, given, now), status=201)
        case ("POST", "batch", "archive"):
            for given in _inputs(call):
                catalogue.archive(str(given.get("name")), now)
            return nothing()
        case ("GET", name):
            return ok(_named(catalogue, name, {"archived": call.flag("archived")}))
        case ("PATCH", name):
            _named(catalogue, name, {})
            return ok(catalogue.change(name, call.object(), now))
        case ("DELETE", name):
            _named(catalogue, name, {})
            catalogue.archive(name, now)
            return nothing()
    return None


def pipelines(portal: Portal, shelf: Shelf, call: Call) -> SimResponse | None:
    """The reads under `/pipelines/{type}`."""
    known = portal.pipelines.get(shelf.kind.plural, [])
    match (call.request.method, *call.parts[1:]):
        case ("GET",):
            return ok({"results": known})
        case ("GET", pipeline_id):
            return ok(_with_id(known, pipeline_id))
        case ("GET", pipeline_id, "stages"):
            return ok({"results": _with_id(known, pipeline_id)["stages"]})
        case ("GET", pipeline_id, "stages", stage_id):
            return ok(_with_id(_with_id(known, pipeline_id)["stages"], stage_id))
    return None


def _shown(catalogue: Catalogue, call: Call) -> list[Property]:
    entries = catalogue.archived if call.flag("archived") else catalogue.properties
    return list(entries.values())


def _named(catalogue: Catalogue, name: str, given: Mapping[str, Any]) -> Property:
    entries = catalogue.archived if given.get("archived") else catalogue.properties
    if name not in entries:
        raise not_found(f"Property {name} does not exist")
    return entries[name]


def _create(catalogue: Catalogue, given: Mapping[str, Any], now: str) -> Property:
    missing = [key for key in REQUIRED if not given.get(key)]
    if missing:
        raise invalid(f"Some required fields were not set: [{', '.join(missing)}]")
    name = str(given["name"])
    if not NAME.fullmatch(name):
        raise invalid(f"Property name '{name}' must begin with a letter and hold lower-case letters, digits and _ only")
    if given["fieldType"] not in FIELD_TYPES.get(str(given["type"]), ()):
        raise invalid(f"fieldType {given['fieldType']} does not go with type {given['type']}")
    if name in catalogue:
        raise Refused(
            409,
            f"A property named '{name}' already exists.",
            "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        )
    custom = [key for key in catalogue.unique_names() if not catalogue.properties[key]["hubspotDefined"]]
    if given.get("hasUniqueValue") and len(custom) >= UNIQUE_MAX:
        raise invalid(f"An object type may have at most {UNIQUE_MAX} properties with unique values")
    return catalogue.add(given, now)


def _batch(portal: Portal, call: Call, do: Callable[[Mapping[str, Any]], Property], status: int = 200) -> SimResponse:
    """Do something for each input; those that fail are told apart."""
    started, results, errors = portal.now, [], []
    for given in _inputs(call):
        try:
            results.append(do(given))
        except Refused as refused:
            message, category = str(refused), str(refused.body.get("category"))
            errors.append(error_item(category, message, {"name": [str(given.get("name"))]}))
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": started, "completedAt": portal.now}
    if not errors:
        return ok(body, status)
    return ok(body | {"numErrors": len(errors), "errors": errors}, portal.switches.partial_status)


def _inputs(call: Call) -> Sequence[Mapping[str, Any]]:
    inputs = call.object().get("inputs")
    if not isinstance(inputs, list) or len(inputs) > BATCH_MAX:
        raise invalid(f"A batch needs between 1 and {BATCH_MAX} inputs")
    return inputs


def _group(catalogue: Catalogue) -> dict[str, Any]:
    name, label = catalogue.group
    return {"name": name, "label": label, "displayOrder": 0, "archived": False}


def _with_id(entries: Sequence[dict[str, Any]], wanted: str) -> dict[str, Any]:
    for entry in entries:
        if entry["id"] == wanted:
            return entry
    raise not_found(f"No pipeline or stage with id {wanted}")
