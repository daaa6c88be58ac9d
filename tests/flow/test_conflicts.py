"""`crmsync conflicts`: a person sees what changed on both sides, decides, and the next sync carries it out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cli import shell
from lab import Lab, laboratory
from store_kit import edit


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as made:
        yield made


def sync(lab: Lab, *streams: str) -> None:
    lab.clock.advance(25 * 3600)  # the list of deleted records is read once a day
    for stream in streams or ("contact",):
        lab.run(stream, mode="sync")


def command(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    return shell(lab.folder).inside(*words, "--store", str(lab.store_file))


def listed(lab: Lab, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in command(lab, "conflicts", *words, "--json").stdout.splitlines()]


# -- every cell of the table -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """Who did what to a record that had the job title `old`, what a person takes, and what follows.

    `None` of a side: it was deleted. `crm`, `hub`: the job titles that both have after the next sync, None: not there.
    """

    by_hub: str | None
    by_crm: str | None
    take: str
    crm: str | None
    hub: str | None
    winner: str
    agreed: bool = True
    writes: list[str] = field(default_factory=list)


BOTH, GONE = ("edited here", "edited there"), None
CELLS = {
    "hub": Cell(*BOTH, "hub", "edited here", "edited here", "hub", writes=["update"]),
    "remote": Cell(*BOTH, "remote", "edited there", "edited there", "remote"),
    "value": Cell(*BOTH, "a third", "a third", "a third", "value", writes=["update"]),
    "value_of_crm": Cell(*BOTH, "edited there", "edited there", "edited there", "value"),
    "first_hub": Cell(*BOTH, "hub", "edited here", "edited here", "hub", agreed=False, writes=["update"]),
    "first_remote": Cell(*BOTH, "remote", "edited there", "edited there", "remote", agreed=False),
    "first_value": Cell(*BOTH, "a third", "a third", "a third", "value", agreed=False, writes=["update"]),
    "hub_gone_hub": Cell(GONE, "edited there", "hub", None, None, "hub", writes=["archive"]),
    "hub_gone_remote": Cell(GONE, "edited there", "remote", "edited there", "edited there", "remote"),
    "crm_gone_hub": Cell("edited here", GONE, "hub", "edited here", "edited here", "hub", writes=["create"]),
    "crm_gone_remote": Cell("edited here", GONE, "remote", None, "edited here", "remote"),
}


Decided = tuple[Lab, dict[str, dict[str, Any]]]  # what was noted, by address


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decided]:
    """All cells at once: a person decides, values one by one, and two syncs follow."""
    with laboratory(tmp_path_factory.mktemp("cells")) as lab:
        ids = {name: lab.crm.create("Ada", address(name)) for name, cell in CELLS.items() if cell.agreed}
        for id_ in ids.values():
            lab.simulator.update("contacts", id_, {"jobtitle": "old"})
        sync(lab)
        for name, cell in CELLS.items():
            of = f"WHERE email = '{address(name)}'"
            if not cell.agreed:
                ids[name] = lab.crm.create("Ada", address(name))
                edit(lab.store_file, f"INSERT INTO crm.contact (name, email) VALUES ('Ada', '{address(name)}')")
            change = f"UPDATE crm.contact SET job_title = '{cell.by_hub}'" if cell.by_hub else "DELETE FROM crm.contact"
            edit(lab.store_file, f"{change} {of}")
        lab.clock.advance(3600)
        for name, cell in CELLS.items():
            if cell.by_crm:
                lab.simulator.update("contacts", ids[name], {"jobtitle": cell.by_crm})
            else:
                lab.crm.delete(ids[name])
        sync(lab)
        noted = {each["record"].split("<")[1].rstrip(">"): each for each in listed(lab)}
        assert sorted(noted) == sorted(map(address, CELLS))
        ids = {name: noted[address(name)]["id"] for name in CELLS}
        for take in ("hub", "remote"):
            resolve(lab, *(ids[name] for name, cell in CELLS.items() if cell.take == take), "--take", take)
        for name, cell in CELLS.items():
            if cell.winner == "value":
                resolve(lab, ids[name], "--take", cell.take)
        sync(lab)
        sync(lab)
        yield lab, noted


def resolve(lab: Lab, *words: str) -> None:
    done = command(lab, "conflicts", "resolve", *words)
    assert done.returncode == 0, done.stderr


def address(name: str) -> str:
    return f"{name}@example.com"


@pytest.mark.parametrize("name", CELLS)
def test_a_decision_arrives_on_both_sides(decided: Decided, name: str) -> None:
    """With the next sync, and by no more writes than it needs: nothing is echoed."""
    (lab, noted), cell = decided, CELLS[name]
    crm = [r["properties"]["jobtitle"] for r in lab.simulator.live("contacts").values()
           if r["properties"]["email"] == address(name)]  # fmt: skip
    hub = lab.rows("SELECT job_title FROM crm.contact WHERE _id = ?", [noted[address(name)]["hub_id"]])
    writes = lab.rows(
        "SELECT action, state FROM crmsync.intents WHERE hub_id = ? ORDER BY id", [noted[address(name)]["hub_id"]]
    )

    assert crm == ([cell.crm] if cell.crm else [])
    assert hub == ([(cell.hub,)] if cell.hub else [])
    assert writes == [(action, "applied") for action in cell.writes]


def test_no_conflict_is_left_and_what_was_lost_is_kept(decided: Decided) -> None:
    """With who won, and that it was a person."""
    lab, noted = decided
    assert listed(lab) == []
    assert "No conflicts." in command(lab, "conflicts").stderr
    kept = {each["id"]: each for each in listed(lab, "--all")}
    for name, cell in CELLS.items():
        was = noted[address(name)]
        now = kept[was["id"]]
        assert (now["winner"], now["resolution"], now["resolved_at"] is not None) == (cell.winner, "person", True)
        assert [now[side] for side in ("base", "hub", "remote")] == [was[side] for side in ("base", "hub", "remote")]


def test_a_resolved_one_is_not_decided_twice(decided: Decided) -> None:
    """It is told when it was resolved, and how."""
    lab, noted = decided
    again = command(lab, "conflicts", "resolve", noted[address("hub")]["id"], "--take", "remote")
    assert again.returncode == 2
    assert "was resolved at" in again.stderr
    assert "(person, hub)" in again.stderr


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dispute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Ada's job title and Ben's were edited on both sides; Cleo was deleted in the hub, and edited in the CRM."""
    with laboratory(tmp_path_factory.mktemp("dispute")) as lab:
        for name in ("ada", "ben", "cleo"):
            lab.crm.create(name, address(name))
        sync(lab)
        edit(lab.store_file, "DELETE FROM crm.contact WHERE name = 'cleo'; UPDATE crm.contact SET job_title = 'hub'")
        lab.clock.advance(3600)
        for id_ in lab.crm.live():
            lab.simulator.update("contacts", id_, {"jobtitle": "crm"})
        sync(lab)
        yield lab


