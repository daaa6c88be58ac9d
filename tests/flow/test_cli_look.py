"""The commands that look into a store, also while a run is going on."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from cli import CRMSYNC, shell
from crm import on_terminal
from crmsync.cli import show
from crmsync_hubspot.simulator.access import ALL_SCOPES


def test_everything_can_be_looked_at_while_a_run_goes_on(crm):
    """A run lets the file go between commits, and whoever looks sees it running."""
    crm.hang()
    run = crm.start("--stream", "contact")

    for words in (
        ["logs"],
        ["status"],
        ["rejects"],
        ["state"],
        ["query", "SHOW ALL TABLES"],
        ["streams", "--connector", "hubspot"],
    ):
        assert crm.inside(*words).returncode == 0, words
    (seen,) = map(json.loads, crm.inside("runs", "--json").stdout.splitlines())
    assert (seen["stream"], seen["status"], seen["pid"]) == ("contact", "running", run.pid)
    assert "may be read" in crm.inside("check", "--connector", "hubspot").stdout
    busy = crm.inside("state", "reset", "hubspot", "contact")
    assert (busy.returncode, str(run.pid) in busy.stderr) == (4, True)
    run.kill()
    run.communicate()


def test_a_checkpoint_can_be_read_written_and_forgotten(crm):
    """What `show` prints, `set` takes; after `reset` everything is read again."""
    crm.inside("run", "--connector", "hubspot", "--stream", "contact")
    shown = crm.inside("state", "show", "hubspot", "contact", "--store", "crmsync.duckdb")
    written = crm.inside("state", "set", "hubspot", "contact", shown.stdout.strip())
    mistyped = crm.inside("state", "reset", "hubspot", "contacts")
    broken = crm.inside("state", "set", "hubspot", "contact", '{"ful": {}}')
    crm.inside("state", "reset", "hubspot", "contact")

    assert (shown.returncode, written.returncode, mistyped.returncode, broken.returncode) == (0, 0, 2, 2)
    assert json.loads(shown.stdout)["account"] == "62515"
    assert "There: hubspot contact." in mistyped.stderr
    assert "ful" in broken.stderr
    crm.simulator.purge("contacts", crm.simulator.ids("contacts")[0])
    (result,) = crm.shell.results("--stream", "contact")
    assert (result["read"], result["unchanged"], result["deleted"]) == (39, 39, 1)


def test_a_name_that_the_store_has_never_met_is_no_good_news(crm):
    """A mistyped one is refused, by whatever shows what streams did: "no rejects" would be a lie."""
    crm.inside("run", "--connector", "hubspot", "--stream", "contact")
    asked = [crm.inside(what, *words) for what, *words in (
        ("status", "--connection", "hubpot"),
        ("rejects", "--stream", "contacts"),
        ("runs", "--connection", "hubspot", "--stream", "deal"),
        ("logs", "--connection", "hubpot", "--json"),
    )]  # fmt: skip
    found = crm.inside("rejects", "--connection", "hubspot")

    assert [(done.returncode, done.stdout, "There: hubspot contact." in done.stderr) for done in asked] == [
        (2, "", True)
    ] * 4
    assert (found.returncode, found.stderr) == (0, "No rejects: every record was mapped in whole.\n")


def test_a_query_reads_and_nothing_else(crm):
    """A mistyped table is answered with the nearest; a statement that writes is refused."""
    crm.inside("run", "--connector", "hubspot", "--stream", "contact")
    mistyped = crm.inside("query", "FROM hubspot.contacts")
    writing = crm.inside("query", "DELETE FROM hubspot.contact")
    rows = crm.inside("query", "--json", "SELECT _id, _created_at, email_opt_out FROM hubspot.contact LIMIT 1")

    assert (mistyped.returncode, 'Did you mean "contact"?' in mistyped.stderr) == (2, True)
    assert (writing.returncode, "can only read" in writing.stderr) == (2, True)
    assert re.fullmatch(r'\{"_id": "\d+", "_created_at": "\S+T\S+", "email_opt_out": (true|false)\}\n', rows.stdout)


def test_rows_too_wide_for_the_terminal_stand_below_each_other(crm):
    """Narrow ones are a table; a pipe gets whole lines; what a stranger wrote cannot steer the terminal."""
    crm.simulator.create("contacts", {"email": "wide@example.com", "jobtitle": "\x1b[31mred\nhead"})
    crm.inside("run", "--connector", "hubspot", "--stream", "contact")
    one = "FROM hubspot.contact WHERE email = 'wide@example.com'"
    wide, piped = on_terminal(crm.shell, "query", one), crm.inside("query", one).stdout.splitlines()
    narrow = on_terminal(crm.shell, "query", f"SELECT email, job_title {one}")

    assert re.search(r"^email +wide@example.com$", wide, re.MULTILINE)
    assert re.search(r"^wide@example.com +\\x1b\[31mred\\nhead$", narrow, re.MULTILINE)
    assert all(len(text) <= 80 for text in (wide + narrow).splitlines())
    assert (len(piped), piped[0].startswith("name ")) == (3, True)


def test_columns_stay_in_line_whatever_the_letters(capsys):
    """Those of the far east take two places of a terminal; numbers stand at the right."""
    show.rows(("name", "rows", "city"), [("東京", 1000, "a"), ("Ab", 7, None)], as_json=False)

    assert capsys.readouterr().out.splitlines() == [
        "name  rows  city",
        "────────────────",
        "東京  1000  a",
        "Ab       7",
    ]


def test_no_colour_where_none_is_wanted(crm):
    """NO_COLOR and pipes get plain text."""
    coloured = on_terminal(crm.shell, "state", "show", "hubspot", "contact")
    plain = on_terminal(crm.shell, "state", "show", "hubspot", "contact", NO_COLOR="1")

    assert "\x1b[31m" in coloured
    assert "\x1b" not in plain
    assert "\x1b" not in crm.inside("runs").stderr


def test_a_missing_store_is_told_with_what_fills_it(tmp_path):
    """Also that of a sandbox run, which is another one."""
    run = shell(tmp_path).inside
    before = run("runs")
    run("run", "--connector", "hubspot", "--stream", "deal", "--sandbox", "4")
    after = run("runs")

    assert (before.returncode, "Fill it with: crmsync run --connector NAME" in before.stderr) == (2, True)
    assert (after.returncode, "--store crmsync-sandbox.duckdb" in after.stderr) == (2, True)


def test_check_names_the_scope_that_lacks(crm):
    """Each line is ok, or says what to do; what concerns one stream leaves the others alone."""
    scopes = [s for s in ALL_SCOPES if "deals" not in s]
    lacking = crm.inside("check", "--connector", "hubspot", HUBSPOT_TOKEN=crm.simulator.grant(*scopes))
    refused = crm.inside("check", "--connector", "hubspot", HUBSPOT_TOKEN="nonsense")

    assert lacking.returncode == 2
    assert re.search(r"^ok +contact +may be read$", lacking.stdout, re.MULTILINE)
    assert re.search(r"^bad +deal ", lacking.stdout, re.MULTILINE)
    assert "Grant the credentials: crm.objects.deals.read" in lacking.stdout
    assert (refused.returncode, "Set HUBSPOT_TOKEN" in refused.stdout) == (2, True)


def test_check_tells_of_a_provider_that_does_not_answer(tmp_path):
    """Status 1, within seconds: somebody waits for the answer."""
    done = shell(tmp_path, "http://127.0.0.1:1", token="x").inside("check", "--connector", "hubspot")

    assert (done.returncode, done.stdout.startswith("bad")) == (1, True)
    assert "http://127.0.0.1:1 cannot be reached: the connection is refused" in done.stdout
    assert "which HUBSPOT_BASE_URL sets" in done.stdout


@pytest.mark.parametrize("pipe", ["| head -1", "| head -0", "2>&1 | head -1"])
def test_a_closed_pipe_is_quiet(crm, pipe):
    """A reader that goes away is no reason to complain."""
    command = f"{CRMSYNC} streams --connector hubspot --json {pipe}"

    done = subprocess.run(["bash", "-c", command], env=crm.shell.environment, capture_output=True, text=True)

    assert done.stderr == ""


def test_validate_tells_every_mistake_with_its_place(tmp_path):
    """Status 2 and a line for each, as compilers write them."""
    (tmp_path / "spec.yaml").write_text("crmsync: 1\nnam: x\ncheck: 5\n")

    done = shell(tmp_path).inside("validate", "spec.yaml")

    assert done.returncode == 2
    assert "spec.yaml:2:1: unknown key `nam`; did you mean `name`? [SP101]" in done.stdout.splitlines()
    assert any(line.startswith("spec.yaml:3:1: ") for line in done.stdout.splitlines())


def test_status_says_in_words_how_each_stream_is_doing(crm):
    """Its last success, its rows, what is wrong, who reads it now; --json has the view as it is."""
    crm.simulator.create("contacts", {"email": "no address"})
    before = crm.inside("status")
    crm.inside("run", "--connector", "hubspot", "--stream", "contact", "--stream", "deal")
    crm.simulator.fail(400, "/objects/2026-03/deals", times=99)
    crm.inside("run", "--connector", "hubspot", "--stream", "deal")
    told = crm.inside("status")
    (contact,) = map(json.loads, crm.inside("status", "--json", "--stream", "contact").stdout.splitlines())

    assert (before.returncode, told.returncode) == (2, 0)
    assert re.search(r"^hubspot.contact +41 +20\d\d-\S+ \S+ +20\d\d-\S+ \S+ +done, 1 held$", told.stdout, re.MULTILINE)
    assert re.search(r"^hubspot.deal .* failed, CS202 .*HTTP 400", told.stdout, re.MULTILINE)
    assert (contact["status"], contact["rows"], contact["held"], contact["holder"]) == ("done", 41, 1, None)


def test_status_names_a_run_that_holds_a_stream(crm):
    """Also one that was killed, until it is taken over."""
    crm.hang()
    run = crm.start("--stream", "contact")
    told = crm.inside("status").stdout
    run.kill()
    run.communicate()

    assert re.search(rf"^hubspot.contact .* running: \S+ \(process {run.pid} on ", told, re.MULTILINE)
