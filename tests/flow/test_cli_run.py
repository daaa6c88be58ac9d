"""`crmsync run` as other people's scripts know it: what it prints, and the status it ends with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess

import duckdb
import pytest

from cli import CRMSYNC, shell
from crm import on_terminal
from store_kit import edit

KEYS = [
    "run_id",
    "connector",
    "connection",
    "stream",
    "mode",
    "status",
    "read",
    "applied",
    "unchanged",
    "rejected",
    "held",
    "deleted",
    "requests",
    "retries",
    "waited_seconds",
    "seconds",
]


def test_json_is_one_object_a_stream_and_nothing_else(crm):
    """A script parses every line of stdout; people are talked to on stderr."""
    done = crm.sync("--json", "--stream", "company", "--stream", "contact")

    first, second = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, list(first), first["stream"]) == (0, KEYS, "contact")
    assert (second["stream"], second["status"], second["read"]) == ("company", "done", second["applied"])
    assert done.stderr == ""


def test_a_stream_that_fails_does_not_stop_the_others(crm):
    """The others are brought up to date, and the status says that something failed."""
    crm.simulator.fail(400, "/objects/2026-03/contacts", times=99)

    done = crm.sync("--json")

    assert done.returncode == 1
    results = {line["stream"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert {name: line["status"] for name, line in results.items()} == {
        "contact": "failed",
        "company": "done",
        "deal": "done",
    }
    assert results["contact"]["error"]["code"] == "CS202"


def test_rejects_end_with_3_only_where_strict(crm):
    """Held fields are said; whether they make a failure is the script's to decide."""
    crm.simulator.create("contacts", {"email": "no address"})

    done = crm.sync("--stream", "contact")
    strict = crm.sync("--stream", "contact", "--backfill", "--strict", "--json")

    assert done.returncode == 0
    assert " held" in done.stderr
    assert "crmsync rejects" in done.stderr
    assert (strict.returncode, json.loads(strict.stdout)["held"] > 0) == (3, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--connector", "hubspt"], "There is no connector 'hubspt'. Did you mean hubspot? Installed: hubspot"),
        (["--connector", "hubspot", "--stream", "deals"], "Did you mean deal? It has: contact, company, deal."),
        (["--connector", "hubspot", "--connection", "crm"], "the connection name 'crm' is reserved"),
        (["--conector", "hubspot"], "--connector"),
        ([], "Installed: hubspot"),
    ],
)
def test_a_mistyped_name_is_told_with_those_that_there_are(crm, words, told):
    """Status 2, and the person sees what to type instead."""
    done = crm("run", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_and_refused_credentials_say_what_to_set(crm):
    """Both end with status 2 and name the variable."""
    missing = crm.sync(HUBSPOT_TOKEN="")
    refused = crm.sync(HUBSPOT_TOKEN="pat-na1-of-somebody-else")

    assert (missing.returncode, refused.returncode) == (2, 2)
    assert "export HUBSPOT_TOKEN=" in missing.stderr
    assert "--sandbox" in missing.stderr
    assert "Set HUBSPOT_TOKEN to credentials that are valid and have not ended." in refused.stderr


def test_the_end_of_the_day_s_quota_is_a_stop(crm):
    """Status 4: run it again tomorrow; what is read stays."""
    crm.simulator.switches.limits.on = True
    crm.simulator.switches.limits.daily = 3

    done = crm.sync("--stream", "contact", "--json")

    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["code"] == "CS302"


def test_a_terminated_run_goes_on_later(crm):
    """SIGTERM ends with 4 whatever the run waits for, and the next run brings what is missing."""
    crm.hang()
    run = crm.start("--stream", "contact", "--json")
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate()

    assert (run.returncode, json.loads(out)["status"]) == (4, "stopped")
    assert "Once more ends at once" in err
    assert crm.sync("--stream", "contact").returncode == 0
    assert crm.shell.query("SELECT count(*) AS n FROM hubspot.contact") == [{"n": 40}]


def test_a_second_interrupt_ends_at_once(crm):
    """Even where the run waits for a store that another program has open."""
    with duckdb.connect(str(crm.shell.folder / "crmsync.duckdb")):
        run = crm.shell.start("run", "--connector", "hubspot", "--stream", "contact")
        assert run.stderr is not None
        waiting, _, _ = (run.stderr.readline() for _ in range(3))  # it looks after a stop ever more seldom
        run.send_signal(signal.SIGINT)
        stopping = run.stderr.readline()
        run.send_signal(signal.SIGINT)
        run.communicate()

    assert f"process {os.getpid()}" in waiting
    assert "Once more ends at once" in stopping
    assert run.returncode == 130


def test_two_runs_of_one_stream_take_turns(crm):
    """The second says who runs it and ends with 4; with --wait it waits; a killed run holds nobody up."""
    crm.hang()
    first = crm.start("--stream", "contact")
    second = crm.sync("--stream", "contact")
    third = crm.shell.start("run", "--connector", "hubspot", "--stream", "contact", "--wait", "--json")
    assert third.stderr is not None
    waiting = third.stderr.readline()
    first.kill()

    assert (second.returncode, f"process {first.pid}" in second.stderr, "--wait" in second.stderr) == (4, True, True)
    assert "Waiting for it" in waiting
    assert json.loads(third.communicate()[0])["applied"] == 40
    first.communicate()
    assert crm.shell.query("SELECT count(*) AS n FROM crmsync.runs WHERE status = 'lost'") == [{"n": 1}]


@pytest.mark.parametrize("words", [["--sandbox"], ["--sandbox", "--json"], ["--sandbox", "50", "--json"]])
def test_a_sandbox_needs_no_account_and_no_number(tmp_path, words):
    """Made-up records, in a store of their own even where the environment names the one of real rows."""
    run = shell(tmp_path)

    done = run("run", "--connector", "hubspot", "--stream", "contact", *words, CRMSYNC_STORE="real.duckdb")

    assert done.returncode == 0, done.stderr
    assert [p.name for p in tmp_path.glob("*.duckdb")] == ["crmsync-sandbox.duckdb"]
    assert not (tmp_path / "state").exists()
    if "--json" in words:
        assert json.loads(done.stdout)["read"] == (50 if "50" in words else 1000)


def test_a_sandbox_has_no_limits_to_wait_for(tmp_path):
    """Trying it out on many records takes seconds: a real account lets 100 requests through in 10 s."""
    (result,) = shell(tmp_path).results("--stream", "contact", "--sandbox", "10000")

    assert (result["applied"], result["waited_seconds"]) == (10_000, 0)
    assert result["requests"] > 100


def test_progress_is_for_terminals_only(crm):
    """A terminal shows it and is left clean; a pipe gets the summary alone."""
    crm.server.latency_s = 0.15
    seen = on_terminal(crm.shell, "run", "--connector", "hubspot", "--stream", "contact")
    crm.server.latency_s = 0
    piped = crm.sync("--backfill", "--stream", "contact")

    assert "everything" in seen
    assert seen.endswith('"FROM hubspot.contact LIMIT 5"\n')
    assert "everything" not in piped.stderr
    assert "✓ hubspot.contact  40 read" in piped.stderr


def test_a_reader_who_has_gone_does_not_stop_a_run(crm):
    """`crmsync run … 2>&1 | head -1` reads everything all the same."""
    crm.simulator.fail(429, "/contacts", retry_after_s=2)
    command = f"set -o pipefail; {CRMSYNC} run --connector hubspot --stream contact 2>&1 | head -0"

    subprocess.run(["bash", "-c", command], cwd=crm.shell.folder, env=crm.shell.environment, check=True)

    assert crm.shell.query("SELECT status FROM crmsync.runs") == [{"status": "done"}]


def test_a_terminal_shows_how_many_records_are_written(crm):
    """Of how many; the run's log tells it as well, for those who were not there."""
    assert crm.sync("--stream", "contact", "--mode", "sync").returncode == 0
    people = "SELECT 'N' || i, 'n' || i || '@example.com' FROM range(300) t(i)"
    edit(crm.shell.folder / "crmsync.duckdb", f"INSERT INTO crm.contact (name, email) {people}")
    crm.server.latency_s = 0.3
    seen = on_terminal(crm.shell, "run", "--connector", "hubspot", "--stream", "contact", "--mode", "push")

    assert re.search(r"writing +[1-9]\d+ of 300 written", seen)
    assert crm.shell.query(
        "SELECT message FROM crmsync.logs WHERE event = 'StreamWritten' AND message LIKE '%300%'"
    ) == [{"message": "In step: 300 created."}]
