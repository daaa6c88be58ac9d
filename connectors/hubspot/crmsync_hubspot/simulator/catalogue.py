"""Property definitions: what a portal's objects have, may have, and have put away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from crmsync.sandbox.words import PLACES
from crmsync_hubspot.simulator import definitions
from crmsync_hubspot.simulator.industries import INDUSTRIES
from crmsync_hubspot.simulator.kinds import Kind
from crmsync_hubspot.simulator.packs import LEAD_STATUSES, LIFECYCLE, SOURCES, zone_code

Property = dict[str, Any]

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
FRESH = "2020-01-01T00:00:00.000Z"
FIELD_TYPES = {
    "string": ("text", "textarea", "html", "file", "phonenumber"),
    "number": ("number",),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
    "bool": ("booleancheckbox",),
}
_TIME_ZONES = tuple(sorted({zone_code(place[5]) for place in PLACES}))
_OPTIONS: Mapping[tuple[str, str], Iterable[str]] = {
    ("companies", "industry"): INDUSTRIES,
    ("companies", "type"): ("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"),
    ("deals", "dealtype"): ("newbusiness", "existingbusiness"),
    ("deals", "hs_priority"): ("low", "medium", "high"),
    ("deals", "hs_manual_forecast_category"): ("OMIT", "PIPELINE", "BEST_CASE", "COMMIT", "CLOSED"),
    ("deals", "deal_currency_code"): ("USD", "EUR", "GBP"),
    ("tickets", "hs_ticket_priority"): ("LOW", "MEDIUM", "HIGH"),
    ("contacts", "hs_language"): ("en", "de", "es", "fr", "pt", "ja", "pl", "tr"),
    ("contacts", "hs_buying_role"): ("BLOCKER", "BUDGET_HOLDER", "CHAMPION", "DECISION_MAKER", "END_USER"),
    ("contacts", "numemployees"): ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+"),
    ("", "lifecyclestage"): LIFECYCLE,
    ("", "hs_lead_status"): LEAD_STATUSES,
    ("", "hs_analytics_source"): SOURCES,
    ("", "hs_timezone"): _TIME_ZONES,
}


class Catalogue:
    """The properties of one kind, by name. Changing a definition replaces it, so that answers may hold on to one."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.group = definitions.GROUPS.get(kind.plural, ("custominformation", "Custom information"))
        self.properties: dict[str, Property] = {}
        self.archived: dict[str, Property] = {}
        for name, label, widget, marks in _lines(kind):
            self.properties[name] = self._fresh(name, label, widget, marks, len(self.properties))

    def __contains__(self, name: str) -> bool:
        return name in self.properties

    def type_of(self, name: str) -> str:
        return str(self.properties[name]["type"]) if name in self.properties else "string"

    def is_unique(self, name: str) -> bool:
        return name in self.properties and bool(self.properties[name]["hasUniqueValue"])

    def unique_names(self) -> list[str]:
        return [name for name, entry in self.properties.items() if entry["hasUniqueValue"]]

    def known(self, names: Iterable[str]) -> list[str]:
        """Those of the names that exist, each once."""
        return [name for name in dict.fromkeys(names) if name in self.properties]

    def add(self, given: Mapping[str, Any], now: str) -> Property:
        """Create a custom property from a checked request; one that was archived comes back."""
        name = given["name"]
        self.archived.pop(name, None)
        entry = _property(name, given.get("label", name), given["type"], given["fieldType"], given["groupName"])
        entry |= {key: given[key] for key in ("description", "hasUniqueValue", "hidden", "formField") if key in given}
        entry["options"] = [_option(option, place) for place, option in enumerate(given.get("options") or ())]
        entry |= {"hubspotDefined": False, "createdAt": now, "updatedAt": now}
        entry["modificationMetadata"]["readOnlyDefinition"] = False
        self.properties[name] = entry
        return entry

    def change(self, name: str, given: Mapping[str, Any], now: str) -> Property:
        keys = ("label", "type", "fieldType", "groupName", "description", "hidden", "formField")
        entry = self.properties[name] | {key: given[key] for key in keys if key in given} | {"updatedAt": now}
        if "options" in given:
            entry["options"] = [_option(option, place) for place, option in enumerate(given["options"])]
        self.properties[name] = entry
        return entry

    def archive(self, name: str, now: str) -> None:
        if name in self.properties:
            self.archived[name] = self.properties.pop(name) | {"archived": True, "archivedAt": now}

    def _fresh(self, name: str, label: str, widget: str, marks: list[str], order: int) -> Property:
        kind_of, field_type = definitions.WIDGETS[widget]
        entry = _property(name, label, kind_of, field_type, self.group[0])
        entry["displayOrder"] = order
        entry["hasUniqueValue"] = "unique" in marks
        entry["externalOptions"] = name == "hubspot_owner_id"
        entry["calculated"] = field_type.startswith("calculation")
        entry["modificationMetadata"]["readOnlyValue"] = "ro" in marks
        if target := next((mark[1:] for mark in marks if mark.startswith(">")), ""):
            entry["referencedObjectType"] = target
        if kind_of == "enumeration" and "open" not in marks:
            values = _OPTIONS.get((self.kind.plural, name)) or _OPTIONS.get(("", name), ("true", "false"))
            entry["options"] = [_option({"value": value}, place) for place, value in enumerate(values)]
        if kind_of == "bool":
            entry["options"] = [_option({"value": value}, place) for place, value in enumerate(("true", "false"))]
        return entry


def _lines(kind: Kind) -> Iterable[tuple[str, str, str, list[str]]]:
    own = getattr(definitions, kind.plural.upper(), "hs_lastmodifieddate | Last modified | time | ro")
    for line in (definitions.EVERYWHERE + own).splitlines():
        if line:
            name, label, widget, marks = (part.strip() for part in line.split("|"))
            yield name, label, widget, marks.split()


def _property(name: str, label: str, kind_of: str, field_type: str, group: str) -> Property:
    return {
        "name": name,
        "label": label,
        "type": kind_of,
        "fieldType": field_type,
        "description": "",
        "groupName": group,
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": True,
        "formField": True,
        "dataSensitivity": "non_sensitive",
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": True, "readOnlyValue": False},
        "createdAt": FRESH,
        "updatedAt": FRESH,
        "archived": False,
    }


def _option(given: Mapping[str, Any], place: int) -> dict[str, Any]:
    value = str(given["value"])
    words = value.replace("_slash_", " / ").replace("_", " ")
    return {
        "label": str(given.get("label", words.title() if words.isupper() or words.islower() else words)),
        "value": value,
        "description": str(given.get("description", "")),
        "displayOrder": given.get("displayOrder", place),
        "hidden": bool(given.get("hidden", False)),
    }
