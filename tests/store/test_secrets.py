"""Promises of crmsync.secrets: nothing readable in the file, one writer at a time, and a lost key that says so."""

from __future__ import annotations

import base64
import stat

import pytest

from crmsync.errors import AlreadyRunning, ConfigError, KeyMissing, LeaseLost
from crmsync.secret import Secret
from crmsync.store import Keys, Lease, Safe
from store_kit import edit, line, looked_up, one, python

TOKEN = Secret("canary-refresh-0123456789")
OLD, NEW = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))

HOLD = """
safe = Safe(FileStore(Path(sys.argv[1]), hold_s=0), Keys(), print)
print(safe.claim("acme", "oauth", 0).fence, flush=True)
sys.stdin.read()
"""


def safe_of(store, *keys, file=None, told=None):
    given = Secret(",".join(keys)) if keys else None
    return Safe(store, Keys(given, file), (told if told is not None else []).append)


def keep(safe, text=TOKEN, connection="acme", version=0):
    return safe.keep(safe.claim(connection, "oauth", version), text)


def test_a_secret_comes_back_and_its_version_rises(store):
    """From one version to the next."""
    safe = safe_of(store, NEW)

    assert safe.read("acme", "oauth") is None
    assert (keep(safe), keep(safe, Secret("other"), version=1)) == (1, 2)
    assert (safe.read("acme", "oauth").version, safe.read("acme", "oauth").text.reveal()) == (2, "other")


def test_no_secret_can_be_read_in_the_file_or_its_log(store, path):
    """Neither while it is open nor after."""
    looked_up(store, [])  # opens it
    keep(safe_of(store, NEW))
    log = path.with_name(f"{path.name}.wal").read_bytes()
    store.rest()
    everything = log + path.read_bytes()

    assert everything.count(b"oauth") >= 2
    assert b"canary" not in everything and base64.b64decode(NEW) not in everything and NEW.encode() not in everything


def test_the_first_key_seals_and_every_key_opens(store):
    """A key is changed by putting the new one first; the old one goes once all is sealed anew."""
    keep(safe_of(store, OLD))
    both = safe_of(store, NEW, OLD)

    assert both.read("acme", "oauth").text == TOKEN
    keep(both, version=1)
    assert safe_of(store, NEW).read("acme", "oauth").text == TOKEN


def test_a_lost_key_says_what_is_missing_and_loses_nothing(store):
    """Neither a wrong nor an absent one; the right one opens it later."""
    keep(safe_of(store, OLD))

    for keys in ((NEW,), ()):
        found = safe_of(store, *keys).read("acme", "oauth")
        assert found.text is None and isinstance(found.problem, KeyMissing)
        assert "CRMSYNC_KEY does not hold" in found.problem.message
    assert safe_of(store, OLD).read("acme", "oauth").text == TOKEN


def test_a_row_that_was_moved_or_changed_does_not_open(store, path):
    """Somebody who may write the file cannot give one connection the tokens of another."""
    safe = safe_of(store, NEW)
    keep(safe)
    keep(safe, Secret("theirs"), "other")
    store.rest()

    edit(path, "UPDATE crmsync.secrets SET connection = CASE connection WHEN 'acme' THEN 'other' ELSE 'acme' END")

    for name in ("acme", "other"):
        assert safe.read(name, "oauth").text is None
        assert "damaged, or those of another connection" in safe.read(name, "oauth").problem.message


@pytest.mark.parametrize("text", ["x", "", "AAAA", OLD + "A", OLD[:-4], "é" * 44])
def test_what_is_no_key_is_refused_and_never_shown(text):
    """With a way to make one."""
    with pytest.raises(ConfigError) as caught:
        Keys(Secret(f"{OLD},{text}")).known()

    assert "CRMSYNC_KEY, entry 2, is not the base64 of 32 bytes" in caught.value.message
    assert "/dev/urandom | base64" in caught.value.hint
    assert OLD not in f"{caught.value.message}{caught.value.hint}"


def test_a_key_may_be_written_for_urls_too():
    """base64 has two alphabets."""
    raw = bytes(range(224, 256))
    plain, url = (Keys(Secret(f(raw).decode())).known()[0] for f in (base64.b64encode, base64.urlsafe_b64encode))

    assert plain == url and plain.raw == raw


def test_a_key_file_is_made_once_and_told_and_private(store, tmp_path):
    """Without CRMSYNC_KEY."""
    file, told = tmp_path / "config" / "crmsync" / "key", []
    keep(safe_of(store, file=file, told=told))
    keep(safe_of(store, file=file, told=told), version=1)

    assert len(told) == 1 and str(file) in told[0]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["key"]
    assert safe_of(store, file=file).read("acme", "oauth").text == TOKEN


def test_a_key_file_that_others_can_read_is_refused(store, tmp_path):
    """As ssh does."""
    file = tmp_path / "key"
    file.write_text(OLD)
    file.chmod(0o640)

    with pytest.raises(ConfigError, match="can be read by others") as caught:
        keep(safe_of(store, file=file))
    assert f"chmod 600 {file}" in caught.value.hint


def test_a_look_makes_no_key_and_no_store(opened, path, tmp_path):
    """Only keeping does."""
    assert safe_of(opened(), file=tmp_path / "key").read("acme", "oauth") is None
    assert not path.exists() and not (tmp_path / "key").exists()


def test_one_process_at_a_time_may_replace_a_secret(store, path):
    """A second one is told who; a dead one is taken over."""
    with python(HOLD, path) as holder:
        fence = int(line(holder))
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"):
            safe_of(store, NEW).claim("acme", "oauth", 0)
        holder.kill()
        holder.wait()
        assert safe_of(store, NEW).claim("acme", "oauth", 0).fence == fence + 1


def test_whoever_comes_late_gets_the_new_secret_and_no_claim(store):
    """It compares versions."""
    safe = safe_of(store, NEW)
    keep(safe)

    assert safe.claim("acme", "oauth", 0).text == TOKEN
    assert isinstance(safe.claim("acme", "oauth", 1), Lease)


def test_a_late_writer_runs_into_the_fence(store, path):
    """It was taken over while it slept; what the other one kept stays."""
    safe = safe_of(store, NEW)
    late = safe.claim("acme", "oauth", 0)
    store.rest()
    edit(path, "UPDATE crmsync.leases SET run_id = NULL WHERE stream = '$oauth'")
    keep(safe, Secret("theirs"))

    with pytest.raises(LeaseLost):
        safe.keep(late, TOKEN)
    assert safe.read("acme", "oauth").text.reveal() == "theirs"


def test_a_claim_that_is_given_back_is_free(store):
    """Nothing was renewed."""
    safe = safe_of(store, NEW)
    safe.give_back(safe.claim("acme", "oauth", 0))

    assert isinstance(safe.claim("acme", "oauth", 0), Lease)


def test_a_store_of_before_gets_the_table(store, path):
    """It is widened when it is opened to write, and may be read before."""
    store.rest()
    edit(path, "DROP TABLE crmsync.secrets; UPDATE crmsync.migrations SET version = 1")

    keep(safe_of(store, NEW))

    assert one(store, "SELECT count(*), max(length(key_id)) FROM crmsync.secrets") == (1, 8)
