"""How a CRM's description of its fields is understood."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest

from crmsync.http import Answer, Client
from crmsync.spec import build
from crmsync.sync.catalog import Described, read_fields, with_custom
from mapping_engine import a_stream
from mapping_writer import a_target

CHECK = {"do": "GET /", "account": "id"}
A = Described("a", "text", "A", ())


class Provider:
    """Answers everything with one document. Stands where a Client does."""

    def __init__(self, document: Any) -> None:
        self._body = json.dumps(document).encode()

    async def send(self, *_: Any, **__: Any) -> Answer:
        return Answer(200, {}, self._body, 0.0)


@pytest.mark.parametrize(
    ("readonly", "told"), [("locked", {"a": True, "b": False}), ({"at": "open", "as": "not"}, {"a": True, "b": False})]
)
def test_what_writes_must_know_of_a_field_is_read(readonly: Any, told: dict[str, bool]) -> None:
    """Whether it can be written, said either way round, and how much it holds."""
    line = {"do": "GET /f", "records": "{}", "type": "t", "types": {}, "readonly": readonly, "length": "most"}
    fields = {
        "a": {"t": "x", "locked": True, "open": False, "most": 80},
        "b": {"t": "x", "locked": False, "open": True},
    }
    tree = {"crmsync": 1, "name": "x", "check": CHECK, "discover": line, "streams": {}}
    found = asyncio.run(read_fields(cast(Client, Provider(fields)), build.build(tree, {}, {}), a_stream({})))
    assert {f.name: f.readonly for f in found} == told
    assert [(f.label, f.length) for f in found] == [("a", 80), ("b", None)]


def test_what_the_account_lacks_is_not_written() -> None:
    """A field that is there by its default, or by another of its paths, is read only then."""
    stream = a_target({"kept": "a", "gone": {"at": "b", "default": "x"}, "half": {"at": ["b", "a"], "to": "b"}})
    found = with_custom(
        build.build({"crmsync": 1, "name": "x", "check": CHECK, "streams": {}}, {}, {}), stream, [A], ()
    )
    assert {f.name: (f.dir, f.to) for f in found.fields} == {
        "kept": ("both", "a"), "gone": ("read", None), "half": ("read", None),
    }  # fmt: skip
