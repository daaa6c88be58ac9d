"""Look-up lists: read page by page, by several requests, or from the options of a field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acme import Edit, served
from crmsync.events import Note
from crmsync_hubspot.simulator.access import ALL_SCOPES, STATIC_TOKEN, Token
from crmsync_zoho.simulator.access import ALL_SCOPES as ZOHO_SCOPES
from crmsync_zoho.simulator.oauth import REFRESH_TOKEN
from lab import KINDS, Lab, laboratory

PLACES = {"offset": {"from": "$offset"}, "number": {"number": "$page"}, "keyset": {"above": "$after_id"}}


def listing(lists: dict[str, Any], **columns: Any) -> Edit:
    """The example with another list of teams, and columns that it fills."""

    def edit(tree: dict[str, Any]) -> None:
        tree["lists"] = lists
        fields = tree["streams"]["contact"]["fields"]
        fields |= {name: {"at": "team_id", "type": "text", "as": how} for name, how in columns.items()}

    return edit


@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("page", [*PLACES, None])
def test_a_list_is_read_to_its_last_page(tmp_path: Path, page: str | None, more: bool) -> None:
    """Whichever way its pages go on; the label that is needed stands on the last one."""
    team: dict[str, Any] = {"do": "GET /paged/teams", "records": "entries", "key": "id", "value": "name", "limit": 3}
    team |= {"query": {"size": "$limit", **(PLACES[page] if page else {"from": "$page"})}}
    team |= {"page": page} if page else {"next": "next"}
    team |= {"more": "more"} if more else {}
    with served(tmp_path, 1, listing({"team": team})) as (acme, sync):
        acme.people[1]["team_id"] = 7
        acme.answers["all/paged/teams"] = [{"id": n, "name": f"Team {n}"} for n in range(1, 8)]
        sync()
        assert sync.row(1)["team"] == "Team 7"


def test_a_list_of_several_requests_has_the_entries_of_all(tmp_path: Path) -> None:
    """Further ones say only what differs from the first; of equal keys the first counts."""
    one = {"do": "POST /lists", "body": {"of": "staff"}, "records": "entries", "key": "key", "value": "label"}
    lists = {"team": [one, {"do": "GET /paged/teams", "query": {"size": 9}, "key": "id", "body": None}]}
    with served(tmp_path, 3, listing(lists)) as (acme, sync):
        acme.people[3]["team_id"] = 3
        acme.answers["all/paged/teams"] = [{"id": 2, "label": "no"}, {"id": 3, "label": "former"}]
        sync()
        assert [sync.row(n)["team"] for n in (1, 2, 3)] == ["staff 2", "staff 1", "former"]


def test_a_list_may_be_the_options_of_a_field(tmp_path: Path) -> None:
    """With columns that what the CRM says of an option decides."""
    kind = {"case": [{"when": {"closed": True}, "is": "closed"}], "else": "open"}
    lists = {"team": {"options": "contact.team_id", "also": {"kind": kind, "hint": "help.short"}}}

    def edit(tree: dict[str, Any]) -> None:
        listing(lists, kind={"list": "team", "take": "kind"}, hint={"list": "team", "take": "hint"})(tree)
        options = {"at": "choices", "value": "is", "label": "shown"}
        tree["discover"] = {"do": "GET /fields", "records": "{}", "type": "kind", "types": {}, "options": options}

    with served(tmp_path, 2, edit) as (acme, sync):
        choices = [{"is": "1", "shown": "North", "help": {"short": "N"}}, {"is": "2", "shown": "South", "closed": True}]
        acme.fields["team_id"]["choices"] = choices
        sync()
        assert [[sync.row(n)[c] for c in ("team", "kind", "hint")] for n in (1, 2)] == [
            ["South", "closed", None],
            ["North", "open", "N"],
        ]


def test_columns_of_a_list_are_paths_or_joined_names(tmp_path: Path) -> None:
    """The first path that is not null, a name from its parts, and nothing where there is nothing."""
    also = {"lead": {"at": ["lead.first", "lead.last"], "as": "person_name"}, "mail": {"at": ["mail", "lead.mail"]}}
    lists = {"team": {"do": "GET /teams", "records": "teams", "key": "id", "value": "name", "also": also}}
    columns = {name: {"list": "team", "take": name} for name in also}
    with served(tmp_path, 2, listing(lists, **columns)) as (acme, sync):
        lead = {"first": " Ann ", "last": "Lee", "mail": "a@x.example"}
        acme.answers["/teams"] = {"teams": [{"id": 1, "name": "N", "lead": lead}, {"id": 2, "name": "S", "mail": ""}]}
        sync()
        assert [[sync.row(n)[c] for c in also] for n in (2, 1)] == [["Ann Lee", "a@x.example"], [None, None]]


def test_owners_come_along_with_their_records(lab: Lab) -> None:
    """Name and e-mail address beside the id; of those who left, too; of an unknown one nothing, without a word."""
    portal = lab.simulator.portal
    here, left = portal.owners[0], replace(portal.owners[1], archived=True)
    portal.owners[1] = left
    known = [(o.id, f"{o.first} {o.last}", o.email) for o in (here, left)]
    told = [*known, ("1", None, None), (None, None, None)]
    for stream, kind in KINDS.items():
        made = [lab.simulator.create(kind, {"hubspot_owner_id": owner}) for owner in (here.id, left.id, "1", "")]
        lab.clock.advance(60)
        assert lab.run(stream).counts.held == 0
        rows = lab.mirror(stream)
        assert [tuple(rows[i][c] for c in ("owner_id", "owner_name", "owner_email")) for i in made] == told


def test_an_owner_that_changes_to_an_unknown_one_takes_the_name_along(lab: Lab) -> None:
    """Else the row would show one's id beside another one's name."""
    (one,) = [lab.simulator.create("contacts", {"hubspot_owner_id": lab.simulator.portal.owners[0].id})]
    lab.clock.advance(60)
    lab.run()
    assert lab.mirror()[one]["owner_name"]
    lab.simulator.update("contacts", one, {"hubspot_owner_id": "1"})
    lab.clock.advance(60)
    lab.run()
    assert [lab.mirror()[one][name] for name in ("owner_id", "owner_name", "owner_email")] == ["1", None, None]


def hubspot_may(portal: Any, may: bool) -> None:
    """Whether the token may read owners."""
    scopes = tuple(scope for scope in ALL_SCOPES if may or "owners" not in scope)
    portal.access.tokens[STATIC_TOKEN] = Token(scopes)


def zoho_may(org: Any, may: bool) -> None:
    """Whether the consent covers users."""
    scopes = tuple(scope for scope in ZOHO_SCOPES if may or "users" not in scope)
    org.app.refresh_tokens[REFRESH_TOKEN].scopes = scopes
    org.expire_all()


def odoo_may(server: Any, may: bool) -> None:
    """Whether the user may see users."""
    server.database.forbidden.clear()
    if not may:
        server.forbid("res.users", "read")


OWNER_COLUMNS = ("owner_id", "owner_name", "owner_email")
MAY = [
    ("hubspot", hubspot_may, "Grant the credentials: crm.objects.owners.read"),
    ("zoho", zoho_may, "ZohoCRM.users.READ"),
    ("odoo", odoo_may, "res.users"),
]


@pytest.mark.parametrize(("provider", "may", "told"), MAY, ids=[crm for crm, *_ in MAY])
def test_who_may_not_read_owners_gets_everything_else_and_their_names_on_a_later_day(
    tmp_path: Path, provider: str, may: Any, told: str
) -> None:
    """A warning tells what is missing; once it is granted the same command fills the columns, of old records too."""
    streams = ("contact", "company", "deal")
    with laboratory(tmp_path, records=20, provider=provider) as lab:
        for allowed in (True, False, True):
            may(lab.simulator, allowed)
            lab.events.clear()
            lab.clock.advance(60)
            assert {result.status for result in lab.try_run(*streams)} == {"done"}
            notes = [e.message for e in lab.events if isinstance(e, Note) and "owner_name and owner_email" in e.message]
            assert (len(notes), all(told in note for note in notes)) == (0 if allowed else 3, True)
            for stream in streams:
                rows = [tuple(row[c] for c in OWNER_COLUMNS) for row in lab.mirror(stream).values()]
                assert any(key for key, *_ in rows)
                assert all(
                    (name is not None) is (mail is not None) is bool(key and allowed) for key, name, mail in rows
                )


def test_a_list_that_more_depends_on_stops_the_stream_where_it_is_refused(tmp_path: Path) -> None:
    """A label that stands for its key, or a column that would rather be held."""
    team = {"do": "GET /secret", "records": "teams", "key": "id", "value": "name"}
    for on_bad, status in [("hold", "failed"), ("clear", "done")]:

        def edit(tree: dict[str, Any], on_bad: str = on_bad) -> None:
            listing({"team": team})(tree)
            tree["streams"]["contact"]["fields"]["team"] |= {"on_bad": on_bad}

        (folder := tmp_path / on_bad).mkdir()
        with served(folder, 1, edit) as (_, sync):
            assert sync.tried().status == status


@pytest.mark.parametrize("answer", [{}, {"teams": None}, {"teams": {"1": "North"}}, ["North"]])
def test_an_answer_without_the_list_stops_the_stream(tmp_path: Path, answer: Any) -> None:
    """Read as an empty list, every label would be unknown."""
    with served(tmp_path, 1) as (acme, sync):
        acme.answers["/teams"] = answer
        assert sync.tried().status == "failed"
