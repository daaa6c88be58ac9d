"""The commands of the README that need no account, run as a newcomer runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import clone, environment, lend, run
from crmsync.sandbox import Server
from crmsync_hubspot.simulator import HubSpotSimulator
from crmsync_hubspot.simulator.access import Token
from store_kit import SHELL, shell_rows

STORE = "crmsync.duckdb"
START = "import sys; from crmsync.cli import main; sys.argv[0] = 'crmsync'; main()"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A clone in which `make demo` was run: the clone's own code, with dependencies that are there already."""
    folder = tmp_path_factory.mktemp("clone")
    clone(folder)
    python = environment(folder / ".venv")
    lend(folder / ".venv", folder / "core", *(file.parent for file in folder.glob("connectors/*/pyproject.toml")))
    script = python.with_name("crmsync")
    script.write_text(f"#!{python}\n{START}\n")
    script.chmod(0o755)
    (folder / ".venv" / "ready").touch()
    done = run("make", "demo", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def account(demo: tuple[Path, str]) -> Iterator[tuple[Path, str]]:
    """The clone after the README's commands for an account, which a simulator stood for; and what they printed."""
    folder, _ = demo
    (script,) = [block for block in blocks(folder / "README.md", "sh") if "HUBSPOT_TOKEN=" in block]
    simulator = HubSpotSimulator(300)
    simulator.switches.limits.on = False
    simulator.access.tokens[re.search(r"HUBSPOT_TOKEN=(\S+)", script)[1]] = Token()  # type: ignore[index]
    with Server(simulator) as server:
        done = shell(folder, script, HUBSPOT_BASE_URL=server.url)
        assert done.returncode == 0, done.stderr
        yield folder, done.stdout + done.stderr


def blocks(file: Path, language: str) -> list[str]:
    """The code blocks of a document that are written in `language`."""
    return code(file.read_text(encoding="utf-8"), language)


def shell(clone: Path, script: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a block as a person would type it, with the clone's crmsync in the path, and a DuckDB shell."""
    path = os.pathsep.join([str(clone / ".venv" / "bin"), str(SHELL.parent), os.environ["PATH"]])
    return run("sh", "-e", "-c", script, cwd=folder or clone, PATH=path, **environment)


def section(folder: Path, heading: str) -> str:
    """What stands in the README below a heading."""
    text = (folder / "README.md").read_text(encoding="utf-8").partition(f"### {heading}\n")[2]
    return re.split(r"^##", text, maxsplit=1, flags=re.MULTILINE)[0]


def code(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def stable(text: str) -> list[str]:
    """The lines of an output as they are in each run: without costs, ids, times, and what a lagging index adds."""
    lines = [re.sub(r"  \([0-9.]+ s,.*\)$", "", line.rstrip()) for line in text.splitlines()]
    lines = [re.sub(r"\d+ read, \d+ applied, \d+ unchanged", "", line) for line in lines]
    return [re.sub(r"^[0-9a-f]{6}  |  since .*", "", line) for line in lines if line.strip() not in ("", "…")]


def ask(folder: Path, sql: str, store: str = "demo.duckdb") -> list[dict[str, object]]:
    done = run(folder / ".venv" / "bin" / "crmsync", "query", sql, "--json", "--store", store, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_make_demo_brings_20_000_contacts_and_shows_five(demo: tuple[Path, str]) -> None:
    """As the README says."""
    folder, shown = demo
    assert ask(folder, "SELECT count(*) AS n FROM hubspot.contact") == [{"n": 20_000}]
    assert len(re.findall(r"@\S+\.example", shown)) == 5


def test_the_rows_in_the_readme_are_the_rows_of_the_demo(demo: tuple[Path, str]) -> None:
    """The picture of the terminal was not made up: its names and addresses come out of each run."""
    folder, shown = demo
    readme = (folder / "README.md").read_text(encoding="utf-8")
    pictured = re.findall(r"^(\S.*@\S+\.example\S*)", readme.partition("### ")[0], re.MULTILINE)
    assert len(pictured) == 5
    assert [line for line in pictured if line not in shown] == []


def test_the_code_that_ran_was_the_clone_s(demo: tuple[Path, str]) -> None:
    """Else this test would prove nothing about what is committed."""
    folder, _ = demo
    found = run(folder / ".venv" / "bin" / "python", "-c", "import crmsync; print(crmsync.__file__)", cwd=folder)
    assert found.stdout.startswith(str(folder / "core"))


def test_the_commands_for_an_account_work_as_they_stand(account: tuple[Path, str]) -> None:
    """The first run reads everything, the second one nothing new, and the query shows people."""
    folder, told = account
    runs = ask(folder, "SELECT read, applied FROM crmsync.runs WHERE stream = 'contact' ORDER BY started_at", STORE)
    assert [runs[0], runs[1]["applied"]] == [{"read": 300, "applied": 300}, 0]
    assert re.search(r"ok +credentials", told)
    assert len(re.findall(r"@\S+\.example", told)) == 5


def test_every_query_in_the_page_of_the_store_runs_in_a_shell(account: tuple[Path, str]) -> None:
    """In the DuckDB shell that people have, on a store that was just filled."""
    folder, _ = account
    queries = blocks(folder / "docs" / "store.md", "sql")
    newest, counts, problems, comments, wrong, lags = (shell_rows(folder / STORE, q) for q in queries)
    assert (len(newest), len(counts), problems, wrong, len(lags)) == (5, 6, [], [], 3)
    assert "job_title,Job title" in comments


def test_the_commands_in_the_page_of_the_store_work_as_they_stand(account: tuple[Path, str]) -> None:
    """A checkpoint is set and reset by hand."""
    folder, _ = account
    (script,) = blocks(folder / "docs" / "store.md", "sh")
    done = shell(folder, script)
    assert done.returncode == 0, done.stderr
    assert "reads everything" in done.stderr


def test_the_migration_comes_out_as_it_is_shown(demo: tuple[Path, str], tmp_path: Path) -> None:
    """Each line of it, from the plan's value map to the run that finds nothing more to write."""
    clone, _ = demo
    text = section(clone, "A migration")
    (ask, migrate), (filled,), shown = code(text, "sh"), code(text, "yaml"), code(text, "text")
    said = []
    for script in (ask, migrate):
        done = shell(clone, script, tmp_path)
        assert done.returncode == 0, done.stderr
        said.append(stable(done.stdout + done.stderr))
        (tmp_path / "crmsync.yaml").write_text(filled, encoding="utf-8")
    assert [
        [line for line in stable(picture) if line not in out] for picture, out in zip(shown, said, strict=True)
    ] == [
        [],
        [],
    ]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README edits the record with curl")
def test_edits_on_both_sides_meet_as_it_is_shown(demo: tuple[Path, str], tmp_path: Path) -> None:
    """With the sandbox of another terminal; the id of the conflict is another one each time."""
    clone, _ = demo
    text = section(clone, "Both ways")
    (serve, edit, decide), (met, settled) = code(text, "sh"), code(text, "text")
    bin_ = clone / ".venv" / "bin"
    terminal = subprocess.Popen(
        [bin_ / "crmsync", *serve.split()[1:], "--port", "0"], cwd=clone, stdout=subprocess.PIPE, text=True
    )
    assert terminal.stdout
    try:
        printed = [terminal.stdout.readline() for _ in range(6)]
        options = dict(re.findall(r"export (\w+)=(\S+)", "".join(printed)))
        first = shell(clone, edit, tmp_path, **options)
        assert first.returncode == 0, first.stderr
        conflict = re.findall(r"^([0-9a-f]{6})  ", first.stdout, re.MULTILINE)[0]
        second = shell(clone, re.sub(r"resolve \w+", f"resolve {conflict}", decide), tmp_path, **options)
        assert second.returncode == 0, second.stderr
    finally:
        terminal.terminate()
        terminal.communicate()
    for picture, done in ((met, first), (settled, second)):
        assert [line for line in stable(picture) if line not in stable(done.stdout + done.stderr)] == []
