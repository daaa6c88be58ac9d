"""Tokens in the store: kept, renewed ahead of their end, by one process for all."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest

from crmsync.errors import BudgetSpent, CrmsyncError, KeyMissing, ProviderDown, Unauthorized
from crmsync.events import Events, Note, RequestAnswered
from crmsync.http import Grant
from crmsync.sandbox import Server, SimResponse, VirtualClock
from crmsync.secret import Secret
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.store import FileStore, Keys, Lease, Safe
from crmsync.sync import run
from crmsync.sync.access import access_to
from crmsync.sync.tokens import Record
from crmsync.sync.worker import Worker
from http_server import Told
from oauth_provider import CLIENT, REFRESH, SECRET, Acme, answer, job

HERE = Path(__file__).parent.parent
BUSY = answer({"error": "Access Denied", "error_description": "too many requests"}, 400)


class Lab:
    """A provider, a store and one virtual clock. `job` may be another one from run to run."""

    def __init__(self, folder, acme, url):
        self.folder, self.acme, self.url, self.clock = folder, acme, url, acme.clock
        self.job = job(folder, url)
        self.told = Told()

    def run(self):
        """Read the contacts; the result."""
        events = Events()
        events.subscribe(self.told.events.append)
        with closing(FileStore(self.folder / "acme.duckdb", hold_s=0)) as store:
            (result,) = asyncio.run(run(self.job, store, events, clock=self.clock))
        return result

    def within(self, work):
        """What `work(access, client)` gives, behind one access and its client; or the error."""
        return asyncio.run(self._within(work))

    async def _within(self, work):
        spec = build(load(self.job.spec_file).tree, objects(), self.job.connection.values)
        events = Events()
        events.subscribe(self.told.events.append)
        with closing(FileStore(self.folder / "acme.duckdb", hold_s=0)) as store, closing(Worker()) as worker:
            try:
                access = await access_to(self.job, spec, self.clock, events, store=store, worker=worker)
                async with access.client(spec) as client:
                    return await work(access, client, spec)
            except CrmsyncError as error:
                return error

    def safe(self):
        """The secrets of the store, as another program sees them."""
        store = FileStore(self.folder / "acme.duckdb", hold_s=0)
        return store, Safe(store, self.job.keys, lambda _: None)

    def record(self):
        store, safe = self.safe()
        with closing(store):
            kept = safe.read("acme", "oauth")
            return kept.version, msgspec.json.decode(kept.text.reveal(), type=Record)

    def put(self, record):
        """Another process keeps this."""
        store, safe = self.safe()
        with closing(store):
            claim = safe.claim("acme", "oauth", 10**9)
            assert isinstance(claim, Lease)
            return safe.keep(claim, Secret(msgspec.json.encode(record).decode()))


@pytest.fixture
def lab(tmp_path):
    acme = Acme(VirtualClock())
    with Server(acme) as server:
        yield Lab(tmp_path, acme, server.url)


async def ask(access, client, spec):
    """One request."""
    return (await client.send(spec.check.request, {}, stream="")).status


def test_the_operator_s_refresh_token_is_the_first_and_the_store_has_the_next(lab):
    """A second run asks for no token at all."""
    first, second = lab.run(), lab.run()

    assert (first.status, second.status, lab.acme.given) == ("done", "done", 1)
    version, record = lab.record()
    assert (version, record.access, record.refresh) == (1, "canary-access-token-1", REFRESH)


def test_the_api_never_sees_the_client_s_credentials_nor_the_token_endpoint_a_token(lab):
    """Each has what it needs."""
    lab.run()
    lab.clock.advance(3600)
    lab.run()

    calls = [f"{call.path} {dict(call.query)} {dict(call.headers)} {call.body!r}" for call in lab.acme.calls]
    assert calls and not any(SECRET in call or REFRESH in call or CLIENT in call for call in calls)
    asked = [seen for seen in lab.acme.seen if seen.path == "/token"]
    assert len(asked) == 2 and not any("canary-access" in f"{dict(seen.headers)} {seen.body!r}" for seen in asked)


@pytest.mark.parametrize(("lasts_s", "ahead_s"), [(3600, 300), (1800, 180), (60, 6)])
def test_a_token_is_renewed_shortly_before_its_end(lab, lasts_s, ahead_s):
    """Five minutes, or a tenth of its life where that is less; while clients go on."""
    lab.acme.lasts_s = lasts_s

    async def work(access, client, spec):
        counts = []
        for step_s in (lasts_s - ahead_s - 1, 1, lasts_s - ahead_s - 1, 1):
            lab.clock.advance(step_s)
            assert await ask(access, client, spec) == 200
            counts.append(lab.acme.given)
        return counts

    assert lab.within(work) == [1, 2, 2, 3]


def test_a_refresh_token_that_changes_is_kept(lab):
    """The old one is dead."""
    lab.acme.rotates = True
    for _ in range(4):
        assert lab.run().status == "done"
        lab.clock.advance(3600)

    assert [form["refresh_token"] for form in lab.acme.forms] == [
        REFRESH,
        "canary-refresh-token-1",
        "canary-refresh-token-2",
        "canary-refresh-token-3",
    ]


def test_a_refresh_token_that_the_operator_sets_anew_wins(lab):
    """Over what the store has; one that was known already does not."""
    lab.acme.rotates = True
    lab.run()
    lab.acme.refresh_tokens.add("canary-refresh-token-new")
    lab.job = job(lab.folder, lab.url, refresh_token="canary-refresh-token-new")
    lab.run()
    lab.run()

    assert [form["refresh_token"] for form in lab.acme.forms] == [REFRESH, "canary-refresh-token-new"]


def test_without_the_operator_s_the_store_s_goes_on(lab):
    """It may be taken out of the environment once it was used."""
    lab.run()
    lab.job = job(lab.folder, lab.url, refresh_token="")
    lab.clock.advance(3600)

    assert (lab.run().status, lab.acme.given) == ("done", 2)


def test_a_connection_that_was_never_made_says_how(lab):
    """And that one of another client must be made again."""
    lab.job = job(lab.folder, lab.url, refresh_token="")
    never = lab.within(ask)
    lab.job = job(lab.folder, lab.url)
    lab.run()
    lab.job = job(lab.folder, lab.url, refresh_token="", client_id="other")
    other = lab.within(ask)

    for error in (never, other):
        assert isinstance(error, Unauthorized) and error.hint == "Connect it: crmsync auth acme"


def test_a_token_that_is_refused_is_renewed_once_and_the_request_repeated(lab):
    """It was revoked before its end."""

    async def work(access, client, spec):
        lab.acme.access.clear()
        return await ask(access, client, spec)

    assert (lab.within(work), lab.acme.given) == (200, 2)


def test_a_second_refusal_says_what_to_do(lab):
    """No third token, no loop."""
    lab.acme.refuse = {"/me"}
    error = lab.within(ask)

    assert isinstance(error, Unauthorized) and error.hint.startswith("Connect again: crmsync auth acme")
    assert (lab.acme.given, len(lab.acme.calls)) == (2, 2)
    assert "canary" not in f"{error.message} {error!r}"


def test_a_token_that_somebody_else_renewed_is_used(lab):
    """Their version is newer than the one that was refused."""

    async def work(access, client, spec):
        stale = await access.grants.current()
        _, record = lab.record()
        lab.acme.access = {"canary-access-theirs": lab.clock.now().timestamp() + 3600}
        lab.put(msgspec.structs.replace(record, access="canary-access-theirs"))
        return await ask(access, client, spec), stale.version, (await access.grants.renewed(stale)).version

    assert lab.within(work) == (200, 1, 2)
    assert lab.acme.given == 1


def test_many_requests_at_once_renew_once(lab):
    """Of one process, at the moment of the end, and at a refusal."""

    async def work(access, client, spec):
        lab.clock.advance(3600)
        await asyncio.gather(*(ask(access, client, spec) for _ in range(8)))
        lab.acme.access.clear()
        await asyncio.gather(*(ask(access, client, spec) for _ in range(8)))

    lab.within(work)
    assert lab.acme.given == 3


def test_a_renewal_that_is_stopped_gives_its_claim_back(lab):
    """Ctrl-C, or a service that ends a job: the next one need not wait."""

    async def work(access, client, spec):
        lab.clock.advance(3600)
        lab.acme.say = [SimResponse(200, {}, b"", delay_s=60)]
        lab.acme.asked.clear()
        renewing = asyncio.create_task(access.grants.current())
        assert await asyncio.to_thread(lab.acme.asked.wait, 30)
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        store, safe = lab.safe()
        with closing(store):
            return isinstance(safe.claim("acme", "oauth", 1), Lease)

    assert lab.within(work)


def test_as_long_as_the_old_token_lasts_a_renewal_may_fail(lab):
    """It is tried again a minute later; once the token has ended, its failure is the run's."""

    async def work(access, client, spec):
        lab.clock.advance(3600 - 300)
        lab.acme.say = [BUSY] * 100
        seen = [await ask(access, client, spec), await ask(access, client, spec)]
        asked = len(lab.acme.forms)
        lab.clock.advance(300)
        with pytest.raises(BudgetSpent):
            await ask(access, client, spec)
        return seen, asked > 1

    assert lab.within(work) == ([200, 200], True)


