"""Lists of a module's records, and single ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync.sandbox.columns import json_text
from crmsync_zoho.simulator.answers import Refused, invalid, missing_parameter, nothing, ok, raw
from crmsync_zoho.simulator.call import FIELDS_FROM, Call
from crmsync_zoho.simulator.catalogue import HIDDEN_IN_LISTS
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.instants import read_http_date, read_iso
from crmsync_zoho.simulator.matching import external_field, keyed
from crmsync_zoho.simulator.org import CURRENCY, Org, Shelf
from crmsync_zoho.simulator.scan import HIGHEST, LOWEST, ORDERS, Row, Span, id_of, page, scan
from crmsync_zoho.simulator.show import Shows
from crmsync_zoho.simulator.table import CONVERTED, Version
from crmsync_zoho.simulator.tokens import PageTokens, Place

FIELDS_MAX, IDS_MAX, SNAPSHOTS_KEPT = 50, 100, 8


@dataclass(frozen=True, slots=True)
class _Asked:
    """A listing as it was asked for; `since_s` is the header If-Modified-Since."""

    fields: tuple[str, ...]
    ids: tuple[int, ...]
    order: str
    descending: bool
    since_s: int | None
    converted: str
    per_page: int


class Listing:
    """`GET /{Module}` and `GET /{Module}/{id}`."""

    def __init__(self, org: Org, shows: Shows) -> None:
        self._org, self._shows = org, shows
        self._tokens = PageTokens(org)
        self._snapshots: dict[int, list[int]] = {}
        self._snapshot = 0

    def many(self, shelf: Shelf, call: Call) -> SimResponse:
        """A page of records."""
        asked = self._asked(shelf, call)
        binding = self._tokens.binding(shelf.module.api_name, *self._bound(asked))
        place = self._place(call, asked, binding)
        rows, more = self._page(shelf, asked, place)
        if not rows:
            at_start = place.offset == 0 and asked.since_s is not None
            return nothing(304 if at_start else 204)
        info = self._info(shelf, asked, place, rows, more)
        texts = self._shows.texts(shelf, rows, [name for name in asked.fields if name != "id"])
        return raw(f'{{"data":[{",".join(texts)}],"info":{json_text(info)}}}'.encode())

    def one(self, shelf: Shelf, call: Call, key: str) -> SimResponse:
        """One record, with what Zoho tells about it beside its fields."""
        if not is_id(key) and not external_field(shelf, call):
            raise invalid("the id given seems to be invalid", resource_path_index=1)
        version = keyed(self._org, shelf, call, key)
        if version is None:
            return nothing()
        since_s = self._since(call)
        if since_s is not None and version.modified_s < since_s:
            return nothing(304)
        names = shelf.catalogue.known(_limited(call.many("fields"))) or list(shelf.catalogue.fields)
        body = self._shows.body(shelf, version, names)
        return ok({"data": [body if call.has("fields") else {**body, **_extras(version)}]})

    def _asked(self, shelf: Shelf, call: Call) -> _Asked:
        if not call.has("fields") and call.version >= FIELDS_FROM:
            raise missing_parameter("fields")
        names = _limited(call.many("fields")) if call.version >= FIELDS_FROM else call.many("fields")
        unknown = [name for name in names if name not in shelf.catalogue and name[0] != "$"]
        if unknown and self._org.switches.unknown_fields_refused:
            raise invalid("invalid data", param_name="fields", invalid_fields=unknown)
        known = shelf.catalogue.known(names) or (list(shelf.catalogue.fields) if not names else [])
        shown = [name for name in known if shelf.catalogue.fields[name].type not in HIDDEN_IN_LISTS]
        order, descending = _order(call)
        if call.has("cvid"):
            if call.has("sort_by"):
                raise _ambiguous("cvid", "sort_by")
            raise invalid("the custom view given seems to be invalid", param_name="cvid")
        return _Asked(
            fields=tuple(shown),
            ids=_ids(call),
            order=order,
            descending=descending,
            since_s=self._since(call),
            converted=_choice(call, "converted", ("false", "true", "both")),
            per_page=call.number("per_page", self._org.switches.paging.page_max, self._org.switches.paging.page_max),
        )

    def _bound(self, asked: _Asked) -> tuple[object, ...]:
        """What a page token of this listing is bound to."""
        if self._org.switches.paging.tokens_bound_to_time:
            return (asked,)
        return (replace(asked, since_s=None),)

    def _place(self, call: Call, asked: _Asked, binding: str) -> Place:
        if call.has("page") and call.has("page_token"):
            raise _ambiguous("page", "page_token")
        if call.has("page_token"):
            return self._tokens.read(call.one("page_token"), binding, self._org.switches.paging.tokens_reach)
        number, reach = call.number("page", 1, 10**8), self._org.switches.paging.pages_reach
        if number * asked.per_page > reach:
            message = "the discrete pagination limit is exceeded; use page_token"
            raise Refused(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, {"limit": reach})
        return Place(number, (number - 1) * asked.per_page, (0, 0), 0, binding, 0)

    def _page(self, shelf: Shelf, asked: _Asked, place: Place) -> tuple[list[Row], bool]:
        mode = self._org.switches.paging.tokens
        if mode == "snapshot" and place.snapshot in self._snapshots:
            ids = self._snapshots[place.snapshot][place.offset : place.offset + asked.per_page + 1]
            rows = [row for row in map(shelf.table.live, ids[: asked.per_page]) if row is not None]
            return [*rows], len(ids) > asked.per_page
        if mode == "keyset" and place.expires_s:
            return page(self._after(shelf, asked, place.last), 0, asked.per_page)
        return page(self._rows(shelf, asked, Span()), place.offset, asked.per_page)

    def _rows(self, shelf: Shelf, asked: _Asked, span: Span) -> Iterator[Row]:
        """Everything that was asked for, in order."""
        if asked.since_s is not None:
            span = replace(span, modified=(max(asked.since_s, span.modified[0]), span.modified[1]))
        if asked.ids:
            found = filter(None, map(shelf.table.live, sorted(set(asked.ids))))
            versions = [row for row in found if span.meets(row)]
            versions.sort(key=lambda row: _key(row, asked.order), reverse=asked.descending)
            return iter(versions)
        rows = scan(shelf.table, span, asked.order, descending=asked.descending)
        if asked.converted == "both" or shelf.module.api_name != "Leads":
            return rows
        return (row for row in rows if _is_converted(row) is (asked.converted == "true"))

    def _after(self, shelf: Shelf, asked: _Asked, last: tuple[int, int]) -> Iterator[Row]:
        """What comes behind a record in the order, whatever became of it."""
        edge = (LOWEST, last[0]) if asked.descending else (last[0], HIGHEST)
        name = {"id": "ids", "Created_Time": "created", "Modified_Time": "modified"}[asked.order]
        make = shelf.table.untouched
        for row in self._rows(shelf, asked, Span(**{name: edge})):
            key = _key(make(row) if isinstance(row, int) else row, asked.order)
            if (key < last) if asked.descending else (key > last):
                yield row

    def _info(self, shelf: Shelf, asked: _Asked, place: Place, rows: Sequence[Row], more: bool) -> dict[str, Any]:
        token = expiry = None
        if more:
            expires_s = self._org.now_s + self._org.switches.paging.token_s
            row = rows[-1]
            last = _key(shelf.table.untouched(row) if isinstance(row, int) else row, asked.order)
            snapshot = self._kept(shelf, asked, place)
            following = Place(place.page + 1, place.offset + asked.per_page, last, snapshot, place.binding, expires_s)
            token, expiry = self._tokens.make(following), self._org.zone.iso(expires_s)
        return {
            "call": False,
            "per_page": asked.per_page,
            "next_page_token": token,
            "count": len(rows),
            "sort_by": asked.order,
            "page": place.page,
            "previous_page_token": None,
            "page_token_expiry": expiry,
            "sort_order": "desc" if asked.descending else "asc",
            "email": False,
            "more_records": more,
        }

    def _kept(self, shelf: Shelf, asked: _Asked, place: Place) -> int:
        """The number of the list that a listing's tokens stand for, where they stand for one."""
        limits = self._org.switches.paging
        if limits.tokens != "snapshot" or place.snapshot:
            return place.snapshot
        rows, _ = page(self._rows(shelf, asked, Span()), 0, limits.tokens_reach)
        self._snapshot += 1
        self._snapshots[self._snapshot] = [id_of(shelf.table, row) for row in rows]
        if len(self._snapshots) > SNAPSHOTS_KEPT:
            self._snapshots.pop(next(iter(self._snapshots)))
        return self._snapshot

    def _since(self, call: Call) -> int | None:
        return read_since(self._org, call)


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


def _key(row: Version, order: str) -> tuple[int, int]:
    moment = {"Created_Time": row.created_s, "Modified_Time": row.modified_s}.get(order, row.id)
    return moment, row.id


def _limited(names: list[str]) -> list[str]:
    if len(names) > FIELDS_MAX:
        details = {"limit": FIELDS_MAX, "param_name": "fields"}
        raise Refused(400, "LIMIT_EXCEEDED", f"more than {FIELDS_MAX} fields were asked for", details)
    return names


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


def _ambiguous(*names: str) -> Refused:
    details = {"ambiguity_due_to": [{"param_name": name} for name in names]}
    return Refused(400, "AMBIGUITY_DURING_PROCESSING", "ambiguity while processing the request", details)


def _is_converted(row: Row) -> bool:
    return not isinstance(row, int) and row.changes.get(CONVERTED) is True


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
