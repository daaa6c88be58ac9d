"""One record."""

from __future__ import annotations

from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator.answers import invalid, nothing, ok
from crmsync_zoho.simulator.asked import limited, read_since
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.matching import external_field, keyed
from crmsync_zoho.simulator.org import CURRENCY, Org, Shelf
from crmsync_zoho.simulator.show import Shows
from crmsync_zoho.simulator.table import CONVERTED, Version


def get_record(org: Org, shelf: Shelf, shows: Shows, call: Call, key: str) -> SimResponse:
    """`GET /{Module}/{id}`: with what Zoho tells about a record beside its fields, unless fields are named."""
    if not is_id(key) and not external_field(shelf, call):
        raise invalid("the id given seems to be invalid", resource_path_index=1)
    version = keyed(org, shelf, call, key)
    if version is None:
        return nothing()
    since_s = read_since(org, call)
    if since_s is not None and version.modified_s < since_s:
        return nothing(304)
    names = shelf.catalogue.known(limited(call.many("fields"))) or list(shelf.catalogue.fields)
    body = shows.body(shelf, version, names)
    return ok({"data": [body if call.has("fields") else {**body, **_extras(version)}]})


def _extras(version: Version) -> dict[str, Any]:
    """What a single record has that is no field."""
    return {
        "$currency_symbol": {"EUR": "€"}[CURRENCY],
        "$field_states": None,
        "$state": "save",
        "$process_flow": False,
        "$locked_for_me": False,
        "$approval": {"delegate": False, "takeover": False, "approve": False, "reject": False, "resubmit": False},
        "$approval_state": "approved",
        "$approved": True,
        "$editable": True,
        "$in_merge": False,
        "$orchestration": False,
        "$review": None,
        "$review_process": {"approve": False, "reject": False, "resubmit": False},
        "$converted": version.changes.get(CONVERTED) is True,
        "$zia_owner_assignment": "owner_recommendation_unavailable",
    }
