"""A key that stands in the body of every call is told nowhere, whatever the server answers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from cli import CRMSYNC
from crmsync.sandbox import Fault, Server
from crmsync_odoo.simulator import OdooSimulator

JSON = {"Content-Type": "application/json"}


def test_a_key_in_the_body_of_each_call_is_told_nowhere(tmp_path: Path) -> None:
    """Neither by a run nor by an error that quotes it, not in the logs, and not in the store."""
    simulator = OdooSimulator(50, 1, version=18)
    key = simulator.options["api_key"]
    told = {"name": "builtins.ValueError", "message": f"bad {key} value", "debug": f"Traceback {key}"}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": key, "data": told}}).encode()
    with Server(simulator) as server:
        options = {f"ODOO_{name.upper()}": value for name, value in simulator.options.items()}
        environment = {**os.environ, **options, "ODOO_BASE_URL": server.url, "CRMSYNC_DEBUG": "1"}

        def crmsync(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(CRMSYNC), *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )

        done = crmsync("run", "--connector", "odoo", "--json")
        simulator.faults.add(Fault("/jsonrpc", times=100, skip=4, status=200, body=body, headers=JSON))
        failed = crmsync("run", "--connector", "odoo", "--backfill")
        logs = crmsync("logs")
    assert (done.returncode, failed.returncode) == (0, 1), failed.stderr
    assert "bad *** value" in failed.stderr
    assert key not in "".join(out for run in (done, failed, logs) for out in (run.stdout, run.stderr))
    assert key.encode() not in (tmp_path / "crmsync.duckdb").read_bytes()
