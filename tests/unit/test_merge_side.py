"""A stream beside the hub: what the two share, and what cannot be shared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.config import Rule, Terms
from crmsync.errors import ConfigError
from crmsync.plugins import connector
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.spec.model import ObjectField
from crmsync.spec.model_stream import Stream
from crmsync.store import Table
from crmsync.sync.merge.side import Side, side_of


def stream(name: str) -> Stream:
    spec_file = connector("hubspot").spec_file
    assert spec_file is not None
    return build(load(spec_file).tree, objects(), {"timezone": "UTC"}).streams[name]


def terms(name: str, **further: str) -> Terms:
    """The canonical fields, and further ones of one object with their types."""
    return Terms({**objects(), name: {**objects()[name], **{n: ObjectField(t, n) for n, t in further.items()}}})


def side(of: Stream, terms: Terms) -> Side:
    found = side_of("hubspot", of, Table("hubspot", of.name, (), ("_id",)), terms)
    assert found is not None
    return found


def test_what_the_hub_has_and_the_stream_has_is_shared() -> None:
    """A field of the team as well as a canonical one, each with its rule and its words."""
    said = replace(
        terms("contact", city="text", tier="text"),
        rules={"contact": {"city": Rule("hub")}},
        words={"contact": {"city": {"Cologne": "Köln"}}},
    )
    found = side(stream("contact"), said)
    assert {"name", "city"} <= {field.name for field in found.fields}
    assert "tier" not in {field.name for field in found.fields}
    assert {"city", "tier"} <= {column.name for column in found.hub.columns}
    ((city, rule),) = [(g.fields[0], g.rule) for g in found.groups if g.fields[0].name == "city"]
    assert (rule, city.words) == (Rule("hub"), (("Cologne", "Köln"),))


def test_a_further_address_is_not_what_records_are_known_by() -> None:
    """Two may share it, and stay two: only canonical keys mean one person or company."""
    assert side(stream("contact"), terms("contact")).key == "email"
    deal = stream("deal")
    billing = replace(
        deal, fields=tuple(replace(f, type="email") if f.name == "description" else f for f in deal.fields)
    )
    assert side(billing, terms("deal", description="email")).key is None


def test_a_column_of_the_mirror_with_another_type_is_told() -> None:
    """It was filled as a text before the field was declared, and keeps that type."""
    with pytest.raises(
        ConfigError, match=r"city of hubspot\.contact is stored as text, and in the hub it is of type date"
    ):
        side(stream("contact"), terms("contact", city="date"))
