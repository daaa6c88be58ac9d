"""`crmsync sandbox`: a simulator in one terminal, and every command on it in another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli import shell

CONNECTORS = ("hubspot", "zoho", "odoo")


@pytest.mark.parametrize("connector", CONNECTORS)
def test_what_a_sandbox_prints_connects_to_it(tmp_path: Path, connector: str) -> None:
    """All that is to be exported is there, and leads to this machine alone."""
    run = shell(tmp_path, connector=connector)
    serving = run.start("sandbox", connector, "--port", "0", "--records", "3", PYTHONUNBUFFERED="1")
    assert serving.stdout is not None
    printed = ""
    try:
        for text in serving.stdout:
            printed += text
            if text == f"  crmsync run --connector {connector}\n":
                break
        exported = dict(re.findall(r"^  export (\w+)=(\S*)$", printed, re.MULTILINE))
        done = run("run", "--connector", connector, "--json", **exported)
    finally:
        serving.kill()
        serving.communicate()
    url = re.search(r" on (http://127\.0\.0\.1:\d+)\.", printed)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["stream"], r["status"]) for r in results] == [(s, "done") for s in ("contact", "company", "deal")]
    assert results[0]["read"] == 3
    assert "left out" not in done.stderr  # it has every field that the spec asks for
    assert url and {value for name, value in exported.items() if name.endswith("_URL")} == {url[1]}
