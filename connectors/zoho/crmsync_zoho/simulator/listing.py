"""Lists of a module's records: order, pages and page tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync.sandbox.columns import json_text
from crmsync_zoho.simulator.answers import Refused, nothing, raw
from crmsync_zoho.simulator.asked import Asked, ambiguous, read_asked
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.scan import HIGHEST, LOWEST, Row, Span, id_of, page, scan
from crmsync_zoho.simulator.show import Shows
from crmsync_zoho.simulator.table import CONVERTED, Version
from crmsync_zoho.simulator.tokens import PageTokens, Place

SNAPSHOTS_KEPT = 8


class Listing:
    """`GET /{Module}`."""

    def __init__(self, org: Org, shows: Shows) -> None:
        self._org, self._shows = org, shows
        self._tokens = PageTokens(org)
        self._snapshots: dict[int, list[int]] = {}
        self._snapshot = 0

    def answer(self, shelf: Shelf, call: Call) -> SimResponse:
        """A page of records."""
        asked = read_asked(self._org, shelf, call)
        binding = self._tokens.binding(shelf.module.api_name, *self._bound(asked))
        place = self._place(call, asked, binding)
        rows, more = self._page(shelf, asked, place)
        if not rows:
            at_start = place.offset == 0 and asked.since_s is not None
            return nothing(304 if at_start else 204)
        info = self._info(shelf, asked, place, rows, more)
        texts = self._shows.texts(shelf, rows, [name for name in asked.fields if name != "id"])
        return raw(f'{{"data":[{",".join(texts)}],"info":{json_text(info)}}}'.encode())

    def _bound(self, asked: Asked) -> tuple[object, ...]:
        """What a page token of this listing is bound to."""
        if self._org.switches.paging.tokens_bound_to_time:
            return (asked,)
        return (replace(asked, since_s=None),)

    def _place(self, call: Call, asked: Asked, binding: str) -> Place:
        if call.has("page") and call.has("page_token"):
            raise ambiguous("page", "page_token")
        if call.has("page_token"):
            return self._tokens.read(call.one("page_token"), binding, self._org.switches.paging.tokens_reach)
        number, reach = call.number("page", 1, 10**8), self._org.switches.paging.pages_reach
        if number * asked.per_page > reach:
            message = "the discrete pagination limit is exceeded; use page_token"
            raise Refused(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, {"limit": reach})
        return Place(number, (number - 1) * asked.per_page, (0, 0), 0, binding, 0)

    def _page(self, shelf: Shelf, asked: Asked, place: Place) -> tuple[list[Row], bool]:
        mode = self._org.switches.paging.tokens
        if mode == "snapshot" and place.snapshot in self._snapshots:
            ids = self._snapshots[place.snapshot][place.offset : place.offset + asked.per_page + 1]
            rows = [row for row in map(shelf.table.live, ids[: asked.per_page]) if row is not None]
            return [*rows], len(ids) > asked.per_page
        if mode == "keyset" and place.expires_s:
            return page(self._after(shelf, asked, place.last), 0, asked.per_page)
        return page(self._rows(shelf, asked, Span()), place.offset, asked.per_page)

    def _rows(self, shelf: Shelf, asked: Asked, span: Span) -> Iterator[Row]:
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

    def _after(self, shelf: Shelf, asked: Asked, last: tuple[int, int]) -> Iterator[Row]:
        """What comes behind a record in the order, whatever became of it."""
        edge = (LOWEST, last[0]) if asked.descending else (last[0], HIGHEST)
        name = {"id": "ids", "Created_Time": "created", "Modified_Time": "modified"}[asked.order]
        make = shelf.table.untouched
        for row in self._rows(shelf, asked, Span(**{name: edge})):
            key = _key(make(row) if isinstance(row, int) else row, asked.order)
            if (key < last) if asked.descending else (key > last):
                yield row

    def _info(self, shelf: Shelf, asked: Asked, place: Place, rows: Sequence[Row], more: bool) -> dict[str, Any]:
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

    def _kept(self, shelf: Shelf, asked: Asked, place: Place) -> int:
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


def _key(row: Version, order: str) -> tuple[int, int]:
    moment = {"Created_Time": row.created_s, "Modified_Time": row.modified_s}.get(order, row.id)
    return moment, row.id


def _is_converted(row: Row) -> bool:
    return not isinstance(row, int) and row.changes.get(CONVERTED) is True
