"""Promise: kill -9 at any moment, and the rows are those that the checkpoint vouches for.

Ten kills at random moments; `make thorough` makes it five hundred.
"""

from __future__ import annotations

import os
import random
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from crmsync.store import FileStore
from effort import examples
from store_kit import edit, line, one, python, shell_rows

KILLS = examples(10, 500)

# Commit n adds row n, changes row 0, and says n in the checkpoint.
COMMIT_ON = """
store = FileStore(Path(sys.argv[1]), hold_s=0.02)
lease = begin(store)
store.ensure(CONTACT)
n = int(store.checkpoint("hubspot", "contact") or -1)
print("ready", flush=True)
while True:
    n += 1
    looked_up(store, [str(n), "0"])
    put(store, lease, {"0": str(n), str(n): str(n)}, str(n))
    print(n, flush=True)
"""

# Commit n counts in the hub, adds row n to the mirror and an intent, and expects the hub to say n - 1.
COUNT_ON = """
from crmsync.store.schema import INTENTS
store = FileStore(Path(sys.argv[1]), hold_s=0.02)
lease = begin(store)
store.ensure(CONTACT)
hub = hub_table("counter", [Column("n", "BIGINT", "Count")], "A counter")
store.ensure(hub)
print("ready", flush=True)
while True:
    if not store.lookup(hub, "SELECT 'h' AS _id", "read", ["_id", "n"]):
        store.engine.execute("CREATE OR REPLACE TEMP TABLE news AS SELECT 'h' AS _id, 0 AS n")
        store.commit(Commit(lease, [Append(hub, "news")]))
        continue
    store.engine.execute("CREATE OR REPLACE TEMP TABLE news AS SELECT _id, n + 1 AS n FROM read")
    store.engine.execute("CREATE OR REPLACE TEMP TABLE due AS SELECT n::VARCHAR AS id, 'planned' AS state FROM news")
    n = str(store.engine.value("SELECT n FROM news"))
    changes = [Upsert(CONTACT, stage(store, {n: n})), Update(hub, "news"), Append(INTENTS, "due")]
    store.commit(Commit(lease, changes, n, expects=[Expect(hub, "read")]))
"""


def test_kills_at_random_moments_leave_rows_and_checkpoint_equal(path):
    """Each run takes over from the killed one and goes on where its last commit was."""
    dice, last = random.Random(os.environ.get("CRMSYNC_SEED", "1")), -1
    for _ in range(KILLS):
        with python(COMMIT_ON, path) as writer:
            committed = [line(writer) for _ in range(1 + dice.randrange(3))][1:]  # after "ready"
            with suppress(subprocess.TimeoutExpired):
                writer.communicate(timeout=dice.uniform(0, 0.1))
            writer.kill()
            assert writer.wait() == -9
        last = _checked(path, at_least=max([last, *map(int, committed)]))
    assert last > 0


@pytest.mark.parametrize("at", ["commit.begun", "commit.rows", "commit.before", "commit.after", "file.let_go"])
def test_a_kill_at_a_named_point_leaves_rows_and_checkpoint_equal(path, at):
    """The moments that matter, one by one; the shell reads the file as it was left."""
    with python(COMMIT_ON, path, CRMSYNC_KILL_AT=f"{at}:9") as writer:
        assert writer.wait() == -9
    (shown,) = shell_rows(path, "SELECT max(email::INT) FROM hubspot.contact")
    assert _checked(path, at_least=0) == int(shown)


@pytest.mark.parametrize("at", ["commit.begun", "commit.rows", "commit.before", "commit.after"])
def test_a_kill_in_a_commit_with_expectations_leaves_all_of_it_or_nothing(path, at):
    """Hub, mirror, intents and checkpoint are in step, with a person's edit in between; the next run goes on."""
    for edited in (0, 1000):
        with python(COUNT_ON, path, CRMSYNC_KILL_AT=f"{at}:4") as writer:
            assert writer.wait() == -9
        with closing(FileStore(path)) as store:
            (count,) = one(store, "SELECT n FROM crm.counter")
            assert count > edited
            assert store.checkpoint("hubspot", "contact") == str(count)
            rows = one(store, "SELECT count(*), max(_id::INT) FROM hubspot.contact")
            assert rows == one(store, "SELECT count(*), max(id::INT) FROM crmsync.intents")
            assert rows == (count - edited, count)
        edit(path, "UPDATE crm.counter SET n = n + 1000")


def _checked(path: Path, *, at_least: int) -> int:
    """The checkpoint, when it and the rows are in step and nothing that was committed is gone."""
    with closing(FileStore(path)) as store:
        if (text := store.checkpoint("hubspot", "contact")) is None:
            return -1
        n = int(text)
        assert n >= at_least
        rows = "SELECT count(*), count(DISTINCT _id), max(email::INT), max(_id::INT) FROM hubspot.contact"
        assert one(store, rows) == (n + 1, n + 1, n, n)
        assert one(store, "SELECT email FROM hubspot.contact WHERE _id = '0'") == (str(n),)
        return n
