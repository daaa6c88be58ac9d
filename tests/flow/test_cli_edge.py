"""The edges of the program: what must never come out of it, and how quickly it starts."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import click
import pytest

from crm import Crm
from crmsync.cli import main
from crmsync.sandbox import Fault
from crmsync.secret import Redactor, Secret

CANARY = "pat-eu1-c4n4ry/+9f8e7d6c5b4a=="
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode(), quote(CANARY, safe=""), quote(CANARY), CANARY[:12])


def test_no_secret_gets_out_of_a_run(crm):
    """Neither from a run that works nor where the provider says it back to us, in whatever form."""
    crm.simulator.grant(token=CANARY)
    texts = [crm.sync("--stream", "contact", HUBSPOT_TOKEN=CANARY)]
    for form in FORMS[:4]:
        body = json.dumps({"message": f"what is {form}?", "category": form}).encode()
        crm.simulator.faults.add(Fault("/contacts", status=400, body=body))
        texts.append(crm.sync("--stream", "contact", HUBSPOT_TOKEN=CANARY))
    crm.simulator.revoke(CANARY)
    texts += [crm(*words, HUBSPOT_TOKEN=CANARY) for words in (["check", "--connector", "hubspot"], ["logs", "--json"])]

    assert [t.returncode for t in texts] == [0, 1, 1, 1, 1, 2, 0]
    told = "".join(t.stdout + t.stderr for t in texts).encode() + _files(crm)
    assert [form for form in FORMS if form.encode() in told] == []


def test_no_secret_of_a_file_gets_out(crm):
    """One that is written into crmsync.yaml is refused without being repeated."""
    (crm.shell.folder / "crmsync.yaml").write_text(f"connections: {{hubspot: {{options: {{token: '{CANARY}'}}}}}}")

    done = crm.sync(HUBSPOT_TOKEN="")

    assert done.returncode == 2
    assert "crmsync.yaml:1:35: token is a secret" in done.stderr
    assert CANARY[:12] not in done.stderr


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_mistake_of_ours_is_one_line(capsys, monkeypatch, debug):
    """Status 1, no traceback unless it is asked for, and no secret in either."""
    monkeypatch.setenv("CRMSYNC_DEBUG", debug)
    monkeypatch.setattr(sys, "argv", ["crmsync"])

    @click.command()
    @click.pass_obj
    def broken(redact: Redactor) -> None:
        redact.learn([Secret(CANARY)])
        raise ZeroDivisionError(f"with {CANARY}")

    with pytest.raises(SystemExit) as ended:
        main(broken)

    told = capsys.readouterr().err
    assert (ended.value.code, "CS900" in told, "with ***" in told) == (1, True, True)
    assert ("Traceback" in told, CANARY[:12] in told) == (bool(debug), False)


def test_help_imports_nothing_heavy():
    """`crmsync --help` and the completion of a shell answer at once."""
    program = """
import sys
from crmsync.cli import main
try:
    main()
except SystemExit:
    heavy = {"duckdb", "httpx", "aiohttp", "rich", "jsonschema", "yaml", "pluggy", "asyncio", "crmsync_hubspot"}
    sys.exit(", ".join(heavy & set(sys.modules)) or 0)
"""
    done = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Bring streams up to date." in done.stdout


def _files(crm: Crm) -> bytes:
    """Everything that the runs left on the disk."""
    return b"".join(path.read_bytes() for path in Path(crm.shell.folder).rglob("*") if path.is_file())
