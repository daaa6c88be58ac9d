"""`--mode push --from`: rows of a file or a query are written to a CRM by their match key, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from cli import shell
from lab import Lab, laboratory
from providers import DRIVERS
from store_kit import edit

TWO = "email,name,phone\nada@example.com,Ada,0044 1\ngrace@example.com,Grace Hopper,\n"


@pytest.fixture(params=DRIVERS)
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    with laboratory(tmp_path, provider=request.param) as made:
        yield made


@pytest.fixture
def hubspot(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as made:
        yield made


def hand_over(lab: Lab, text: str, name: str = "leads.csv") -> tuple[int, int, int]:
    """Push a file with this text: how many were created, updated and refused."""
    file = lab.folder / name
    file.write_text(text)
    return push(lab, str(file))


def push(lab: Lab, source: str) -> tuple[int, int, int]:
    lab.clock.advance(3600)
    written = lab.run(mode="push", source=source).written
    assert written
    return written.created, written.updated, written.refused


def contacts(lab: Lab) -> list[tuple[str, str, str | None]]:
    rows = lab.mirror().values()
    return sorted((row["email"], row["name"], row["phone"]) for row in rows if row["email"])


def reasons(lab: Lab) -> list[str]:
    return [row[0] for row in lab.rows("SELECT message FROM crmsync.intents WHERE state = 'rejected' ORDER BY id")]


def test_rows_are_created_or_updated_by_their_key(lab: Lab) -> None:
    """An empty cell says nothing; a second time there is nothing to do; the hub has no part in it."""
    lab.crm.create("Ada", email="ada@example.com")
    assert hand_over(lab, TWO) == (1, 1, 0)
    assert contacts(lab)[1] == ("grace@example.com", "Grace Hopper", None)
    assert contacts(lab)[0][2] == "0044 1"
    assert hand_over(lab, TWO.replace("0044 1", "")) == (0, 0, 0)
    assert contacts(lab)[0][2] == "0044 1"
    assert lab.rows("SELECT count(*) FROM crmsync.links") == [(0,)]


def test_somebody_whom_the_reading_has_not_met_is_not_doubled(hubspot: Lab) -> None:
    """The index of what changed lags behind, so the CRM is asked for them."""
    hubspot.run()
    hubspot.simulator.switches.lag = lambda _kind, _id: 1_000_000
    hubspot.crm.create("Ada", email="ada@example.com")
    assert hand_over(hubspot, TWO) == (1, 1, 0)
    assert len(hubspot.crm.live()) == 2


@pytest.mark.parametrize("name", ["l.parquet", "l.json", "l.tsv", "l.csv.gz"])
def test_files_of_several_kinds_are_read(hubspot: Lab, name: str) -> None:
    """With texts as they are, noughts at the beginning included."""
    file = hubspot.folder / name
    how = {"l.json": "(ARRAY true)", "l.tsv": "(DELIMITER '\t')"}.get(name, "")
    duckdb.sql(f"COPY (SELECT 'ada@example.com' AS email, '0044 1' AS phone) TO '{file}' {how}")
    assert push(hubspot, str(file)) == (1, 0, 0)
    assert contacts(hubspot)[0][2] == "0044 1"


def test_a_query_reads_the_store_and_the_files_that_it_names(hubspot: Lab) -> None:
    """So a table of one's own can be pushed, and columns be renamed."""
    hubspot.run()
    edit(hubspot.store_file, "CREATE TABLE main.leads AS SELECT 'ada@example.com' AS mail")
    file = hubspot.folder / "phones.csv"
    file.write_text("of,number\nada@example.com,1\n")
    source = f"SELECT mail AS email, number::VARCHAR AS phone FROM leads JOIN '{file}' ON of = mail"
    assert push(hubspot, source) == (1, 0, 0)
    assert contacts(hubspot)[0][2] == "1"


def test_a_query_reaches_nothing_else(hubspot: Lab) -> None:
    """Neither a file that it does not name as such, nor a change of anything."""
    secret = hubspot.folder / "secret.csv"
    secret.write_text("email\na@example.com\n")
    for source in (
        f"SELECT email FROM read_csv('{hubspot.folder}' || '/secret.csv')",
        f"SELECT email FROM read_csv('{hubspot.folder}/*.csv')",
        "SELECT 1 AS email; DROP TABLE crmsync.runs",
        "COPY crmsync.runs TO 'x'",
    ):
        (result,) = hubspot.try_run(mode="push", source=source)
        assert result.error
        assert result.exit_status == 2, result.error
    assert hubspot.crm.live() == {}


def test_a_row_that_is_not_certain_is_refused_and_named(hubspot: Lab) -> None:
    """All others are written."""
    text = "email,name,phone\n,Nobody,\nb@example.com,B,\nB@example.com,C,\nd@example.com,D,1\n"
    assert hand_over(hubspot, text) == (1, 0, 3)
    assert sorted(reason[:6] for reason in reasons(hubspot)) == ["row 1:", "row 2:", "row 3:"]


def test_wrong_columns_are_all_named_at_once(hubspot: Lab) -> None:
    """And nothing is written."""
    file = hubspot.folder / "leads.csv"
    file.write_text("e-mail,fone\na,b\n")
    (result,) = hubspot.try_run(mode="push", source=str(file))
    assert result.error
    assert "did you mean 'email'" in result.error["message"]
    assert "'fone'" in result.error["message"]
    assert result.exit_status == 2


def test_the_options_are_checked(hubspot: Lab) -> None:
    """--from is for one stream and a push."""
    program = shell(hubspot.folder, **hubspot.crm.options(hubspot.url))
    for words in (["--mode", "sync", "--stream", "contact"], ["--mode", "push"], ["--stream", "contact"]):
        told = program.inside("run", "--connector", "hubspot", *words, "--from", "x.csv")
        assert (told.returncode, "--from needs" in told.stderr) == (2, True)


def test_a_row_whose_record_nobody_could_find_again_is_refused(lab: Lab) -> None:
    """A second hand-over would make it a second time; rows with one key are told with their numbers."""
    there = len(lab.mirror()) if lab.run().status == "done" else 0
    rows = "email,name\nno address,Bad\n,Nobody\na@x.example,A\nA@X.example,B\n"
    assert hand_over(lab, rows) == (0, 0, 4)
    assert len(lab.mirror()) == there
    lost = "has no email by which its record could be found"
    twice = "the same email stands in the rows 3, 4"
    assert sorted(reasons(lab)) == [f"row 1: {lost}", f"row 2: {lost}", f"row 3: {twice}", f"row 4: {twice}"]
