"""Search and read: order, limits, walking by id, windows; the fast ways agree with the plain one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.sandbox import VirtualClock
from crmsync.sandbox.clock import START
from crmsync_odoo.simulator import OdooSimulator


def text(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def test_a_search_without_an_order_goes_by_the_model_s(api):
    """Partners by their label, leads by priority and then by falling ids: so an order must always be given."""
    names = [api.read("res.partner", each, "complete_name") for each in api.call("res.partner", "search", domain=[])]
    labels = [row["complete_name"].casefold() for row in names]
    assert labels == sorted(labels)
    leads = api.call("crm.lead", "search_read", domain=[], fields=["priority"], context=api.ALL)
    assert leads == sorted(leads, key=lambda row: (row["priority"], row["id"]), reverse=True)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", "abc"),
        ("name desc, id", "cba"),
        ("color desc, name asc", "acb"),
        ("function", "bac"),
        ("function desc, id desc", "cab"),
        ("function nulls first, id", "acb"),
        ("function DESC NULLS LAST, id", "bac"),
        ("is_company, id desc", "cba"),
        ("industry_id, id", "cab"),
    ],
)
def test_an_order_sorts(api, order, names):
    """Nothing stands last, or first when falling; a relation sorts as its model does; ties go by id."""
    rows = [{"color": 2, "industry_id": 3}, {"color": 1, "function": "CEO"}, {"color": 2, "industry_id": 1}]
    made = [api.odoo.create("res.partner", {"name": name, **row}) for name, row in zip("abc", rows, strict=True)]
    ids = api.search("res.partner", [["id", "in", made]], order=order)
    assert "".join("abc"[made.index(each)] for each in ids) == names


def test_a_sort_by_time_goes_by_what_is_kept_and_not_by_what_is_shown(api, clock):
    """Within a second that looks like one moment, ids may stand in any order."""
    made = [api.odoo.create("res.partner", {"name": name}) for name in "abc"]
    for place, each in enumerate(made):
        at = START + timedelta(microseconds=900_000 - place * 1000)
        api.odoo.touch("res.partner", each, at=at)
    rows = api.call(
        "res.partner", "search_read", domain=[["id", "in", made]], fields=["write_date"], order="write_date,id"
    )
    assert [row["id"] for row in rows] == made[::-1]
    assert {row["write_date"] for row in rows} == {"2026-01-15 12:00:00"}


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({}, 65),
        ({"limit": 0}, 65),
        ({"limit": None}, 65),
        ({"limit": False}, 65),
        ({"limit": "5"}, 5),
        ({"offset": 60}, 5),
    ],
)
def test_no_limit_and_0_mean_everything(api, limits, size):
    """Also as texts."""
    assert len(api.search("res.partner", **limits)) == size


@pytest.mark.parametrize("limits", [{"limit": -1}, {"offset": -1}])
def test_a_negative_limit_is_the_database_s_error(api, limits):
    """500, though it is the client's mistake."""
    with pytest.raises(api.Refused, match="must not be negative"):
        api.search("res.partner", **limits)


def test_a_limit_that_is_no_number_is_refused(api):
    """By the server itself."""
    with pytest.raises(api.Refused, match="ValueError: invalid literal"):
        api.search("res.partner", limit="many")


@pytest.mark.parametrize(
    ("order", "name"), [("nope", "ValueError"), ("user_ids", "ValueError"), ("id;drop", "UserError"), ("", None)]
)
def test_an_order_that_cannot_be_is_refused(api, order, name):
    """An empty one is none."""
    if name is None:
        assert api.search("res.partner", order=order)
        return
    with pytest.raises(api.Refused, match=name):
        api.search("res.partner", order=order)


def test_ids_must_be_numbers(api):
    """A text finds nothing, silently; a bare number is a list of one."""
    assert api.call("res.partner", "read", ["1"], fields=["name"]) == []
    assert api.call("res.partner", "read", 1, fields=["name"]) == [{"id": 1, "name": "My Company"}]


def test_a_read_leaves_out_what_is_missing(each):
    """The order and repetitions of ids stay."""
    rows = each.call("res.partner", "read", [3, 99_999, 1, 3], fields=["name"])
    assert [row["id"] for row in rows] == [3, 1, 3]


