"""What crmsync.yaml says of the hub: told where it is wrong, and resolved for each connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmsync.config import Connection, Rule, load_settings, resolve
from crmsync.errors import ConfigError, SpecError
from crmsync.plugins import connector
from crmsync.spec.build import build, options
from crmsync.spec.load import load, objects

TEXT = """hub:
  contact:
    city: {type: text, title: City}
    tier: {type: text, title: Tier}
merge:
  policy: hold
  rank: [eu, crm, odoo]
  fields: {contact: {phone: hub}, deal: {amount: {policy: newest, first: remote}}}
connections:
  eu:
    connector: hubspot
    merge: {policy: remote, fields: {deal: {currency: rank}}}
    hub: {contact: {tier: {at: customer_tier}}}
    values:
      deal: {stage: {Talking: Appointment Scheduled, Won: Closed Won}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "crmsync.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def connection(file: Path, name: str | None = None, of: str = "hubspot") -> Connection:
    spec_file = connector(of).spec_file
    assert spec_file is not None
    values = {"EU_TOKEN": "t", "ODOO_BASE_URL": "https://a.example", "ODOO_DATABASE": "a", "ODOO_API_KEY": "a"}
    return resolve(load_settings(file), of, name, options(load(spec_file).tree), values)


def spec(found: Connection):
    """The connector's spec with what the connection adds."""
    spec_file = connector(found.connector).spec_file
    assert spec_file is not None
    return build(load(spec_file, found.own).tree, objects(), {**found.values, "timezone": "UTC"})


def test_the_word_about_a_field_counts_first_and_that_of_the_connection_before_that_of_all(tmp_path):
    """Field by field, with what is merged as one value taken together."""
    file = written(tmp_path, TEXT)
    eu, odoo = connection(file).terms.rules, connection(file, of="odoo").terms.rules
    assert (eu["contact"]["phone"], eu["contact"]["name"]) == (Rule("hub"), Rule("remote"))
    assert eu["deal"]["amount"] == eu["deal"]["currency"] == Rule("rank", "remote")
    assert (odoo["contact"]["name"], odoo["deal"]["currency"]) == (Rule(), Rule("newest", "remote"))
    assert connection(file).terms.rank == ("eu", "crm", "odoo")


def test_a_field_of_the_hub_is_one_of_the_stream_where_it_has_a_line_or_a_namesake(tmp_path):
    """With the hub's type and title; another connector has neither."""
    file = written(tmp_path, TEXT)
    fields = {field.name: field for field in spec(connection(file)).streams["contact"].fields}
    assert [(fields[n].at, fields[n].type, fields[n].title) for n in ("tier", "city")] == [
        (("customer_tier",), "text", "Tier"),
        (("city",), "text", "City"),
    ]
    other = [field.name for field in spec(connection(file, of="odoo")).streams["contact"].fields]
    assert ("city" in other, "tier" in other) == (True, False)


def test_a_line_stands_for_the_field_of_the_spec(tmp_path):
    """Of a field that was declared, or of any other that the hub has."""
    file = written(
        tmp_path, TEXT.replace("tier: {at: customer_tier}", "city: hometown, phone: {at: mobilephone, dir: read}")
    )
    fields = {field.name: field for field in spec(connection(file)).streams["contact"].fields}
    assert (fields["city"].at, fields["phone"].at, fields["phone"].dir) == (("hometown",), ("mobilephone",), "read")
    assert (fields["mobile"].at, fields["mobile"].dir) == (("mobilephone",), "both")  # nobody else writes there


WRONG = """hub:
  contakt: {}
  contact:
    phone: {type: text}
    Tier: {type: text}
    note: text
    size: {type: int, titel: Size}
    other_id: {type: ref}
  deal: 5
merge:
  polcy: hub
  policy: hubb
  first: newest
  rank: [eu, crm, eu, odo]
  fields:
    contact: {phon: hub, name: newst}
    deal: {stage: hub, amount: {policy: hub, frist: hub}, status: remote}
connections:
  eu:
    merge: {rank: [eu], fields: {contact: 1}}
    hub: {contact: {teir: x, note: [x], xyz: x}, lead: {}}
    values: {deal: {amount: {1: a}, stage: {A: 1, B: "", C: null}, pipeline: x}}
  odoo: {merge: 5, values: 7}
"""
TOLD = [
    "2:3: the hub has no 'contakt'; did you mean 'contact'?",
    "4:5: 'phone' is a field of contact already",
    "5:5: a field's name must be lower-case letters, digits and _, not 'Tier'",
    "6:5: note must be a map with type and title",
    "7:12: size needs a type, one of text, email, domain, integer, decimal, boolean, date, timestamp, set, json; "
    "did you mean 'integer'?",
    "7:23: unknown key 'titel'; did you mean 'title'?",
    "8:16: a reference cannot be declared: the hub has company_id and contact_id; use text for an id of the CRM",
    "9:3: deal must be a map of fields",
    "11:3: unknown key 'polcy'; did you mean 'policy'?",
    "12:3: policy must be one of hold, hub, remote, rank, newest, not 'hubb'; did you mean 'hub'?",
    "13:3: newest decides no first match, for no value there is an edit",
    "14:19: 'eu' is there twice",
    "14:23: there is no connection 'odo'; did you mean 'odoo'?",
    "16:15: the hub's contact has no field 'phon'; did you mean 'phone'?",
    "16:26: policy must be one of hold, hub, remote, rank, newest, not 'newst'; did you mean 'newest'?",
    "17:46: unknown key 'frist'; did you mean 'first'?",
    "17:59: status and stage are merged as one value, and stage says hub: give both the same",
    "20:13: unknown key 'rank'; possible here: policy, first, fields",
    "20:34: contact must be a map of fields",
    "21:21: the hub's contact has no field 'teir'; declare it at the top, under hub",
    "21:30: note must be a path, or a field's line as in a spec",
    "21:41: the hub's contact has no field 'xyz'; declare it at the top, under hub",
    "21:50: the hub has no 'lead'; possible here: contact, company, deal",
    "22:21: amount is of type decimal: only texts have value maps",
    "22:45: the word for 'A' must be a text; put it in quotes",
    "22:51: the CRM's word for 'B' is missing; without the line it is not written",
    "22:58: the word for 'C' must be a text",
    "22:68: pipeline must be a map of the hub's words to this CRM's",
    "23:10: merge must be a map with policy, first, fields",
    "23:20: values must be a map of contact, company, deal",
]


def test_everything_that_is_wrong_is_told_at_once_with_its_place(tmp_path):
    """And with what was meant, where that can be guessed."""
    file = written(tmp_path, WRONG)
    with pytest.raises(ConfigError) as error:
        load_settings(file)
    told = [line.removeprefix(f"{file}:").rpartition(" [")[0] for line in error.value.message.splitlines()]
    assert told == TOLD


def test_a_ranking_that_is_asked_for_must_be_there(tmp_path):
    """By a field of a connection, say."""
    file = written(tmp_path, TEXT.replace("  rank: [eu, crm, odoo]\n", ""))
    with pytest.raises(ConfigError, match=r"11:45: a ranking is asked for, but merge at the top has no rank"):
        load_settings(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{at: customer_tier}", "{at: customer_tier, tpye: text}", "13:47: unknown key `tpye`; did you mean `type`?"),
        ("{at: customer_tier}", "{at: customer_tier, type: date}", "13:47: `tier` is of type text in the hub: leave"),
        ("{at: customer_tier}", "{at: customer_tier, as: decimal}", "13:47: `decimal` gives decimal, but `tier` is"),
        ("{at: customer_tier}", "{at: [a, b]}", "13:28: of several paths, `to` says which is written"),
        ("{at: customer_tier}", "{dir: both}", "13:21: `tier` has no path: the key `at` is missing"),
        ("{at: customer_tier}", "{at: phone}", "13:21: `phone` and `tier` would both write `phone`"),
        ("city: {type: text,", "city: {type: date,", "3:12: the stream `contact` of hubspot has a field `city`"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_connectors_spec_is_told_where_it_stands(tmp_path, old, new, message):
    """By the checks of the spec language."""
    assert old in TEXT
    found = connection(written(tmp_path, TEXT.replace(old, new)))
    with pytest.raises(SpecError) as error:
        spec(found)
    assert f"crmsync.yaml:{message}" in error.value.message
    assert len(error.value.faults) == 1


def test_words_and_lines_need_a_field_and_a_stream_of_the_connector(tmp_path):
    """Odoo's deals are in no pipeline."""
    text = "connections: {odoo: {values: {deal: {pipeline: {a: b}}}}}"
    with pytest.raises(SpecError, match=r"crmsync\.yaml:1:38: the stream `deal` of odoo has no field `pipeline`"):
        spec(connection(written(tmp_path, text), of="odoo"))
