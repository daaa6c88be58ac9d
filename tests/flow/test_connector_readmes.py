"""What the READMEs of the connectors show is run as it stands, against simulators that stand for the accounts."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from cli import CRMSYNC, Shell
from crmsync.sandbox import Server
from crmsync.store import FileStore
from crmsync_odoo.simulator import OdooSimulator
from crmsync_odoo.simulator.access import Key
from crmsync_odoo.simulator.data.users import BOT
from crmsync_zoho.simulator import ZohoSimulator
from crmsync_zoho.simulator.oauth import Grant

VISITOR = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).close()"  # a browser that says yes
ERP = "https://erp.yours.example"


def blocks(connector: str, language: str) -> list[str]:
    text = (ROOT / "connectors" / connector / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def block(connector: str, language: str, part: str) -> str:
    """The first block that has this part."""
    return next(each for each in blocks(connector, language) if part in each)


@contextmanager
def desk(folder: Path, simulator: Any, **environment: str) -> Iterator[tuple[Shell, str]]:
    """A person's working directory with crmsync in the path, and the simulator's address."""
    paths = os.pathsep.join([str(CRMSYNC.parent), os.environ["PATH"]])
    mine = {"PATH": paths, "HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with Server(simulator) as server:
        yield Shell(folder, {**mine, **{k: v.replace("$url", server.url) for k, v in environment.items()}}), server.url


def typed(shell: Shell, script: str) -> str:
    """What a block prints; it must go well."""
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=shell.folder, env=shell.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def columns(shell: Shell, table: str) -> set[str]:
    """The columns of a mirror that has rows."""
    store = FileStore(shell.folder / "crmsync.duckdb", read_only=True)
    try:
        names, rows = store.query(f"FROM {table}")
    finally:
        store.close()
    assert rows
    return set(names)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def zoho(script: str) -> ZohoSimulator:
    """An org that knows the client which a block names."""
    org = ZohoSimulator(40, seed=1)
    org.app.client_id = re.search(r"ZOHO_CLIENT_ID=(\S+)", script)[1]  # type: ignore[index]
    org.app.client_secret = re.search(r"ZOHO_CLIENT_SECRET=(\S+)", script)[1]  # type: ignore[index]
    return org


def odoo(version: int) -> OdooSimulator:
    """A server with the database, the user and the key that the blocks name."""
    server = OdooSimulator(40, seed=1, version=version, databases=("yours",))
    server.database.access.keys["yours"] = Key(BOT)
    server.write("res.users", BOT, {"login": "bot@yours.example"})
    return server


ZOHO = {"ZOHO_BASE_URL": "$url", "ZOHO_ACCOUNTS_URL": "$url"}


def test_zoho_is_connected_in_the_browser(tmp_path: Path) -> None:
    """And then read."""
    script, port = block("zoho", "sh", "crmsync auth zoho\n"), free_port()
    org = zoho(script)
    org.app.redirect_uris.append(f"http://localhost:{port}/callback")
    (tmp_path / "visit.py").write_text(VISITOR)
    browser = f"{sys.executable} {tmp_path / 'visit.py'} %s &"
    with desk(tmp_path, org, **ZOHO, BROWSER=browser) as (shell, _):
        told = typed(shell, f"{script.strip()} --port {port}\ncrmsync run --connector zoho\n")
    assert "zoho is connected." in told
    assert len(re.findall("✓ zoho", told)) == 3


def test_zoho_is_connected_by_a_code_with_the_scopes_that_are_told(tmp_path: Path) -> None:
    """They are enough to read everything, and leave nothing of it out."""
    script = block("zoho", "sh", "--code -")
    (code,) = re.findall(r"echo (\S+)", script)
    (scopes,) = blocks("zoho", "text")
    org = zoho(script)
    org.app.codes[code] = Grant(tuple(scopes.strip().split(",")), org.org.now_s + 600)
    with desk(tmp_path, org, **ZOHO) as (shell, _):
        told = typed(shell, f"{script}\ncrmsync run --connector zoho\n")
    assert len(re.findall("✓ zoho", told)) == 3


def test_zoho_reads_the_fields_and_streams_of_the_readme(tmp_path: Path) -> None:
    """Each crmsync.yaml, as it stands."""
    fields, streams = blocks("zoho", "yaml")
    org = ZohoSimulator(40, seed=1)
    options = {f"ZOHO_{name}".upper(): value for name, value in org.options.items()}
    with desk(tmp_path, org, **{**options, **ZOHO}) as (shell, _):
        for shown in (fields, streams):
            (tmp_path / "crmsync.yaml").write_text(shown)
            assert shell.inside("run", "--connector", "zoho").returncode == 0
        assert {"date_of_birth", "assistant"} <= columns(shell, "zoho.contact")
        assert "reason_for_loss__s" in columns(shell, "zoho.deal")
        assert {"name", "email", "company_name", "status", "owner_name"} <= columns(shell, "zoho.lead")


@pytest.mark.parametrize(("part", "version"), [("ODOO_API_KEY=yours\n", 19), ("ODOO_LOGIN", 18)])
def test_odoo_is_connected_by_a_key(tmp_path: Path, part: str, version: int) -> None:
    """Before 19 with the login, too; the first of the blocks reads everything as well."""
    script = block("odoo", "sh", part)
    with desk(tmp_path, odoo(version)) as (shell, url):
        told = typed(shell, script.replace(ERP, url))
    assert len(re.findall("ok +(?:credentials|contact|company|deal)", told)) == 4
    assert len(re.findall("✓ odoo", told)) == (3 if "crmsync run" in script else 0)


def test_odoo_reads_the_fields_and_streams_of_the_readme_and_tells_whose_a_deal_is(tmp_path: Path) -> None:
    """Each crmsync.yaml, as it stands, and the query."""
    fields, streams = blocks("odoo", "yaml")
    page = (ROOT / "connectors/odoo/README.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"`(SELECT [^`]*)`", page)
    server = odoo(19)
    (company,) = server.ids("res.partner", [["is_company", "=", True], ["id", "!=", 1]], limit=1)
    server.write("crm.lead", server.ids("crm.lead", [["type", "=", "opportunity"]])[0], {"partner_id": company})
    with desk(tmp_path, server, ODOO_API_KEY="yours") as (shell, url):
        shell.environment.update(ODOO_BASE_URL=url, ODOO_DATABASE="yours")
        for shown in (fields, streams):
            (tmp_path / "crmsync.yaml").write_text(shown.replace(ERP, url))
            assert shell.inside("run", "--connector", "odoo").returncode == 0
        assert {"comment", "category_id", "country_id"} <= columns(shell, "odoo.contact")
        assert "size" in columns(shell, "odoo.company")
        assert "tag_ids" in columns(shell, "odoo.deal")
        assert {"name", "parent_id"} <= columns(shell, "odoo.tag")
        assert {"name", "is_won"} <= columns(shell, "odoo.stage")
        whose = shell.query(query)
    assert {(row["contact"] is None, row["company"] is None) for row in whose} >= {(True, False), (False, True)}


@pytest.mark.parametrize("connector", ["zoho", "odoo"])
def test_the_simulator_is_served_by_the_command_that_is_told(connector: str) -> None:
    """On any port that is free."""
    (line,) = block(connector, "sh", "python -m").splitlines()
    words = [*line.split(), "--port", "0"]
    with subprocess.Popen([sys.executable, *words[1:]], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        process.terminate()
    assert "http://127.0.0.1:" in told


def test_the_python_of_zoho_s_readme_runs() -> None:
    """What a test may do to the simulator."""
    (shown,) = blocks("zoho", "python")
    known: dict[str, Any] = {}
    exec(shown, known)
    assert known["org"].get("Contacts", known["contact"])["Title"] == "Pilot"
