"""What is no COQL is refused, and told why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.coql.parse import parse

FROM = "select id from Contacts where"
MANY = " and ".join("(id > 1" for _ in range(26)) + ")" * 26


@pytest.mark.parametrize(
    ("query", "code", "details"),
    [
        ("select id from Contacts", "SYNTAX_ERROR", {"clause": "where"}),
        ("select id where id > 1", "SYNTAX_ERROR", {"clause": "from"}),
        ("id from Contacts where id > 1", "SYNTAX_ERROR", {"clause": "select"}),
        (f"{FROM} id > 1 and id > 2 and id > 3", "SYNTAX_ERROR", {"line": 1, "column": 49, "near": "and"}),
        (f"{FROM} (id > 1", "SYNTAX_ERROR", {"line": 1}),
        (f"{FROM} id > 1 limit -5", "SYNTAX_ERROR", {"near": "-5"}),
        (f"{FROM} id >", "SYNTAX_ERROR", {"line": 1}),
        (f"{FROM} id is", "SYNTAX_ERROR", {"line": 1}),
        (f'{FROM} Email = "x"', "SYNTAX_ERROR", {"near": '"x"'}),
        (f"{FROM} id > 1 order id", "SYNTAX_ERROR", {"near": "order"}),
        (f"{FROM} {MANY}", "LIMIT_EXCEEDED", {"limit": 25}),
        (f"{FROM} id > 1 limit 2001", "LIMIT_EXCEEDED", {"limit": 2000}),
        (f"{FROM} id > 1 limit 1 offset 100001", "LIMIT_EXCEEDED", {"limit": 100_000}),
        ("select Nope from Contacts where id > 1", "INVALID_QUERY", {"column_name": "Nope"}),
        (f"{FROM} Nope = '1'", "INVALID_QUERY", {"column_name": "Nope"}),
        (f"{FROM} Email.Nope = '1'", "INVALID_QUERY", {"column_name": "Email.Nope"}),
        (f"{FROM} id > 1 order by Nope", "INVALID_QUERY", {"column_name": "Nope"}),
        (f"{FROM} Email > 'a'", "INVALID_QUERY", {"column_name": "Email", "operator": ">"}),
        (f"{FROM} Description = 'a'", "INVALID_QUERY", {"column_name": "Description"}),
        (f"{FROM} Email_Opt_Out like 'a'", "INVALID_QUERY", {"operator": "like"}),
        (f"{FROM} Account_Name = 'Acme'", "INVALID_QUERY", {"column_name": "Account_Name"}),
        (f"{FROM} Modified_Time > '2026-01-02'", "INVALID_QUERY", {"column_name": "Modified_Time"}),
        (f"{FROM} Modified_Time > '2026-01-02T03:04:05.678+00:00'", "INVALID_QUERY", {}),
        (f"{FROM} Email in ({','.join(['1'] * 51)})", "INVALID_QUERY", {"operator": "in"}),
        ("select id from contacts where id > 1", "INVALID_MODULE", {"module": "contacts"}),
        ("select id from Leads#55 where id > 1", "INVALID_QUERY", {"cvid": "55"}),
        ("select Email, Email from Contacts where id > 1", "DUPLICATE_DATA", {"column_name": "Email"}),
        ("select Email as a, Phone as a from Contacts where id > 1", "DUPLICATE_ALIAS", {"alias": "a"}),
        ("select SUM(Email) from Contacts where id > 1", "INVALID_QUERY", {"column_name": "Email"}),
        ("select Email, COUNT(id) from Contacts where id > 1", "INVALID_QUERY", {"clause": "group by"}),
        (f"select {','.join(f'SUM(id) as a{n}' for n in range(6))} from Contacts where id > 1", "LIMIT_EXCEEDED", {}),
    ],
)
def test_what_is_no_query_is_refused(api, query, code, details):
    """400, with the clause, the place or the column."""
    answer = api.ask(query)
    assert (answer.status, answer.code) == (400, code)
    assert details.items() <= answer.details.items()


@pytest.mark.parametrize("kind", ["subform", "multiselectlookup", "imageupload"])
def test_a_field_that_only_single_records_show_is_no_column(fresh, kind):
    """As it is in no list."""
    api = fresh(3)
    api.org.add_field("Contacts", "Parts", kind)
    assert api.ask("select Parts from Contacts where id > 1").code == "INVALID_QUERY"


def test_a_query_of_more_columns_than_allowed_is_refused(fresh):
    """Fifty."""
    api = fresh(3)
    for number in range(30):
        api.org.add_field("Contacts", f"Extra_{number}")
    names = list(api.org.org.shelves["Contacts"].catalogue.fields)[:51]
    assert api.ask(f"select {','.join(names)} from Contacts where id > 1").code == "LIMIT_EXCEEDED"
    assert api.ask(f"select {','.join(names[:50])} from Contacts where id > 1").status == 200


def test_a_body_without_a_query_is_refused(api):
    """MANDATORY_NOT_FOUND; a body that is no JSON is INVALID_DATA."""
    assert (api.post("coql", {}).code, api.post("coql", {}).details) == (
        "MANDATORY_NOT_FOUND", {"api_name": "select_query"},
    )  # fmt: skip
    assert api.post("coql", b"select").code == "INVALID_DATA"


def test_keywords_have_any_case_and_lines(api, org):
    """As people write them."""
    query = "SELECT\n id\nFrom Contacts\nWHERE (Id is not null AND id In (1)) ORDER BY id ASC LIMIT 1"
    assert api.ask(query.replace("Id is", "id is")).status == 204


@given(st.text("selctfromwhrin()*',.=<>!%# 0123456789\n", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text):
    """Nothing else happens, whatever stands there."""
    try:
        parse(f"select id from Contacts where {text}")
    except Refused as refused:
        assert refused.code in ("SYNTAX_ERROR", "LIMIT_EXCEEDED")
