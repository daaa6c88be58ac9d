"""YAML text -> values and places: YAML 1.2 scalars, and what hostile text must not do."""

from __future__ import annotations

import pytest

from crmsync.errors import SpecError
from crmsync.spec import yaml


def refused(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        yaml.parse(text, "spec.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("12:30:00", "12:30:00"),
        ("2026-03", "2026-03"),
        ("2026-03-01", "2026-03-01"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("007", 7),
        ("-5", -5),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ('"true"', "true"),
        (".inf", ".inf"),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text, value):
    """No word but true and false is a boolean, no time is a number."""
    tree = yaml.parse(f"a: {text}", "spec.yaml").tree

    assert tree == {"a": value}
    assert type(tree["a"]) is type(value)


@pytest.mark.parametrize("text", ["1234567890123456789", "9" * 5000, "1e999"])
def test_a_number_that_would_lose_digits_stays_a_text(text):
    """An id of 19 digits arrives as it was written."""
    assert yaml.parse(f"a: {text}", "spec.yaml").tree == {"a": text}


def test_every_key_and_element_has_a_place():
    """Lines and columns count from 1."""
    document = yaml.parse("a:\n  - x\n  - {b: 1}\nc: 2\n", "spec.yaml")

    assert dict(document.places) == {
        ("a",): (1, 1),
        ("a", 0): (2, 5),
        ("a", 1): (3, 5),
        ("a", 1, "b"): (3, 6),
        ("c",): (4, 1),
    }


def test_a_fault_without_a_place_stands_at_what_encloses_it():
    """A missing key is shown where it is missing."""
    document = yaml.parse("a:\n  b: {c: 1}\n", "spec.yaml")

    assert str(document.fault(("a", "b", "x", 3), "SP103", "gone")) == "spec.yaml:2:3: gone [SP103]"
    assert str(document.fault(("z",), "SP103", "gone")) == "spec.yaml:1:1: gone [SP103]"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\na: 2", "2:1", "the key 'a' is there twice"),
        ("a: &x 1", "1:4", "anchors and aliases are not allowed"),
        ("a: *x", "1:4", "anchors and aliases are not allowed"),
        ("a: !!python/object/apply:os.system [ls]", "1:4", "the tag tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !!str 1", "1:4", "the tag tag:yaml.org,2002:str is not allowed"),
        ("a: ! b", "1:4", "the tag ! is not allowed"),
        ("&k a: 1", "1:1", "anchors and aliases are not allowed"),
        ("? [a]\n: b", "1:3", "a key must be a plain text"),
        ("--- a\n--- b", "2:1", "a second document"),
        ("a: [1,\n b", "3:1", "did not find expected"),
        ("a: é\nb: é\x01", "2:5", "the character U+0001 is not allowed"),
        ("a: \ud800", "1:4", "the character U+D800 is not allowed"),
        ("a: \x00", "1:4", "the character U+0000 is not allowed"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place(text, place, message):
    """No tag, anchor, alias, doubled key or broken text gets further."""
    assert refused(text).startswith(f"spec.yaml:{place}: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 30 + "]" * 30, "nested deeper than 20 levels"),
        ("[" * 100_000, "nest"),
        ("{a: " * 50 + "}" * 50, "nested deeper than 20 levels"),
        ("a: [" + "1, " * 20_000 + "1]", "more than 10000 values in one file"),
        ("a: " + "x" * 300_000, "the file is larger than 256 KB"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "anchors and aliases are not allowed"),
    ],
)
def test_a_bomb_is_refused_before_it_unfolds(text, message):
    """Depth, size and number of values have a cap, and nothing can refer to itself."""
    assert message in refused(text)


def test_an_empty_file_is_no_map():
    """Nothing is invented for it."""
    assert yaml.parse("# nothing\n", "spec.yaml").tree is None
