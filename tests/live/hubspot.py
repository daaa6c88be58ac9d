"""What is asked of HubSpot, beside what crmsync asks: what refusals look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from crmsync.sandbox import Simulator
from crmsync_hubspot.simulator import HubSpotSimulator
from live.account import Account, Probe
from live.asked import Known
from live.crm import Built, Crm, Options

VERSION = "2026-03"
OBJECTS = f"/crm/objects/{VERSION}/contacts"


def enter(built: Built, client: httpx.Client, options: Options) -> Account:
    """By token, which needs no asking."""
    spec, headers = built({}), {"Authorization": f"Bearer {options['token']}"}
    return Account(spec, client, spec.base_url, headers, {}, _reads, ("x-hubspot-ratelimit-", "x-hubspot-correlation-"))


def doubts(account: Account, known: Known) -> Iterator[Probe]:
    """Refusals."""
    yield Probe("a search that is refused", "POST", f"{OBJECTS}/search", _search("NOPE"))
    yield Probe("a record that is not there", "GET", f"{OBJECTS}/1")
    yield Probe("a path that is not there", "GET", f"/crm/nothing/{VERSION}")
    unknown = {"Authorization": "Bearer pat-na1-00000000-0000-0000-0000-000000000000"}
    yield Probe("a token that is unknown", "GET", OBJECTS, headers=unknown)


def simulator(_: Account) -> Simulator:
    """A portal with an archived contact, company and deal."""
    made = HubSpotSimulator(200, seed=2)
    for kind in ("contacts", "companies", "deals"):
        made.archive(kind, made.ids(kind)[0])
    return made


def _search(operator: str) -> dict[str, Any]:
    filters = [{"propertyName": "hs_object_id", "operator": operator, "value": "0"}]
    return {"filterGroups": [{"filters": filters}], "properties": ["email"], "limit": 2}


def _reads(probe: Probe) -> bool:
    return probe.method == "GET" or probe.target.endswith(("/search", "/batch/read"))


HUBSPOT = Crm("hubspot", ("token",), enter, doubts, simulator)
