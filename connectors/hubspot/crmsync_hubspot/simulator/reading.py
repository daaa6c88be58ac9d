"""List, single get and search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync.sandbox.columns import json_text
from crmsync_hubspot.simulator.answers import Refused, invalid, not_found, ok, raw
from crmsync_hubspot.simulator.call import Call, whole
from crmsync_hubspot.simulator.filters import read_groups
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.search import LINKED, Query, Search
from crmsync_hubspot.simulator.show import Show
from crmsync_hubspot.simulator.table import Version

PAGE_MAX, HISTORY_PAGE_MAX, SEARCH_PAGE_MAX = 100, 50, 200


def list_records(portal: Portal, shelf: Shelf, call: Call) -> SimResponse:
    """`GET B`: by id, with a cursor that is the next record's id."""
    history, targets = call.many("propertiesWithHistory"), call.many("associations")
    limit = call.number("limit", 10, HISTORY_PAGE_MAX if history else PAGE_MAX)
    after = call.one("after") or "0"
    if not after.isdecimal():
        raise invalid(f"after must be a number, not {after}")
    show = Show(portal, shelf, call.many("properties"))
    rows = _archived(portal, shelf, int(after)) if call.flag("archived") else _live(shelf, int(after))
    page = list(islice(rows, limit + 1))
    following = _cursor(shelf, page[limit]) if len(page) > limit else None
    if history or targets:
        texts = [_listed(shelf, show, row, history, targets) for row in page[:limit]]
    else:
        texts = show.texts(page[:limit])
    paging = {"after": following, "link": call.link(following)} if following else None
    return raw(_page(texts, "", paging))


def get_record(portal: Portal, shelf: Shelf, call: Call, key: str) -> SimResponse:
    """`GET B/{id}`: also by a unique property, and by the id of a record that was merged away."""
    version = find(portal, shelf, key, call.one("idProperty"), archived=call.flag("archived"))
    if version is None:
        raise not_found()
    asked_by_old_id = str(version.id) != key and not call.one("idProperty")
    show, history = Show(portal, shelf, call.many("properties")), call.many("propertiesWithHistory")
    body = show.body(version)
    if history:
        body["propertiesWithHistory"] = show.history(version, history)
    if targets := call.many("associations"):
        linked = {} if asked_by_old_id else show.associations(version, targets)
        body |= {"associations": linked} if linked else {}
    return ok(body)


def search_records(portal: Portal, shelf: Shelf, search: Search, call: Call) -> SimResponse:
    """`POST B/search`: what the index knows, which may be old."""
    body = call.object()
    query = _query(body, shelf)
    if query.offset + query.limit > portal.switches.results_max:
        raise invalid(f"The search endpoint gives at most {portal.switches.results_max} results of one query.")
    hits = search.run(query, portal.now_ms)
    show = Show(portal, shelf, [str(name) for name in body.get("properties") or ()])
    page = [_fresh(shelf, row) for row in hits.page] if portal.switches.stale_hits else hits.page
    end = query.offset + query.limit
    paging = {"after": str(end)} if end < hits.total else None
    return raw(_page(show.texts(page), f'"total":{hits.total},', paging))


def find(portal: Portal, shelf: Shelf, key: str, id_property: str, *, archived: bool) -> Version | None:
    """The record that a path or an input means."""
    if id_property and id_property not in ("hs_object_id", "id"):
        if not shelf.catalogue.is_unique(id_property):
            raise invalid(f"{id_property} is not a unique property of {shelf.kind.plural}")
        record_id = portal.holder(shelf, id_property, key)
    else:
        record_id = int(key) if key.isdecimal() and len(key) < 19 else None
    if record_id is None:
        return None
    version = shelf.table.get(shelf.table.survivor(record_id))
    if version is None or (version.archived_ms is not None) is not archived:
        return None
    return version if shelf.table.is_kept(version, portal.now_ms) else None


def _live(shelf: Shelf, first: int) -> Iterator[int | Version]:
    """Untouched records as indexes, others as versions."""
    table, rows, base = shelf.table, shelf.table.rows, shelf.table.baseline
    for index in range(base.first_at(first), base.count):
        if (record_id := base.id_of(index)) not in rows:
            yield index
        elif (version := table.live(record_id)) is not None:
            yield version
    yield from filter(None, map(table.live, table.created(first)))


def _archived(portal: Portal, shelf: Shelf, first: int) -> Iterator[Version]:
    return (row for row in shelf.table.archived(portal.now_ms) if row.id >= first)


def _cursor(shelf: Shelf, row: int | Version) -> str:
    return str(shelf.table.baseline.id_of(row) if isinstance(row, int) else row.id)


def _listed(shelf: Shelf, show: Show, row: int | Version, history: list[str], targets: list[str]) -> str:
    version = shelf.table.untouched(row) if isinstance(row, int) else row
    body = show.body(version)
    if history:
        body["propertiesWithHistory"] = show.history(version, history)
    if linked := show.associations(version, targets):
        body["associations"] = linked
    return json_text(body)


def _fresh(shelf: Shelf, row: int | Version) -> int | Version:
    """A hit as it is now, while the index may know an old version."""
    record_id = shelf.table.baseline.id_of(row) if isinstance(row, int) else row.id
    return shelf.table.live(record_id) or row


def _page(texts: list[str], before: str, following: Mapping[str, str] | None) -> bytes:
    paging = f',"paging":{{"next":{json_text(following)}}}' if following else ""
    return f'{{{before}"results":[{",".join(texts)}]{paging}}}'.encode()


def _query(body: Mapping[str, Any], shelf: Shelf) -> Query:
    catalogue = shelf.catalogue
    groups = read_groups(body, catalogue.type_of)
    unknown = [f.name for group in groups for f in group if f.name not in catalogue and not f.name.startswith(LINKED)]
    if unknown:
        raise invalid(f"There was a problem with the request. Property {unknown[0]} does not exist")
    sort, descending = _sort(body.get("sorts") or ())
    if sort not in catalogue:
        raise invalid(f"Property {sort} does not exist")
    offset = str(body.get("after") or 0)
    if not offset.isdecimal():
        raise Refused(400, f"Invalid input JSON: after {offset} is not a number")
    limit = whole(body.get("limit", 10), "limit", SEARCH_PAGE_MAX)
    return Query(groups, str(body.get("query") or ""), sort, descending, int(offset), limit)


def _sort(sorts: Any) -> tuple[str, bool]:
    """One rule, as an object or as `-name`; records come by creation without one."""
    if not sorts:
        return "createdate", False
    if len(sorts) > 1:
        raise invalid("Only one sort is allowed")
    rule = sorts[0]
    if isinstance(rule, str):
        return rule.removeprefix("-"), rule.startswith("-")
    return str(rule.get("propertyName", "")), rule.get("direction") == "DESCENDING"
