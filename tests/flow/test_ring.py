"""One hub and three CRMs: whatever people do, and whatever goes wrong, all sides end equal and no edit is lost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from effort import THOROUGH, examples
from ring import CRMS, FIELDS, HUB, SIDES, CrmDesk, FallibleStore, Ring, Values, address, is_done, ring
from ring_oracle import Conflict, Oracle

NAMES = ("Ada Lovelace", "Zoë", "Anna Maria van Dam", "李 小龍", 'O\'Brien \\"Q"', "", None)
PHONES = ("+44 20 1", "020-2", "0", " 3 ", "\uff14\uff15", "1" * 30, "9" * 40, "", None)
TITLES = ("Countess", "null", "E\u0301tude", "false", "a\nb", "x" * 90, "", None)
VALUES = {"name": NAMES, "phone": PHONES, "job_title": TITLES}
FIRST = ("n0@example.com", "n1@example.com", "n2@example.com")
TROUBLES = ("down", "lost", "reset", "throttled")
DAY = 86_400

people = st.integers(0, 20)
edits = st.sampled_from(FIELDS).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name])))
counts = st.integers(1, 12)


def populate(made: Ring) -> None:
    for name in made.labs:
        for number, email in enumerate(FIRST):
            made.desks[name].create(
                {"email": email, "name": f"First N{number}", "phone": str(number), "job_title": None}
            )


@cache
def first_store() -> bytes:
    """The store once the ring has read all that is there at first."""
    with tempfile.TemporaryDirectory() as folder, ring(Path(folder)) as made:
        populate(made)
        assert made.round()[0] == 0
        return (Path(folder) / "lab.duckdb").read_bytes()


# -- no echo -----------------------------------------------------------------------------------------------------------

PAIRS = tuple(combinations(CRMS, 2))
FORMS: dict[str, dict[str, Callable[[str], str]]] = {
    "zoho": {"phone": lambda text: f"({digits(text)})", "job_title": str.strip},
    "odoo": {"phone": lambda text: " ".join(digits(text)), "name": str.strip, "job_title": str.upper},
}


def digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def form(_kind: str, name: str, value: str) -> str:
    """How a portal keeps what it is sent, and shows it in its answer."""
    if name == "phone":
        return f"+{digits(value)}"
    return value.title() if name in ("firstname", "lastname") else value


def reform(desk: CrmDesk) -> None:
    """A workflow of a CRM that brings values into its own form as soon as they are written."""
    for row in desk.rows():
        for name, form in FORMS[desk.lab.crm.name].items():
            if row[name] and form(row[name]) != row[name]:
                desk.edit(row["_id"], name, form(row[name]))


@pytest.mark.parametrize("crms", [CRMS, *(PAIRS if THOROUGH else ())], ids="-".join)
@pytest.mark.parametrize("seed", range(examples(1, 40)))
def test_after_a_storm_of_edits_nothing_is_written_after_two_syncs(
    tmp_path: Path, crms: Sequence[str], seed: int
) -> None:
    """Though each CRM has its own way to write phone numbers, names and titles, and there are open conflicts."""
    dice = Random(seed)
    with ring(tmp_path, *crms) as made:
        populate(made)
        made.workflows = dict.fromkeys(set(crms) & set(FORMS), reform)
        if "hubspot" in crms:
            made.labs["hubspot"].simulator.switches.form = form
        made.round()
        for number in range(30):
            side = dice.choice([HUB, *crms])
            row = dice.choice(made.desks[side].rows())
            name = dice.choice(FIELDS)
            made.desks[side].edit(row["_id"], name, f" edit {number}" if name != "phone" else f"030-{number}")
            if number % 10 == 0:
                made.desks[side].create({"email": f"New{number % 20}@example.com", "name": "somebody new"})
        assert made.round()[0]
        made.round()
        assert made.round() == (0, False)


def test_a_workflow_that_rewrites_a_value_after_the_answer_comes_to_rest(tmp_path: Path) -> None:
    """Nobody can tell its edit from a person's: the hub takes it, once."""

    def rewrite(desk: CrmDesk) -> None:
        for row in desk.rows():
            if row["phone"] and not row["phone"].startswith("+"):
                desk.edit(row["_id"], "phone", f"+{digits(row['phone'])}")

    with ring(tmp_path, "hubspot") as made:
        made.workflows = {"hubspot": rewrite}
        made.round()
        made.hub.create({"email": "ada@example.com", "name": "Ada", "phone": "030-1"})
        assert made.round() == (1, False)
        assert made.round() == (0, True)
        assert made.round() == (0, False)
        assert [row["phone"] for row in made.hub.rows()] == ["+0301"]


