"""What a call costs in credits, and whether it is one of the heavy ones that are counted apart."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from crmsync.sandbox import SimRequest
from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.call import Call, read_call
from crmsync_zoho.simulator.coql.parse import parse
from crmsync_zoho.simulator.switches import Switches

HEAVY_ROWS = 10  # a write of more rows is heavy
_PLACES = ("org", "users", "settings", "actions", "upload", "coql")


class _Rows(msgspec.Struct):
    data: list[msgspec.Raw] = []


class _Query(msgspec.Struct):
    select_query: str = ""


def credits_of(call: Call, switches: Switches) -> int:
    """Credits; a call that will be refused for what it says costs one."""
    match (call.method, call.area, *call.parts):
        case ("POST", "bulk", "read"):
            return 50
        case ("POST", "bulk", "write"):
            return 500
        case ("POST", "crm", "coql"):
            return _coql_credits(call.request.body)
        case ("GET", "crm", _, "deleted"):
            return switches.deleted_costs
        case ("GET", "crm", _, "actions", "count"):
            return switches.count_costs
        case ("GET", "crm", _) if call.has("cvid"):
            return 3
        case ("POST" | "PUT", "crm", *_) if _is_write(call):
            return max(1, -(-_rows(call.request.body) // 10))
    return 1


def is_heavy(request: SimRequest) -> bool:
    """Whether a request is of the kinds of which only ten may run at once."""
    call = read_call(request)
    if call is None or call.area != "crm":
        return False
    match (call.method, *call.parts):
        case ("POST", "coql") | ("GET", _, "search"):
            return True
        case ("GET", module) if module not in _PLACES:
            return call.has("cvid") or call.has("sort_by")
    return _is_write(call) and _rows(request.body) > HEAVY_ROWS


def _is_write(call: Call) -> bool:
    return call.method in ("POST", "PUT") and call.parts[0] not in _PLACES


@lru_cache(16)
def _rows(body: bytes) -> int:
    try:
        return len(msgspec.json.decode(body, type=_Rows).data)
    except msgspec.DecodeError:
        return 0


@lru_cache(16)
def _coql_credits(body: bytes) -> int:
    """By the limit of the query: up to 200, 1,000 and 2,000 rows."""
    try:
        limit = parse(msgspec.json.decode(body, type=_Query).select_query).limit
    except (msgspec.DecodeError, Refused):
        return 1
    return 1 if limit <= 200 else 2 if limit <= 1_000 else 3
