"""A login: once a run, its answer's values in every later request, and its secrets in its body alone."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing

import pytest

from crmsync.config import Settings, resolve
from crmsync.errors import ConfigError, CrmsyncError, Unauthorized, UnexpectedAnswer
from crmsync.events import Events
from crmsync.sandbox import Server, SimResponse
from crmsync.spec.build import options
from crmsync.spec.load import load_text
from crmsync.store import FileStore
from crmsync.sync import Job, check, run

KEY = "canary-api-key-0123456789"
SPEC = """\
crmsync: 1
name: rpc
config:
  base_url: {required: true}
  login: {}
  api_key: {secret: true}
auth:
  session:
    kind: login
    needs: [login, api_key]
    do: POST /rpc
    body: {method: authenticate, args: [main, $login, $api_key, {}]}
    keep: {uid: result}
    bad: false
check: {do: POST /rpc, body: {uid: $uid}, account: id}
error: {code: code, message: message}
errors: [{status: 401, is: reconnect}]
streams:
  contact:
    read: {full: {do: GET /people/$uid, query: {as: $uid}, records: people}}
    fields: {name: {at: name, type: text, title: Name}}
"""


class Rpc:
    """Logs in whoever has the key, and answers only user 2."""

    def __init__(self):
        self.seen = []
        self.logins = None
        self.closed = False

    def handle(self, request):
        self.seen.append(request)
        body = json.loads(request.body) if request.body else {}
        if body.get("method") == "authenticate":
            known = body["args"] == ["main", "ann", KEY, {}]
            return said(self.logins if self.logins is not None else {"result": 2 if known else False})
        if self.closed:
            return said({"message": f"session over for {KEY}"}, 401)
        if request.path == "/rpc":
            return said({"id": 7, "uid": body["uid"]})
        assert (request.path, dict(request.query)) == ("/people/2", {"as": "2"})
        return said({"people": [{"id": 1, "name": "Ann"}]})

    @property
    def logged_in(self):
        return [request for request in self.seen if b"authenticate" in request.body]


def said(value, status=200):
    return SimResponse(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


@pytest.fixture
def rpc():
    provider = Rpc()
    with Server(provider) as server:
        provider.url = server.url
        yield provider


def job(folder, rpc, **values):
    given = {"base_url": rpc.url, "login": "ann", "api_key": KEY, **values}
    (folder / "rpc.yaml").write_text(SPEC, encoding="utf-8")
    environment = {f"RPC_{name}".upper(): value for name, value in given.items()}
    return Job(
        folder / "rpc.yaml",
        resolve(Settings(), "rpc", None, options(load_text(SPEC, "rpc").tree), environment),
        folder / "limits",
    )


def tried(folder, rpc, **values):
    """A run's result, or its error."""
    with closing(FileStore(folder / "rpc.duckdb")) as store:
        try:
            (result,) = asyncio.run(run(job(folder, rpc, **values), store, Events()))
        except CrmsyncError as error:
            return error
    return result


def test_a_run_logs_in_once_and_every_request_has_what_was_kept(rpc, tmp_path):
    """In paths, queries and bodies, as a number where it stands alone."""
    result = tried(tmp_path, rpc)

    assert (result.status, result.counts.read) == ("done", 1)
    assert len(rpc.logged_in) == 1
    assert json.loads(rpc.seen[1].body) == {"uid": 2}


def test_its_secret_is_in_its_body_alone(rpc, tmp_path):
    """No other request shows it, and no header does."""
    tried(tmp_path, rpc)

    others = [f"{seen.path}{seen.query}{seen.headers}{seen.body!r}" for seen in rpc.seen if seen not in rpc.logged_in]
    assert len(others) >= 2 and not any("canary" in other for other in others)
    assert "canary" not in f"{rpc.logged_in[0].path}{rpc.logged_in[0].headers}"


def test_wrong_credentials_name_the_variables(rpc, tmp_path):
    """This provider says so by `false`, with HTTP 200."""
    error = tried(tmp_path, rpc, api_key="canary-of-somebody-else")

    assert isinstance(error, Unauthorized) and "the login is refused" in error.message
    assert error.hint == "Set RPC_LOGIN and RPC_API_KEY to credentials that are valid and have not ended."


@pytest.mark.parametrize("answer", [{}, {"result": None}, {"result": {}}, {"result": []}, [], {"error": "no database"}])
def test_an_answer_without_the_value_is_no_login(rpc, tmp_path, answer):
    """Never a request for nobody."""
    rpc.logins = answer

    assert isinstance(tried(tmp_path, rpc), UnexpectedAnswer)
    assert len(rpc.seen) == 1


def test_a_session_that_is_refused_later_is_not_begun_again(rpc, tmp_path):
    """The same credentials would be refused again."""
    rpc.closed = True
    error = tried(tmp_path, rpc)

    assert isinstance(error, Unauthorized) and "canary" not in f"{error.message}{error.hint}"
    assert len(rpc.logged_in) == 1


def test_a_check_logs_in_and_needs_no_store(rpc, tmp_path):
    """It opens none."""

    async def lines():
        return [finding.ok async for finding in check(job(tmp_path, rpc), lambda: pytest.fail("a store was opened"))]

    assert all(asyncio.run(lines()))


def test_without_credentials_nothing_is_sent(rpc, tmp_path):
    """The variables are named."""
    error = tried(tmp_path, rpc, api_key="")

    assert isinstance(error, ConfigError) and "export RPC_LOGIN=… RPC_API_KEY=…" in error.hint
    assert rpc.seen == []
