"""Carries a query out: `POST /coql`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync.sandbox.columns import json_text
from crmsync_zoho.simulator.answers import Refused, nothing, raw
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.coql.groups import grouped
from crmsync_zoho.simulator.coql.parse import parse
from crmsync_zoho.simulator.coql.plan import Plan, Planner, no_column
from crmsync_zoho.simulator.coql.tree import Column, Order, Path, Query
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.scan import ORDERS, Row, scan
from crmsync_zoho.simulator.show import Shows
from crmsync_zoho.simulator.table import Version


class Coql:
    """Answers queries on an org."""

    def __init__(self, org: Org, shows: Shows) -> None:
        self._org, self._shows = org, shows

    def answer(self, call: Call) -> SimResponse:
        body = call.json()
        text = body.get("select_query")
        if not isinstance(text, str):
            raise Refused(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "select_query"})
        query = parse(text)
        texts, more = self._page(query)
        if not texts:
            return nothing()
        info = {"count": len(texts), "more_records": more}
        meta = f',"fields":{json_text(self._meta(query))}' if "fields" in (body.get("include_meta") or ()) else ""
        return raw(f'{{"data":[{",".join(texts)}],"info":{json_text(info)}{meta}}}'.encode())

    def module(self, call: Call) -> str:
        """The module that a call asks about; empty where its query cannot be read."""
        text = call.json().get("select_query")
        return parse(text).module if isinstance(text, str) else ""

    def _page(self, query: Query) -> tuple[list[str], bool]:
        """Records as JSON, and whether more follow."""
        shelf = self._shelf(query)
        self._check(shelf, query)
        planner = Planner(self._org, shelf, self._values)
        if query.group_by or any(column.function for column in query.columns):
            rows = self._rows(planner, shelf, query)
            bodies = grouped(query, rows, planner, lambda path, value: self._shaped(planner, path, value))
            taken = bodies[query.offset : query.offset + query.limit + 1]
            return [json_text(body) for body in taken[: query.limit]], len(taken) > query.limit
        found = list(islice(self._rows(planner, shelf, query), query.offset, query.offset + query.limit + 1))
        return self._texts(planner, shelf, query, found[: query.limit]), len(found) > query.limit

    def _values(self, query: Query) -> list[Any]:
        """The values that a query within a query finds."""
        shelf = self._shelf(query)
        planner = Planner(self._org, shelf, self._values)
        path = query.columns[0].path
        planner.field(path, "select")
        return [planner.value(planner.version(row), path) for row in self._rows(planner, shelf, query)]

    def _shelf(self, query: Query) -> Shelf:
        if query.module not in self._org.shelves:
            raise Refused(400, "INVALID_MODULE", "the module name given seems to be invalid", {"module": query.module})
        if query.view:
            raise Refused(400, "INVALID_QUERY", "the custom view given seems to be invalid", {"cvid": query.view})
        return self._org.shelves[query.module]

    def _check(self, shelf: Shelf, query: Query) -> None:
        limits = self._org.switches.paging
        for name, given, most in (
            ("limit", query.limit, limits.coql_max),
            ("offset", query.offset, limits.coql_reach),
            ("columns", len(query.columns), limits.coql_columns),
        ):
            if given > most:
                raise Refused(400, "LIMIT_EXCEEDED", f"the {name} of the query is too large", {"limit": most})
        names = [column.name.lower() for column in query.columns]
        for column in query.columns:
            if names.count(column.name.lower()) > 1:
                code = "DUPLICATE_ALIAS" if column.alias else "DUPLICATE_DATA"
                details = {"alias": column.alias} if column.alias else {"column_name": column.path.text}
                raise Refused(400, code, "duplicate column in the query", details)
        planner = Planner(self._org, shelf, self._values)
        for column in query.columns:
            planner.field(column.path, "select")
        for order in query.order_by:
            if order.path.text.lower() not in names:
                planner.field(order.path, "order by")

    def _rows(self, planner: Planner, shelf: Shelf, query: Query) -> Iterator[Row]:
        """All that match, in order."""
        plan, order = planner.plan(query.where), _native(query.order_by)
        if order is not None and plan.ids is None:
            rows = scan(shelf.table, plan.span, order.path.text, descending=order.descending)
            return rows if plan.exact else _matching(shelf, plan, rows)
        matching = [planner.version(row) for row in self._any(shelf, plan)]
        for key in reversed(query.order_by):
            path = _aliased(query, key)
            matching.sort(key=_sort_key(planner, path), reverse=key.descending)
        return iter(matching)

    def _any(self, shelf: Shelf, plan: Plan) -> Iterator[Row]:
        """All that match, by id."""
        if plan.ids is None:
            return _matching(shelf, plan, scan(shelf.table, plan.span))
        return _matching(shelf, plan, filter(None, map(shelf.table.live, sorted(plan.ids))))

    def _texts(self, planner: Planner, shelf: Shelf, query: Query, rows: Sequence[Row]) -> list[str]:
        switches = self._org.switches
        names = [column.path.text for column in query.columns if column.path.text != "id"]
        plain = all(not column.alias and "." not in column.path.text for column in query.columns)
        if plain and switches.coql_lookup_names:
            return self._shows.texts(shelf, rows, names)
        return [json_text(self._body(planner, planner.version(row), query.columns)) for row in rows]

    def _body(self, planner: Planner, row: Version, columns: Sequence[Column]) -> dict[str, Any]:
        shown = {c.name: self._shaped(planner, c.path, planner.value(row, c.path)) for c in columns}
        return {**shown, "id": str(row.id)}

    def _shaped(self, planner: Planner, path: Path, value: Value) -> Any:
        shown = self._shows.shape(planner.field(path, "select"), value)
        if isinstance(shown, dict) and not self._org.switches.coql_lookup_names:
            return {"id": shown["id"]}
        return shown

    def _meta(self, query: Query) -> dict[str, Any]:
        planner = Planner(self._org, self._shelf(query), self._values)
        fields = {column.name: planner.field(column.path, "select") for column in query.columns}
        return {
            name: {"api_name": each.name, "field_label": each.label, "data_type": each.type}
            for name, each in fields.items()
        }


def _native(orders: Sequence[Order]) -> Order | None:
    """The one order that `orders` are, where records come in it by themselves."""
    if not orders:
        return Order(Path("id"))
    first, *rest = orders
    by_id = all(key.path.text == "id" and key.descending == first.descending for key in rest)
    return first if first.path.text in ORDERS and by_id and len(rest) <= 1 else None


def _aliased(query: Query, key: Order) -> Path:
    """The path that a key of the order means."""
    named = {column.alias: column.path for column in query.columns if column.alias}
    return named.get(key.path.text, key.path)


def _sort_key(planner: Planner, path: Path) -> Callable[[Version], tuple[bool, Any]]:
    """Nothing comes before everything."""
    if planner.field(path, "order by").type == "lookup":
        raise no_column(path.text, "order by")

    def key(row: Version) -> tuple[bool, Any]:
        value = planner.value(row, path)
        return value is not None, value.lower() if isinstance(value, str) else value or 0

    return key


def _matching(shelf: Shelf, plan: Plan, rows: Iterator[Row]) -> Iterator[Row]:
    match, make = plan.match, shelf.table.untouched
    return (row for row in rows if match(make(row) if isinstance(row, int) else row))
