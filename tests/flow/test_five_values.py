"""absent, null, "", false and 0 stay five things, in both directions: what is not edited, nothing, an empty text, and
values that a careless program takes for nothing.

What a CRM itself cannot tell apart is said in SAME.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmsync_odoo.simulator.orm.fields import Field
from lab import Lab, laboratory
from providers import DRIVERS
from store_kit import edit

TYPES = {"flag": "boolean", "score": "integer", "rate": "decimal", "note": "text", "day": "date"}
FULL = {"flag": True, "score": 7, "rate": 1.5, "note": "x", "day": "2026-05-01"}
# Who gets which values in the hub: each is a column's value in SQL; fields that are not named are not edited.
HUB = {
    "absent": {"phone": "'1'"},
    "null": dict.fromkeys(TYPES, "NULL"),
    "empty": {"note": "''"},
    "false": {"flag": "false", "note": "'false'"},
    "zero": {"score": "0", "rate": "0", "note": "'0'"},
}
# What a CRM has afterwards, in words of our own: None is nothing.
CRM: Mapping[str, Mapping[str, Any]] = {
    "absent": FULL,
    "null": dict.fromkeys(TYPES),
    "empty": {**FULL, "note": None},
    "false": {**FULL, "flag": False, "note": "false"},
    "zero": {**FULL, "score": 0, "rate": 0, "note": "0"},
}
# What a CRM has no nothing for. In no CRM is an empty text anything else than nothing; the hub keeps the two apart.
SAME: Mapping[str, Mapping[str, Any]] = {"hubspot": {}, "zoho": {}, "odoo": {"flag": False, "score": 0, "rate": 0}}
LINES = {"hubspot": "{}", "zoho": "{}", "odoo": "x_{}"}
ZOHO = {"boolean": "boolean", "integer": "integer", "decimal": "double", "text": "text", "date": "date"}
HUBSPOT = {"boolean": "bool", "integer": "number", "decimal": "number", "text": "string", "date": "date"}
ODOO = {"boolean": "boolean", "integer": "integer", "decimal": "float", "text": "char", "date": "date"}


@pytest.fixture(params=DRIVERS)
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A CRM with a field of each type, which the hub has, too."""
    with laboratory(tmp_path, provider=request.param) as made:
        name, crm = made.crm.name, made.simulator
        for field, type_ in TYPES.items():
            if name == "hubspot":
                crm.add_property(
                    "contacts", field, HUBSPOT[type_], options=("true", "false") if field == "flag" else ()
                )
            elif name == "zoho":
                crm.add_field("Contacts", field, ZOHO[type_])
            else:
                crm.add_field("res.partner", Field(f"x_{field}", ODOO[type_], field.capitalize()))
        made.team = {"hub": {"contact": {f: {"type": t, "title": f.capitalize()} for f, t in TYPES.items()}}}
        made.config = {"hub": {"contact": {f: LINES[name].format(f) for f in TYPES}}}
        yield made


def sync(lab: Lab) -> None:
    lab.clock.advance(3600)
    lab.run(mode="sync")


def address(who: str) -> str:
    return f"{who}@example.com"


def put(lab: Lab, id_: str, values: Mapping[str, Any]) -> None:
    """Give a record values; None is nothing."""
    if lab.crm.name == "hubspot":
        lab.simulator.update("contacts", id_, values)
    elif lab.crm.name == "zoho":
        lab.simulator.update("Contacts", id_, values)
    else:
        values = {f"x_{name}": False if value is None else value for name, value in values.items()}
        lab.simulator.write("res.partner", int(id_), values)


def shown(lab: Lab) -> dict[str, dict[str, Any]]:
    """What the CRM has of each, as its own API would put it, less its spelling."""
    found, texts = {}, {"true": True, "false": False}
    for id_, email in lab.rows(f"SELECT _id, email FROM {lab.crm.name}.contact"):
        if lab.crm.name == "hubspot":
            kept = lab.simulator.get("contacts", id_)["properties"]
            read: dict[str, Callable[[str], Any]] = {"flag": texts.__getitem__, "score": int, "rate": float}
            values = {f: read.get(f, str)(kept[f]) if kept.get(f) is not None else None for f in TYPES}
        elif lab.crm.name == "zoho":
            values = {f: lab.simulator.get("Contacts", id_).get(f) for f in TYPES}
        else:
            kept = lab.simulator.get("res.partner", int(id_))
            values = {f: kept[f"x_{f}"] for f in TYPES}
            values |= {f: values[f] or None for f in ("note", "day")}  # `false` is nothing there, but for booleans
        found[email.partition("@")[0]] = values
    return found


def in_hub(lab: Lab) -> dict[str, dict[str, Any]]:
    rows = lab.rows(f"SELECT split_part(email, '@', 1), {', '.join(TYPES)} FROM crm.contact")
    return {who: dict(zip(TYPES, values, strict=True)) for who, *values in rows}


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Exactly: False is not 0, as Python has it."""
    return {name: (isinstance(value, bool), value) for name, value in values.items()}


def as_hub(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the hub's columns have them."""
    rate, day = values["rate"], values["day"]
    return {**values, "rate": None if rate is None else Decimal(str(rate)), "day": day and str(day)}


def expected(lab: Lab) -> dict[str, dict[str, Any]]:
    """CRM, as far as this one can say so."""
    return {**CRM, "null": {**CRM["null"], **SAME[lab.crm.name]}}


def begin(lab: Lab) -> None:
    """All of them are on both sides, and have something everywhere."""
    for who in HUB:
        put(lab, lab.crm.create("Ada", email=address(who)), FULL)
    sync(lab)


def test_five_values_of_the_hub_reach_the_crm_as_five(lab: Lab) -> None:
    """And stay as they are in the hub, whatever the CRM has made of them."""
    begin(lab)
    for who, values in HUB.items():
        sets = ", ".join(f"{name} = {value}" for name, value in values.items())
        edit(lab.store_file, f"UPDATE crm.contact SET {sets} WHERE email = '{address(who)}'")
    before = in_hub(lab)
    sync(lab)

    assert {who: typed(values) for who, values in shown(lab).items()} == {
        who: typed(values) for who, values in expected(lab).items()
    }
    sync(lab)
    assert in_hub(lab) == before
    told = lab.rows("SELECT action, state, message FROM crmsync.intents")
    assert told == [("update", "applied", None)] * len(HUB)


@pytest.mark.parametrize(
    ("lab", "unset_are_told"), [*((name, True) for name in DRIVERS), ("hubspot", False)], indirect=["lab"]
)
def test_five_values_of_the_crm_reach_the_hub_as_five(lab: Lab, unset_are_told: bool) -> None:
    """Where an answer leaves out what is not set, and where it says null."""
    if not unset_are_told:
        lab.simulator.switches.null_properties = False
    begin(lab)
    edits = {
        "absent": {},
        "null": dict.fromkeys(TYPES),
        "empty": {"note": None},
        "false": CRM["false"],
        "zero": CRM["zero"],
    }
    for id_, email in lab.rows(f"SELECT _id, email FROM {lab.crm.name}.contact"):
        put(lab, id_, edits[email.partition("@")[0]])
    sync(lab)

    assert {who: typed({**v, "day": v["day"] and str(v["day"])}) for who, v in in_hub(lab).items()} == {
        who: typed(as_hub(values)) for who, values in expected(lab).items()
    }
    sync(lab)
    assert lab.rows("SELECT count(*) FROM crmsync.intents") == [(0,)]
