"""Searches, whose index lags behind, and counts."""

import pytest

from crmsync_zoho.simulator import random_lag


def test_the_index_sees_a_change_after_its_lag(api, org, clock):
    """A new record, a new value, a deletion; single reads and COQL see them at once."""
    org.switches.lag = 30
    known, gone = org.ids("Contacts")[:2]
    made = api.write("Contacts", {"Last_Name": "Fresh", "Email": "fresh@x.example"}).ids[0]
    before = org.get("Contacts", gone)["Email"]
    org.delete("Contacts", gone)
    org.update("Contacts", known, {"Email": "changed@x.example"})
    early = [api.searched("Contacts", email=text) for text in ("fresh@x.example", "changed@x.example", before)]
    clock.advance(31)
    late = [api.searched("Contacts", email=text) for text in ("fresh@x.example", "changed@x.example", before)]
    assert early == [[], [], [gone]]
    assert late == [[made], [known], []]


def test_an_old_value_is_found_until_then(api, org, clock):
    """The hit shows the record as the index knows it."""
    contact = org.ids("Contacts")[0]
    before = org.get("Contacts", contact)["Email"]
    org.update("Contacts", contact, {"Email": "changed@x.example"}, lag=30)
    assert api.searched("Contacts", email=before) == [contact]
    assert api.get(f"Contacts/search?email={before}&fields=Email").json["data"][0]["Email"] == before


def test_each_change_may_have_a_lag_of_its_own(api, org, clock):
    """A late old one never replaces a newer one."""
    org.switches.lag = random_lag(1, 60, seed=4)
    contact = org.ids("Contacts")[0]
    for number in range(20):
        org.update("Contacts", contact, {"Title": f"title {number}"})
    clock.advance(60)
    assert api.searched("Contacts", criteria="(Title:equals:title 19)") == [contact]


@pytest.mark.parametrize(
    ("criteria", "test"),
    [
        ("(Stage:equals:Closed Won)", lambda r: r["Stage"] == "Closed Won"),
        ("((Stage:equals:Closed Won)and(Amount:greater_than:60000))",
         lambda r: r["Stage"] == "Closed Won" and r.get("Amount", 0) > 60000),
        ("(((Stage:starts_with:closed)or(Type:equals:New Business))and(Probability:between:0,50))",
         lambda r: (r["Stage"].startswith("Closed") or r.get("Type") == "New Business") and r["Probability"] <= 50),
        ("(Stage:in:Qualification,Closed Lost)", lambda r: r["Stage"] in ("Qualification", "Closed Lost")),
        ("(Stage:not_equal:Closed Won)", lambda r: r["Stage"] != "Closed Won"),
    ],
)  # fmt: skip
def test_criteria_mean_what_they_say(fresh, criteria, test):
    """Nested, joined by and and or."""
    api = fresh(200)
    assert api.searched("Deals", criteria=criteria) == [k for k, r in api.org.live("Deals").items() if test(r)]


def test_special_letters_are_escaped_with_a_backslash(api, org):
    """Brackets, commas and backslashes."""
    made = org.create("Accounts", {"Account_Name": "Acme (UK), Ltd\\x"})
    assert api.searched("Accounts", criteria="(Account_Name:equals:Acme \\(UK\\)\\, Ltd\\\\x)") == [made]
    assert api.searched("Accounts", criteria="(Account_Name:in:x,Acme \\(UK\\)\\, Ltd\\\\x)") == [made]


def test_one_of_four_ways_is_taken(api, org):
    """Criteria before e-mail before phone before word; parts of words and numbers do."""
    made = org.create("Contacts", {"Last_Name": "Zyx", "Email": "zyx@q.example", "Phone": "+1 555 0199 77"})
    assert api.searched("Contacts", word="zyx") == api.searched("Contacts", phone="0199 77") == [made]
    assert api.searched("Contacts", email="zyx@q.example", word="nobody") == [made]
    assert api.searched("Contacts", criteria="(Last_Name:equals:Zyx)", email="other@q.example") == [made]


def test_results_come_in_pages_up_to_a_limit(api, org):
    """No tokens; 2,000 results, fewer here."""
    org.switches.paging.search_reach = 30
    pages = [api.get(f"Contacts/search?word=a&per_page=10&page={n}") for n in (1, 2, 3, 4)]
    assert [answer.status for answer in pages] == [200, 200, 200, 400]
    assert len({record_id for answer in pages[:3] for record_id in answer.ids}) == 30
    assert pages[0].json["info"] == {"per_page": 10, "count": 10, "page": 1, "more_records": True}
    assert (pages[3].code, pages[3].details) == ("LIMIT_REACHED", {"limit": "30"})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("fields=Email", "EXPECTED_PARAM_MISSING"),
        ("criteria=(Email", "INVALID_QUERY"),
        ("criteria=(Email:equals)", "INVALID_QUERY"),
        ("criteria=(Nope:equals:x)", "INVALID_QUERY"),
        ("criteria=(Email:sounds_like:x)", "INVALID_QUERY"),
        ("criteria=((Email:equals:x)xor(Phone:equals:y))", "INVALID_QUERY"),
        (f"criteria=({'and'.join(['(Email:equals:x)'] * 11)})", "CRITERIA_LIMIT_EXCEEDED"),
    ],
)
def test_what_cannot_be_searched_is_refused(api, query, code):
    """400 with the code."""
    answer = api.get(f"Contacts/search?{query}")
    assert (answer.status, answer.code) == (400, code)


def test_records_are_counted(api, org):
    """All of them, or those that match."""
    org.delete("Contacts", org.ids("Contacts")[0])
    org.create("Contacts", {"Last_Name": "Zyx"})
    assert api.get("Contacts/actions/count").json == {"count": 40}
    assert api.get("Contacts/actions/count?criteria=(Last_Name:equals:Zyx)").json == {"count": 1}
