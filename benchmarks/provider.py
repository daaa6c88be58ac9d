"""The provider that all contenders read: the HubSpot sandbox in a process of its own, so that its cost is not counted.

As a program it prints its address and token, then obeys its standard input: `edit N` changes every N-th contact.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Provider:
    """A running sandbox."""

    url: str
    token: str
    _process: subprocess.Popen[str]

    def edit(self, every: int) -> int:
        """Change one property of every `every`-th contact; how many these are."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"edit {every}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def provider(records: int, *, latency_s: float = 0.0, burst: int | None = None) -> Iterator[Provider]:
    """A sandbox with `records` contacts while the block runs; `burst` requests in 10 s, or as many as one likes."""
    argv = [sys.executable, "-m", "benchmarks.provider", str(records), str(latency_s), str(burst or 0)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url, token = process.stdout.readline().split()
        yield Provider(url, token, process)
    finally:
        process.stdin.close()  # which ends it
        process.wait()


@click.command()
@click.argument("records", type=int)
@click.argument("latency_s", type=float)
@click.argument("burst", type=int)
def main(records: int, latency_s: float, burst: int) -> None:
    """Serve until standard input ends."""
    from crmsync.sandbox import Server
    from crmsync_hubspot.simulator import HubSpotSimulator

    simulator = HubSpotSimulator(records)
    limits = simulator.switches.limits
    limits.on, limits.burst, limits.daily = burst > 0, burst, 1_000_000_000
    with Server(simulator, latency_s=latency_s) as server:
        print(server.url, simulator.options["token"], flush=True)
        for round_, line in enumerate(sys.stdin):
            ids = simulator.ids("contacts")[:: int(line.split()[1])]
            for record_id in ids:
                simulator.update("contacts", record_id, {"jobtitle": f"Colleague {round_}"})
            time.sleep(1.1)  # a run reads changes up to the last whole second
            print(len(ids), flush=True)


if __name__ == "__main__":
    main()
