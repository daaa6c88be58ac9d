"""The provider that all contenders read: a CRM's sandbox in a process of its own, so that its cost is not counted.

As a program it prints its address and options, then obeys its standard input: `edit N` changes every N-th contact,
`asked` tells how many requests there were since it was last told.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
    asked = _count(simulator)
    with Server(simulator, latency_s=latency_s) as server:
        print(
            json.dumps({"url": server.url, "options": server.options, "token": _token(crm, server.options)}), flush=True
        )
        for round_, line in enumerate(sys.stdin):
            order, *words = line.split()
            print(asked() if order == "asked" else _edit(simulator, round_, int(words[0])), flush=True)


def _count(simulator: Any) -> Any:
    """A function that tells how many requests there were since its last call."""
    seen: list[None] = []

    def asked() -> int:
        number = len(seen)
        seen.clear()
        return number

    simulator.switches.on_request = lambda _: seen.append(None)
    return asked


def _edit(simulator: Any, round_: int, every: int) -> int:
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
