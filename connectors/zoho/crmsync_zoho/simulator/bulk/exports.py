"""Bulk read: `/crm/bulk/v8/read`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from crmsync.sandbox import SimResponse, SlidingWindow
from crmsync_zoho.simulator.answers import Refused, nothing, ok
from crmsync_zoho.simulator.bulk.files import ZIP_HEADERS, zipped
from crmsync_zoho.simulator.bulk.jobs import EXPORT_STEPS, check_callback, step, unknown_job
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.callbacks import Outbox
from crmsync_zoho.simulator.catalogue import HIDDEN_IN_LISTS, Field
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.coql.plan import Planner
from crmsync_zoho.simulator.coql.tree import Condition, Path, Query, comparisons
from crmsync_zoho.simulator.criteria import read_bulk
from crmsync_zoho.simulator.instants import DAY_S
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.scan import Row, Span, scan
from crmsync_zoho.simulator.tokens import PageTokens, Place

CRITERIA_MAX, VALUES_MAX, PAGE_MAX = 25, 200, 500
RESULTS_KEPT = 8  # the rest is made again when asked for


@dataclass(slots=True)
class _Job:
    id: str
    shelf: Shelf
    query: dict[str, Any]
    paths: list[Path]
    condition: Condition | None
    offset: int
    page: int
    binding: str
    created_s: int
    callback: str
    error: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class _Result:
    packed: bytes
    count: int
    more: bool


class Exports:
    """The bulk-read jobs of an org."""

    def __init__(self, org: Org, outbox: Outbox) -> None:
        self._org, self._outbox = org, outbox
        self._tokens = PageTokens(org)
        self._jobs: dict[str, _Job] = {}
        self._results: dict[str, _Result] = {}
        self._downloads = SlidingWindow(org.switches.bulk.downloads, 60)

    def answer(self, call: Call) -> SimResponse | None:
        match (call.method, *call.parts[1:]):
            case ("POST",):
                return self._create(call)
            case ("GET", job_id):
                return ok({"data": [self._shown(self._there(job_id))]})
            case ("GET", job_id, "result"):
                return self._download(self._there(job_id))
        return None

    def settle(self) -> None:
        """Tell of the jobs that are done by now."""
        for job in self._jobs.values():
            if job.callback and not job.told and self._state(job) in ("COMPLETED", "FAILURE"):
                job.told = True
                self._outbox.add(job.callback, self._shown(job))

    def _create(self, call: Call) -> SimResponse:
        body = call.json()
        callback = check_callback(body.get("callback"))
        query = body.get("query")
        if not isinstance(query, dict):
            raise Refused(400, "QUERY_NOT_SUPPORTED", "the query is not supported", {})
        if body.get("file_type", "csv") != "csv":
            raise Refused(400, "INVALID_DATA", "invalid data", {"api_name": "file_type", "supported_values": ["csv"]})
        shelf = self._shelf(query)
        paths = self._paths(shelf, query)
        condition = self._condition(shelf, query)
        binding = self._tokens.binding(shelf.module.api_name, [path.text for path in paths], query.get("criteria"))
        offset, page = self._place(query, binding)
        shown = {
            **query,
            "module": {"api_name": shelf.module.api_name, "id": self._org.module_id(shelf.module.api_name)},
        }
        job = _Job(
            str(self._org.new_id()), shelf, {**shown, "page": page}, paths, condition, offset, page, binding,
            self._org.now_s, callback, self._org.switches.bulk.error,
        )  # fmt: skip
        self._jobs[job.id] = job
        details = {"id": job.id, "operation": "read", "state": "ADDED", **self._by(job)}
        row = {"status": "success", "code": "ADDED_SUCCESSFULLY", "message": "Added successfully.", "details": details}
        return ok({"data": [row], "info": {}}, 201)

    def _shelf(self, query: Mapping[str, Any]) -> Shelf:
        module = query.get("module")
        name = module.get("api_name") if isinstance(module, dict) else module
        shelf = self._org.shelves.get(str(name))
        if shelf is None:
            details = {"api_name": "module", "module": str(name)}
            raise Refused(400, "MODULE_NOT_AVAILABLE", "the module is not available", details)
        return shelf

    def _paths(self, shelf: Shelf, query: Mapping[str, Any]) -> list[Path]:
        """The fields to export; all of them, if none are named."""
        names = query.get("fields") or [f.name for f in shelf.catalogue if f.type not in HIDDEN_IN_LISTS]
        paths = [Path(str(name)) for name in names if str(name).lower() != "id"]
        planner = self._planner(shelf)
        for path in paths:
            try:
                planner.field(path, "select")
            except Refused:
                details = {"api_name": path.text}
                raise Refused(400, "FIELD_NOT_AVAILABLE", "the field is not available", details) from None
        return paths

    def _condition(self, shelf: Shelf, query: Mapping[str, Any]) -> Condition | None:
        if not query.get("criteria"):
            return None
        condition = read_bulk(query["criteria"])
        if len(comparisons(condition)) > CRITERIA_MAX:
            details = {"max_limit": CRITERIA_MAX}
            raise Refused(400, "CRITERIA_LIMIT_EXCEEDED", "too many criteria", details)
        try:
            self._planner(shelf).plan(condition)
        except Refused as refused:
            raise Refused(400, "INVALID_CRITERIA", str(refused), refused.details) from None
        return condition

    def _place(self, query: Mapping[str, Any], binding: str) -> tuple[int, int]:
        """Records that come before this job's, and the number of its page."""
        if query.get("page_token"):
            place = self._tokens.read(str(query["page_token"]), binding, 1 << 62)
            return place.offset, place.page
        page = query.get("page") or 1
        if not isinstance(page, int) or not 1 <= page <= PAGE_MAX:
            raise Refused(400, "PAGE_RANGE_EXCEEDED", "the page is out of range", {"max_limit": PAGE_MAX})
        return (page - 1) * self._org.switches.paging.bulk_page, page

    def _there(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise unknown_job(job_id)
        return self._jobs[job_id]

    def _state(self, job: _Job) -> str:
        state = step(self._org, job.created_s, EXPORT_STEPS)
        return "FAILURE" if state == "COMPLETED" and job.error else state

    def _shown(self, job: _Job) -> dict[str, Any]:
        state = self._state(job)
        shown = {"id": job.id, "operation": "read", "state": state, "query": job.query, **self._by(job)}
        shown["file_type"] = "csv"
        if state == "FAILURE":
            shown["result"] = {"error_message": {"message": job.error}}
        if state == "COMPLETED":
            shown["result"] = self._told(job)
        return shown

    def _told(self, job: _Job) -> dict[str, Any]:
        """What a finished job says of its result."""
        result, paging = self._result(job), self._org.switches.paging
        told = {
            "page": job.page,
            "count": result.count,
            "download_url": f"/crm/bulk/v8/read/{job.id}/result",
            "per_page": paging.bulk_page,
            "more_records": result.more,
        }
        if result.more:
            expires_s = self._org.now_s + paging.token_s
            place = Place(job.page + 1, job.offset + result.count, (0, 0), 0, job.binding, expires_s)
            told["next_page_token"] = self._tokens.make(place)
        return told

    def _download(self, job: _Job) -> SimResponse:
        limits = self._org.switches
        if self._org.now_s >= job.created_s + DAY_S:
            raise unknown_job(job.id)
        if self._state(job) != "COMPLETED":
            return nothing()
        self._downloads.limit = limits.bulk.downloads
        if limits.limits.on and not self._downloads.take(self._org.clock.monotonic()):
            raise Refused(limits.limits.throttle_status, limits.limits.throttle_code, "too many downloads")
        name = f'attachment; filename="{job.id}.zip"'
        return SimResponse(200, {**ZIP_HEADERS, "Content-Disposition": name}, self._result(job).packed)

    def _result(self, job: _Job) -> _Result:
        """What the org has when a job's result is first asked for."""
        if job.id not in self._results:
            if len(self._results) >= RESULTS_KEPT:
                self._results.pop(next(iter(self._results)))
            size = self._org.switches.paging.bulk_page
            rows = list(islice(self._rows(job), job.offset, job.offset + size + 1))
            packed = zipped(f"{job.id}.csv", self._lines(job, rows[:size]))
            self._results[job.id] = _Result(packed, min(len(rows), size), len(rows) > size)
        return self._results[job.id]

    def _rows(self, job: _Job) -> Iterator[Row]:
        if job.condition is None:
            return scan(job.shelf.table, Span())
        planner = self._planner(job.shelf)
        plan = planner.plan(job.condition)
        rows = scan(job.shelf.table, plan.span)
        return (row for row in rows if plan.match(planner.version(row)))

    def _lines(self, job: _Job, rows: list[Row]) -> Iterator[list[str]]:
        planner = self._planner(job.shelf)
        shapes = [(path, partial(self._cell, planner.field(path, "select"))) for path in job.paths]
        yield ["Id", *(path.text for path in job.paths)]
        for row in rows:
            version = planner.version(row)
            yield [str(version.id), *(shape(planner.value(version, path)) for path, shape in shapes)]

    def _cell(self, field: Field, value: Value) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, tuple):
            return ";".join(value)
        return self._org.zone.iso(int(value)) if field.type == "datetime" else str(value)

    def _by(self, job: _Job) -> dict[str, Any]:
        return {"created_by": self._org.users[0].brief, "created_time": self._org.zone.iso(job.created_s)}

    def _planner(self, shelf: Shelf) -> Planner:
        return Planner(self._org, shelf, _no_query, VALUES_MAX)


def _no_query(query: Query) -> list[Any]:
    raise Refused(400, "CRITERIA_NOT_SUPPORTED", "an export has no queries within", {"module": query.module})
