"""The ways a record changes, whoever asks: a request, or a test. Values come in as they are to be stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from crmsync.sandbox.columns import Value
from crmsync_hubspot.simulator.instants import iso
from crmsync_hubspot.simulator.portal import Portal
from crmsync_hubspot.simulator.table import Table, Version
from crmsync_hubspot.simulator.values import stage_facts


class Edits:
    """Changes records of a portal, with what follows from a change by itself."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def create(self, kind: str, values: Mapping[str, Value], lag_s: float | None = None) -> Version:
        table, now_ms = self._portal.table(kind), self._portal.now_ms
        fresh = Version(table.new_id(), -1, now_ms, now_ms, {"hs_object_source": "INTEGRATION"})
        if kind == "contacts":
            values = {"lifecyclestage": "lead", **values}
        return self._store(kind, replace(fresh, changes={**fresh.changes, **self._derived(kind, fresh, values)}), lag_s)

    def change(self, kind: str, version: Version, values: Mapping[str, Value], lag_s: float | None = None) -> Version:
        """Write values over a record; equal ones move its time too, unless that is switched off."""
        table = self._portal.table(kind)
        moved = any(table.value(version, name) != value for name, value in values.items())
        if not moved and not self._portal.switches.equal_writes_touch:
            return version
        changes = {**version.changes, **self._derived(kind, version, values)}
        now_ms = max(self._portal.now_ms, version.updated_ms)
        return self._store(kind, replace(version, changes=changes, updated_ms=now_ms, previous=version), lag_s)

    def touch(self, kind: str, version: Version, moment_ms: int, lag_s: float | None = None) -> Version:
        """Move the time of change and nothing else, as jobs inside the portal do."""
        return self._portal.put(kind, replace(version, updated_ms=moment_ms), lag_s)

    def archive(self, kind: str, version: Version, lag_s: float | None = None) -> None:
        """Put a record into the bin; its links are no longer shown."""
        linked = self._contacts_of(kind, version.id)
        self._portal.put(kind, replace(version, archived_ms=self._portal.now_ms), lag_s)
        self.mirror_primary(linked)

    def restore(self, kind: str, version: Version, lag_s: float | None = None) -> Version:
        """Take a record out of the bin."""
        now_ms = self._portal.now_ms
        restored = replace(version, archived_ms=None, updated_ms=now_ms, previous=version)
        self._store(kind, restored, lag_s)
        self.mirror_primary(self._contacts_of(kind, version.id))
        return restored

    def purge(self, kind: str, record_id: int, lag_s: float | None = None) -> None:
        """Remove a record for good: nothing tells that it was there."""
        linked = self._contacts_of(kind, record_id)
        self._portal.forget(kind, record_id, lag_s)
        self.mirror_primary(linked)

    def merge(self, kind: str, primary: Version, other: Version, lag_s: float | None = None) -> Version:
        """Make one record of two: a new one, or the primary where the portal keeps its id."""
        portal, table = self._portal, self._portal.table(kind)
        values = self._merged_values(kind, primary, other)
        if portal.switches.merge_keeps_primary:
            gone = [other]
            survivor = replace(primary, changes=values, updated_ms=portal.now_ms, previous=primary)
        else:
            gone = [primary, other]
            born_ms = min(primary.created_ms, other.created_ms)
            survivor = Version(table.new_id(), -1, born_ms, portal.now_ms, values)
        self._store(kind, survivor, lag_s)
        for version in gone:
            table.survivors[version.id] = survivor.id
            portal.forget(kind, version.id, lag_s)
        affected = self._move_links(kind, [primary.id, other.id], survivor.id)
        self.mirror_primary(affected)
        return table.live(survivor.id) or survivor

    def link(self, kind: str, record_id: int, target: str, other: int, type_ids: Iterable[int]) -> None:
        """Associate two records."""
        self._portal.links.add(kind, record_id, target, other, type_ids)
        self.mirror_primary(_contacts_among((kind, record_id), (target, other)))

    def unlink(self, kind: str, record_id: int, target: str, other: int, type_ids: Iterable[int] | None = None) -> None:
        """Take some types of an association away, or all of it."""
        self._portal.links.remove(kind, record_id, target, other, type_ids)
        self.mirror_primary(_contacts_among((kind, record_id), (target, other)))

    def mirror_primary(self, contacts: Iterable[int]) -> None:
        """Let contacts' `associatedcompanyid` be their primary company again."""
        table = self._portal.table("contacts")
        for contact in contacts:
            version = table.live(contact)
            if version is None:
                continue
            company = self._portal.links.primary("contacts", contact, "companies")
            shown = None if company is None else str(company)
            if table.value(version, "associatedcompanyid") == shown:
                continue
            changes = {**version.changes, "associatedcompanyid": shown}
            moment = self._portal.now_ms if self._portal.switches.links_touch else version.updated_ms
            self._portal.put("contacts", replace(version, changes=changes, updated_ms=moment, previous=version))

    def _store(self, kind: str, version: Version, lag_s: float | None) -> Version:
        shelf = self._portal.shelves[kind]
        for name in shelf.catalogue.unique_names():
            if value := version.changes.get(name):
                shelf.table.hold(name, value, version.id)
        for address in (version.changes.get("hs_additional_emails") or "").split(";"):
            shelf.table.hold("email", address, version.id)
        self._portal.put(kind, version, lag_s)
        if kind == "contacts" and "associatedcompanyid" in version.changes:
            self._follow_company(version)
        return version

    def _follow_company(self, contact: Version) -> None:
        """A written `associatedcompanyid` sets the primary company."""
        links, wanted = self._portal.links, contact.changes["associatedcompanyid"]
        former = links.primary("contacts", contact.id, "companies")
        if wanted is not None and wanted != str(former):
            links.add("contacts", contact.id, "companies", int(wanted), [1])
        if wanted is None and former is not None:
            links.remove("contacts", contact.id, "companies", former)

    def _derived(self, kind: str, version: Version, values: Mapping[str, Value]) -> dict[str, Value]:
        """The values, and those that the portal calculates from them."""
        table, form = self._portal.table(kind), self._portal.switches.form
        if form is not None:
            values = {name: value if value is None else form(kind, name, value) for name, value in values.items()}

        def now(name: str) -> Value:
            return values[name] if name in values else table.value(version, name)

        derived: dict[str, Value] = {}
        if kind == "contacts" and {"email", "firstname", "lastname"} & set(values):
            email = now("email")
            name = " ".join(part for part in (now("firstname"), now("lastname")) if part)
            derived = {"hs_full_name_or_email": name or email, "hs_email_domain": email and email.partition("@")[2]}
        if kind == "deals" and "dealstage" in values:
            derived = self._stage_facts(now("dealstage"), closed_before=table.value(version, "hs_is_closed") == "true")
        return {**derived, **values}

    def _stage_facts(self, stage: Value, *, closed_before: bool) -> dict[str, Value]:
        facts = stage_facts(self._portal, "deals", stage)
        closed, probability = facts.get("isClosed", "false"), facts.get("probability", "0.0")
        won = "true" if closed == "true" and float(probability) == 1 else "false"
        shown: dict[str, Value] = {
            "hs_is_closed": closed,
            "hs_is_closed_won": won,
            "hs_deal_stage_probability": probability,
        }
        return {**shown, "closedate": self._portal.now} if closed == "true" and not closed_before else shown

    def _merged_values(self, kind: str, primary: Version, other: Version) -> dict[str, Value]:
        """The primary's values win, the other's fill the gaps; the survivor tells who it was made of."""
        table, now_ms = self._portal.table(kind), self._portal.now_ms
        mine, theirs = table.values(primary), table.values(other)
        made_of = [part for record in (mine, theirs) for part in record.get("hs_merged_object_ids", "").split(";")]
        absorbed = [other.id] if self._portal.switches.merge_keeps_primary else [primary.id, other.id]
        made_of = [part for part in made_of if part] + [str(record_id) for record_id in absorbed]
        values: dict[str, Value] = {**theirs, **mine, "hs_merged_object_ids": ";".join(dict.fromkeys(made_of))}
        if kind == "contacts":
            values["hs_calculated_merged_vids"] = ";".join(f"{part}:{now_ms}" for part in dict.fromkeys(made_of))
            addresses = [
                *mine.get("hs_additional_emails", "").split(";"),
                theirs.get("email", ""),
                *theirs.get("hs_additional_emails", "").split(";"),
            ]
            kept = [part for part in dict.fromkeys(addresses) if part and part != values.get("email")]
            values["hs_additional_emails"] = ";".join(kept) or None
        for name in table.kind.always:
            values.pop(name, None)
        return values

    def _move_links(self, kind: str, sources: Iterable[int], survivor: int) -> list[int]:
        """Give the survivor all links, the first source's primary ones as primary; returns the contacts concerned."""
        links, contacts = self._portal.links, {survivor} if kind == "contacts" else set()
        for source in sources:
            if source == survivor:
                continue
            for target in self._portal.shelves:
                for other, types in links.of(kind, source, target).items():
                    links.remove(kind, source, target, other)
                    if (target, other) == (kind, survivor):
                        continue
                    links.add_beside(kind, survivor, target, other, types)
                    contacts |= {other} if target == "contacts" else set()
        return sorted(contacts)

    def _contacts_of(self, kind: str, record_id: int) -> list[int]:
        """Contacts that a company's fate concerns."""
        return list(self._portal.links.of("companies", record_id, "contacts")) if kind == "companies" else []


def _contacts_among(*ends: tuple[str, int]) -> list[int]:
    return [record_id for kind, record_id in ends if kind == "contacts"]


def shown(table: Table, version: Version) -> dict[str, object]:
    """A record as tests compare it."""
    return {
        "properties": table.values(version),
        "createdAt": iso(version.created_ms),
        "updatedAt": iso(version.updated_ms),
    }
