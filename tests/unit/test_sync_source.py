"""What every request of a stream is given."""

from __future__ import annotations

import pytest

from crmsync.errors import UnexpectedAnswer
from crmsync.spec.model_stream import Field, Record, Request, Transform
from crmsync.sync.source import as_sent, asking_for

TEXTS, NUMBERS = (Record(Field("_id", "text", ("id",), Transform(kind))) for kind in ("text", "integer"))


@pytest.mark.parametrize(("record", "sent"), [(TEXTS, ["1", "02"]), (NUMBERS, [1, 2])])
def test_ids_go_out_as_the_spec_says_that_they_are(record: Record, sent: list[object]) -> None:
    """As texts or as JSON numbers, singly, listed, and inside of items."""
    ids = ["1", "02"]
    assert asking_for(Request("POST", "/get"), ids, record) == {"ids": sent, "items": sent}
    items = asking_for(Request("POST", "/get", item={"id": "$id"}), ids, record)["items"]
    assert items == [{"id": id_} for id_ in sent]
    assert asking_for(Request("GET", "/one/$id", one=True), ids, record) == {"id": sent[0]}


def test_an_id_that_should_be_a_number_and_is_none_is_told() -> None:
    """Sent as a text, it would be answered with nothing, which looks like a deletion."""
    with pytest.raises(UnexpectedAnswer, match="'x7' is no number"):
        as_sent(NUMBERS, "x7")
