"""The org from Python: what a test does to it behind the client's back, and what is true in it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crmsync.clock import Clock, SystemClock
from crmsync.sandbox import Faults
from crmsync_zoho.simulator.access import ALL_SCOPES, STATIC_TOKEN, Access, Token
from crmsync_zoho.simulator.callbacks import Callback
from crmsync_zoho.simulator.catalogue import LOOKUPS
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.instants import read_iso, to_s
from crmsync_zoho.simulator.oauth import CODE_S, REFRESH_TOKEN, App
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.quota import Quota
from crmsync_zoho.simulator.services import Services
from crmsync_zoho.simulator.switches import Switches
from crmsync_zoho.simulator.table import CONVERTED, Version
from crmsync_zoho.simulator.trouble import trouble

Record = dict[str, Any]
ZONE = "Europe/Berlin"


class Control:
    """Modules have their API names, ids are texts, values are what a client would write. Safe from any thread.

    `lag` is the time in seconds until the search index sees a change; without it `switches.lag` decides.
    """

    def __init__(self, records: int = 100, seed: int = 0, clock: Clock | None = None, zone: str = ZONE) -> None:
        self.clock = clock or SystemClock()
        self.org = Org(records, seed, self.clock, zone)
        self.faults = Faults()
        self._services = Services(self.org)
        self._edits = self._services.edits
        self._lock = threading.RLock()

    @property
    def switches(self) -> Switches:
        return self.org.switches

    @property
    def access(self) -> Access:
        """The access tokens."""
        return self._services.access

    @property
    def app(self) -> App:
        """The client that is registered: codes and refresh tokens."""
        return self._services.app

    @property
    def quota(self) -> Quota:
        """What the org may use, and has used."""
        return self._services.quota

    @property
    def options(self) -> Mapping[str, str]:
        return {
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "refresh_token": REFRESH_TOKEN,
            "accounts_url": "$url",
        }

    def create(self, module: str, values: Mapping[str, object], *, lag: float | None = None) -> str:
        """A new record; its id. Nothing is checked but names: a test may write what a client may not."""
        with self._lock:
            return str(self._edits.create(module, self._values(module, values), lag_s=lag).id)

    def update(self, module: str, record_id: str, values: Mapping[str, object], *, lag: float | None = None) -> None:
        """Change values; None clears one."""
        with self._lock:
            self._edits.change(module, self._there(module, record_id), self._values(module, values), lag_s=lag)

    def delete(self, module: str, record_id: str, *, lag: float | None = None) -> None:
        """Put a record into the recycle bin."""
        with self._lock:
            self._edits.delete(module, self._there(module, record_id), lag_s=lag)

    def restore(self, module: str, record_id: str, *, lag: float | None = None) -> None:
        """Take a record out of the recycle bin."""
        with self._lock:
            self._edits.restore(module, self._there(module, record_id, deleted=True), lag_s=lag)

    def purge(self, module: str, record_id: str, *, lag: float | None = None) -> None:
        """Remove a record for good, from the bin too."""
        with self._lock:
            version = self.org.table(module).get(int(record_id))
            if version is None:
                raise KeyError(f"{module} {record_id} is not there")
            self._edits.purge(module, version, lag_s=lag)

    def merge(self, module: str, master: str, other: str, *, lag: float | None = None) -> None:
        """Merge two records; the master stays, the other one is deleted."""
        with self._lock:
            self._edits.merge(module, self._there(module, master), self._there(module, other), lag_s=lag)

    def convert(self, lead: str) -> None:
        """Mark a lead as converted: lists leave it out, COQL does not."""
        with self._lock:
            version = self._there("Leads", lead)
            changed = replace(version, changes={**version.changes, CONVERTED: True})
            self._edits.touch("Leads", changed, self.org.now_s)

    def bulk_touch(
        self, module: str, record_ids: Iterable[str], *, at: datetime | None = None, lag: float | None = None
    ) -> None:
        """Give many records the same time of change, as an import does."""
        with self._lock:
            moment_s = self.org.now_s if at is None else to_s(at)
            for record_id in record_ids:
                self._edits.touch(module, self._there(module, record_id), moment_s, lag_s=lag)

    def ids(self, module: str) -> list[str]:
        """Ids of all live records, rising."""
        with self._lock:
            return [str(record_id) for record_id in self.org.table(module).ids()]

    def live(self, module: str) -> dict[str, Record]:
        """The truth: each live record's set fields."""
        with self._lock:
            return {record_id: self.get(module, record_id) for record_id in self.ids(module)}

    def get(self, module: str, record_id: str) -> Record:
        """One live record of the truth: what is set, lookups as ids, times as the API writes them.

        Raises KeyError when it is not there.
        """
        with self._lock:
            shelf, version = self._shelf(module), self._there(module, record_id)
            found = {field.name: shelf.table.value(version, field.name) for field in shelf.catalogue}
            return {name: self._told(shelf, name, value) for name, value in found.items() if value is not None}

    def deleted(self, module: str) -> dict[str, str]:
        """What the list of deleted records would tell: id and type."""
        with self._lock:
            return {str(stone.id): stone.type for stone in self._shelf(module).bin.listed(self.org.now_s)}

    def add_field(
        self, module: str, name: str, data_type: str = "text", *, length: int = 255, unique: bool = False,
        options: Sequence[str] = (), target: str = "",
    ) -> None:  # fmt: skip
        """Define a custom field."""
        with self._lock:
            self._shelf(module).catalogue.add(
                name, data_type, length=length, unique=unique, options=options, target=target
            )

    def drop_field(self, module: str, name: str) -> None:
        """Delete a custom field: its values are no longer shown."""
        with self._lock:
            self._shelf(module).catalogue.drop(name)

    def fail(
        self, status: int, match: str = "", *, times: int = 1, skip: int = 0, when: str = "before", code: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Answer the next matching requests with a status, in the API's words; `when="after"`: they are carried out."""
        self.faults.add(
            trouble(status, match, times=times, skip=skip, when=when, code=code, details=dict(details or {}))
        )

    def grant(self, *scopes: str, token: str = "1000.0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f.00") -> str:
        """Make an access token valid, with these scopes or all of them; the token."""
        self.access.tokens[token] = Token(scopes or ALL_SCOPES)
        return token

    def expire(self, token: str = STATIC_TOKEN) -> None:
        """Let an access token be out of date."""
        self.access.expire(token)

    def expire_all(self) -> None:
        """Let every access token be out of date, in the middle of a run."""
        with self._lock:
            for token in list(self.access.tokens):
                self.access.expire(token)

    def self_client_code(self, *scopes: str, lasts_s: int = CODE_S) -> str:
        """A code that a person makes in the API console."""
        return self._services.oauth.grant(scopes or ALL_SCOPES, lasts_s)

    def callbacks(self) -> list[Callback]:
        """The callbacks that have arrived since the last call, in order of arrival; nothing is sent by itself."""
        with self._lock:
            return self._services.callbacks()

    def _shelf(self, module: str) -> Shelf:
        return self.org.shelves[module]

    def _there(self, module: str, record_id: str, *, deleted: bool = False) -> Version:
        version = self.org.table(module).get(int(record_id))
        if version is None or (version.deleted_s is not None) is not deleted:
            raise KeyError(f"{module} {record_id} is not {'deleted' if deleted else 'live'}")
        return version

    def _values(self, module: str, values: Mapping[str, object]) -> dict[str, Value]:
        known = self._shelf(module).catalogue.fields
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValueError(f"{module} have no field {', '.join(unknown)}")
        return {name: _kept(known[name].type, value) for name, value in values.items()}

    def _told(self, shelf: Shelf, name: str, value: Value) -> object:
        kind = shelf.catalogue.fields[name].type
        if kind == "datetime" and isinstance(value, int):
            return self.org.zone.iso(value)
        if kind in LOOKUPS or kind == "bigint":
            return str(value)
        return list(value) if isinstance(value, tuple) else value


def _kept(kind: str, value: Any) -> Value:
    if value is None or value == "":
        return None
    if kind in LOOKUPS or kind == "bigint":
        return int(value["id"] if isinstance(value, Mapping) else value)
    if kind == "datetime":
        moment = read_iso(value)
        if moment is None:
            raise ValueError(f"{value} is no time with an offset")
        return moment
    return tuple(value) if isinstance(value, list) else value
