"""A checked tree and what is known -> Spec: what is put in when, and what a connection may leave out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmsync.spec import build, build_fields, duration, inherit, load
from crmsync.spec.bind import fill
from crmsync.spec.model import ObjectField, Spec
from crmsync.spec.model_stream import Stream, Transform

HUBSPOT = Path(__file__).parents[2] / "connectors/hubspot/crmsync_hubspot/spec.yaml"
CANON = {"contact": {"email": ObjectField("email", "E-mail")}}
SPEC = """\
crmsync: 1
name: demo
vars: {version: v1, objects: /api/$version}
config:
  base_url: {by: region, eu: "https://eu.example.com", else: "https://us.example.com"}
  region: {choice: [eu, us]}
  token: {secret: true}
  space: {default: main}
  burst: {type: integer, default: 10}
  extra: {title: A field of your own}
auth:
  token: {kind: header, needs: [token], headers: {Authorization: Bearer $token}}
check: {do: GET $objects/me, account: id, facts: {timezone: tz, plan: plan}}
limits:
  burst: {rate: $burst, per: 10s, default: true}
  daily: {budget: {by: plan, big: 900, else: 100}, resets: midnight, zone: $timezone}
defaults:
  record: {updated_at: updated}
  read:
    full: {do: GET $objects/$space/$type, query: {fields: $names, after: $page}, headers: {X-Space: $space}}
    by_id: {do: POST $objects/$type/read, body: {ids: $ids}, batch: 50}
  deletes: {census: {every: 2d, brake: 5%}}
streams:
  contact:
    vars: {type: contacts, cursor: $version-changed}
    fields:
      email: email
      own: {at: $extra, type: text}
      day: {at: at, type: date, as: {local_date: $timezone}}
      place: {at: [a, b], type: text, default: $plan, nulls: [none], title: Where}
  note:
    vars: {type: notes}
    read: {by_id: null}
    deletes: {census: null}
    fields: {text: {at: text, type: text}}
"""


def spec(values: dict[str, Any] | None = None, text: str = SPEC) -> Spec:
    return build.build(load.load_text(text, "s").tree, CANON, values or {})


def contact(**values: Any) -> Stream:
    return spec(values).streams["contact"]


def test_constants_and_options_are_put_in_and_the_page_s_names_stay():
    """What a request needs of one page is filled when it is sent."""
    request = contact().full.request

    assert (request.method, request.path) == ("GET", "/api/v1/main/contacts")
    assert request.query == {"fields": "$names", "after": "$page"}


def test_an_option_cannot_break_out_of_a_path_nor_name_a_placeholder():
    """In paths it is URL-encoded; a dollar in it is a dollar."""
    request = contact(space="a/../b?$names").full.request

    assert request.path == "/api/v1/a%2F..%2Fb%3F%24names/contacts"
    assert fill(request.headers, {"names": "x"}) == {"X-Space": "a/../b?$names"}


def test_secrets_are_never_put_in():
    """A Spec may be printed; the header is filled when a request is sent."""
    built = spec({"token": "t0p"})

    assert built.auth[0].headers == {"Authorization": "Bearer $token"}
    assert "t0p" not in repr(built)


@pytest.mark.parametrize(
    ("region", "url"), [("eu", "https://eu.example.com"), ("us", "https://us.example.com"), (None, None)]
)
def test_an_option_may_pick_by_another(region, url):
    """An option that is not set picks `else`."""
    assert contact(region=region).vars["base_url"] == (url or "https://us.example.com")


def test_every_host_that_the_spec_names_is_known():
    """Only these may a URL from an answer point to; a region that is set leaves only its own."""
    assert spec().hosts == ("us.example.com",)
    assert spec({"region": "eu"}).hosts == ("eu.example.com",)


def test_limits_work_before_and_after_the_facts_are_known():
    """First the cautious number and UTC, then the account's own."""
    before, after = spec().pools["daily"], spec({"plan": "big", "timezone": "Europe/Berlin"}).pools["daily"]

    assert (before.budget, before.zone) == (100, "UTC")
    assert (after.budget, after.zone) == (900, "Europe/Berlin")
    assert spec({"burst": "25"}).pools["burst"].rate == 25


def test_a_line_whose_path_is_an_unset_option_is_dropped():
    """Without the option there is no column."""
    assert [f.name for f in contact().fields] == ["email", "day", "place"]
    assert next(f for f in contact(extra="hs_x").fields if f.name == "own").at == ("hs_x",)


def test_a_field_line_says_all_of_its_column():
    """Types come from the canonical object or the line, transforms from `as` or the type."""
    email, day, place = contact(timezone="UTC").fields

    assert (email.type, email.at, email.transform) == ("email", ("email",), Transform("email"))
    assert (day.type, day.transform) == ("date", Transform("local_date", "UTC"))
    assert (place.at, place.nulls, place.title) == (("a", "b"), (None, "none"), "Where")


