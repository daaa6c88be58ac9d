"""Limits between real processes on real clocks."""

import asyncio
import os
import subprocess
import sys
from itertools import pairwise

import pytest

from crmsync.http.budget import Pools
from crmsync.sandbox.clock import VirtualClock
from crmsync.spec.model import Pool

SHARED = """
import asyncio, sys, time
from pathlib import Path
from crmsync.clock import SystemClock
from crmsync.http.budget import Pools
from crmsync.spec.model import Pool
pools = Pools({"burst": Pool("burst", rate=5, per_s=0.2, default=True)}, Path(sys.argv[1]), SystemClock(), 310.0, print)
async def main():
    for _ in range(12):
        async with pools.permit((), 1, lambda *_: None):
            print(time.monotonic(), flush=True)
asyncio.run(main())
"""

HOLDER = """
import asyncio, sys
from pathlib import Path
from crmsync.http.budget import Pools
from crmsync.sandbox.clock import VirtualClock
from crmsync.spec.model import Pool
pools = Pools({"lines": Pool("lines", concurrent=1, default=True)}, Path(sys.argv[1]), VirtualClock(), 310.0, print)
async def main():
    async with pools.permit((), 1, lambda *_: None):
        print("held", flush=True)
        sys.stdin.read()
asyncio.run(main())
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the only permit."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "p")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_two_processes_together_never_exceed_the_rate(tmp_path):
    """Three, to be sure: the times of all their requests in one row."""
    command = [sys.executable, "-c", SHARED, str(tmp_path / "p")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    times = sorted(float(line) for process in processes for line in process.communicate()[0].split())

    assert len(times) == 36
    assert all(later - first >= 0.2 for first, later in zip(times, times[5:], strict=False))
    assert all(later >= first for first, later in pairwise(times))


def take(path, clock):
    """When a permit is had."""
    pools = Pools({"lines": Pool("lines", concurrent=1, default=True)}, path, clock, 310.0, print)

    async def once():
        async with pools.permit((), 1, lambda *_: None):
            return clock.monotonic()

    return asyncio.run(once())


def test_a_killed_process_frees_its_permits(tmp_path, holder):
    """Soon, and not only when its request would have timed out. It need not be buried: a zombie is dead."""
    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, and left a zombie

    assert take(tmp_path / "p", VirtualClock()) <= 2.0


def test_a_permit_that_is_held_longer_than_any_request_lasts_is_freed(tmp_path, holder):
    """Its holder lives, but hangs, or is a process of another container."""
    assert 310.0 < take(tmp_path / "p", VirtualClock()) <= 312.0
