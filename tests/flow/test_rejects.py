"""`crmsync rejects`: what a CRM refused stands beside what could not be read, and both can be tried again by hand."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import shell
from crmsync.sandbox import Fault
from lab import Lab, laboratory
from store_kit import edit

REFUSAL = {
    "status": "error",
    "message": "Property values were not valid",
    "correlationId": "c0ffee",
    "category": "VALIDATION_ERROR",
}


@pytest.fixture
def lab(refused: Lab, tmp_path: Path) -> Lab:
    """A copy of the store, beside the same CRM."""
    shutil.copy(refused.store_file, tmp_path)
    return replace(refused, folder=tmp_path)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Ada's new phone was refused, Ben's address could not be read."""
    with laboratory(tmp_path_factory.mktemp("refused")) as made:
        made.crm.create("Ada", email="ada@example.com")
        made.crm.create("Ben", email="no address")
        made.run(mode="sync")
        edit(made.store_file, "UPDATE crm.contact SET phone = '1' WHERE name = 'Ada'")
        made.simulator.faults.add(Fault("/contacts/batch/update", status=400, body=json.dumps(REFUSAL).encode()))
        sync(made)
        yield made


def sync(lab: Lab) -> None:
    lab.clock.advance(3600)
    lab.run(mode="sync")


def command(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    return shell(lab.folder).inside("rejects", *words, "--store", str(lab.store_file))


def listed(lab: Lab, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in command(lab, *words, "--json").stdout.splitlines()]


def test_refused_writes_and_unread_values_are_listed(lab: Lab) -> None:
    """With what the CRM said, and what to type next."""
    (record,), (write,) = ([r for r in listed(lab) if r["kind"] == kind] for kind in ("record", "write"))
    assert (record["field"], record["value"]) == ("email", "no address")
    assert (write["record"], write["fields"], write["attempts"]) == ("Ada <ada@example.com>", {"phone": "1"}, 1)
    assert "not valid" in write["message"]

    told = command(lab)
    assert "Ada <ada@example.com>  hubspot.contact " in told.stdout
    assert "update refused (1 attempt" in told.stdout
    assert "Property values were not valid" in told.stdout
    assert "crmsync rejects retry" in told.stderr
    log = shell(lab.folder).inside("logs", "--level", "warning", "--store", str(lab.store_file)).stdout
    assert "Refused, once: update: VALIDATION_ERROR HTTP 400: Property values were not valid" in log
    status = shell(lab.folder).inside("status", "--store", str(lab.store_file)).stdout
    assert "1 held, 1 writes refused" in status


def test_a_refused_write_is_sent_again_by_hand(lab: Lab) -> None:
    """As if it had never been sent; afterwards nothing is refused."""
    (write,) = [each for each in listed(lab) if each["kind"] == "write"]
    done = command(lab, "retry", write["id"][-6:])
    assert (done.returncode, done.stderr) == (0, "The next sync sends 1 write again.\n")
    assert lab.rows("SELECT id, state, attempts FROM crmsync.intents") == [(write["id"], "planned", 0)]
    sync(lab)

    assert [each for each in listed(lab) if each["kind"] == "write"] == []
    assert lab.rows("SELECT phone FROM hubspot.contact WHERE name = 'Ada'") == [("1",)]


def test_a_record_is_read_again_by_hand(lab: Lab) -> None:
    """By the next run, though nothing has changed at the CRM: what the store has of it may have been mended."""
    (record,) = [each for each in listed(lab) if each["kind"] == "record"]
    before = command(lab, "retry", record["record_id"])
    assert (before.returncode, before.stderr) == (0, "The next run asks for 1 record again.\n")
    lab.clock.advance(3600)
    lab.run()

    (again,) = [each for each in listed(lab) if each["kind"] == "record"]
    assert (again["attempts"], again["asked_at"]) == (record["attempts"] + 1, None)
    attempts = again["attempts"]
    lab.clock.advance(3600)
    lab.run()
    assert [each["attempts"] for each in listed(lab) if each["kind"] == "record"] == [attempts]


def test_what_is_tried_again_may_be_picked_by_its_reason(lab: Lab) -> None:
    """And by connection and stream; without anything it is all of it."""
    nothing = command(lab, "retry", "--reason", "OTHER")
    assert (nothing.returncode, "nothing to try again" in nothing.stderr) == (2, True)
    assert command(lab, "retry", "nonsense").returncode == 2
    by_reason = command(lab, "retry", "--reason", "not an email address")
    assert by_reason.stderr == "The next run asks for 1 record again.\n"
    everything = command(lab, "retry", "--connection", "hubspot", "--stream", "contact")
    assert "1 write again" in everything.stderr
    assert "1 record again" in everything.stderr


def test_a_refused_row_of_a_file_is_handed_over_again(lab: Lab) -> None:
    """The store has not kept it, so the next sync could not send it."""
    edit(
        lab.store_file,
        "UPDATE crmsync.intents SET source = 'leads.csv', hub_id = 'row:1', "
        'fields = \'{"email":"cleo@example.com"}\'; '
        "UPDATE crmsync.rejects SET resolved_at = now()",
    )
    assert "cleo@example.com (from leads.csv)" in command(lab).stdout
    done = command(lab, "retry")
    assert (done.returncode, "handed over again: --from leads.csv" in done.stderr) == (2, True)
