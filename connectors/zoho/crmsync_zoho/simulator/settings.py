"""Requests about definitions: modules, fields, layouts, pipelines."""

from __future__ import annotations

from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator.answers import Refused, invalid, missing_parameter, nothing, ok
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.describe import layout_id, shown_field, shown_layout, shown_module
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.pipelines import PIPELINES, shown_pipeline


def settings(org: Org, call: Call) -> SimResponse | None:
    """Everything under `/settings` that can be read."""
    match (call.method, *call.parts[1:]):
        case ("GET", "modules"):
            return ok({"modules": [shown_module(org, shelf) for shelf in org.shelves.values()]})
        case ("GET", "modules", name):
            shelf = org.shelves.get(name)
            if shelf is None:
                raise _no_module({"resource_path_index": 2})
            return ok({"modules": [shown_module(org, shelf)]})
        case ("GET", "fields"):
            shelf = _asked(org, call)
            if call.one("type") == "unused":
                return nothing()
            return ok({"fields": [shown_field(org, shelf, field) for field in shelf.catalogue]})
        case ("GET", "fields", field_id):
            shelf = _asked(org, call)
            found = [shown_field(org, shelf, field) for field in shelf.catalogue if field.id == field_id]
            return ok({"fields": found}) if found else nothing()
        case ("GET", "layouts"):
            return ok({"layouts": [shown_layout(org, _asked(org, call))]})
        case ("GET", "layouts", key):
            layout = shown_layout(org, _asked(org, call))
            return ok({"layouts": [layout]}) if layout["id"] == key else nothing()
        case ("GET", "pipeline"):
            return _pipelines(org, call)
        case ("GET", "pipeline", pipeline_id):
            found = [each for each in _shown_pipelines(org) if each["id"] == pipeline_id]
            return ok({"pipeline": found}) if found else nothing()
    return None


def _pipelines(org: Org, call: Call) -> SimResponse:
    if not call.has("layout_id"):
        raise missing_parameter("layout_id")
    if call.one("layout_id") != layout_id(org, org.shelves["Deals"]):
        raise invalid("the layout id given seems to be invalid", param_name="layout_id")
    return ok({"pipeline": _shown_pipelines(org)}) if org.switches.pipelines else nothing()


def _shown_pipelines(org: Org) -> list[dict[str, Any]]:
    return [shown_pipeline(org.seed, number, pipeline) for number, pipeline in enumerate(PIPELINES)]


def _asked(org: Org, call: Call) -> Shelf:
    if not call.has("module"):
        raise missing_parameter("module")
    shelf = org.shelves.get(call.one("module"))
    if shelf is None:
        raise _no_module({"param_name": "module"})
    return shelf


def _no_module(details: dict[str, Any]) -> Refused:
    return Refused(400, "INVALID_MODULE", "the module name given seems to be invalid", details)
