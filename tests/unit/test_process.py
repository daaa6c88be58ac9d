"""A process is known by its number and its birth; it may have any name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from crmsync.process import birth, is_alive

NAMED = """
import ctypes, sys
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)  # PR_SET_NAME
print("named", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", [b"crmsync", b"a) Z 1 (b", b"\xff\xfe)"])
def test_a_process_is_known_by_its_number_and_its_birth(name):
    """Whatever it calls itself; a later process with the same number is another one, and a dead one is none."""
    command = [sys.executable, "-c", NAMED, name.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"named\n"
        born = birth(holder.pid)
        assert (is_alive(holder.pid, born), is_alive(holder.pid, born + 1)) == (True, False)
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, and left a zombie
        assert (birth(holder.pid), is_alive(holder.pid, born)) == (0, False)


def test_a_process_that_never_was_has_no_birth():
    """Ours has one, and it stays the same."""
    assert birth(2**22 + 1) == 0
    assert birth(os.getpid()) == birth(os.getpid()) > 0
