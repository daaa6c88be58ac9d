"""The ways a record changes, whoever asks: a request, or a test. Values come in as they are to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.org import Change, Org
from crmsync_zoho.simulator.pipelines import stage_named
from crmsync_zoho.simulator.recycle import Tombstone
from crmsync_zoho.simulator.table import Version


class Edits:
    """Changes records of an org, with what follows from a change by itself. `at_s`: when; now, if it is left out."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def create(
        self, module: str, values: Mapping[str, Value], *, at_s: int | None = None, lag_s: float | None = None
    ) -> Version:
        org, admin = self._org, self._org.users[0].id
        moment = org.stamp_s if at_s is None else at_s
        fresh = Version(
            org.new_id(), -1, moment, moment, {"Record_Status__s": "Available", "Locked__s": False}, admin, admin
        )
        given = {"Owner": admin, **values}
        made = replace(fresh, changes={**fresh.changes, **self._derived(module, fresh, given)})
        return org.put(module, made, Change(module, "insert", made.id, (), moment), lag_s)

    def change(
        self, module: str, version: Version, values: Mapping[str, Value], *,
        at_s: int | None = None, lag_s: float | None = None,
    ) -> Version:  # fmt: skip
        """Write values over a record; equal ones move its time too, unless that is switched off."""
        org, table = self._org, self._org.table(module)
        moved = [name for name, value in values.items() if table.value(version, name) != value]
        if not moved and not org.switches.equal_writes_touch:
            return version
        moment = max(org.stamp_s if at_s is None else at_s, version.modified_s)
        changes = {**version.changes, **self._derived(module, version, values)}
        changed = replace(version, changes=changes, modified_s=moment, modified_by=org.users[0].id)
        return org.put(module, changed, Change(module, "update", version.id, tuple(moved), moment), lag_s)

    def touch(self, module: str, version: Version, moment_s: int, *, lag_s: float | None = None) -> Version:
        """Move the time of change and nothing else."""
        return self._org.put(module, replace(version, modified_s=moment_s), None, lag_s)

    def delete(self, module: str, version: Version, *, at_s: int | None = None, lag_s: float | None = None) -> None:
        """Put a record into the recycle bin."""
        org = self._org
        moment = org.now_s if at_s is None else at_s
        org.shelves[module].bin.add(self._tombstone(module, version, moment))
        org.put(module, replace(version, deleted_s=moment), Change(module, "delete", version.id, (), moment), lag_s)

    def restore(self, module: str, version: Version, *, lag_s: float | None = None) -> Version:
        """Take a record out of the bin. Raises KeyError where it is not in there any more."""
        org = self._org
        if not org.shelves[module].bin.restorable(version.id, org.now_s):
            raise KeyError(f"{module} {version.id} is not in the recycle bin")
        org.shelves[module].bin.remove(version.id)
        moment = org.now_s if org.switches.restore_touches else version.modified_s
        return org.put(module, replace(version, deleted_s=None, modified_s=moment), None, lag_s)

    def purge(self, module: str, version: Version, *, lag_s: float | None = None) -> None:
        """Remove a record for good, from the bin too; `/deleted` tells it once more."""
        stone = self._tombstone(module, version, self._org.now_s)
        self._org.shelves[module].bin.add(replace(stone, type="permanent"))
        self._org.forget(module, version.id, lag_s)

    def merge(self, module: str, master: Version, other: Version, *, lag_s: float | None = None) -> Version:
        """Let the master take what it lacks from the other one, and whatever referred to it; the other is deleted."""
        table = self._org.table(module)
        names = [each.name for each in self._org.shelves[module].catalogue if not each.read_only]
        gaps = {name: table.value(other, name) for name in names if table.value(master, name) is None}
        for where, name, version in list(self._org.referring(module, other.id)):
            if version.id != master.id:
                self.change(where, version, {name: master.id}, lag_s=lag_s)
        merged = self.change(module, master, gaps, lag_s=lag_s)
        self.delete(module, other, lag_s=lag_s)
        return merged

    def _tombstone(self, module: str, version: Version, moment_s: int) -> Tombstone:
        table = self._org.table(module)
        name = table.value(version, table.module.display)
        by = self._org.users[0].id
        return Tombstone(version.id, None if name is None else str(name), moment_s, by, version.created_by)

    def _derived(self, module: str, version: Version, values: Mapping[str, Value]) -> dict[str, Value]:
        """The values, and those that follow from them."""
        table = self._org.table(module)

        def now(name: str) -> Value:
            return values[name] if name in values else derived.get(name, table.value(version, name))

        derived: dict[str, Value] = {}
        if {"First_Name", "Last_Name"} & values.keys():
            derived["Full_Name"] = " ".join(str(part) for part in (now("First_Name"), now("Last_Name")) if part)
        if module == "Deals":
            stage = stage_named(values.get("Stage"))
            if stage is not None and "Probability" not in values:
                derived["Probability"] = stage.probability
            amount, percent = now("Amount"), now("Probability")
            if isinstance(amount, int | float) and isinstance(percent, int):
                derived["Expected_Revenue"] = round(amount * percent / 100, 2)
            else:
                derived["Expected_Revenue"] = None
        return {**derived, **values}
