"""The worked example of docs/spec-language.md, run against the CRM that it describes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from crmsync.config import Settings, resolve
from crmsync.events import Events
from crmsync.sandbox import Server, SimRequest, SimResponse
from crmsync.spec.build import options
from crmsync.spec.load import load
from crmsync.store import FileStore
from crmsync.sync import Job, Result, run

START = datetime(2026, 1, 15, 12, tzinfo=UTC)


class Acme:
    """As much of a CRM as the example's spec needs. `people` by id; `gone` by id: when."""

    options: Mapping[str, str] = {"token": "acme-token"}

    def __init__(self, people: int) -> None:
        self.now = START
        self.gone: dict[int, str] = {}
        self.people = {number: self._person(number) for number in range(1, people + 1)}

    def change(self, number: int, **values: Any) -> None:
        self.people[number] |= {**values, "changed": self.now.isoformat()}

    def handle(self, request: SimRequest) -> SimResponse:
        headers = {"Date": format_datetime(self.now, usegmt=True), "Content-Type": "application/json"}
        if request.headers.get("authorization") != "Bearer acme-token":
            return SimResponse(401, headers, b'{"error": {"code": "who", "text": "who are you"}}')
        asked = json.loads(request.body) if request.body else dict(request.query)
        return SimResponse(200, headers, json.dumps(self._answer(request.path, asked)).encode())

    def _answer(self, path: str, asked: Mapping[str, Any]) -> Any:
        if path == "/me":
            return {"account": {"id": 7, "time_zone": "Asia/Tokyo"}}
        if path == "/teams":
            return {"teams": [{"id": 1, "name": "North"}, {"id": 2, "name": "South"}]}
        if path == "/people/deleted":
            return {"items": [{"id": number, "at": at} for number, at in self.gone.items()], "next": None}
        if path == "/people/get":
            return {"items": [self.people[int(number)] for number in asked["ids"] if int(number) in self.people]}
        if path == "/people/search":
            low, high = (datetime.fromisoformat(asked["changed"][bound]) for bound in ("from", "to"))
            hits = [p for p in self._above(asked["id_above"]) if low <= datetime.fromisoformat(p["changed"]) <= high]
            return {"items": hits[: asked["size"]], "has_more": len(hits) > asked["size"]}
        rest = self._above(asked.get("cursor", 0))
        page = rest[: int(asked["size"])]
        return {"items": page, "next": page[-1]["id"] if len(rest) > len(page) else None}

    def _above(self, number: Any) -> list[dict[str, Any]]:
        return [self.people[n] for n in sorted(self.people) if n > int(number)]

    def _person(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "changed": "2026-01-01T00:00:00+00:00",
            "state": "here",
            "first_name": "Ann",
            "last_name": f"Nr {number}",
            "emails": [
                {"address": "old@acme.example", "main": False},
                {"address": f"A{number}@x.example", "main": True},
            ],
            "company": {"id": 9},
            "born": "1990-02-28",
            "joined": "2025-12-31T20:00:00Z",
            "team_id": 1 + number % 2,
            "tags": "a, b",
        }


class Sync:
    """Runs the example's spec against a served Acme, into a store of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self._url = folder, url
        page = (ROOT / "docs" / "spec-language.md").read_text(encoding="utf-8")
        example = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
        self._spec = folder / "spec.yaml"
        self._spec.write_text(example, encoding="utf-8")

    def __call__(self, **how: Any) -> Result:
        environment = {"ACME_BASE_URL": self._url, "ACME_TOKEN": "acme-token", "ACME_BURST": "100000"}
        connection = resolve(Settings(), "acme", None, options(load(self._spec).tree), environment)
        store = FileStore(self.folder / "acme.duckdb")
        try:
            (result,) = asyncio.run(run(Job(self._spec, connection, self.folder, **how), store, Events()))
        finally:
            store.close()
        assert result.status == "done", result.error
        return result

    def row(self, number: int) -> dict[str, Any]:
        store = FileStore(self.folder / "acme.duckdb", read_only=True)
        try:
            names, found = store.query("FROM acme.contact WHERE _id = ?", [str(number)])
        finally:
            store.close()
        return dict(zip(names, found[0], strict=True))


@contextmanager
def served(folder: Path, people: int) -> Iterator[tuple[Acme, Sync]]:
    acme = Acme(people)
    with Server(acme) as server:
        yield acme, Sync(folder, server.url)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[tuple[Acme, Sync]]:
    """250 people: three pages."""
    with served(tmp_path, 250) as made:
        yield made


def test_the_example_reads_everybody_and_every_column(acme: tuple[Acme, Sync]) -> None:
    """Nothing in the runtime knows this CRM; the page of the language is enough."""
    _, sync = acme
    assert sync().counts.applied == 250
    row = sync.row(3)
    assert [row[name] for name in ("name", "email", "company_id", "team")] == ["Ann Nr 3", "a3@x.example", "9", "South"]
    assert [str(row["birthday"]), str(row["joined_on"]), row["tags"]] == ["1990-02-28", "2026-01-01", ["a", "b"]]


def test_the_example_reads_changes_and_deletions(acme: tuple[Acme, Sync]) -> None:
    """Changed records by their time, deleted ones by their list, others that vanished by the census."""
    there, sync = acme
    sync()
    there.now = START.replace(hour=18)
    there.change(5, tags="c")
    there.change(6, state="gone")
    del there.people[8]
    result = sync()
    assert (result.counts.applied, result.counts.deleted) == (2, 1)
    assert (sync.row(5)["tags"], sync.row(6)["_deleted_at"] is None, sync.row(8)["_deleted_at"]) == (["c"], False, None)
    there.now, there.gone = START.replace(day=17), {7: "2026-01-16T00:00:00Z"}
    assert sync().counts.deleted == 1
    assert str(sync.row(7)["_deleted_at"]) == "2026-01-16 00:00:00+00:00"
    there.now = START.replace(day=28)
    del there.people[7]
    assert sync().counts.deleted == 1
    assert sync.row(8)["_deleted_at"] is not None
