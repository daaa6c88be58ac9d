"""docs/two-way.md is true: its crmsync.yaml is right, and what it shows comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkout import ROOT
from cli import Shell
from crmsync.config import load_settings, resolve
from crmsync.plugins import connector
from crmsync.spec.build import build, options
from crmsync.spec.load import load, objects
from crmsync.spec.model import variable
from crmsync_odoo.simulator.orm.fields import char
from lab import Lab, laboratory
from store_kit import edit

PAGE = (ROOT / "docs" / "two-way.md").read_text(encoding="utf-8")


def block(language: str, after: str = "") -> str:
    """The first block of this language behind a heading."""
    text = PAGE.partition(after)[2] if after else PAGE
    return str(re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0])


@pytest.mark.parametrize("name", yaml.safe_load(block("yaml"))["connections"])
def test_its_crmsync_yaml_is_right(tmp_path: Path, name: str) -> None:
    """Each connection's streams pass every check."""
    file = tmp_path / "crmsync.yaml"
    file.write_text(block("yaml"), encoding="utf-8")
    spec_file = connector(name).spec_file
    assert spec_file is not None
    declared = options(load(spec_file).tree)
    environment = {variable(name, option.name): "a" for option in declared.values() if option.required}
    connection = resolve(load_settings(file), name, None, declared, environment)
    spec = build(load(spec_file, connection.own).tree, objects(), {"timezone": "UTC", **connection.values})
    assert {"city", "tier"} <= {field.name for field in spec.streams["contact"].fields}


def both_edit(odoo: Lab) -> Any:
    """Ada, agreed on, and then edited in the hub and in Odoo as the page says; her record there, after a sync."""
    values = {"name": "Ada King", "email": "ada@example.com", "phone": "030 1"}
    ada = odoo.simulator.create("res.partner", values)
    odoo.clock.advance(3600)
    odoo.run(mode="sync")
    edit(odoo.store_file, "UPDATE crm.contact SET name = 'Ada Lovelace', phone = '030 2'")
    odoo.simulator.write("res.partner", ada, {"name": "Augusta King", "phone": "030 3", "function": "Countess"})
    odoo.clock.advance(3600)
    odoo.run(mode="sync")
    return odoo.simulator.get("res.partner", ada)


def test_the_example_comes_out_as_it_is_shown(tmp_path: Path) -> None:
    """Both edit the name and the phone number, the CRM the job title as well."""
    said: dict[str, Any] = yaml.safe_load(block("yaml"))
    with laboratory(tmp_path, provider="odoo") as odoo:
        odoo.simulator.add_field("res.partner", char("x_tier", "Tier"))
        odoo.team, odoo.config = {key: said[key] for key in ("hub", "merge")}, said["connections"]["odoo"]
        there = both_edit(odoo)
        assert (there["name"], there["phone"]) == ("Augusta King", "030 2")
        hub = odoo.rows("SELECT name, phone, job_title FROM crm.contact")
        assert hub == [("Ada Lovelace", "030 2", "Countess")]
        (query,) = re.findall(r'crmsync query "(.*)"', block("sh", "## An example"), re.DOTALL)
        done = Shell(tmp_path, {}).inside("query", query, "--store", str(odoo.store_file))
    assert done.returncode == 0, done.stderr
    assert re.sub(r" +$", "", done.stdout, flags=re.MULTILINE) == re.sub(
        r" +$", "", block("text", "## An example"), flags=re.MULTILINE
    )


def test_its_edits_of_the_hub_reach_the_crm(tmp_path: Path) -> None:
    """As they are typed, in the shell that people have."""
    with laboratory(tmp_path) as lab:
        ada = lab.crm.create("Ada", email="ada@example.com")
        lab.run(mode="sync")
        edits = re.findall(r'^duckdb crmsync.duckdb "(.*)"$', PAGE, re.MULTILINE)
        assert len(edits) == 2
        for each in edits:
            edit(lab.store_file, each)
        lab.clock.advance(3600)
        lab.run(mode="sync")
        assert lab.simulator.get("contacts", ada)["properties"]["phone"] == "+49 30 555"
        assert len(lab.simulator.live("contacts")) == 2