def test_a_domain_and_an_amount_that_a_crm_writes_in_another_way_are_no_echo(tmp_path: Path) -> None:
    """A domain is an address at Zoho and Odoo, and Odoo rounds amounts."""
    with ring(tmp_path, "zoho", "odoo") as made:

        def round_() -> list[Any]:
            for stream, crm in (("company", "zoho"), ("company", "odoo"), ("deal", "odoo")):
                made.clock.advance(3600)
                assert is_done(result := made.sync(crm, stream=stream)), result
            return made.hub.sql("SELECT id, state FROM crmsync.intents ORDER BY ALL")

        round_()
        made.hub.sql("INSERT INTO crm.company (name, domain) VALUES ('Acme', ' Acme.Example ')")
        made.crm("zoho").crm.create("Accounts", {"Account_Name": "Bolt", "Website": "https://www.Bolt.example/x?y"})
        made.hub.sql("INSERT INTO crm.deal (name, amount) VALUES ('A', 10.129)")
        round_()
        made.hub.sql("UPDATE crm.deal SET amount = 20.126")
        round_()

        assert round_() == round_()
        domains = made.hub.sql("SELECT domain FROM crm.company WHERE name IN ('Acme', 'Bolt') ORDER BY name")
        assert domains == [(" Acme.Example ",), ("bolt.example",)]
        assert made.hub.sql("SELECT amount FROM crm.deal") == [(Decimal("20.126"),)]
        odoo = made.crm("odoo").crm
        assert {p["website"] for p in odoo.all("res.partner").values()} >= {"https://acme.example"}
        assert [lead["expected_revenue"] for lead in odoo.all("crm.lead").values()] == [20.13]


# -- whatever happens --------------------------------------------------------------------------------------------------


class RingMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "lab.duckdb").write_bytes(first_store())
        self.ring = self.stack.enter_context(ring(folder))
        populate(self.ring)
        self.ring.clock.advance(3 * 3600)
        self.oracle = Oracle()
        self.oracle.begin(self.ring.hub.rows())
        self.made = 0

    @contextmanager
    def watched(self, side: str) -> Iterator[None]:
        """The oracle is told what people do on a side."""
        desk, links = self.ring.desks[side], self.links()
        before = desk.rows()
        yield
        self.oracle.happened(side, before, desk.rows(), links)

    def links(self) -> dict[str, frozenset[str]]:
        found = self.ring.hub.sql(
            "SELECT email, list(connection) FROM crm.contact JOIN crmsync.links ON hub_id = _id "
            "WHERE state = 'linked' GROUP BY ALL"
        )
        return {address(email): frozenset(crms) for email, crms in found}

    def pick(self, side: str, who: int) -> Values | None:
        rows = sorted(self.ring.desks[side].rows(), key=lambda row: address(row["email"]))
        return rows[who % len(rows)] if rows else None

    # -- people -------------------------------------------------------------------------------------------------------

    @rule(side=st.sampled_from(SIDES), new=st.booleans(), who=people, first=edits, second=edits)
    def create(self, side: str, new: bool, who: int, first: tuple[str, Any], second: tuple[str, Any]) -> None:
        """Somebody new, or somebody who is on another side already."""
        desk = self.ring.desks[side]
        there = {address(row["email"]) for row in desk.rows()}
        others = [p.email for p in self.oracle.people.values() if not p.deletions and p.email not in there]
        email = others[who % len(others)] if others and not new else f"p{self.made}@example.com"
        self.made += 1
        with self.watched(side):
            values = self.writable(side, dict((first, second)))
            desk.create({"name": "Somebody", **values, "email": self.spelled(side, email)})

    @rule(side=st.sampled_from(SIDES), who=people, edit=edits)
    def edit(self, side: str, who: int, edit: tuple[str, Any]) -> None:
        self.make_edit(side, who, edit)

    def make_edit(self, side: str, who: int, edit: tuple[str, Any]) -> None:
        row = self.pick(side, who)
        values = self.writable(side, dict([edit]))
        if row is not None and values:
            with self.watched(side):
                self.ring.desks[side].edit(row["_id"], *next(iter(values.items())))

    @rule(side=st.sampled_from(SIDES), who=people)
    def delete(self, side: str, who: int) -> None:
        row = self.pick(side, who)
        if row is not None:
            with self.watched(side):
                self.ring.desks[side].delete(row["_id"])

    @rule(crm=st.sampled_from(CRMS), who=people, other=people)
    def merge(self, crm: str, who: int, other: int) -> None:
        winner, loser = self.pick(crm, who), self.pick(crm, other)
        if winner and loser and winner != loser:
            with self.watched(crm):
                self.ring.crm(crm).merge(winner["_id"], loser["_id"])

    @staticmethod
    def writable(side: str, values: Values) -> Values:
        """Those that the side lets people write: names where there must be one, and phone numbers of some length."""
        if side in ("zoho", "odoo") and "name" in values and not values["name"]:
            values.pop("name")
        if side == "zoho" and len(values.get("phone") or "") > 30:
            values.pop("phone")
        return values

    @staticmethod
    def spelled(side: str, email: str) -> str:
        return {HUB: f" {email.title()}", "zoho": email.upper()}.get(side, email)

    # -- syncs --------------------------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 7, 30 * 24]))
    def wait(self, hours: int) -> None:
        self.ring.clock.advance(hours * 3600)

    @rule(crm=st.sampled_from(CRMS), mode=st.sampled_from(["sync", "sync", "sync", "push"]))
    def sync(self, crm: str, mode: str) -> None:
        self.ring.clock.advance(60)
        result = self.ring.sync(crm, mode=mode)
        assert is_done(result), result

    @rule(crm=st.sampled_from(CRMS), trouble=st.sampled_from(TROUBLES), skip=st.integers(0, 8))
    def sync_in_trouble(self, crm: str, trouble: str, skip: int) -> None:
        """The CRM is down for a while, loses answers to writes, or lets nobody in."""
        match trouble:
            case "down":
                self.ring.fail(crm, status=503, skip=skip, times=10_000)
            case "lost":
                self.ring.fail(crm, match=None, when="after", drop=True, skip=skip % 2, times=99 if skip > 4 else 1)
            case "reset":
                self.ring.fail(crm, match=None, drop=True, skip=skip % 2, times=99 if skip > 4 else 1)
            case "throttled":
                self.ring.fail(crm, status=429, body=b"{}", headers={"Retry-After": "1"}, skip=skip, times=3)
        self.ring.clock.advance(60)
        self.ring.sync(crm)
        self.ring.repair()

    @rule(crm=st.sampled_from(CRMS), request=counts)
    def sync_that_is_stopped(self, crm: str, request: int) -> None:
        self.ring.clock.advance(60)
        self.ring.sync(crm, at_request=lambda number, stop: stop() if number == request else None)

    @rule(crm=st.sampled_from(CRMS), commit=counts, after=st.booleans())
    def sync_that_dies(self, crm: str, commit: int, after: bool) -> None:
        def die(store: FallibleStore, over: bool) -> None:
            if (store.number, over) == (commit, after):
                raise RuntimeError("the power is gone")

        self.ring.clock.advance(60)
        self.ring.sync(crm, at_commit=die)

    @rule(crm=st.sampled_from(CRMS), commit=counts, who=people, edit=edits)
    def sync_while_somebody_edits(self, crm: str, commit: int, who: int, edit: tuple[str, Any]) -> None:
        def change(store: FallibleStore, over: bool) -> None:
            if (store.number, over) == (commit, False):
                store.rest()
                self.make_edit(HUB, who, edit)

        self.ring.clock.advance(60)
        result = self.ring.sync(crm, at_commit=change)
        assert is_done(result), result

    # -- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.stack.close()

    def settle(self) -> None:
        """Sync until nothing is written, and ask the oracle."""
        self.ring.clock.advance(31 * DAY)
        refused = any(len(row["phone"] or "") > 30 for row in self.ring.hub.rows())  # which is tried five times
        late = self.ring.settle(12)
        assert late <= (6 if refused else 2), "echo"
        wrong = self.oracle.judge({side: self.ring.desks[side].rows() for side in SIDES}, self.conflicts())
        assert not wrong, "\n".join(wrong)
        assert not self.loose_ends()

    def conflicts(self) -> list[Conflict]:
        found = []
        for crm in CRMS:
            rows = self.ring.hub.sql(
                "SELECT coalesce(h.email, m.email), c.fields, c.hub, c.remote, c.resolved_at IS NULL "
                f"FROM crmsync.conflicts c LEFT JOIN crm.contact h ON h._id = c.hub_id LEFT JOIN {crm}.contact m "
                "ON m._id = c.remote_id WHERE c.connection = ?",
                [crm],
            )
            for email, fields, hub, remote, is_open in rows:
                values = [json.loads(side) for side in (hub, remote) if side is not None]
                gone = hub is None or remote is None
                found.append(Conflict(address(email), crm, fields, values, gone, is_open))
        return found

    def loose_ends(self) -> Sequence[Any]:
        """Links that share a row or a record, and writes of which nobody knows."""
        return self.ring.hub.sql(
            "SELECT connection, 'hub', hub_id FROM crmsync.links GROUP BY ALL HAVING count(*) > 1 UNION ALL "
            "SELECT connection, 'record', remote_id FROM crmsync.links WHERE state = 'linked' GROUP BY ALL "
            "HAVING count(*) > 1 UNION ALL SELECT connection, state, hub_id FROM crmsync.intents "
            "WHERE state IN ('planned', 'sent', 'unknown')"
        )


def test_whatever_happens_all_sides_end_equal_and_no_edit_is_lost() -> None:
    """As a plain oracle says, which knows what people did and saw, and nothing of how a sync works."""
    run_state_machine_as_test(
        RingMachine,
        settings=settings(
            max_examples=examples(1, 500),
            stateful_step_count=examples(8, 25),
            phases=[Phase.generate],
            database=None,
            report_multiple_bugs=False,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
