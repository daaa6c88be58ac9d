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
from ring import CRMS, FIELDS, HUB, PHONE_MAX, SIDES, CrmDesk, FallibleStore, Ring, Values, address, is_done, ring
from ring_oracle import Conflict, Oracle

NAMES = ("Ada Lovelace", "Zoë", "Anna Maria van Dam", "李 小龍", 'O\'Brien \\"Q"', "", None)
PHONES = ("+44 20 1", "020-2", "0", " 3 ", "\uff14\uff15", "1" * 30, "9" * 40, "", None)
TITLES = ("Countess", "null", "E\u0301tude", "false", "a\nb", "x" * 90, "", None)
VALUES = {"name": NAMES, "phone": PHONES, "job_title": TITLES}
FIRST = ("n0@example.com", "n1@example.com", "n2@example.com")
TROUBLES = ("down", "lost", "reset", "throttled")
DAY = 86_400

people = st.integers(0, 20)  # the number of one who is there, modulo how many are
any_side, any_crm = st.sampled_from(SIDES), st.sampled_from(CRMS)
edits = st.sampled_from(FIELDS).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name])))
counts = st.integers(1, 12)


def populate(made: Ring) -> None:
    """The same people in each CRM, with the same values."""
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
@pytest.mark.parametrize("seed", range(examples(1, 5)))
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
            row = dice.choice(sorted(made.desks[side].rows(), key=lambda row: address(row["email"])))
            name = dice.choice(FIELDS)
            made.desks[side].edit(row["_id"], name, f" edit {number}" if name != "phone" else f"030-{number}")
            if number % 10 == 0:
                made.desks[side].create({"email": f"New{number % 20}@example.com", "name": "somebody new"})
        for name in made.workflows:
            reform(made.crm(name))  # else it did while it is read, and what changes then is for the next sync
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


def sync_others(made: Ring, *what: tuple[str, str]) -> list[Any]:
    """Sync companies and deals, or some of them, instead of contacts; every write that there ever was."""
    for stream, crm in what or (("company", "zoho"), ("company", "odoo"), ("deal", "odoo")):
        made.clock.advance(3600)
        assert is_done(result := made.sync(crm, stream=stream)), result
    return made.hub.sql("SELECT stream, id, state FROM crmsync.intents ORDER BY ALL")


def test_a_domain_and_an_amount_that_a_crm_writes_in_another_way_are_no_echo(tmp_path: Path) -> None:
    """A domain is an address at Zoho and Odoo, and Odoo rounds amounts."""
    with ring(tmp_path, "zoho", "odoo") as made:
        made.crm("zoho").crm.create("Accounts", {"Account_Name": "Bolt", "Website": "https://www.Bolt.example/x?y"})
        sync_others(made)
        made.hub.sql("INSERT INTO crm.company (name, domain) VALUES ('Acme', ' Acme.Example ')")
        made.hub.sql("INSERT INTO crm.deal (name, amount) VALUES ('A', 10.129)")
        written = sync_others(made)
        made.hub.sql("UPDATE crm.deal SET amount = 20.126")
        both = sync_others(made)

        assert [row for row in both if row[0] == "company"] == [row for row in written if row[0] == "company"]
        assert sync_others(made, ("deal", "odoo")) == both
        domains = made.hub.sql("SELECT domain FROM crm.company WHERE name IN ('Acme', 'Bolt') ORDER BY name")
        assert domains == [(" Acme.Example ",), ("bolt.example",)]
        assert made.hub.sql("SELECT amount FROM crm.deal") == [(Decimal("20.126"),)]
        odoo = made.crm("odoo").crm
        assert {"https://acme.example", "https://bolt.example"} <= {
            p["website"] for p in odoo.all("res.partner").values()
        }
        assert [lead["expected_revenue"] for lead in odoo.all("crm.lead").values()] == [20.13]


# -- whatever happens --------------------------------------------------------------------------------------------------


