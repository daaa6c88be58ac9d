"""What a listing is asked for: its parameters and its header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmsync_zoho.simulator.answers import Refused, invalid, missing_parameter
from crmsync_zoho.simulator.call import FIELDS_FROM, Call
from crmsync_zoho.simulator.catalogue import HIDDEN_IN_LISTS
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.instants import read_http_date, read_iso
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.scan import ORDERS

FIELDS_MAX, IDS_MAX = 50, 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A listing as it was asked for; `since_s` is the header If-Modified-Since."""

    fields: tuple[str, ...]
    ids: tuple[int, ...]
    order: str
    descending: bool
    since_s: int | None
    converted: str
    per_page: int


def read_asked(org: Org, shelf: Shelf, call: Call) -> Asked:
    """The listing that a call asks for. Raises Refused."""
    if not call.has("fields") and call.version >= FIELDS_FROM:
        raise missing_parameter("fields")
    names = limited(call.many("fields")) if call.version >= FIELDS_FROM else call.many("fields")
    unknown = [name for name in names if name not in shelf.catalogue and name[0] != "$"]
    if unknown and org.switches.unknown_fields_refused:
        raise invalid("invalid data", param_name="fields", invalid_fields=unknown)
    known = shelf.catalogue.known(names) or (list(shelf.catalogue.fields) if not names else [])
    shown = [name for name in known if shelf.catalogue.fields[name].type not in HIDDEN_IN_LISTS]
    order, descending = _order(call)
    if call.has("cvid"):
        if call.has("sort_by"):
            raise ambiguous("cvid", "sort_by")
        raise invalid("the custom view given seems to be invalid", param_name="cvid")
    return Asked(
        fields=tuple(shown),
        ids=_ids(call),
        order=order,
        descending=descending,
        since_s=read_since(org, call),
        converted=_choice(call, "converted", ("false", "true", "both")),
        per_page=call.number("per_page", org.switches.paging.page_max, org.switches.paging.page_max),
    )


def read_since(org: Org, call: Call) -> int | None:
    """The time in the header If-Modified-Since, if there is one that counts."""
    text = call.request.headers.get("if-modified-since", "").strip()
    if not text:
        return None
    moment = read_iso(text) if org.switches.zulu or not text.endswith("Z") else None
    if moment is None and (date := read_http_date(text)) is not None:
        return date if org.switches.http_dates else None
    if moment is None:
        raise invalid("invalid data", header_name="If-Modified-Since", expected_data_type="datetime")
    return moment


def limited(names: list[str]) -> list[str]:
    """Names of fields, of which there must not be too many."""
    if len(names) > FIELDS_MAX:
        details = {"limit": FIELDS_MAX, "param_name": "fields"}
        raise Refused(400, "LIMIT_EXCEEDED", f"more than {FIELDS_MAX} fields were asked for", details)
    return names


def ambiguous(*names: str) -> Refused:
    """The error of parameters that cannot stand together."""
    details = {"ambiguity_due_to": [{"param_name": name} for name in names]}
    return Refused(400, "AMBIGUITY_DURING_PROCESSING", "ambiguity while processing the request", details)


def _order(call: Call) -> tuple[str, bool]:
    order = call.one("sort_by", "id")
    if order not in ORDERS:
        raise invalid("invalid data", param_name="sort_by", supported_values=list(ORDERS))
    return order, _choice(call, "sort_order", ("desc", "asc")) == "desc"


def _choice(call: Call, name: str, allowed: Sequence[str]) -> str:
    given = call.one(name, allowed[0]).lower()
    if given not in allowed:
        raise invalid("invalid data", param_name=name, supported_values=list(allowed))
    return given


def _ids(call: Call) -> tuple[int, ...]:
    texts = call.many("ids")
    if len(texts) > IDS_MAX:
        details = {"limit": IDS_MAX, "param_name": "ids"}
        raise Refused(400, "LIMIT_EXCEEDED", f"more than {IDS_MAX} ids were asked for", details)
    if not all(map(is_id, texts)) or (call.has("ids") and not texts):
        raise invalid("the id given seems to be invalid", param_name="ids")
    return tuple(map(int, texts))
