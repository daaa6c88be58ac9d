"""A simulated HubSpot without limits, served by the test, and the installed program connected to it."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cli import CRMSYNC, Shell, shell
from crmsync.sandbox import Fault, Server, SimRequest
from crmsync_hubspot.simulator import HubSpotSimulator


@dataclass(frozen=True)
class Crm:
    """`crm("run", …)` runs the program; `connected` are the words that name the connection."""

    simulator: HubSpotSimulator
    server: Server
    shell: Shell

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.shell(*words, **environment)

    def sync(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.shell("run", "--connector", "hubspot", *words, **environment)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start a run and return when it holds its leases: when it asks for records."""
        asked = threading.Event()

        def hear(request: SimRequest) -> None:
            if "/objects/" in request.path:
                asked.set()

        self.simulator.switches.on_request = hear
        run = self.shell.start("run", "--connector", "hubspot", *words, **environment)
        assert asked.wait(30)
        return run

    def hang(self) -> None:
        """The next request for contacts gets its answer in a minute."""
        self.simulator.faults.add(Fault("/objects/2026-03/contacts", delay_s=60))


@contextmanager
def served(folder: Path, records: int = 0) -> Iterator[Crm]:
    """A Crm whose simulator answers while the block runs."""
    simulator = HubSpotSimulator(records, 1)
    simulator.switches.limits.on = False
    with Server(simulator) as server:
        yield Crm(simulator, server, shell(folder, server.url, **simulator.options))


def on_terminal(run: Shell, *words: str, columns: int = 80, **environment: str) -> str:
    """What a person sees: the program with a terminal of that width for both of its outputs."""
    ours, theirs = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [str(CRMSYNC), *words],
        cwd=run.folder,
        env={**run.environment, **size, **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # the terminal's other end is closed
        while part := os.read(ours, 65536):
            seen += part
    os.close(ours)
    process.wait()
    return seen.decode().replace("\r\n", "\n")
