"""Requests about associations: batches, one record's links, and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_hubspot.simulator.answers import Refused, error_item, invalid, not_found, nothing, ok, unknown_type
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.edits import Edits
from crmsync_hubspot.simulator.links import Types, plain_type, types_between
from crmsync_hubspot.simulator.portal import Portal, Shelf

READ_MAX, CREATE_MAX, ARCHIVE_MAX, PAGE_MAX = 1_000, 2_000, 100, 500
Item = dict[str, Any]
CATEGORY = "HUBSPOT_DEFINED"


class Linking:
    """The association endpoints between two kinds."""

    def __init__(self, portal: Portal, edits: Edits, source: str, target: str) -> None:
        self._portal, self._edits = portal, edits
        self._from, self._to = _shelf(portal, source), _shelf(portal, target)

    def batch(self, call: Call) -> SimResponse | None:
        """Everything under `/associations/{from}/{to}`."""
        match (call.request.method, *call.parts[2:]):
            case ("GET", "labels"):
                return ok({"results": [_type(entry.id, entry.label) for entry in self._types()]})
            case ("POST", "batch", "read"):
                return self._read(_inputs(call, READ_MAX))
            case ("POST", "batch", "create"):
                return self._create(_inputs(call, CREATE_MAX))
            case ("POST", "batch", "associate", "default"):
                return self._default(_inputs(call, CREATE_MAX))
            case ("POST", "batch", "archive"):
                return self._archive(call)
            case ("POST", "batch", "labels", "archive"):
                for given in _inputs(call, ARCHIVE_MAX):
                    self._unlink(_end(given, "from"), _end(given, "to"), _type_ids(given.get("types")))
                return nothing()
        return None

    def one(self, call: Call) -> SimResponse | None:
        """Everything under `/objects/{from}/{id}/associations/{to}`; `default` may stand before the target."""
        record_id, rest = call.parts[1], [part for part in call.parts[3:] if part != "default"]
        match (call.request.method, *rest[1:]):
            case ("GET",):
                return self._list(call, record_id)
            case ("PUT", other):
                return self._put(call, record_id, other, default="default" in call.parts)
            case ("DELETE", other):
                self._unlink(record_id, other, None)
                return nothing()
        return None

    def _types(self) -> Sequence[Any]:
        return types_between(self._from.kind.plural, self._to.kind.plural)

    def _read(self, inputs: Sequence[Mapping[str, Any]]) -> SimResponse:
        results, errors = [], []
        for given in inputs:
            record_id = str(given.get("id"))
            linked = self._linked(record_id)
            if not linked:
                errors.append(self._none_found(record_id))
                continue
            page, following = _page(linked, str(given.get("after") or "0"), PAGE_MAX)
            result: Item = {"from": {"id": record_id}, "to": [self._shown(*entry) for entry in page]}
            if following:
                result["paging"] = {"next": {"after": following, "link": ""}}
            results.append(result)
        return self._answer(results, errors, 200)

    def _create(self, inputs: Sequence[Mapping[str, Any]]) -> SimResponse:
        results, errors = [], []
        for given in inputs:
            record_id, other, type_ids = _end(given, "from"), _end(given, "to"), _type_ids(given.get("types"))
            known = {entry.id for entry in self._types()}
            if not self._there(record_id, other):
                errors.append(self._bad_end(record_id, other))
            elif not type_ids or not set(type_ids) <= known:
                raise invalid(f"No association types {type_ids} exist between these object types")
            else:
                self._link(record_id, other, type_ids)
                results.append(self._written(record_id, other))
        return self._answer(results, errors, 201)

    def _default(self, inputs: Sequence[Mapping[str, Any]]) -> SimResponse:
        results, errors = [], []
        for given in inputs:
            record_id, other = _end(given, "from"), _end(given, "to")
            if self._there(record_id, other):
                results.append(self._associate(record_id, other))
            else:
                errors.append(self._bad_end(record_id, other))
        return self._answer(results, errors, 200)

    def _archive(self, call: Call) -> SimResponse:
        for given in _inputs(call, ARCHIVE_MAX):
            targets = given.get("to") or []
            for target in targets if isinstance(targets, list) else [targets]:
                self._unlink(_end(given, "from"), str(target.get("id")), None)
        now = self._portal.now
        body = {"status": "COMPLETE", "results": [], "startedAt": now, "completedAt": now}
        return ok(body) if call.dated else nothing()

    def _list(self, call: Call, record_id: str) -> SimResponse:
        if record_id.isdecimal() and int(record_id) in self._from.table.survivors:
            return ok({"results": []})  # asked for by the id of a record that was merged away
        if not self._live(self._from, record_id):
            raise not_found()
        limit = call.number("limit", PAGE_MAX, PAGE_MAX)
        page, following = _page(self._linked(record_id), call.one("after") or "0", limit)
        body: Item = {"results": [self._shown(*entry) for entry in page]}
        if following:
            body["paging"] = {"next": {"after": following, "link": call.link(following)}}
        return ok(body)

    def _put(self, call: Call, record_id: str, other: str, *, default: bool) -> SimResponse:
        if not self._there(record_id, other):
            raise not_found()
        if default:
            return self._answer([self._associate(record_id, other)], [], 200)
        type_ids = _type_ids(call.json())
        if not type_ids or not set(type_ids) <= {entry.id for entry in self._types()}:
            raise invalid(f"No association types {type_ids} exist between these object types")
        self._link(record_id, other, type_ids)
        return ok(self._written(record_id, other), 201)

    def _associate(self, record_id: str, other: str) -> Item:
        """Link with the plain type."""
        entry = plain_type(self._from.kind.plural, self._to.kind.plural)
        if entry is None:
            raise invalid("No default association type exists between these object types")
        self._link(record_id, other, [entry.id])
        spec = {"associationCategory": CATEGORY, "associationTypeId": entry.id}
        return {"from": {"id": record_id}, "to": {"id": other}, "associationSpec": spec}

    def _link(self, record_id: str, other: str, type_ids: Sequence[int]) -> None:
        self._edits.link(self._from.kind.plural, int(record_id), self._to.kind.plural, int(other), type_ids)

    def _unlink(self, record_id: str, other: str, type_ids: Sequence[int] | None) -> None:
        if record_id.isdecimal() and other.isdecimal():
            self._edits.unlink(self._from.kind.plural, int(record_id), self._to.kind.plural, int(other), type_ids)

    def _linked(self, record_id: str) -> dict[int, Types]:
        """A record's links; those of a dead or merged-away one are empty."""
        if not self._live(self._from, record_id):
            return {}
        return self._portal.links.of(self._from.kind.plural, int(record_id), self._to.kind.plural)

    def _there(self, record_id: str, other: str) -> bool:
        return self._live(self._from, record_id) and self._live(self._to, other)

    def _live(self, shelf: Shelf, record_id: str) -> bool:
        return record_id.isdecimal() and shelf.table.live(int(record_id)) is not None

    def _shown(self, other: int, types: Types) -> Item:
        labels = {entry.id: entry.label for entry in self._types()}
        return {"toObjectId": other, "associationTypes": [_type(number, labels[number]) for number in sorted(types)]}

    def _written(self, record_id: str, other: str) -> Item:
        return {
            "fromObjectTypeId": self._from.kind.type_id,
            "fromObjectId": int(record_id),
            "toObjectTypeId": self._to.kind.type_id,
            "toObjectId": int(other),
            "labels": [],
        }

    def _none_found(self, record_id: str) -> Item:
        source, target = self._from.kind.singular, self._to.kind.singular
        context = {"fromObjectId": [record_id], "fromObjectType": [source], "toObjectType": [target]}
        message = f"No {target} is associated with {source} {record_id}."
        return error_item("OBJECT_NOT_FOUND", message, context, subCategory="crm.associations.NO_ASSOCIATIONS_FOUND")

    def _bad_end(self, record_id: str, other: str) -> Item:
        context = {"fromObjectId": [record_id], "toObjectId": [other]}
        message = f"One of the ids {record_id}, {other} is not valid."
        return error_item("VALIDATION_ERROR", message, context, subCategory="crm.associations.INVALID_IDENTIFIER")

    def _answer(self, results: Sequence[Item], errors: Sequence[Item], status: int) -> SimResponse:
        now = self._portal.now
        body = {"status": "COMPLETE", "results": list(results), "startedAt": now, "completedAt": now}
        if not errors:
            return ok(body, status)
        return ok({**body, "numErrors": len(errors), "errors": list(errors)}, self._portal.switches.partial_status)


def _shelf(portal: Portal, name: str) -> Shelf:
    shelf = portal.shelf(name)
    if shelf is None:
        raise unknown_type(name)
    return shelf


def _page(linked: Mapping[int, Types], after: str, limit: int) -> tuple[list[tuple[int, Types]], str]:
    rest = [(other, types) for other, types in linked.items() if other >= int(after)]
    return rest[:limit], str(rest[limit][0]) if len(rest) > limit else ""


def _inputs(call: Call, most: int) -> Sequence[Mapping[str, Any]]:
    inputs = call.object().get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(given, dict) for given in inputs):
        raise Refused(400, "Invalid input JSON: inputs must be a list of objects")
    if not 1 <= len(inputs) <= most:
        raise invalid(f"The batch has {len(inputs)} inputs; between 1 and {most} are allowed")
    return inputs


def _end(given: Mapping[str, Any], end: str) -> str:
    return str((given.get(end) or {}).get("id", ""))


def _type_ids(specs: Any) -> list[int]:
    return [int(spec["associationTypeId"]) for spec in specs or () if "associationTypeId" in spec]


def _type(type_id: int, label: str | None) -> Item:
    return {"category": CATEGORY, "typeId": type_id, "label": label}
