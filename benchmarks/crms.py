"""The CRMs whose contacts are brought, and what crmsync asks of each: everybody asks for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Crm:
    """`options` lift crmsync's own limits; `absent` are optional fields that the sandbox does not have."""

    name: str
    title: str
    options: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """The fields of a contact that crmsync asks for."""
        from crmsync.mapping import compile_read
        from crmsync.plugins import connector
        from crmsync.spec.build import build
        from crmsync.spec.load import load, objects

        spec_file = connector(self.name).spec_file
        assert spec_file is not None
        facts: dict[str, Any] = {"timezone": "UTC", "currency": "EUR"}
        stream = build(load(spec_file).tree, objects(), facts).streams["contact"]
        there = tuple(f for f in stream.fields if not (f.optional and set(f.at) <= set(self.absent)))
        return compile_read(replace(stream, fields=there), stream.full.request.records).names


HUBSPOT = Crm("hubspot", "HubSpot", {"burst": "0", "daily": "1000000000"})
CRMS = (HUBSPOT, Crm("zoho", "Zoho"), Crm("odoo", "Odoo", absent=("mobile",)))