@pytest.fixture
def disputed(dispute: Lab, tmp_path: Path) -> Lab:
    """A copy of that store, beside the same CRM."""
    shutil.copy(dispute.store_file, tmp_path)
    return replace(dispute, folder=tmp_path)


def test_what_is_wrong_with_a_decision_is_told_and_nothing_is_decided(disputed: Lab) -> None:
    """Unknown and shortened ids, values that cannot be."""
    open_ones = listed(disputed)
    ids = {each["record"].split(" ")[0]: each["id"] for each in open_ones}
    refused = {
        ("nonsense", "--take", "hub"): "There is no conflict nonsense.",
        ("", "--take", "hub"): "There is no conflict",
        ("0", "--take", "hub"): "0 fits 3 conflicts.",
        (ids["ada"], ids["ben"], "--take", "Boss"): "A value decides one conflict; there are 2.",
        (ids["cleo"], "--take", "Boss"): "A record that was deleted on one side takes no value.",
        (ids["ada"], ids["ben"], "nonsense", "--take", "hub"): "There is no conflict nonsense.",
    }
    for words, message in refused.items():
        done = command(disputed, "conflicts", "resolve", *words)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert listed(disputed) == open_ones


def test_several_are_decided_by_one_command_and_an_id_may_be_shortened(disputed: Lab) -> None:
    """By the end that is shown, or a beginning, where it fits no other; the conflict that is not named stays."""
    ids = {each["record"].split(" ")[0]: each["id"] for each in listed(disputed)}
    shown = command(disputed, "conflicts").stdout
    (ada,) = [line.split()[0] for line in shown.splitlines() if "<ada@" in line]
    assert len(ada) < 12
    ben = next(
        ids["ben"][:n] for n in range(1, 37) if [i.startswith(ids["ben"][:n]) for i in ids.values()].count(True) == 1
    )
    done = command(disputed, "conflicts", "resolve", ada, ben, "--take", "remote")

    assert done.returncode == 0, done.stderr
    assert "crmsync run" not in done.stderr  # there is nothing to send
    assert disputed.rows("SELECT DISTINCT job_title FROM crm.contact") == [("crm",)]
    assert [each["record"].split(" ")[0] for each in listed(disputed)] == ["cleo"]


