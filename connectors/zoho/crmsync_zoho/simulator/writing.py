"""Insert, update, upsert and delete: row by row, in the order of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync_zoho.simulator.answers import Refused, Row, invalid, missing_parameter, ok, rows_answer
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.edits import Edits
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.instants import read_iso
from crmsync_zoho.simulator.matching import check_fields, duplicate, duplicate_data, external_field, keyed, meant
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.table import Version
from crmsync_zoho.simulator.values import NewAccount, Written, checked

IDS_MAX = 100
TRIGGERS = ("workflow", "approval", "blueprint", "pathfinder", "orchestration")


class Writing:
    """Writes to the records of one module on behalf of one request; its rows share a moment."""

    def __init__(self, org: Org, shelf: Shelf, edits: Edits) -> None:
        self._org, self._shelf, self._edits = org, shelf, edits
        self._module, self._at_s = shelf.module.api_name, org.stamp_s
        self._triggers: tuple[str, ...] = ()

    def insert(self, call: Call) -> SimResponse:
        """`POST /{Module}`."""
        return self._each(call, lambda row, path: self.insert_row(row, path), done=201)

    def update(self, call: Call) -> SimResponse:
        """`PUT /{Module}`."""
        external = external_field(self._shelf, call)
        return self._each(call, lambda row, path: self.update_row(row, path, external), done=200)

    def upsert(self, call: Call) -> SimResponse:
        """`POST /{Module}/upsert`."""
        names = check_fields(self._shelf, call.json().get("duplicate_check_fields"))
        return self._each(call, lambda row, path: self.upsert_row(row, path, names), done=200)

    def update_one(self, call: Call, key: str) -> SimResponse:
        """`PUT /{Module}/{id}`, if it was not changed since the time in the header If-Unmodified-Since."""
        version = keyed(self._org, self._shelf, call, key)
        key = key if version is None else str(version.id)
        since_s = read_iso(call.request.headers.get("if-unmodified-since", ""))
        if version is not None and since_s is not None and version.modified_s > since_s:
            refused = Refused(412, "ALREADY_MODIFIED", "record already modified", self._details(version))
            return ok({"data": [refused.body]}, 412)
        return self._each(call, lambda row, path: self.update_row({**row, "id": key}, path, ""), done=200)

    def delete(self, call: Call) -> SimResponse:
        """`DELETE /{Module}?ids=`."""
        ids = call.many("ids")
        if not ids:
            raise missing_parameter("ids")
        if len(ids) > IDS_MAX:
            details = {"limit": IDS_MAX, "param_name": "ids"}
            raise Refused(400, "LIMIT_EXCEEDED", f"more than {IDS_MAX} ids were given", details)
        return self._answer([self._row(self._delete_row, key, "") for key in ids], 200)

    def delete_one(self, call: Call, key: str) -> SimResponse:
        """`DELETE /{Module}/{id}`."""
        version = keyed(self._org, self._shelf, call, key)
        key = key if version is None else str(version.id)
        return self._answer([self._row(self._delete_row, key, "")], 200)

    def insert_row(self, row: Mapping[str, Any], path: str) -> Row:
        """Create a record; it may be like another one, but for unique fields."""
        values = checked(self._org, self._shelf, row, path, None)
        names = self._shelf.catalogue.unique_names()
        if self._org.switches.check_duplicates:
            names = [*names, self._shelf.module.check]
        self._refuse_duplicate(values, names, path)
        self._hook("create", "")
        return self._added(values)

    def update_row(self, row: Mapping[str, Any], path: str, external: str) -> Row:
        """Change the record that a row names."""
        version = meant(self._shelf, self._org, row, path, external)
        values = checked(self._org, self._shelf, row, path, version)
        self._refuse_duplicate(values, self._shelf.catalogue.unique_names(), path, version.id)
        return self._changed(version, values)

    def upsert_row(self, row: Mapping[str, Any], path: str, names: list[str]) -> Row:
        """Change the record that a row names or is like, or create one."""
        if "id" in row:
            done, action, field = self.update_row(row, path, ""), "update", None
            return {**done, "action": action, "duplicate_field": field}
        values = checked(self._org, self._shelf, row, path, self._like(row, names))
        found = duplicate(self._org, self._shelf, values, names)
        if found is None:
            self._hook("create", "")
            return {**self._added(values), "action": "insert", "duplicate_field": None}
        name, version = found
        self._refuse_duplicate(values, self._shelf.catalogue.unique_names(), path, version.id)
        return {**self._changed(version, values), "action": "update", "duplicate_field": name}

    def _like(self, row: Mapping[str, Any], names: list[str]) -> Version | None:
        """The record that a row is like, before its values were checked: then less is mandatory."""
        texts: Written = {name: row[name] for name in names if isinstance(row.get(name), str)}
        found = duplicate(self._org, self._shelf, texts, names)
        return None if found is None else found[1]

    def _each(self, call: Call, write: Callable[[Mapping[str, Any], str], Row], done: int) -> SimResponse:
        rows = call.rows()
        self._triggers = _triggers(call.json())
        results = [self._row(write, row, f"$.data[{place}]") for place, row in enumerate(rows)]
        return self._answer(results, done)

    def _row(self, write: Callable[[Any, str], Row], row: Any, path: str) -> Row:
        try:
            if not isinstance(row, dict | str):
                raise invalid("invalid data", expected_data_type="jsonobject", json_path=path)
            return write(row, path)
        except Refused as refused:
            return refused.body

    def _answer(self, rows: list[Row], done: int) -> SimResponse:
        return rows_answer(rows, done, self._org.switches.partial_status)

    def _added(self, values: Written) -> Row:
        version = self._edits.create(self._module, self._plain(values), at_s=self._at_s)
        return self._success(version, "record added")

    def _changed(self, version: Version, values: Written) -> Row:
        self._hook("update", str(version.id))
        changed = self._edits.change(self._module, version, self._plain(values), at_s=self._at_s)
        return self._success(changed, "record updated")

    def _delete_row(self, key: str, _: str) -> Row:
        version = self._shelf.table.live(int(key)) if is_id(key) else None
        if version is None:
            raise invalid("record not deleted", id=key)
        self._hook("delete", key)
        self._edits.delete(self._module, version, at_s=self._at_s)
        return {"code": "SUCCESS", "details": {"id": key}, "message": "record deleted", "status": "success"}

    def _plain(self, values: Written) -> dict[str, Value]:
        """The values, with the accounts made that were written by name."""
        plain: dict[str, Value] = {}
        for name, value in values.items():
            if isinstance(value, NewAccount):
                shelf = self._org.shelves["Accounts"]
                found = self._org.found(shelf, "Account_Name", value.name)
                made = (
                    found[0] if found else self._edits.create("Accounts", {"Account_Name": value.name}, at_s=self._at_s)
                )
                plain[name] = made.id
            else:
                plain[name] = value
        return plain

    def _refuse_duplicate(self, values: Written, names: list[str], path: str, but: int | None = None) -> None:
        if (found := duplicate(self._org, self._shelf, values, names, but)) is not None:
            raise duplicate_data(self._org, self._shelf, found[0], found[1], path)

    def _hook(self, operation: str, record_id: str) -> None:
        """The troubles that a test ordered."""
        switches = self._org.switches
        if (self._module, record_id) in switches.locked:
            raise Refused(400, "RECORD_LOCKED", "the record is locked", {"id": record_id})
        row = switches.refuse(operation, self._module, record_id) if switches.refuse else None
        if row is not None:
            raise Refused(400, row["code"], row.get("message", "refused"), row.get("details"))

    def _success(self, version: Version, message: str) -> Row:
        if self._triggers:
            self._org.fired.append((self._module, str(version.id), self._triggers))
        return {"code": "SUCCESS", "details": self._details(version), "message": message, "status": "success"}

    def _details(self, version: Version) -> dict[str, Any]:
        org = self._org
        creator, changer = (org.user(user_id) for user_id in (version.created_by, version.modified_by))
        details = {
            "Modified_Time": org.zone.iso(version.modified_s),
            "Modified_By": changer and changer.brief,
            "Created_Time": org.zone.iso(version.created_s),
            "id": str(version.id),
            "Created_By": creator and creator.brief,
        }
        return {**details, "$approval_state": "approved"} if org.switches.approval_state else details


def _triggers(body: Mapping[str, Any]) -> tuple[str, ...]:
    """What a write sets off: everything, unless it says what."""
    given = body.get("trigger", list(TRIGGERS))
    if not isinstance(given, list) or any(each not in TRIGGERS for each in given):
        raise invalid("invalid data", api_name="trigger", json_path="$.trigger", supported_values=list(TRIGGERS))
    return tuple(given)
