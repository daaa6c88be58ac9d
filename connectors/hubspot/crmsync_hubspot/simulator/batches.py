"""Batches of reads and writes, with all or part of them done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from crmsync.sandbox import SimResponse
from crmsync_hubspot.simulator.answers import Refused, error_item, invalid, nothing, ok
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.edits import Edits
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.reading import HISTORY_PAGE_MAX, find
from crmsync_hubspot.simulator.show import Show
from crmsync_hubspot.simulator.table import Version
from crmsync_hubspot.simulator.writing import Writing

INPUTS_MAX = 100
Input = Mapping[str, Any]
Result = dict[str, Any]
Do = Callable[[], Result]


class Batches:
    """The batch endpoints of one kind.

    Each write is planned first. Without trace ids a batch is done whole or not at all; with a unique
    `objectWriteTraceId` in every input, each input stands for itself.
    """

    def __init__(self, portal: Portal, shelf: Shelf, edits: Edits) -> None:
        self._portal, self._shelf, self._edits = portal, shelf, edits
        self._writing = Writing(portal, shelf, edits)

    def read(self, call: Call) -> SimResponse:
        body = call.object()
        history = [str(name) for name in body.get("propertiesWithHistory") or ()]
        inputs = _inputs(body, HISTORY_PAGE_MAX if history else INPUTS_MAX)
        show = Show(self._portal, self._shelf, [str(name) for name in body.get("properties") or ()])
        found: dict[int, Version] = {}
        missing: list[str] = []
        for key in dict.fromkeys(str(given.get("id")) for given in inputs):
            version = self._found(key, body.get("idProperty"), archived=call.flag("archived"))
            if version is None:
                missing.append(key)
            else:
                found[version.id] = version
        results = self._read(show, list(found.values()), history)
        return self._answer(results, [self._missing(missing)] if missing else [], 200)

    def create(self, call: Call) -> SimResponse:
        inputs = _inputs(call.object(), INPUTS_MAX)
        return self._write(inputs, self._plan_create, 201, "create")

    def update(self, call: Call) -> SimResponse:
        inputs = _inputs(call.object(), INPUTS_MAX)
        _refuse_doubles(inputs)
        return self._write(inputs, self._plan_update, 200, "update")

    def upsert(self, call: Call) -> SimResponse:
        inputs = _inputs(call.object(), INPUTS_MAX)
        _refuse_doubles(inputs)
        return self._write(inputs, self._plan_upsert, 200, "upsert")

    def archive(self, call: Call) -> SimResponse:
        for given in _inputs(call.object(), INPUTS_MAX):
            self._writing.archive(str(given.get("id")))
        return nothing()

    def _read(self, show: Show, rows: Sequence[Version], history: Sequence[str]) -> Sequence[Result | msgspec.Raw]:
        if not history:
            return [msgspec.Raw(text.encode()) for text in show.texts(rows)]
        return [{**show.body(row), "propertiesWithHistory": show.history(row, history)} for row in rows]

    def _write(self, inputs: Sequence[Input], plan: Callable[[Input], Do], status: int, operation: str) -> SimResponse:
        traced = _traced(inputs) and not any(given.get("idProperty") == "email" for given in inputs)
        results: list[Result] = []
        errors: list[Result] = []
        missing: list[str] = []
        planned: list[Do] = []
        self._refuse_doubled_values(inputs, traced)
        for given in inputs:
            try:
                self._refuse_if_asked(operation, given)
                planned.append(plan(given))
                if traced:
                    results.append({**planned.pop()(), "objectWriteTraceId": given["objectWriteTraceId"]})
            except _Missing:
                missing.append(str(given.get("id")))
                errors += [self._missing(missing[-1:], _trace(given))] if traced else []
            except Refused as refused:
                if not traced or refused.status == 423:
                    raise _without_id(refused) from None
                errors.append(_error(refused, given))
        results += [do() for do in planned]
        if missing and not traced:
            errors.append(self._missing(missing))
        return self._answer(results, errors, status)

    def _plan_create(self, given: Input) -> Do:
        planned = self._writing.plan_create(given)
        return lambda: self._writing.body(self._writing.carry_out(planned), planned[0])

    def _plan_update(self, given: Input) -> Do:
        version = self._found(str(given.get("id")), given.get("idProperty"))
        if version is None:
            raise _Missing
        values = self._writing.plan_update(version, given.get("properties"))
        kind = self._shelf.kind.plural
        return lambda: self._writing.body(self._edits.change(kind, version, values), values)

    def _plan_upsert(self, given: Input) -> Do:
        name, key = str(given.get("idProperty") or ""), str(given.get("id"))
        if self._found(key, name) is not None:
            update = self._plan_update(given)
            return lambda: {**update(), "new": False}
        if not name or name == "hs_object_id":
            raise _Missing
        planned = self._writing.plan_create(given, {name: key})
        return lambda: {**self._writing.body(self._writing.carry_out(planned), planned[0]), "new": True}

    def _found(self, key: str, id_property: Any, *, archived: bool = False) -> Version | None:
        version = find(self._portal, self._shelf, key, str(id_property or ""), archived=archived)
        old_id = version is not None and not id_property and str(version.id) != key
        return None if old_id and not self._portal.switches.read_follows_merges else version

    def _refuse_if_asked(self, operation: str, given: Input) -> None:
        """A test may let single inputs fail."""
        refuse = self._portal.switches.refuse
        error = refuse(operation, self._shelf.kind.plural, str(given.get("id", ""))) if refuse else None
        if error is not None:
            raise Refused(400, str(error.get("message", "refused")), str(error.get("category", "VALIDATION_ERROR")))

    def _refuse_doubled_values(self, inputs: Sequence[Input], traced: bool) -> None:
        """Two inputs of a whole batch cannot both get a unique value."""
        for name in [] if traced else self._shelf.catalogue.unique_names():
            values = Counter(str((given.get("properties") or {}).get(name) or "").lower() for given in inputs)
            doubled = [value for value, count in values.items() if value and count > 1]
            if doubled:
                raise Refused(409, f"Duplicate values of {name} found in batch input: {doubled}", "CONFLICT")

    def _missing(self, keys: Sequence[str], context: Mapping[str, Sequence[str]] | None = None) -> Result:
        message = (
            f"Could not get some {self._shelf.kind.singular.upper()} objects, they may be deleted or not exist. "
            "Check that ids are valid."
        )
        return error_item("OBJECT_NOT_FOUND", message, {"ids": list(keys), **(context or {})})

    def _answer(self, results: Sequence[Result | msgspec.Raw], errors: Sequence[Result], status: int) -> SimResponse:
        """Results come in another order than the inputs, as they do."""
        now = self._portal.now
        body = {"status": "COMPLETE", "results": list(reversed(results)), "startedAt": now, "completedAt": now}
        if not errors:
            return ok(body, status)
        return ok({**body, "numErrors": len(errors), "errors": list(errors)}, self._portal.switches.partial_status)


class _Missing(Exception):
    """An input means no record."""


def _inputs(body: Mapping[str, Any], most: int) -> Sequence[Input]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(given, dict) for given in inputs):
        raise Refused(400, "Invalid input JSON: inputs must be a list of objects")
    if not 1 <= len(inputs) <= most:
        raise invalid(f"The batch has {len(inputs)} inputs; between 1 and {most} are allowed")
    return inputs


def _refuse_doubles(inputs: Sequence[Input]) -> None:
    counts = Counter(str(given.get("id")).lower() for given in inputs)
    doubled = [key for key, count in counts.items() if count > 1]
    if doubled:
        names = ", ".join(doubled)
        message = f"Duplicate IDs found in batch input: [{names}]. IDs must be unique"
        raise invalid(message, context={"ids": doubled})


def _traced(inputs: Sequence[Input]) -> bool:
    traces = [given.get("objectWriteTraceId") for given in inputs]
    return None not in traces and len(set(traces)) == len(traces)


def _trace(given: Input) -> dict[str, list[str]]:
    return {"objectWriteTraceId": [str(given["objectWriteTraceId"])]}


def _error(refused: Refused, given: Input) -> Result:
    """The entry of an input that failed alone."""
    context, message = _trace(given), str(refused)
    if refused.status == 409:
        context["existingId"] = [message.rpartition(" ")[2]]
    if given.get("id") is not None:
        context["ids"] = [str(given["id"])]
    more = {key: refused.body[key] for key in ("errors", "subCategory") if key in refused.body}
    return error_item(str(refused.body.get("category", "VALIDATION_ERROR")), message, context, **more)


def _without_id(refused: Refused) -> Refused:
    """In a whole batch, the conflict does not tell with whom."""
    if refused.status != 409:
        return refused
    return Refused(409, str(refused).partition(". Existing")[0], "CONFLICT")
