"""Runs a program to its end and tells what it cost: CPU of all its processes, time, memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu_s`: user and system time of the process and all children it waited for; `peak_mb`: that of the largest."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def measure(argv: Sequence[str], env: Mapping[str, str], folder: Path) -> Usage:
    """Run `argv` in `folder`. Raises RuntimeError with what it printed, if it fails."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(argv, env=dict(env), cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)  # so that it is not waited for again
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(argv)} ended with {process.returncode}\n{output.read().decode()[-3000:]}")
    return Usage(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024)


def median(runs: Sequence[Usage]) -> Usage:
    """The median of each figure by itself: other work on the machine only ever adds."""
    return Usage(
        cpu_s=statistics.median(run.cpu_s for run in runs),
        wall_s=statistics.median(run.wall_s for run in runs),
        peak_mb=statistics.median(run.peak_mb for run in runs),
    )
