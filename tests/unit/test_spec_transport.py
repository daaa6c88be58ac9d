"""Calls and the transport that carries them: the requests that come out, and the mistakes that are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crmsync.errors import SpecError
from crmsync.http.answer import Answer
from crmsync.http.classify import classify
from crmsync.http.render import render
from crmsync.spec.build import build
from crmsync.spec.load import load_text, objects
from crmsync.spec.model import Spec

SPEC = """
crmsync: 1
name: acme
config:
  base_url: {default: "https://acme.example"}
  database: {required: true}
  protocol: {choice: [plain, rpc], default: plain}
  token: {secret: true, required: true}
vars: {where: [[active, "=", true]]}
auth: {key: {kind: header, needs: [token], headers: {Authorization: bearer $token}}}
transport:
  by: protocol
  plain: {do: POST /2/$model/$method, body: $args}
  rpc:
    do: POST /rpc
    body: {jsonrpc: "2.0", id: 1, params: {args: [$database, $token, $model, $method, [], $args]}}
    result: result
    error: error.data
check: {call: users.whoami, account: $database, facts: {zone: tz}}
error: {code: name, message: message}
errors:
  - {code: Denied, is: reconnect}
lists:
  stage: {call: stage.search, args: {domain: []}, key: id, value: name}
streams:
  deal:
    vars: {model: crm.lead}
    record: {updated_at: changed}
    fields: {name: title}
    read:
      full:
        call: $model.search
        args: {domain: [+: $where, [id, ">", $after_id]], fields: $names}
        page: keyset
        limit: 10
      by_id: {call: $model.read, args: {ids: $ids}, batch: 10, records: rows}
"""


def spec(protocol: str) -> Spec:
    return build(load_text(SPEC, "s").tree, objects(), {"protocol": protocol, "database": "prod", "token": "k"})


def sent(protocol: str, role: str, **values: Any) -> tuple[str, Any]:
    """Address and body of one of the stream's requests."""
    import msgspec

    stream = spec(protocol).streams["deal"]
    request = stream.by_id if role == "by_id" else stream.full.request
    assert request is not None
    message = render(request, {"token": "k", **stream.vars, **values}, "https://acme.example")
    return message.url.removeprefix("https://acme.example"), msgspec.json.decode(message.body or b"")


def test_a_call_goes_to_its_own_address_or_into_an_envelope() -> None:
    """The option picks the transport; arguments keep their types, and what has no value is left out."""
    args = {"domain": [["active", "=", True], ["id", ">", 7]], "fields": ["title"]}

    assert sent("plain", "full", after_id=7, names=["title"]) == ("/2/crm.lead/search", args)
    assert sent("rpc", "full", after_id=7, names=["title"]) == (
        "/rpc",
        {"jsonrpc": "2.0", "id": 1, "params": {"args": ["prod", "k", "crm.lead", "search", [], args]}},
    )
    assert sent("plain", "by_id", ids=[1, 2]) == ("/2/crm.lead/read", {"ids": [1, 2]})


def test_paths_begin_where_the_envelope_has_the_result() -> None:
    """Of records, facts and errors; the account is the name of the database."""
    plain, rpc = spec("plain"), spec("rpc")

    assert (plain.streams["deal"].full.request.records, rpc.streams["deal"].full.request.records) == ("$", "result")
    assert rpc.streams["deal"].by_id is not None
    assert rpc.streams["deal"].by_id.records == "result.rows"
    assert (plain.check.facts, rpc.check.facts) == ({"zone": "tz"}, {"zone": "result.tz"})
    assert (rpc.check.account, rpc.check.fixed) == (None, "prod")
    assert (plain.error.code, rpc.error.code, rpc.error.message) == (
        ("name",),
        ("error.data.name",),
        "error.data.message",
    )
    assert [lookup.request and lookup.request.records for lookup in rpc.lookups["stage"]] == ["result"]


@pytest.mark.parametrize(
    ("protocol", "status", "body", "outcome"),
    [
        ("rpc", 200, '{"result": []}', "good"),
        ("rpc", 200, '{"error": {"code": 200, "data": {"name": "Denied"}}}', "reconnect"),
        ("rpc", 200, '{"error": {"code": 404}}', "config"),
        ("rpc", 200, '{"result": [{"error": 1}], "error": null}', "good"),
        ("rpc", 200, "<html>please log in", "unreadable"),
        ("plain", 200, '{"error": {"data": {"name": "Denied"}}}', "good"),
        ("plain", 401, '{"name": "Denied"}', "reconnect"),
    ],
)
def test_an_error_in_an_envelope_is_one_whatever_its_status(
    protocol: str, status: int, body: str, outcome: str
) -> None:
    """And a result that has something called `error` is none."""
    answer = Answer(status, {"content-type": "application/json" if body[0] == "{" else "text/html"}, body.encode(), 0.0)

    assert classify(answer, spec(protocol), datetime.now(UTC), str).outcome == outcome


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  by: protocol\n", "  by: protokol\n", "there is no option `protokol`; did you mean `protocol`?"),
        ("result: result", "zzz: result", "unknown key `zzz`"),
        ("body: $args", "body: $arg", "unknown placeholder `$arg`; did you mean `$args`?"),
        ("call: users.whoami", "call: whoami", "`call` must be a call such as contacts.search, not 'whoami'"),
        ("call: users.whoami, ", "", "the key `do` or `call` is missing in `check`"),
        ("call: users.whoami", "call: users.whoami, do: GET /me", "a request is `do` or `call`, not both"),
        ("ids: $ids", "ids: $ids, k: $token", "`$token` is a secret"),
        ("{call: $model.read, args: {ids: $ids}, ", "{", "`by_id` has no `do` in stream `deal`"),
    ],
)
def test_a_mistake_around_a_call_is_told(old: str, new: str, message: str) -> None:
    """In plain words, like every other."""
    assert old in SPEC
    with pytest.raises(SpecError) as raised:
        load_text(SPEC.replace(old, new), "s")
    assert message in str(raised.value)


def test_a_call_needs_a_transport() -> None:
    """Nothing else can tell where it goes."""
    head, _, tail = SPEC.partition("transport:\n")
    text = head + "check:" + tail.partition("check:")[2]
    with pytest.raises(SpecError, match="a `call` needs the `transport` that carries it"):
        load_text(text, "s")
