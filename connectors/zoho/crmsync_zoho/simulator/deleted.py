"""`GET /{Module}/deleted`."""

from __future__ import annotations

from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator.answers import Refused, nothing, ok, page_info
from crmsync_zoho.simulator.asked import read_since
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.recycle import Tombstone

TYPES = ("all", "recycle", "permanent")


def list_deleted(org: Org, shelf: Shelf, call: Call) -> SimResponse:
    """What was deleted, the newest first; with If-Modified-Since only what was deleted then or later."""
    kind = call.one("type", "all")
    if kind not in TYPES:
        details = {"param_name": "type", "supported_values": list(TYPES)}
        raise Refused(400, "PATTERN_NOT_MATCHED", "Please check whether the input values are correct", details)
    since_s, most = read_since(org, call), org.switches.paging.page_max
    per_page, number = call.number("per_page", most, most), call.number("page", 1, 10**8)
    found = [
        stone
        for stone in shelf.bin.listed(org.now_s)
        if kind in ("all", stone.type) and (since_s is None or stone.deleted_s >= since_s)
    ]
    shown = found[(number - 1) * per_page : number * per_page]
    if not shown:
        return nothing(304 if since_s is not None and not found else 204)
    info = page_info(per_page, len(shown), number, more=number * per_page < len(found))
    return ok({"data": [_shown(org, stone) for stone in shown], "info": info})


def _shown(org: Org, stone: Tombstone) -> dict[str, Any]:
    return {
        "deleted_by": _user(org, stone.deleted_by),
        "id": str(stone.id),
        "display_name": stone.name,
        "type": stone.type,
        "created_by": _user(org, stone.created_by),
        "deleted_time": org.zone.iso(stone.deleted_s),
    }


def _user(org: Org, user_id: int) -> dict[str, str] | None:
    user = org.user(user_id)
    return None if user is None else user.brief
