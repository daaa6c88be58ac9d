"""The commands of the README that need no account, run as a newcomer runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from checkout import clone, environment, lend, run

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


def ask(folder: Path, sql: str) -> list[dict[str, object]]:
    done = run(folder / ".venv" / "bin" / "crmsync", "query", sql, "--json", "--store", "demo.duckdb", cwd=folder)
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
    pictured = re.findall(r"^(\S.*@\S+\.example\S*)", readme, re.MULTILINE)
    assert len(pictured) == 5
    assert [line for line in pictured if line not in shown] == []


def test_the_code_that_ran_was_the_clone_s(demo: tuple[Path, str]) -> None:
    """Else this test would prove nothing about what is committed."""
    folder, _ = demo
    found = run(folder / ".venv" / "bin" / "python", "-c", "import crmsync; print(crmsync.__file__)", cwd=folder)
    assert found.stdout.startswith(str(folder / "core"))
