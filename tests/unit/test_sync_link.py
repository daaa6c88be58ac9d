"""Link: which answers leave it open whether a record is linked to something."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmsync.errors import UnreadablePage
from crmsync.http import Head
from crmsync.spec.model_stream import Missing
from crmsync.sync.pull.link import require_told

NONE, OTHER = {"code": "NONE", "of": ["2"]}, {"code": "BUSY", "of": ["2"]}
PROMISED, LOOSE = Missing("errors", {"code": "NONE"}, "of[]"), Missing("errors", {"code": "NONE"})


def told(missing: Missing, answer: Any, *ids: str) -> str:
    """What is refused of an answer about the records 1 and 2 that has entries for `ids`; nothing, where it is good."""
    try:
        require_told(missing, ["1", "2"], "" if answer is None else json.dumps(answer), Head(ids=ids, entries=len(ids)))
    except UnreadablePage as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"errors": [NONE]}, "1"),
        ({"errors": [{"code": "NONE", "of": [1, "2"]}]}, ""),
        ({}, "12"),
        ({"errors": None}, "12"),
    ],
)
@pytest.mark.parametrize("missing", [PROMISED, LOOSE])
def test_each_record_has_an_entry_or_an_error_that_is_allowed(missing: Missing, answer: Any, ids: str) -> None:
    """Whether the promise is made or not; ids may be numbers."""
    assert told(missing, answer, *ids) == ""


@pytest.mark.parametrize("ids", ["", "1", "12"])
@pytest.mark.parametrize("missing", [PROMISED, LOOSE])
def test_an_error_that_means_something_else_is_refused(missing: Missing, ids: str) -> None:
    """Beside one that is allowed, too, and whatever entries there are."""
    assert "`missing_ok` does not allow" in told(missing, {"errors": [NONE, OTHER]}, *ids)
    assert told(missing, {"errors": {"code": "NONE"}}, *ids) == "the answer about links has no list at errors"
    assert told(missing, {"errors": ["NONE"]}, *ids) and told(missing, {"errors": {}}, *ids)


@pytest.mark.parametrize("answer", [{}, {"errors": []}, {"errors": [{"code": "NONE"}]}, None])
def test_a_record_without_a_word_is_refused_where_one_is_promised(answer: Any) -> None:
    """And taken for one without links where none is."""
    assert told(PROMISED, answer, "1") == "the answer about links passes over 1 of 2 records"
    assert told(LOOSE, answer, "1") == ""
