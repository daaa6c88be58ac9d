"""Bulk write: the upload of a file, and `/crm/bulk/v8/write`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator.answers import Refused, Row, nothing, ok
from crmsync_zoho.simulator.bulk.cells import read_cell
from crmsync_zoho.simulator.bulk.files import ZIP_HEADERS, unzipped, uploaded, zipped
from crmsync_zoho.simulator.bulk.jobs import IMPORT_STEPS, check_callback, step, unknown_job
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.callbacks import Outbox
from crmsync_zoho.simulator.edits import Edits
from crmsync_zoho.simulator.instants import DAY_S
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.writing import Writing

RESULT_S = 7 * DAY_S
OPERATIONS = ("insert", "update", "upsert")
Csv = list[list[str]]


@dataclass(slots=True)
class _Job:
    id: str
    body: Mapping[str, Any]
    shelf: Shelf
    name: str  # of the CSV file
    rows: Csv
    created_s: int
    callback: str
    done: list[Row] | None = None  # one a row, once the job was carried out
    code: str = ""  # why the file was skipped as a whole

    def counts(self) -> dict[str, int]:
        added, updated = (sum(row.get("what") == what for row in self.done or ()) for what in ("ADDED", "UPDATED"))
        total = len(self.rows) - 1 if self.done is not None else 0
        return {
            "added_count": added,
            "skipped_count": total - added - updated,
            "updated_count": updated,
            "total_count": total,
        }


class Imports:
    """The uploads and bulk-write jobs of an org."""

    def __init__(self, org: Org, edits: Edits, outbox: Outbox) -> None:
        self._org, self._edits, self._outbox = org, edits, outbox
        self._files: dict[str, dict[str, Csv]] = {}
        self._jobs: dict[str, _Job] = {}

    def upload(self, call: Call) -> SimResponse:
        """`POST /upload` with a ZIP file, for this org, for this purpose."""
        headers, limits = call.request.headers, self._org.switches.bulk
        if headers.get("feature") != "bulk-write":
            raise Refused(400, "NOT_SUPPORTED_FEATURE", "the feature is not supported", {})
        if headers.get("x-crm-org") != self._org.zgid:
            raise Refused(400, "INVALID_DATA", "the org given seems to be invalid", {"header_name": "X-CRM-ORG"})
        packed = uploaded(call.request.body, headers.get("content-type", ""))
        if packed is None:
            raise Refused(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "file"})
        if len(packed) > limits.zip_bytes_max:
            raise Refused(413, "REQUEST_ENTITY_TOO_LARGE", "the file is too large", {"limit": limits.zip_bytes_max})
        try:
            files = unzipped(packed)
        except (ValueError, UnicodeDecodeError):
            raise Refused(400, "INVALID_FILE_FORMAT", "the file is no zip file of csv", {}) from None
        file_id = str(self._org.new_id())
        self._files[file_id] = files
        details = {"file_id": file_id, "created_time": self._org.now}
        body = {"status": "success", "code": "FILE_UPLOAD_SUCCESS", "message": "file uploaded.", "details": details}
        return ok(body)

    def answer(self, call: Call) -> SimResponse | None:
        match (call.method, *call.parts[1:]):
            case ("POST",):
                return self._create(call)
            case ("GET", job_id):
                return ok(self._shown(self._there(job_id), call.base_url))
            case ("GET", job_id, "result"):
                return self._download(self._there(job_id))
        return None

    def settle(self) -> None:
        """Carry out the jobs whose time has come."""
        for job in self._jobs.values():
            if job.done is None and self._state(job) == "COMPLETED":
                job.done = self._carried_out(job)
                if job.callback:
                    self._outbox.add(job.callback, self._shown(job, "https://www.zohoapis.com"))

    def _create(self, call: Call) -> SimResponse:
        body = call.json()
        callback = check_callback(body.get("callback"))
        resources = body.get("resource")
        if body.get("operation") not in OPERATIONS or not isinstance(resources, list) or len(resources) != 1:
            raise Refused(400, "INVALID_DATA", "invalid data", {"api_name": "operation or resource"})
        resource = resources[0]
        module = resource.get("module")
        name = module.get("api_name") if isinstance(module, dict) else module
        shelf = self._org.shelves.get(str(name))
        if shelf is None:
            raise Refused(400, "MODULE_NOT_AVAILABLE", "the module is not available", {"module": str(name)})
        files = self._files.get(str(resource.get("file_id")))
        if files is None:
            raise Refused(400, "FILE_NOT_FOUND", "the file is not there", {"file_id": str(resource.get("file_id"))})
        if body["operation"] != "insert" and not resource.get("find_by"):
            message = "Required key find_by is not available"
            raise Refused(400, "MANDATORY_NOT_FOUND", message, {"api_name": "find_by"})
        wanted = resource.get("file_names") or list(files)
        rows = files.get(str(wanted[0]), []) if wanted else []
        job = _Job(str(self._org.new_id()), body, shelf, str(wanted[0]), rows, self._org.now_s, callback)
        job.code = self._fault(rows)
        self._jobs[job.id] = job
        details = {"id": job.id, "created_by": self._org.users[0].brief}
        return ok({"status": "success", "code": "SUCCESS", "message": "success", "details": details}, 201)

    def _fault(self, rows: Csv) -> str:
        limits = self._org.switches.bulk
        if not rows:
            return "FILE_NOT_SUPPORTED"
        if len(rows) - 1 > limits.rows_max or len(rows[0]) > limits.columns_max:
            return "LIMIT_EXCEEDED"
        return ""

    def _state(self, job: _Job) -> str:
        state = step(self._org, job.created_s, IMPORT_STEPS)
        return "FAILED" if state == "COMPLETED" and job.code else state

    def _there(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise unknown_job(job_id)
        return self._jobs[job_id]

    def _shown(self, job: _Job, base_url: str) -> dict[str, Any]:
        state, resource = self._state(job), job.body["resource"][0]
        per_file = "SKIPPED" if state == "FAILED" else state
        shown = {
            "status": state,
            "character_encoding": job.body.get("character_encoding", "UTF-8"),
            "resource": [
                {
                    "status": per_file,
                    "type": "data",
                    "module": {
                        "api_name": job.shelf.module.api_name,
                        "id": self._org.module_id(job.shelf.module.api_name),
                    },
                    "ignore_empty": bool(job.body.get("ignore_empty", resource.get("ignore_empty", False))),
                    "field_mappings": [self._mapping(each) for each in resource.get("field_mappings") or ()],
                    "file": {"status": per_file, "name": job.name, **job.counts()},
                    **({"code": job.code} if job.code else {}),
                }
            ],
            "id": job.id,
            "created_by": self._org.users[0].brief,
            "operation": job.body["operation"],
            "created_time": self._org.zone.iso(job.created_s),
        }
        if job.body.get("callback"):
            shown["callback"] = job.body["callback"]
        if state == "COMPLETED":
            path = f"/v2/crm/{self._org.zgid}/bulk-write/{job.id}/{job.id}.zip"
            shown["result"] = {"download_url": base_url + path}
        return shown

    def _mapping(self, given: Mapping[str, Any]) -> dict[str, Any]:
        names = ("api_name", "index", "format", "find_by", "default_value", "parent_column_index", "module")
        return {"format": None, "find_by": None, **{name: given[name] for name in names if given.get(name) is not None}}

    def _carried_out(self, job: _Job) -> list[Row]:
        writing = Writing(self._org, job.shelf, self._edits)
        return [self._written(job, writing, cells) for cells in job.rows[1:]]

    def _written(self, job: _Job, writing: Writing, cells: Sequence[str]) -> Row:
        """One line of the file: what became of it, as a row with `what`."""
        operation, find_by = job.body["operation"], str(job.body["resource"][0].get("find_by") or "id")
        try:
            row = self._row(job, cells)
            if operation == "insert":
                return {**writing.insert_row(row, "$"), "what": "ADDED"}
            if operation == "update":
                external = "" if find_by == "id" else find_by
                return {**writing.update_row(row, "$", external), "what": "UPDATED"}
            done = writing.upsert_row(row, "$", [] if find_by == "id" else [find_by])
        except Refused as refused:
            return {**refused.body, "what": "SKIPPED"}
        return {**done, "what": "ADDED" if done["action"] == "insert" else "UPDATED"}

    def _row(self, job: _Job, cells: Sequence[str]) -> Row:
        resource, row = job.body["resource"][0], {}
        ignore_empty = bool(job.body.get("ignore_empty", resource.get("ignore_empty", False)))
        mappings = resource.get("field_mappings")
        if mappings is None:  # the headers are names of fields
            mappings = [{"api_name": name, "index": place} for place, name in enumerate(job.rows[0])]
        for each in mappings:
            name, place = str(each.get("api_name")), each.get("index")
            text = cells[place] if isinstance(place, int) and place < len(cells) else ""
            if text == "" and isinstance(each.get("default_value"), dict):
                text = str(each["default_value"].get("value", ""))
            if text == "" and ignore_empty:
                continue
            target = job.shelf.catalogue.get(name)
            if name == "id":
                row["id"] = text
            elif target is not None:
                row[name] = read_cell(self._org, target, text, each.get("format"), each.get("find_by"))
        return row

    def _download(self, job: _Job) -> SimResponse:
        if self._org.now_s >= job.created_s + RESULT_S:
            raise unknown_job(job.id)
        if job.done is None:
            return nothing()
        return SimResponse(200, ZIP_HEADERS, zipped(job.name, self._lines(job)))

    def _lines(self, job: _Job) -> list[list[str]]:
        lines = [[*job.rows[0], *self._org.switches.bulk.result_columns]]
        for cells, row in zip(job.rows[1:], job.done or (), strict=True):
            wrong = "" if row["status"] == "success" else f"{row['code']}: {row['details'].get('api_name', '')}"
            lines.append([*cells, str(row["details"].get("id", "")), str(row["what"]), wrong.rstrip(": ")])
        return lines