def test_a_provider_that_is_down_is_not_a_reason_to_connect_again(lab):
    """Neither at the start."""
    lab.acme.say = [SimResponse(503)] * 100
    error = lab.within(ask)

    assert isinstance(error, ProviderDown) and "crmsync auth" not in error.hint


def test_a_lost_key_says_so_and_the_right_one_opens_all_again(lab):
    """Nothing else in the store is lost; the claim is free."""
    lab.run()
    key, lost = lab.job.keys, Keys(Secret(base64.b64encode(b"\1" * 32).decode()))
    bare = job(lab.folder, lab.url, refresh_token="")
    lab.job = replace(bare, keys=lost)
    error = lab.within(ask)
    lab.job = replace(bare, keys=key)

    assert isinstance(error, KeyMissing) and "CRMSYNC_KEY does not hold" in error.message
    assert error.hint.endswith("or connect again: crmsync auth acme")
    assert (lab.run().status, lab.acme.given) == ("done", 1)


def test_a_lost_key_does_not_matter_where_the_operator_sets_the_refresh_token(lab):
    """It is begun anew with that, and told."""
    lab.run()
    lab.job = replace(lab.job, keys=Keys(Secret(base64.b64encode(b"\1" * 32).decode())))

    assert (lab.run().status, lab.acme.given) == ("done", 2)
    assert any("The refresh token of the environment is used" in note.message for note in lab.told.of(Note))


