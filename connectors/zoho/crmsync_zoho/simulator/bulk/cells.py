"""Cells of a CSV file, as an import reads them: texts become what a request would have sent."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from crmsync_zoho.simulator.catalogue import OWNED, Field
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.instants import read_iso
from crmsync_zoho.simulator.org import Org

DATE, DATETIME = "MM/dd/yyyy", "MM/dd/yyyy HH:mm:ss"  # where a mapping names no format
_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def read_cell(org: Org, field: Field, text: str, form: str | None, find_by: str | None) -> Any:
    """The value of a cell. One that cannot be read stays a text, which the field then refuses."""
    if text == "":
        return None
    match field.type:
        case "integer" if re.fullmatch(r"-?\d+", text):
            return int(text)
        case "double" | "percent" | "currency" if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return float(text)
        case "boolean" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "multiselectpicklist":
            return text.split(";")
        case "date":
            moment = _parsed(text, form or DATE)
            return text if moment is None else moment.date().isoformat()
        case "datetime":
            return _moment(org, text, form or DATETIME)
        case "lookup":
            return {"id": _found(org, field, text, find_by)}
    return {"id": text} if field.type in OWNED else text


def _moment(org: Org, text: str, form: str) -> str:
    """With offset as it is, else as a time of the org's zone."""
    if read_iso(text) is not None:
        return text
    moment = _parsed(text, form.replace("'T'", "T"))
    return text if moment is None else org.zone.iso(org.zone.at(moment))


def _found(org: Org, field: Field, text: str, find_by: str | None) -> str:
    """The id of the record that a lookup means."""
    if find_by in (None, "id") or is_id(text):
        return text
    rows = org.found(org.shelves[field.target], str(find_by), text)
    return str(rows[0].id) if rows else text


def _parsed(text: str, form: str) -> datetime | None:
    pattern = re.sub("|".join(_LETTERS), lambda found: _LETTERS[found[0]], form)
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None