def test_a_default_that_names_an_unknown_fact_is_none():
    """Nothing is written as `$plan` into a column."""
    assert fill(contact().fields[-1].default, {}) is None
    assert fill(contact(plan="US$").fields[-1].default, {}) == "US$"


def test_a_stream_overrides_and_removes_what_it_inherits():
    """`null` in a stream takes away; the rest is merged."""
    note = spec().streams["note"]

    assert note.by_id is None
    assert (note.full.every_s, note.census.brake) == (7 * 86400, 0.02)
    assert (contact().full.every_s, contact().census.brake) == (2 * 86400, 0.05)


def test_a_stream_knows_its_constants_and_options_as_values():
    """Other requests about it, such as `discover`, are filled with them."""
    known = contact(space="x$y").vars

    assert known["type"] == "contacts"
    assert known["space"] == "x$y"
    assert known["stream"] == "contact"
    assert "token" not in known
    assert contact().cursor == "v1-changed"


@pytest.mark.parametrize(
    ("line", "transform"),
    [
        ("email", Transform("email")),
        ({"list": "stage"}, Transform("list", "stage")),
        ({"list": "stage", "take": "status"}, Transform("list", {"list": "stage", "take": "status"})),
        ({"map": {"US$$": "usd"}}, Transform("map", {"US$": "usd"})),
        ({"case": [], "else": None}, Transform("case", {"case": [], "else": None})),
        ({"case": [], "else": {"set": "$$"}}, Transform("case", {"case": [], "else": Transform("set", "$")})),
    ],
)
def test_a_transform_is_a_word_or_a_map(line, transform):
    """One key is its argument; several stay a map."""
    assert build_fields.transform(line) == transform


def test_merging_is_deep_and_null_removes():
    """Lists are replaced, not joined; a null that removes nothing stays."""
    inherited = {"a": {"x": 1, "y": 2}, "b": [1], "c": 3}

    assert inherit.merge(inherited, {"a": {"y": None, "z": None}, "b": [2], "c": None}) == {
        "a": {"x": 1, "z": None},
        "b": [2],
    }
    assert inherited == {"a": {"x": 1, "y": 2}, "b": [1], "c": 3}


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("30s", 30), ("15m", 900), ("1h", 3600), ("7d", 604800)])
def test_durations_are_seconds(text, seconds):
    """One number, one unit."""
    assert duration.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m", "1.5h", "5w", "5m\n"])
def test_what_is_no_duration_is_refused(text):
    """A ValueError, for the border to translate."""
    with pytest.raises(ValueError, match="not a duration"):
        duration.seconds(text)


LINKS = """
link:
  read:
    do: POST $objects/$type/links/$to
    body: {of: $items, kind: $primary, names: $stream}
    item: {id: $id}
    records: items
    from: id
    ref: to[].id
    prefer: {"to[].kind": $primary, "to[].dead": false}
"""
LINKED = (
    "      email: email\n",
    "      email: email\n      home: {type: ref, link: {to: a/b$$, primary: 5}}\n"
    "      work: {type: ref, link: {to: $extra}}\n",
)


def test_a_link_is_bound_for_each_field_of_each_stream():
    """The stream's constants and the field's `$to` and `$primary` are put in; ids stay."""
    (link,) = spec(text=SPEC.replace(*LINKED) + LINKS).streams["contact"].links

    assert (link.field, link.source, link.ref) == ("home", "id", "to[].id")
    assert link.request.path == "/api/v1/contacts/links/a%2Fb%24"
    assert link.request.body == {"of": "$items", "kind": 5, "names": "contact"}
    assert link.prefer == {"to[].kind": 5, "to[].dead": False}


def test_what_a_link_does_not_say_is_no_condition_and_no_entry():
    """Without `primary`, what asks for it is left out; without its option, the whole column is."""
    first, second = spec({"extra": "x"}, SPEC.replace(*LINKED) + LINKS).streams["contact"].links

    assert (first.field, second.field) == ("home", "work")
    assert second.prefer == {"to[].dead": False}
    assert fill(second.request.body, {"items": [1]}) == {"of": [1], "names": "contact"}


def test_the_shipped_connector_reads_three_canonical_streams():
    """Every canonical field is there."""
    built = build.build(load.load(HUBSPOT).tree, load.objects(), {"timezone": "US/Eastern", "currency": "USD"})

    lacking = {
        name: sorted(set(fields) - {f.name for f in built.streams[name].fields})
        for name, fields in load.objects().items()
    }
    assert lacking == {"contact": [], "company": [], "deal": []}
    assert built.hosts == ("api.hubapi.com",)
    assert all(stream.changes and stream.by_id and stream.tombstones for stream in built.streams.values())


def test_every_own_column_of_the_shipped_connector_has_a_title():
    """A person in the DuckDB shell needs no manual."""
    built = build.build(load.load(HUBSPOT).tree, load.objects(), {})
    own = [f for name, stream in built.streams.items() for f in stream.fields if f.name not in load.objects()[name]]

    assert [f.name for f in own if not f.title] == []