class RingMachine(RuleBasedStateMachine):
    """What people do on the four sides, and syncs that go well or do not, in any order; then the oracle is asked."""

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
        self.is_empty = True

    @contextmanager
    def watched(self, side: str) -> Iterator[None]:
        """The oracle is told what people do on a side."""
        self.is_empty = False
        desk, links = self.ring.desks[side], self.links()
        before = desk.rows()
        yield
        self.oracle.happened(side, before, desk.rows(), links)

    def links(self) -> dict[str, frozenset[str]]:
        """The CRMs that each row of the hub is linked to, by its address."""
        found = self.ring.hub.sql(
            "SELECT email, list(connection) FROM crm.contact JOIN crmsync.links ON hub_id = _id "
            "WHERE state = 'linked' GROUP BY ALL"
        )
        return {address(email): frozenset(crms) for email, crms in found}

    def pick(self, side: str, who: int) -> Values | None:
        """One of those who are on a side."""
        rows = sorted(self.ring.desks[side].rows(), key=lambda row: address(row["email"]))
        return rows[who % len(rows)] if rows else None

    # -- people -------------------------------------------------------------------------------------------------------

    @rule(side=any_side, new=st.booleans(), who=people, first=edits, second=edits)
    def create(self, side: str, new: bool, who: int, first: tuple[str, Any], second: tuple[str, Any]) -> None:
        """Somebody new, or somebody who is on another side already."""
        desk = self.ring.desks[side]
        there = {address(row["email"]) for row in desk.rows()}
        others = [p.email for p in self.oracle.people.values() if not p.deletions and p.email not in there]
        email = others[who % len(others)] if others and not new else f"p{self.made}@example.com"
        self.made += 1
        values = {name: value for name, value in (first, second) if desk.takes(name, value)}
        with self.watched(side):
            desk.create({"name": "Somebody", **values, "email": self.spelled(side, email)})

    @rule(side=any_side, who=people, edit=edits)
    def edit(self, side: str, who: int, edit: tuple[str, Any]) -> None:
        row, desk = self.pick(side, who), self.ring.desks[side]
        if row is not None and desk.takes(*edit):
            with self.watched(side):
                desk.edit(row["_id"], *edit)

    @rule(side=any_side, who=people)
    def delete(self, side: str, who: int) -> None:
        row = self.pick(side, who)
        if row is not None:
            with self.watched(side):
                self.ring.desks[side].delete(row["_id"])

    @rule(crm=any_crm, who=people, other=people)
    def merge(self, crm: str, who: int, other: int) -> None:
        """Two people of a CRM become one there."""
        winner, loser = self.pick(crm, who), self.pick(crm, other)
        if winner and loser and winner != loser:
            with self.watched(crm):
                self.ring.crm(crm).merge(winner["_id"], loser["_id"])

    @staticmethod
    def spelled(side: str, email: str) -> str:
        """An address as they write it there."""
        return {HUB: f" {email.title()}", "zoho": email.upper()}.get(side, email)

    # -- syncs --------------------------------------------------------------------------------------------------------

    def sync_once(self, crm: str, *, may_fail: bool, **how: Any) -> None:
        """A minute later."""
        self.is_empty = False
        self.ring.clock.advance(60)
        result = self.ring.sync(crm, **how)
        if may_fail:
            self.oracle.went_wrong(crm)
        else:
            assert is_done(result), result

    @rule(hours=st.sampled_from([1, 7, 30 * 24]))
    def wait(self, hours: int) -> None:
        self.ring.clock.advance(hours * 3600)

    @rule(crm=any_crm, mode=st.sampled_from(["sync", "sync", "sync", "push"]))
    def sync(self, crm: str, mode: str) -> None:
        self.sync_once(crm, may_fail=False, mode=mode)

    @rule(crm=any_crm, trouble=st.sampled_from(TROUBLES), skip=st.integers(0, 8))
    def sync_in_trouble(self, crm: str, trouble: str, skip: int) -> None:
        """The CRM is down for a while, loses requests that write, or answers to them, or lets nobody in."""
        match trouble:
            case "down":
                self.ring.fail(crm, status=503, skip=skip, times=10_000)
            case "lost":
                self.ring.fail(crm, writes=True, when="after", drop=True, skip=skip % 2, times=99 if skip > 4 else 1)
            case "reset":
                self.ring.fail(crm, writes=True, drop=True, skip=skip % 2, times=99 if skip > 4 else 1)
            case "throttled":
                self.ring.fail(crm, status=429, body=b"{}", headers={"Retry-After": "1"}, skip=skip, times=3)
        self.sync_once(crm, may_fail=True)
        self.ring.repair()

    @rule(crm=any_crm, request=counts)
    def sync_that_is_stopped(self, crm: str, request: int) -> None:
        """Somebody types Ctrl-C before a request is answered."""
        self.sync_once(crm, may_fail=True, at_request=lambda number, stop: stop() if number == request else None)

    @rule(crm=any_crm, commit=counts, after=st.booleans())
    def sync_that_dies(self, crm: str, commit: int, after: bool) -> None:
        """Before a commit or right after it."""

        def die(store: FallibleStore, over: bool) -> None:
            if (store.number, over) == (commit, after):
                raise RuntimeError("the power is gone")

        self.sync_once(crm, may_fail=True, at_commit=die)

    @rule(crm=any_crm, commit=counts, who=people, edit=edits)
    def sync_while_somebody_edits(self, crm: str, commit: int, who: int, edit: tuple[str, Any]) -> None:
        """The hub, right before a commit."""

        def change(store: FallibleStore, over: bool) -> None:
            if (store.number, over) == (commit, False):
                store.rest()
                self.edit(HUB, who, edit)

        self.sync_once(crm, may_fail=False, at_commit=change)

    # -- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        with self.stack:
            if not self.is_empty:  # Hypothesis begins with a history in which nothing happens
                self.check_end()

    def check_end(self) -> None:
        """Sync until nothing is written, and ask the oracle."""
        self.ring.clock.advance(31 * DAY)
        late = self.ring.settle(12)
        refused = any(len(row["phone"] or "") > PHONE_MAX["zoho"] for row in self.ring.hub.rows())
        assert late <= (6 if refused else 2), "echo"  # what is refused is tried five times
        wrong = self.oracle.judge({side: self.ring.desks[side].rows() for side in SIDES}, self.conflicts())
        assert not wrong, "\n".join(wrong)
        assert not self.loose_ends()

    def conflicts(self) -> list[Conflict]:
        """All that were ever told."""
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
            max_examples=examples(2, 60),  # the first one is empty
            stateful_step_count=examples(8, 25),
            phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if THOROUGH else [])],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