def test_a_client_that_asks_for_itself_needs_no_consent(lab):
    """A new token each time, no refresh token."""
    grant = "    scope_join:", "    grant: client_credentials\n    scope_join:"
    lab.job = job(lab.folder, lab.url, edit=lambda text: text.replace(*grant), refresh_token="")
    lab.run()
    lab.clock.advance(3600)

    assert lab.run().status == "done"
    assert [form["grant_type"] for form in lab.acme.forms] == ["client_credentials"] * 2


def test_the_account_s_own_address_is_where_requests_go(lab):
    """As the token's answer told, unless the operator set another."""
    lab.run()
    _, record = lab.record()
    lab.put(msgspec.structs.replace(record, base_url="https://api.eu.example"))

    async def work(access, client, spec):
        return client.origin

    assert lab.within(work) == lab.url
    lab.job = job(lab.folder, lab.url, base_url="")
    assert lab.within(work) == "https://api.eu.example"


def test_no_token_is_in_the_store_the_logs_or_an_event(lab):
    """In clear text."""
    lab.acme.refuse = {"/people"}
    failed = lab.run()

    everything = b"".join(file.read_bytes() for file in lab.folder.glob("acme.duckdb*"))
    assert failed.error["code"] == "CS110" and "***" in failed.error["message"]
    assert b"canary" not in everything
    assert "canary" not in repr(lab.told.events) and "canary" not in repr(failed)
    assert lab.told.of(RequestAnswered)


def test_a_grant_does_not_show_its_token():
    """Wherever it is printed."""
    assert "canary" not in repr(Grant({"access_token": Secret("canary-access-token-1")}, 1))


# -- processes -----------------------------------------------------------------------------------------------------

GROUP = """
import asyncio, os, sys
from contextlib import closing
from pathlib import Path
from crmsync.clock import SystemClock
from crmsync.events import Events
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.store import FileStore
from crmsync.sync.access import access_to
from crmsync.sync.worker import Worker
from oauth_provider import job

folder = Path(sys.argv[1])
made = job(folder, sys.argv[2])

async def ask():
    spec = build(load(made.spec_file).tree, objects(), made.connection.values)
    with closing(FileStore(folder / "acme.duckdb")) as store, closing(Worker()) as worker:
        access = await access_to(made, spec, SystemClock(), Events(), store=store, worker=worker)
        async with access.client(spec) as client:
            return (await client.send(spec.check.request, {}, stream="")).status

children = []
for _ in range(int(sys.argv[3])):  # what they import is imported by now, so that they begin together
    if child := os.fork():
        children.append(child)
    else:
        os._exit(0 if asyncio.run(ask()) == 200 else 1)
print(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children))
"""


def group(folder, url, size):
    """That many processes that get in and ask once; prints how many of them got an answer."""
    return subprocess.Popen(
        [sys.executable, "-c", GROUP, str(folder), url, str(size)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(HERE), "PATH": ""},
        start_new_session=True,
    )


@pytest.fixture
def provider():
    """A provider in a process of its own, whose refresh tokens change; its URL."""
    code = [sys.executable, str(HERE / "oauth_provider.py")]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as running:
        yield running.stdout.readline().strip()
        running.kill()


def test_sixteen_processes_at_the_end_of_a_token_renew_it_once(tmp_path, provider):
    """All get in with the one new token. A second refresh with the old refresh token would be refused."""
    lab = Lab(tmp_path, Acme(), provider)
    lab.put(Record("canary-access-token-0", CLIENT, REFRESH, ends_at=0.0, life_s=3600, given=_digest(lab.job)))

    assert group(tmp_path, provider, 16).communicate(timeout=60)[0] == "16\n"
    with urlopen(f"{provider}/count") as count:
        assert count.read() == b'{"asked": 1}'
    assert lab.record()[0] == 2


def test_a_process_that_was_killed_while_it_renewed_is_taken_over(tmp_path):
    """The next one asks again."""
    acme = Acme()
    acme.say = [SimResponse(200, {}, b"", delay_s=60)]
    with Server(acme) as server:
        lab = Lab(tmp_path, acme, server.url)
        held = group(tmp_path, server.url, 1)
        assert acme.asked.wait(30)
        os.killpg(held.pid, signal.SIGKILL)
        held.communicate()
        assert lab.within(ask) == 200

    assert (acme.given, lab.record()[0]) == (1, 1)


def _digest(made):
    return hashlib.sha256(made.connection.values["refresh_token"].reveal().encode()).hexdigest()
