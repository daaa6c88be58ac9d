"""`GET /{Module}/search`: what the index knows, which may be old; and `GET /{Module}/actions/count`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync.sandbox.columns import json_text
from crmsync_zoho.simulator.answers import Refused, nothing, ok, page_info, raw
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.coql.plan import Match, Plan, Planner
from crmsync_zoho.simulator.coql.tree import Comparison, Condition, Path, Query, comparisons
from crmsync_zoho.simulator.criteria import read_search
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.scan import Row, Span, scan
from crmsync_zoho.simulator.show import Shows
from crmsync_zoho.simulator.table import Version

IN_MAX = 100


class Searching:
    """Searches of an org."""

    def __init__(self, org: Org, shows: Shows) -> None:
        self._org, self._shows = org, shows

    def search(self, shelf: Shelf, call: Call) -> SimResponse:
        """A page of what matches, by rising id."""
        limits = self._org.switches.paging
        per_page, number = call.number("per_page", limits.page_max, limits.page_max), call.number("page", 1, 10**8)
        if number * per_page > limits.search_reach:
            raise Refused(
                400, "LIMIT_REACHED", "maximum response iteration limit reached", {"limit": str(limits.search_reach)}
            )
        rows = self._rows(shelf, call)
        found = list(islice(rows, (number - 1) * per_page, number * per_page + 1))
        if not found:
            return nothing()
        known = shelf.catalogue.known(call.many("fields")) or list(shelf.catalogue.fields)
        texts = self._shows.texts(shelf, found[:per_page], [name for name in known if name != "id"])
        info = page_info(per_page, len(texts), number, more=len(found) > per_page)
        return raw(f'{{"data":[{",".join(texts)}],"info":{json_text(info)}}}'.encode())

    def count(self, shelf: Shelf, call: Call) -> SimResponse:
        """How many records there are, or match a search."""
        if not any(call.has(name) for name in ("criteria", "email", "phone", "word")):
            return ok({"count": shelf.table.count()})
        return ok({"count": sum(1 for _ in self._rows(shelf, call))})

    def _rows(self, shelf: Shelf, call: Call) -> Iterator[Row]:
        module = shelf.module
        if call.one("criteria"):
            return self._matching(shelf, self._condition(call.one("criteria")))
        if call.one("email"):
            names = [field.name for field in shelf.catalogue if field.type == "email"]
            return self._holding(shelf, names, lambda text, wanted: text == wanted, call.one("email"))
        if call.one("phone"):
            return self._holding(shelf, list(module.phones), lambda text, wanted: wanted in text, call.one("phone"))
        if call.one("word"):
            return self._holding(shelf, list(module.searched), lambda text, wanted: wanted in text, call.one("word"))
        details: dict[str, Any] = {"param_names": ["criteria", "email", "phone", "word"]}
        raise Refused(400, "EXPECTED_PARAM_MISSING", "one of the expected parameters is missing", details)

    def _condition(self, text: str) -> Condition:
        condition, most = read_search(text.strip()), self._org.switches.paging.search_conditions
        if len(comparisons(condition)) > most:
            raise Refused(400, "CRITERIA_LIMIT_EXCEEDED", "too many criteria", {"limit": most})
        return condition

    def _matching(self, shelf: Shelf, condition: Condition) -> Iterator[Row]:
        plan = Planner(self._org, shelf, _no_query, IN_MAX).plan(condition)
        return self._indexed(shelf, plan)

    def _holding(self, shelf: Shelf, names: list[str], holds: Any, wanted: str) -> Iterator[Row]:
        """Records of which one of the fields is like the text."""
        value, folded = shelf.table.value, wanted.lower()

        def match(row: Version) -> bool:
            return any(holds(str(value(row, name) or "").lower(), folded) for name in names)

        ids = None
        if names == ["Email", "Secondary_Email"]:  # the second one is empty unless it was written
            by_email = Planner(self._org, shelf, _no_query).plan(Comparison(Path("Email"), "=", (wanted,)))
            ids = by_email.ids
        return self._indexed(shelf, Plan(Span(), False, match, ids))

    def _indexed(self, shelf: Shelf, plan: Plan) -> Iterator[Row]:
        index, table = self._org.searched(shelf), shelf.table
        if plan.ids is None:
            rows = scan(table, plan.span, touched=index)
            return rows if plan.exact else self._tested(shelf, plan.match, rows)
        return self._tested(shelf, plan.match, self._known(shelf, sorted({*plan.ids, *index.rows})))

    def _known(self, shelf: Shelf, ids: list[int]) -> Iterator[Version]:
        """Records as the index has them."""
        index, base = shelf.index.rows, shelf.table.baseline
        for record_id in ids:
            place = base.index_of(record_id)
            version = index.get(record_id) if record_id in index or place is None else shelf.table.untouched(place)
            if version is not None and version.deleted_s is None:
                yield version

    def _tested(self, shelf: Shelf, match: Match, rows: Iterator[Row]) -> Iterator[Row]:
        make = shelf.table.untouched
        return (row for row in rows if match(make(row) if isinstance(row, int) else row))


def _no_query(query: Query) -> list[Any]:
    raise Refused(400, "INVALID_QUERY", "a search has no queries within", {"module": query.module})
