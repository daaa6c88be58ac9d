"""Packages of other people: a broken one is named and takes nobody down."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli import Shell, distribution, package, shell

SPEC = """
crmsync: 1
name: {name}
config: {{base_url: {{default: "https://api.example.com"}}, token: {{secret: true}}}}
auth: {{token: {{kind: header, needs: [token], headers: {{Authorization: $token}}}}}}
check: {{do: GET /me, account: id}}
streams:
  thing:
    record: {{id: id, values: $}}
    fields: {{name: {{at: name, type: text}}}}
    read: {{full: {{by: list, do: GET /things, records: things}}}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Shell:
    """A program with some packages on its path; importing any leaves a file `imported`."""
    site = tmp_path / "site"
    package(site, "good", SPEC.format(name="good"))
    package(site, "raises", SPEC.format(name="raises"), "raise RuntimeError('boom')")
    package(site, "exits", SPEC.format(name="exits"), "import sys; sys.exit('bye')")
    package(site, "bare", None)
    package(site, "wrong", SPEC.format(name="wrong").replace("check:", "chek:"))
    package(site, "lies", SPEC.format(name="good"))
    package(site, "twin", SPEC.format(name="double"), point="double")
    package(site, "double", SPEC.format(name="double"))
    distribution(site, "absent", "[crmsync]\nabsent = absent\n")
    distribution(site, "garbled", "[crmsync]\nno sense\n")
    made = shell(tmp_path)
    return Shell(tmp_path, {**made.environment, "PYTHONPATH": str(site)})


def test_each_broken_package_is_named_with_what_is_wrong(run):
    """The listing itself succeeds, and the sound ones are ok."""
    done = run("connectors", "--json")

    status = {line["distribution"]: line["status"] for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0
    assert {status["crmsync-hubspot"], status["good"]} == {"ok"}
    assert status["raises"] == "broken: importing raises fails: RuntimeError: boom"
    assert status["exits"] == "broken: importing exits fails: bye"
    assert status["bare"] == "broken: its package bare has no spec.yaml"
    assert re.fullmatch(r"broken: \S+/spec.yaml:\d+:1: the key `check` is missing .* \(and 1 more\)", status["wrong"])
    assert status["lies"] == "broken: The spec of lies (lies) is one of good."
    assert status["twin"] == status["double"] == "broken: double and twin both have this name"
    assert status["absent"] == "broken: the package absent is not there"
    assert "metadata cannot be read" in status["garbled"]


def test_what_is_not_used_is_not_imported(run):
    """A run of one connector is nothing to the others, however broken they are."""
    done = run("run", "--connector", "hubspot", "--stream", "deal", "--sandbox", "4")

    assert done.returncode == 0, done.stderr
    assert not (run.folder / "imported").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raises", "The package of raises (raises) fails: RuntimeError: boom"),
        ("exits", "The package of exits (exits) fails: SystemExit: bye"),
        ("double", "double and twin both have this name"),
        ("good", "The connector good has no sandbox."),
    ],
)
def test_using_a_broken_package_says_whose_it_is(run, name, told):
    """Status 2, and no traceback."""
    done = run("run", "--connector", name, "--sandbox")

    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
