"""A small CRM that is nobody's, served by the test, and the worked example of docs/spec-language.md to read it with."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

from checkout import ROOT
from crmsync.config import Settings, resolve
from crmsync.events import Events
from crmsync.sandbox import Server, SimRequest, SimResponse
from crmsync.spec.build import options
from crmsync.spec.load import load
from crmsync.store import FileStore
from crmsync.sync import Job, Result, run

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
Edit = Callable[[dict[str, Any]], None]


class Forgotten(Exception):
    """A link to what changed that is too old."""


class Unknown(Exception):
    """A field that is asked for and is not there."""


def _names(asked: Mapping[str, Any]) -> list[str]:
    names = asked.get("fields") or []
    return names.split(",") if isinstance(names, str) else names


class Acme:
    """As much of a CRM as the example's spec needs, and a little more.

    `people` by id; `gone` by id: when; its list leaves out those that are `hidden`, and everything but /people/exist
    those that are `firms`. `answers` stand for its own, by path; at `all/paged/x` stands what `/paged/x` gives page by
    page. If `numbers`, it finds nobody whose id is written as a text. `fields` is what it says about its fields; if
    `strict`, it refuses to be asked for others. `sinces` are the times from which its list of deleted ones was asked
    for, `paths` all requests; after `broken` more of them it answers nothing any more.
    """

    options: Mapping[str, str] = {"token": "acme-token"}

    def __init__(self, people: int) -> None:
        self.now = START
        self.gone: dict[int, str] = {}
        self.version, self.oldest = 1, 0
        self.removed: dict[int, int] = {}
        self.sinces: list[str | None] = []
        self.hidden: set[int] = set()
        self.firms: set[int] = set()
        self.paths: list[str] = []
        self.broken = 10**9
        self.numbers = self.strict = False
        self.fields: Any = {name: {"kind": "string"} for name in self._person(1)}
        self.answers: dict[str, Any] = {}
        self.people = {number: self._person(number) for number in range(1, people + 1)}

    def change(self, number: int, **values: Any) -> None:
        self.version += 1
        self.people[number] |= {**values, "changed": self.now.isoformat(), "version": self.version}

    def turn(self, number: int, *, firm: bool) -> None:
        """Make one of the people a company, which is in no list of people, or one of the people again."""
        (self.firms.add if firm else self.firms.discard)(number)
        self.change(number)

    def remove(self, number: int) -> None:
        """Delete one of the people: the list of what changed since a link says so."""
        self.version += 1
        self.removed[number] = self.version
        del self.people[number]

    def handle(self, request: SimRequest) -> SimResponse:
        headers = {"Date": format_datetime(self.now, usegmt=True), "Content-Type": "application/json"}
        if request.headers.get("authorization") != "Bearer acme-token":
            return SimResponse(401, headers, b'{"error": {"code": "who", "text": "who are you"}}')
        asked = json.loads(request.body) if request.body else dict(request.query)
        if since := request.headers.get("if-modified-since"):
            asked["since"] = since
            if not self._gone_since(since):
                return SimResponse(304, {"Date": headers["Date"]})
        self.paths.append(request.path)
        if request.path == "/secret":
            return SimResponse(403, headers, b"{}")
        self.broken -= 1
        if self.broken < 0:
            return SimResponse(400, headers, b"{}")
        self.host = request.headers["host"]
        try:
            return SimResponse(200, headers, json.dumps(self._answer(request.path, asked)).encode())
        except Unknown:
            return SimResponse(400, headers, b'{"error": {"code": "field", "text": "no such field"}}')
        except Forgotten:
            return SimResponse(410, headers, b'{"error": {"code": "old", "text": "read it all"}}')
        except KeyError:
            return SimResponse(404, headers, b'{"error": {"code": "gone", "text": "no such person"}}')

    def _answer(self, path: str, asked: Mapping[str, Any]) -> Any:
        if path in self.answers:
            return self.answers[path]
        if path == "/me":
            return {"account": {"id": 7, "time_zone": "Asia/Tokyo"}}
        if path == "/fields":
            return self.fields
        if self.strict and (unknown := set(_names(asked)) - set(self.fields)):
            raise Unknown(unknown)
        if path == "/people/ids":
            ids = [{"id": person["id"]} for person in self._above(asked["above"])]
            return {"items": ids[: asked["size"]]}
        if path == "/people/exist":
            return {"items": [{"id": int(n)} for n in asked["ids"] if int(n) in self.people]}
        if path == "/people/delta":
            return self._delta(int(asked.get("since", 0)), int(asked.get("above", 0)))
        if path.startswith("/paged/"):
            return self._paged(path, asked)
        if path == "/teams":
            return {"teams": [{"id": 1, "name": "North", "open": True, "share": 0.0}, {"id": 2, "name": "South"}]}
        if path == "/lists":
            return {"entries": [{"key": key, "label": f"{asked['of']} {key}"} for key in (1, 2)]}
        if path == "/people/deleted":
            self.sinces.append(asked.get("since"))
            return self._above_id(self._gone_since(asked.get("since", "")), asked)
        if path == "/people/get":
            known = [n for n in asked["ids"] if not (self.numbers and isinstance(n, str)) and int(n) not in self.firms]
            return {"items": [self.people[int(number)] for number in known if int(number) in self.people]}
        if path.startswith("/people/one/"):
            person = self.people[int(path.rpartition("/")[2])]
            return {"person": person} if asked.get("wrapped") else person
        if path == "/people/search":
            low, high = (datetime.fromisoformat(asked["changed"][bound]) for bound in ("from", "to"))
            hits = [p for p in self._above(asked["id_above"]) if low <= datetime.fromisoformat(p["changed"]) <= high]
            return {"items": hits[: asked["size"]], "has_more": len(hits) > asked["size"]}
        return self._above_id(self._above(asked.get("cursor", 0)), asked)

    def _gone_since(self, since: str) -> list[dict[str, Any]]:
        return [{"id": number, "at": at} for number, at in sorted(self.gone.items()) if at >= since]

    def _above_id(self, entries: list[dict[str, Any]], asked: Mapping[str, Any]) -> Any:
        rest = [entry for entry in entries if entry["id"] > int(asked.get("cursor", 0))]
        page = rest[: int(asked.get("size", 100))]
        return {"items": page, "next": page[-1]["id"] if len(rest) > len(page) else None}

    def _delta(self, since: int, above: int) -> Any:
        """What changed since a version, two a page, each with the link that goes on."""
        if 0 < since < self.oldest:
            raise Forgotten
        gone = [{"id": n, "state": "gone"} for n, version in self.removed.items() if version > since > 0]
        found = [p for p in self.people.values() if p.get("version", 1) > since]
        rest = [entry for entry in sorted(found + gone, key=lambda e: e["id"]) if entry["id"] > above]
        link = f"http://{self.host}/people/delta"
        if len(rest) > 2:
            return {"items": rest[:2], "@next.link": f"{link}?since={since}&above={rest[1]['id']}"}
        return {"items": rest, "@delta.link": f"{link}?since={self.version}"}

    def _paged(self, path: str, asked: Mapping[str, Any]) -> Any:
        """A part of `answers[path]`, a list: by number, by offset, by the last id, or by a cursor."""
        every, size = self.answers[f"all{path}"], int(asked["size"])
        start = int(asked.get("from") or (int(asked.get("number") or 1) - 1) * size)
        if "above" in asked:
            start = sum(entry["id"] <= int(asked["above"]) for entry in every)
        rest = len(every) > start + size
        link = {"next": start + size, "more": rest} if rest else {"next": None, "more": False}
        return {"entries": every[start : start + size], **link}

    def _above(self, number: Any) -> list[dict[str, Any]]:
        if self.numbers and isinstance(number, str):
            return []
        return [self.people[n] for n in sorted(self.people) if n > int(number) and n not in self.hidden | self.firms]

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


Crm = TypeVar("Crm", bound=Acme)


class Sync:
    """Runs the example's spec against a served Acme, into a store of its own. `edit` changes the spec before."""

    def __init__(self, folder: Path, url: str, edit: Edit | None = None) -> None:
        self.folder, self._url = folder, url
        page = (ROOT / "docs" / "spec-language.md").read_text(encoding="utf-8")
        example = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
        if edit:
            edit(tree := yaml.safe_load(example))
            example = yaml.safe_dump(tree, sort_keys=False)
        self._spec = folder / "spec.yaml"
        self._spec.write_text(example, encoding="utf-8")

    def __call__(self, **how: Any) -> Result:
        """Run it; it must succeed."""
        result = self.tried(**how)
        assert result.status == "done", result.error
        return result

    def tried(self, **how: Any) -> Result:
        """Run it, whatever comes of it."""
        environment = {"ACME_BASE_URL": self._url, "ACME_TOKEN": "acme-token", "ACME_BURST": "100000"}
        connection = resolve(Settings(), "acme", None, options(load(self._spec).tree), environment)
        store = FileStore(self.folder / "acme.duckdb")
        try:
            (result,) = asyncio.run(run(Job(self._spec, connection, self.folder, **how), store, Events()))
        finally:
            store.close()
        return result

    def row(self, number: int) -> dict[str, Any]:
        """The row of one of the people."""
        (found,) = self.query("FROM acme.contact WHERE _id = ?", [str(number)])
        return found

    def query(self, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
        """What a query on the store gives."""
        store = FileStore(self.folder / "acme.duckdb", read_only=True)
        try:
            names, found = store.query(sql, parameters)
        finally:
            store.close()
        return [dict(zip(names, row, strict=True)) for row in found]


@contextmanager
def served(
    folder: Path, people: int, edit: Edit | None = None, crm: Callable[[int], Crm] = Acme
) -> Iterator[tuple[Crm, Sync]]:
    """An Acme, or another `crm` like it, that answers while the block runs."""
    acme = crm(people)
    with Server(acme) as server:
        yield acme, Sync(folder, server.url, edit)
