"""What HubSpot and its simulator are both asked. Nothing here can change an account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx

from live.shape import Shape, differences, shape

REAL = "https://api.hubapi.com"
VERSION = "2026-03"
NO_ID = "1"  # ids of records have many digits
NAMES = ["email", "firstname", "lastname", "lastmodifieddate"]
_HEADERS = ("content-type", "date", "x-hubspot-correlation-id")
_LIMITS = "x-hubspot-ratelimit-"


@dataclass(frozen=True)
class Probe:
    """One question."""

    name: str
    method: str
    path: str
    query: dict[str, str] | None = None
    body: Any = None
    token: str = ""  # another than the account's


def compare(url: str, token: str, simulator_url: str, simulator_token: str) -> list[tuple[str, str, str, str]]:
    """Question, place, what the account has there, what the simulator has: wherever their shapes differ."""
    real, made = answers(url, token), answers(simulator_url, simulator_token)
    return [(name, *found) for name in made for found in differences(real[name], made[name])]


def answers(url: str, token: str) -> dict[str, Shape]:
    """The shape of each answer of the account behind `token`."""
    with httpx.Client(base_url=url, timeout=30) as client:
        first = _ask(client, replace(LIST, query={"limit": "1"}), token)
        known = [record["id"] for record in first.json().get("results", [])] if first.is_success else []
        return {probe.name: _facts(_ask(client, probe, token)) for probe in probes(known)}


LIST = Probe(
    "a page of the list", "GET", f"/crm/objects/{VERSION}/contacts", {"limit": "2", "properties": ",".join(NAMES)}
)


def probes(known: list[str]) -> Iterator[Probe]:
    """The questions; `known` are ids of contacts that are there."""
    objects = f"/crm/objects/{VERSION}/contacts"
    yield Probe("the account", "GET", f"/account-info/{VERSION}/details")
    yield LIST
    yield replace(LIST, name="a page of archived records", query={"limit": "2", "archived": "true"})
    yield Probe("a search", "POST", f"{objects}/search", body=_search("hs_object_id"))
    yield Probe("a search that is refused", "POST", f"{objects}/search", body=_search("hs_object_id", operator="NOPE"))
    inputs = [{"id": record_id} for record_id in (*known, NO_ID)]
    yield Probe(
        "a batch with a missing id", "POST", f"{objects}/batch/read", body={"properties": NAMES, "inputs": inputs}
    )
    links = f"/crm/associations/{VERSION}/contacts/companies/batch/read"
    yield Probe("links, of a missing id too", "POST", links, body={"inputs": inputs})
    yield Probe("definitions of properties", "GET", f"/crm/properties/{VERSION}/contacts")
    yield Probe("pipelines", "GET", f"/crm/pipelines/{VERSION}/deals")
    yield Probe("a record that is not there", "GET", f"{objects}/{NO_ID}")
    yield Probe("a path that is not there", "GET", f"/crm/nothing/{VERSION}")
    yield Probe("a token that is unknown", "GET", objects, token="pat-na1-00000000-0000-0000-0000-000000000000")


def _search(name: str, operator: str = "GT") -> dict[str, Any]:
    return {
        "filterGroups": [{"filters": [{"propertyName": name, "operator": operator, "value": "0"}]}],
        "sorts": [{"propertyName": name, "direction": "ASCENDING"}],
        "properties": NAMES,
        "limit": 2,
    }


def _ask(client: httpx.Client, probe: Probe, token: str) -> httpx.Response:
    assert probe.method == "GET" or probe.path.endswith(("/search", "/batch/read")), "a comparison only reads"
    headers = {"Authorization": f"Bearer {probe.token or token}"}
    return client.request(probe.method, probe.path, params=probe.query, json=probe.body, headers=headers)


def _facts(answer: httpx.Response) -> Shape:
    kept = {k: v for k, v in answer.headers.items() if k in _HEADERS or k.startswith(_LIMITS)}
    headers = {f"header {name}": frozenset({_header(name, value)}) for name, value in kept.items()}
    return {"status": frozenset({str(answer.status_code)}), **headers, **_body(answer.text)}


def _header(name: str, value: str) -> str:
    if name == "content-type":
        return value.partition(";")[0].strip().lower()
    return "number" if value.isdigit() else "text"


def _body(text: str) -> Shape:
    try:
        return shape(json.loads(text))
    except ValueError:
        return {"body": frozenset({"a web page" if text.lstrip().startswith("<") else "text" if text else "nothing"})}