def test_one_unknown_field_fails_the_whole_call(fresh):
    """In the words of each version; `mobile` went with 19, `won_status` came with it."""
    for version, text_ in ((18, "on model 'res.partner'"), (19, "on 'res.partner'")):
        api = fresh(version=version)
        with pytest.raises(api.Refused) as raised:
            api.call("res.partner", "search_read", domain=[], fields=["name", "nope"])
        assert (raised.value.name, raised.value.message) == ("builtins.ValueError", f"Invalid field 'nope' {text_}")
    known = {version: fresh(version=version).call("res.partner", "fields_get") for version in (17, 18, 19, 20, 21)}
    assert ["mobile" in known[version] for version in known] == [True, True, False, False, False]
    leads = [fresh(version=version).call("crm.lead", "fields_get") for version in (18, 19)]
    assert ["won_status" in fields for fields in leads] == [False, True]
    assert [("team_id" in fresh(version=v).call("crm.stage", "fields_get")) for v in (18, 19)] == [True, False]


def test_without_names_every_field_is_read(api):
    """Which is slow: a client names them."""
    (row,) = api.call("res.partner", "read", [1])
    assert set(row) == set(api.call("res.partner", "fields_get"))


def test_walking_by_id_meets_every_record_once(each):
    """Pages of any size, with touched, new and deleted records among the others."""
    odoo = each.odoo
    ids = odoo.ids("crm.lead")
    odoo.write("crm.lead", ids[2:5], {"name": "changed"})
    odoo.unlink("crm.lead", ids[3])
    new = odoo.create("crm.lead", {"name": "new"})
    for size in (1, 2, 3, 100):
        met, after = [], 0
        while page := each.search("crm.lead", [["id", ">", after]], limit=size):
            met += page
            after = page[-1]
        assert met == [*ids[:3], *ids[4:], new]


@pytest.fixture(scope="module")
def mixed():
    """A database some of whose records were changed, created and deleted at various times."""
    odoo = OdooSimulator(2000, 5, VirtualClock(), 19)
    ids = odoo.ids("res.partner", [["id", ">", 100]])
    for place, each in enumerate(ids[::9]):
        odoo.touch("res.partner", each, at=START - timedelta(days=place * 0.8, microseconds=place))
    odoo.unlink("res.partner", [each for each in ids[5::31] if not odoo.get("res.partner", each)["user_ids"]])
    for place in range(60):
        odoo.create(
            "res.partner", {"name": f"new {place}", "is_company": place % 3 == 0}, at=START - timedelta(days=5 * place)
        )
    return odoo, odoo.all("res.partner")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 420), st.integers(0, 90), st.integers(0, 2800), st.integers(1, 900), st.booleans(), st.booleans())
def test_a_window_walked_by_id_is_what_the_plain_way_gives(mixed, days, width, after, limit, companies, falling):
    """Whatever is narrowed by arithmetic, and in either direction."""
    odoo, truth = mixed
    low = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=days, seconds=after)
    window = [["write_date", ">=", text(low)], ["write_date", "<", text(low + timedelta(days=width))]]
    domain = [["is_company", "=", companies], *window, ["id", ">", after]]
    found = odoo.ids("res.partner", domain, order="id desc" if falling else "id")
    wanted = [
        each
        for each, row in truth.items()
        if row["is_company"] is companies
        and text(low) <= row["write_date"] < text(low + timedelta(days=width))
        and each > after
    ]
    assert found == (wanted[::-1] if falling else wanted)
    assert odoo.ids("res.partner", domain, limit=limit) == wanted[:limit]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2700), max_size=30), st.booleans())
def test_records_are_found_by_email_by_site_and_by_company_as_by_looking_at_each(mixed, places, normalized):
    """The ways that look values up agree with the plain one."""
    odoo, truth = mixed
    some = [list(truth.values())[place % len(truth)] for place in places]
    for name in ("email_normalized", "website", "parent_id"):
        values = [row[name] for row in some if row[name]]
        wanted = [each for each, row in truth.items() if row[name] in values]
        assert odoo.ids("res.partner", [[name, "in", values]]) == wanted
        assert odoo.ids("res.partner", [[name, "in", values], ["id", "in", wanted[::2]]]) == wanted[::2]


def test_the_ids_of_a_census_come_many_at_a_time(api):
    """Nothing but the id."""
    rows = api.call("res.partner", "search_read", domain=[], fields=["id"], order="id", limit=20_000, context=api.ALL)
    assert rows == [{"id": each} for each in api.search("res.partner")]


def test_a_name_is_searched_by_the_word_that_the_version_has(fresh):
    """`args` until 18, `domain` from then on."""
    for version, word in ((18, "args"), (19, "domain")):
        api = fresh(version=version)
        found = api.call("res.partner", "name_search", name="my comp", **{word: [["is_company", "=", True]]})
        assert found == [[1, "My Company"]]
        with pytest.raises(api.Refused):
            api.call("res.partner", "name_search", name="x", **{"domain" if word == "args" else "args": []})
