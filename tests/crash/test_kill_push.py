"""kill -9 in the midst of a push, then again: hub and CRM converge, nothing is doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from effort import THOROUGH
from lab import Lab, laboratory
from store_kit import edit

POINTS = ("push.answered", *(("push.prepared", "push.settled", "commit.before") if THOROUGH else ()))
EDITS = """
INSERT INTO crm.contact (name, email) SELECT 'New ' || n, 'new' || n || '@example.com' FROM range(3) t(n);
UPDATE crm.contact SET phone = '1' WHERE email = 'n0@example.com';
DELETE FROM crm.contact WHERE email = 'n1@example.com'
"""
AFTER = [
    ("n0@example.com", "1"),
    *((f"n{number}@example.com", None) for number in (2, 3)),
    *((f"new{number}@example.com", None) for number in range(3)),
]


def sync(lab: Lab, **environment: str) -> int:
    """The exit status of a sync in a process of its own."""
    words = [sys.executable, "-m", "sync_process", str(lab.folder), lab.crm.name, lab.url]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment}
    return subprocess.run(words, env=env, capture_output=True, check=False).returncode


def assert_in_step(lab: Lab) -> None:
    """The CRM has what the hub has, each once, and nothing is open."""
    alive = f"FROM {lab.crm.name}.contact WHERE _deleted_at IS NULL AND NOT _archived"
    assert lab.rows(f"SELECT email, phone {alive} ORDER BY email") == AFTER
    assert len(lab.crm.live()) == len(AFTER) + (lab.crm.name == "odoo")  # where one is put away
    assert sorted(lab.rows("SELECT email FROM crm.contact")) == [(email,) for email, _ in AFTER]
    unsettled = "SELECT action, state FROM crmsync.intents WHERE state IN ('planned', 'sent', 'unknown')"
    assert lab.rows(unsettled) == []


@pytest.mark.parametrize("provider", ["hubspot", "zoho", "odoo"])
@pytest.mark.parametrize("point", [f"{point}:{nth}" for point in POINTS for nth in ([1, 2, 3, 4] if THOROUGH else [1])])
def test_a_kill_in_a_push_loses_and_doubles_nothing(tmp_path: Path, provider: str, point: str) -> None:
    """Of new rows, edits and deletions at once."""
    with laboratory(tmp_path, provider=provider) as lab:
        for number in range(4):
            lab.crm.create(f"N{number}", email=f"n{number}@example.com")
        assert sync(lab) == 0
        edit(lab.store_file, EDITS)
        assert sync(lab, CRMSYNC_KILL_AT=point) == -signal.SIGKILL or point[-1] > "1"
        assert (sync(lab), sync(lab)) == (0, 0)
        assert_in_step(lab)