@pytest.mark.parametrize("side", ["hub", "CRM"])
def test_a_side_that_has_moved_is_not_overruled(disputed: Lab, side: str) -> None:
    """A decision is about what was seen; after the next sync the conflict shows what there is now."""
    (ada,) = [each for each in listed(disputed) if each["record"].startswith("ada")]
    if side == "hub":
        edit(disputed.store_file, "UPDATE crm.contact SET job_title = 'later, hub' WHERE name = 'ada'")
    else:
        disputed.clock.advance(3600)
        disputed.simulator.update("contacts", ada["remote_id"], {"jobtitle": "later, CRM"})
        disputed.run()
    done = command(disputed, "conflicts", "resolve", ada["id"], "--take", "hub")
    assert (done.returncode, "CS115" in done.stderr) == (2, True)
    assert f"the {side} has changed since it was noted" in done.stderr

    sync(disputed)
    (now,) = [each for each in listed(disputed) if each["id"] == ada["id"]]
    assert now["hub" if side == "hub" else "remote"] == {"job_title": f"later, {side}"}
    decided = command(disputed, "conflicts", "resolve", ada["id"], "--take", "hub")
    assert (decided.returncode, "crmsync run --connector hubspot --mode sync" in decided.stderr) == (0, True)


def test_a_conflict_that_is_none_any_more_is_told(disputed: Lab) -> None:
    """Somebody wrote the CRM's value into the hub."""
    (ada,) = [each for each in listed(disputed) if each["record"].startswith("ada")]
    edit(disputed.store_file, "UPDATE crm.contact SET job_title = 'crm' WHERE name = 'ada'")
    done = command(disputed, "conflicts", "resolve", ada["id"], "--take", "hub")
    assert (done.returncode, "is none any more" in done.stderr) == (2, True)


def test_fields_that_belong_together_are_decided_together(lab: Lab) -> None:
    """An amount with its currency takes no single value; a value is of its field's type."""
    deal = lab.simulator.create("deals", {"dealname": "Big", "amount": "10", "deal_currency_code": "EUR"})
    company = lab.simulator.create("companies", {"name": "Acme", "numberofemployees": "1"})
    sync(lab, "company", "deal")
    edit(lab.store_file, "UPDATE crm.deal SET amount = 11 WHERE name = 'Big'; UPDATE crm.company SET size = 2")
    lab.clock.advance(3600)
    lab.simulator.update("deals", deal, {"deal_currency_code": "USD"})
    lab.simulator.update("companies", company, {"numberofemployees": "3"})
    sync(lab, "company", "deal")
    of = {each["stream"]: each for each in listed(lab)}
    assert of["deal"]["fields"] == ["amount", "currency"]

    together = command(lab, "conflicts", "resolve", of["deal"]["id"], "--take", "12")
    assert (together.returncode, "amount and currency belong together" in together.stderr) == (2, True)
    for value in ("many", "1.5"):
        wrong = command(lab, "conflicts", "resolve", of["company"]["id"], "--take", value)
        assert (wrong.returncode, "of the type integer" in wrong.stderr) == (2, True)
    assert command(lab, "conflicts", "resolve", of["deal"]["id"], "--take", "remote").returncode == 0
    assert command(lab, "conflicts", "resolve", of["company"]["id"], "--take", "4").returncode == 0
    sync(lab, "company", "deal")

    assert lab.rows("SELECT amount::INTEGER, currency FROM crm.deal WHERE name = 'Big'") == [(10, "USD")]
    assert lab.simulator.live("companies")[company]["properties"]["numberofemployees"] == "4"
    assert listed(lab) == []


# -- how it is told ----------------------------------------------------------------------------------------------------


def test_a_conflict_is_shown_with_all_its_values(disputed: Lab) -> None:
    """Side by side, with what to type next; one that a deletion is part of says so."""
    told = command(disputed, "conflicts")
    assert told.returncode == 0
    assert "ada <ada@example.com>  hubspot.contact " in told.stdout
    assert "job_title  (empty)  hub  crm" in told.stdout
    assert "Deleted in the hub, edited in hubspot since:" in told.stdout
    assert "crmsync conflicts resolve ID --take hub|remote|VALUE" in told.stderr
    assert "archived in the CRM" in told.stderr
    assert all(len(line) <= 100 for line in (told.stdout + told.stderr).splitlines())


def test_a_stream_that_nobody_knows_is_no_good_news(disputed: Lab) -> None:
    """As everywhere."""
    done = command(disputed, "conflicts", "--stream", "contacts")
    assert (done.returncode, "There: " in done.stderr) == (2, True)
    assert "2 more: see them with --limit 3" in command(disputed, "conflicts", "--limit", "1").stderr
