"""The provider that all contenders read or write: a CRM's sandbox in a process of its own: its cost is not counted.

As a program it prints its address and options, then obeys its standard input: `edit N` changes every N-th contact,
`asked`, `refused` and `written` tell how many requests there were, how many of them were above the limit, and how many
records they were to write, since that was last told; `living` how many contacts there are, `titled WORD` how many of
them have a job title that begins with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Provider:
    """A running sandbox. `options` are those of a connection to it, `token` is what its requests bear."""

    url: str
    options: Mapping[str, str]
    token: str
    _process: subprocess.Popen[str]

    def edit(self, every: int) -> int:
        """Change one property of every `every`-th contact; how many these are. Only HubSpot can."""
        return self._told(f"edit {every}")

    def asked(self) -> int:
        """Requests since this was last asked."""
        return self._told("asked")

    def refused(self) -> int:
        """Those among them that were above the limit, since this was last asked."""
        return self._told("refused")

    def written(self) -> int:
        """Records that were to be written, since this was last asked. This and the next ones: HubSpot's only."""
        return self._told("written")

    def living(self) -> int:
        """How many contacts there are."""
        return self._told("living")

    def titled(self, word: str) -> int:
        """How many of them have a job title that begins with `word`."""
        return self._told(f"titled {word}")

    def _told(self, order: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def provider(crm: str, records: int, *, latency_s: float = 0.0, burst: int | None = None) -> Iterator[Provider]:
    """A sandbox with `records` contacts while the block runs; `burst` requests in 10 s, or as many as one likes."""
    argv = [sys.executable, "-m", "benchmarks.provider", crm, str(records), str(latency_s), str(burst or 0)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())
        yield Provider(told["url"], told["options"], told["token"], process)
    finally:
        process.stdin.close()  # which ends it
        process.wait()


@click.command()
@click.argument("crm")
@click.argument("records", type=int)
@click.argument("latency_s", type=float)
@click.argument("burst", type=int)
def main(crm: str, records: int, latency_s: float, burst: int) -> None:
    """Serve until standard input ends."""
    from crmsync import plugins
    from crmsync.sandbox import Server

    simulator: Any = plugins.sandbox(plugins.connector(crm), records, seed=0)
    if burst:
        limits = simulator.switches.limits
        limits.on, limits.burst, limits.daily = True, burst, 1_000_000_000
    watched = _Watched(simulator)
    orders: Mapping[str, Callable[..., int]] = {
        "asked": lambda: watched.told("requests"),
        "refused": lambda: watched.told("refused"),
        "written": lambda: watched.told("written"),
        "edit": lambda every: _edit(simulator, int(every)),
        "living": lambda: len(simulator.ids("contacts")),
        "titled": lambda word: sum(
            str(simulator.get("contacts", id_)["properties"].get("jobtitle")).startswith(word)
            for id_ in simulator.ids("contacts")
        ),
    }
    with Server(watched, latency_s=latency_s) as server:
        print(
            json.dumps({"url": server.url, "options": server.options, "token": _token(crm, server.options)}), flush=True
        )
        for line in sys.stdin:
            order, *words = line.split()
            print(orders[order](*words), flush=True)


_WRITES = ("/batch/create", "/batch/update", "/batch/upsert", "/batch/archive")


@dataclass(slots=True)
class _Watched:
    """A simulator whose requests are counted, and the items of HubSpot's batches that write."""

    simulator: Any
    requests: int = 0
    refused: int = 0
    written: int = 0

    @property
    def options(self) -> Mapping[str, str]:
        options: Mapping[str, str] = self.simulator.options
        return options

    def handle(self, request: Any) -> Any:
        answer = self.simulator.handle(request)
        self.requests += 1
        self.refused += answer.status == 429
        if request.path.endswith(_WRITES) and answer.status != 429:
            self.written += len(json.loads(request.body)["inputs"])
        return answer

    def told(self, count: str) -> int:
        """A count, which then begins anew."""
        number: int = getattr(self, count)
        setattr(self, count, 0)
        return number


_edits = count(1)


def _edit(simulator: Any, every: int) -> int:
    round_ = next(_edits)
    ids = simulator.ids("contacts")[::every]
    for record_id in ids:
        simulator.update("contacts", record_id, {"jobtitle": f"Colleague {round_}"})
    time.sleep(1.1)  # a run reads changes up to the last whole second
    return len(ids)


def _token(crm: str, options: Mapping[str, str]) -> str:
    """An access token that is ready: of Zoho one that does not end, for contenders that know no OAuth."""
    if crm == "zoho":
        from crmsync_zoho.simulator.access import STATIC_TOKEN

        return STATIC_TOKEN
    return options["token" if crm == "hubspot" else "api_key"]


if __name__ == "__main__":
    main()
