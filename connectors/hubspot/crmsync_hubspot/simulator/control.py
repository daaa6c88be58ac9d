"""The portal from Python: what a test does to it behind the client's back, and what is true in it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmsync.clock import Clock, SystemClock
from crmsync.sandbox import Faults
from crmsync.sandbox.columns import Value
from crmsync_hubspot.simulator.access import ALL_SCOPES, STATIC_TOKEN, Access, Token
from crmsync_hubspot.simulator.baseline import Baseline
from crmsync_hubspot.simulator.edits import Edits, shown
from crmsync_hubspot.simulator.instants import to_ms
from crmsync_hubspot.simulator.kinds import Kind
from crmsync_hubspot.simulator.links import types_between
from crmsync_hubspot.simulator.oauth import App, OAuth
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.switches import Switches
from crmsync_hubspot.simulator.table import Version
from crmsync_hubspot.simulator.trouble import trouble
from crmsync_hubspot.simulator.values import text_of

Record = dict[str, Any]

# What a client of a portal without limits sets; 0: none
UNLIMITED = {"burst": "0", "daily": "0"}


class Control:
    """Kinds are plural (`contacts`), ids are texts, values are what a client would write. Safe from any thread.

    `lag` is the time in seconds until the search index sees a change; without it `switches.lag` decides.
    """

    def __init__(self, records: int = 100, seed: int = 0, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.portal = Portal(records, seed, self.clock)
        self.access = Access(self.clock)
        self.app = App()
        self.faults = Faults()
        self._oauth = OAuth(self.portal, self.access, self.app)
        self._edits = Edits(self.portal)
        self._lock = threading.RLock()

    @property
    def switches(self) -> Switches:
        return self.portal.switches

    @property
    def options(self) -> Mapping[str, str]:
        return {"token": STATIC_TOKEN} | ({} if self.switches.limits.on else UNLIMITED)

    def create(self, kind: str, properties: Mapping[str, object], *, lag: float | None = None) -> str:
        """A new record; its id."""
        with self._lock:
            return str(self._edits.create(kind, self._values(kind, properties), lag).id)

    def update(self, kind: str, record_id: str, properties: Mapping[str, object], *, lag: float | None = None) -> None:
        """Change values; None or an empty text clears one."""
        with self._lock:
            self._edits.change(kind, self._there(kind, record_id), self._values(kind, properties), lag)

    def archive(self, kind: str, record_id: str, *, lag: float | None = None) -> None:
        """Put a record into the bin."""
        with self._lock:
            self._edits.archive(kind, self._there(kind, record_id), lag)

    def restore(self, kind: str, record_id: str, *, lag: float | None = None) -> None:
        """Take a record out of the bin."""
        with self._lock:
            self._edits.restore(kind, self._there(kind, record_id, archived=True), lag)

    def purge(self, kind: str, record_id: str, *, lag: float | None = None) -> None:
        """Remove a record for good, from the bin too."""
        with self._lock:
            self._edits.purge(kind, int(record_id), lag)

    def merge(self, kind: str, primary: str, other: str, *, lag: float | None = None) -> str:
        """Merge two records; the survivor's id."""
        with self._lock:
            return str(self._edits.merge(kind, self._there(kind, primary), self._there(kind, other), lag).id)

    def bulk_touch(
        self, kind: str, record_ids: Iterable[str], *, at: datetime | None = None, lag: float | None = None
    ) -> None:
        """Give many records the same time of change, to the millisecond, as bulk jobs do."""
        with self._lock:
            moment_ms = self.portal.now_ms if at is None else to_ms(at)
            for record_id in record_ids:
                self._edits.touch(kind, self._there(kind, record_id), moment_ms, lag)

    def link(self, kind: str, record_id: str, target: str, other: str, *, primary: bool = False) -> None:
        """Associate two records, as primary or plainly."""
        wanted = "Primary" if primary else None
        with self._lock:
            type_ids = [entry.id for entry in types_between(kind, target) if entry.label == wanted]
            if not type_ids:
                raise ValueError(f"no such association type from {kind} to {target}")
            self._edits.link(kind, int(record_id), target, int(other), type_ids)

    def unlink(self, kind: str, record_id: str, target: str, other: str) -> None:
        """Take an association away."""
        with self._lock:
            self._edits.unlink(kind, int(record_id), target, int(other))

    def ids(self, kind: str) -> list[str]:
        """Ids of all live records, rising."""
        with self._lock:
            table = self.portal.table(kind)
            return [str(record_id) for record_id in table.ids() if table.live(record_id) is not None]

    def live(self, kind: str) -> dict[str, Record]:
        """The truth: each live record's `properties` (set ones), `createdAt` and `updatedAt`."""
        with self._lock:
            return {record_id: self.get(kind, record_id) for record_id in self.ids(kind)}

    def get(self, kind: str, record_id: str) -> Record:
        """One live record of the truth; KeyError when it is not there."""
        with self._lock:
            return shown(self.portal.table(kind), self._there(kind, record_id))

    def archived(self, kind: str) -> list[str]:
        """Ids of what is in the bin."""
        with self._lock:
            return [str(version.id) for version in self.portal.table(kind).archived(self.portal.now_ms)]

    def linked(self, kind: str, record_id: str, target: str) -> list[str]:
        """Ids of the records that one is associated with."""
        with self._lock:
            return [str(other) for other in self.portal.links.of(kind, int(record_id), target)]

    def add_property(
        self, kind: str, name: str, value_type: str = "string", field_type: str = "text", *, unique: bool = False,
        options: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Define a custom property."""
        shelf = self._shelf(kind)
        given = {
            "name": name,
            "label": name.replace("_", " ").capitalize(),
            "type": value_type,
            "fieldType": field_type,
            "groupName": shelf.catalogue.group[0],
            "hasUniqueValue": unique,
            "options": [{"value": value} for value in options],
        }
        with self._lock:
            shelf.catalogue.add(given, self.portal.now)

    def add_object_type(self, type_id: str, plural: str, singular: str) -> None:
        """Define a custom object, `2-NNN`, without records."""
        always = ("createdate", "hs_lastmodifieddate", "hs_object_id")
        kind = Kind(plural, singular, type_id, always[1], always, (), "crm.objects.custom")
        with self._lock:
            self.portal.add(Baseline(kind, 0, 0, self.portal.now_ms, portal=self.portal.id))

    def drop_property(self, kind: str, name: str) -> None:
        """Archive a property: it is no longer known, and its values are no longer shown."""
        with self._lock:
            self._shelf(kind).catalogue.archive(name, self.portal.now)

    def fail(
        self, status: int, match: str = "", *, times: int = 1, skip: int = 0, when: str = "before",
        retry_after_s: int | None = None,
    ) -> None:  # fmt: skip
        """Answer the next matching requests with a status, in the API's words; `when="after"`: they are carried out."""
        self.faults.add(trouble(status, match, times=times, skip=skip, when=when, retry_after_s=retry_after_s))

    def grant(self, *scopes: str, token: str = "pat-na1-ffffffff-0000-4000-8000-000000000000") -> str:
        """Make a static token valid, with these scopes or all of them; the token."""
        self.access.tokens[token] = Token(scopes or ALL_SCOPES)
        return token

    def expire(self, token: str = STATIC_TOKEN) -> None:
        """Let a token be out of date."""
        self.access.expire(token)

    def revoke(self, token: str = STATIC_TOKEN) -> None:
        """Let a token be unknown."""
        self.access.tokens.pop(token, None)

    def authorize(self, *scopes: str) -> str:
        """Consent in the browser: the code that an app exchanges for tokens."""
        return self._oauth.authorize(scopes or ALL_SCOPES)

    def _shelf(self, kind: str) -> Shelf:
        return self.portal.shelves[kind]

    def _there(self, kind: str, record_id: str, *, archived: bool = False) -> Version:
        version = self.portal.table(kind).get(int(record_id))
        if version is None or (version.archived_ms is not None) is not archived:
            raise KeyError(f"{kind} {record_id} is not {'archived' if archived else 'live'}")
        return version

    def _values(self, kind: str, properties: Mapping[str, object]) -> dict[str, Value]:
        """Nothing is checked but names: a test may write what a client may not."""
        unknown = [name for name in properties if name not in self._shelf(kind).catalogue]
        if unknown:
            raise ValueError(f"{kind} have no property {', '.join(unknown)}")
        return {name: None if value in (None, "") else text_of(value) for name, value in properties.items()}
