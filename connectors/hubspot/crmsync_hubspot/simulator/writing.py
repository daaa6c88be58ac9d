"""Writes of one record: create, update, archive, merge and erase. Batches build on these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync.sandbox import SimResponse
from crmsync.sandbox.columns import Value
from crmsync_hubspot.simulator.answers import Refused, invalid, not_found, nothing, ok
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.edits import Edits
from crmsync_hubspot.simulator.links import LINK_TYPES, LinkType
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.reading import find
from crmsync_hubspot.simulator.show import Show
from crmsync_hubspot.simulator.table import Version
from crmsync_hubspot.simulator.values import checked

CALCULATED = {
    "contacts": ("hs_full_name_or_email", "hs_email_domain", "lifecyclestage", "hs_object_source"),
    "companies": ("lifecyclestage", "hs_object_source"),
    "deals": ("hs_is_closed", "hs_is_closed_won", "hs_deal_stage_probability", "closedate", "hs_object_source"),
}
Planned = tuple[dict[str, Value], list[tuple[LinkType, int]]]


class Writing:
    """Writes to the records of one kind on behalf of requests."""

    def __init__(self, portal: Portal, shelf: Shelf, edits: Edits) -> None:
        self._portal, self._shelf, self._edits = portal, shelf, edits

    def create(self, call: Call) -> SimResponse:
        """`POST B`."""
        planned = self.plan_create(call.object())
        return ok(self.body(self.carry_out(planned), planned[0]), 201)

    def update(self, call: Call, key: str) -> SimResponse:
        """`PATCH B/{id}`."""
        version = find(self._portal, self._shelf, key, call.one("idProperty"), archived=False)
        if version is None:
            raise not_found()
        values = self.plan_update(version, call.object().get("properties"))
        return ok(self.body(self._edits.change(self._kind, version, values), values))

    def archive(self, record_id: str) -> SimResponse:
        """`DELETE B/{id}`: the same answer for a record that is not there."""
        version = self._shelf.table.live(int(record_id)) if record_id.isdecimal() else None
        if version is not None:
            self.check_lock(version)
            self._edits.archive(self._kind, version)
        return nothing()

    def merge(self, call: Call) -> SimResponse:
        """`POST B/merge`."""
        body = call.object()
        primary = self._merging(body, "primaryObjectId")
        other = self._merging(body, "objectIdToMerge")
        if primary.id == other.id:
            raise invalid("Cannot merge an object with itself")
        survivor = self._edits.merge(self._kind, primary, other)
        return ok(self.body(survivor, {"hs_merged_object_ids": None}))

    def erase(self, call: Call) -> SimResponse:
        """`POST B/gdpr-delete`: the record is gone at once; an unknown e-mail is fine."""
        body = call.object()
        key = str(body.get("objectId", ""))
        for archived in (False, True):
            version = find(self._portal, self._shelf, key, str(body.get("idProperty") or ""), archived=archived)
            if version is not None:
                self._edits.purge(self._kind, version.id)
        return nothing()

    def plan_create(self, given: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> Planned:
        """Check everything about a new record; nothing is changed yet. `more` are properties that count as given."""
        values = checked(self._portal, self._shelf, {**(more or {}), **(given.get("properties") or {})}, None)
        self._check_unique(values, None)
        return values, [link for entry in given.get("associations") or () for link in self._inline(entry)]

    def carry_out(self, planned: Planned) -> Version:
        values, links = planned
        version = self._edits.create(self._kind, values)
        for entry, other in links:
            self._edits.link(self._kind, version.id, entry.target, other, [entry.id])
        return self._shelf.table.live(version.id) or version

    def plan_update(self, version: Version, properties: Any) -> dict[str, Value]:
        """Check everything about a change; nothing is changed yet."""
        self.check_lock(version)
        values = checked(self._portal, self._shelf, properties, version)
        self._check_unique(values, version)
        return values

    def body(self, version: Version, names: Iterable[str]) -> dict[str, Any]:
        """A written record: the given properties and what was calculated."""
        shown = {*names, *CALCULATED.get(self._kind, ())} - self._portal.switches.answers_lack
        return Show(self._portal, self._shelf, sorted(shown)).body(version)

    def check_lock(self, version: Version) -> None:
        if (self._kind, str(version.id)) in self._portal.switches.locked:
            raise Refused(423, "The record is locked by another operation; try again later.", "LOCKED")

    @property
    def _kind(self) -> str:
        return self._shelf.kind.plural

    def _merging(self, body: Mapping[str, Any], key: str) -> Version:
        version = find(self._portal, self._shelf, str(body.get(key, "")), "", archived=False)
        if version is None:
            raise not_found(f"{key} {body.get(key)} does not exist")
        self.check_lock(version)
        return version

    def _check_unique(self, values: Mapping[str, Value], current: Version | None) -> None:
        """Another record may have a unique value already."""
        for name in self._shelf.catalogue.unique_names():
            value = values.get(name)
            holder = None if value is None else self._portal.holder(self._shelf, name, value)
            if holder is None or (current is not None and holder == current.id):
                continue
            if name == "email":
                raise Refused(409, f"Contact already exists. Existing ID: {holder}", "CONFLICT")
            raise invalid(
                f"Property values were not valid: {holder} already has that value.",
                errors=[
                    {
                        "message": f"{holder} already has that value.",
                        "code": "CONFLICTING_UNIQUE_VALUE",
                        "context": {"propertyName": [name]},
                    }
                ],
            )

    def _inline(self, given: Mapping[str, Any]) -> Sequence[tuple[LinkType, int]]:
        """The links that a new record brings along."""
        other = str((given.get("to") or {}).get("id", ""))
        found: list[tuple[LinkType, int]] = []
        for spec in given.get("types") or ():
            wanted = (self._kind, spec.get("associationTypeId"))
            entry = next((entry for entry in LINK_TYPES if (entry.source, entry.id) == wanted), None)
            if entry is None:
                raise invalid(f"No association type {wanted[1]} exists from {self._kind}")
            if not other.isdecimal() or self._portal.table(entry.target).live(int(other)) is None:
                raise invalid(f"{entry.target} {other} cannot be associated: it does not exist")
            found.append((entry, int(other)))
        return found
