"""Promises about files that are not a healthy store: told plainly, and never touched."""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crmsync.errors import CrmsyncError, StoreCorrupt, StoreError, StoreReadOnly, StoreTooNew
from crmsync.store import FileStore
from store_kit import CONTACT, begin, contacts, edit, line, put, python, shell_rows


def use(path: Path, *, read_only: bool = False) -> None:
    with closing(FileStore(path, read_only=read_only, patience_s=0)) as store:
        store.checkpoint("hubspot", "contact")


@pytest.fixture
def full(path: Path) -> bytes:
    """The bytes of a real store."""
    with closing(FileStore(path)) as store:
        store.ensure(CONTACT)
        put(store, begin(store), {str(n): f"{n}@x" for n in range(5000)}, "1")
    return path.read_bytes()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty, not a store"),
        (b"id,name\n1,Ada\n" * 1000, "is not a crmsync store"),
        (random.Random(1).randbytes(20_000), "is not a crmsync store"),
    ],
    ids=["empty", "text", "random"],
)
def test_a_file_of_something_else_is_refused_and_left_as_it_is(path, content, told, read_only):
    """A mistyped --store destroys nothing."""
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=told):
        use(path, read_only=read_only)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5, 0.95])
def test_a_truncated_store_is_told_to_be_damaged(path, full, share):
    """With what to do about it."""
    path.write_bytes(full[: int(len(full) * share)])
    with pytest.raises(StoreCorrupt, match="is damaged") as caught:
        _read_all(path)
    assert "backup" in caught.value.hint


@pytest.mark.parametrize("seed", range(8))
def test_a_scrambled_store_is_an_error_of_ours_or_reads_as_before(path, full, seed):
    """Checksums find it; nothing else than our errors comes out."""
    dice, damaged = random.Random(seed), bytearray(full)
    at = dice.randrange(4096, len(full) - 9000)
    damaged[at : at + 9000] = dice.randbytes(9000)
    path.write_bytes(damaged)
    try:
        assert _read_all(path) == 5000
    except CrmsyncError as error:
        assert isinstance(error, StoreError)


def test_a_file_of_a_newer_duckdb_asks_for_an_upgrade(path, full):
    """The version number in the file's header is above what our engine reads."""
    path.write_bytes(_with_version(full, 255))
    with pytest.raises(StoreTooNew, match="newer DuckDB") as caught:
        use(path)
    assert "pip install --upgrade" in caught.value.hint


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_of_a_newer_crmsync_asks_for_an_upgrade(path, full, read_only):
    """We do not write into a layout that we do not know."""
    edit(path, "INSERT INTO crmsync.migrations VALUES (999, '99.0', now())")
    with pytest.raises(StoreTooNew, match="layout 999"):
        use(path, read_only=read_only)


def test_a_store_that_becomes_newer_while_we_run_is_noticed(path, full):
    """Another process upgraded it in a gap."""
    with closing(FileStore(path, hold_s=0)) as store:
        store.checkpoint("hubspot", "contact")
        edit(path, "INSERT INTO crmsync.migrations VALUES (999, '99.0', now())")
        with pytest.raises(StoreTooNew):
            store.checkpoint("hubspot", "contact")


def test_a_duckdb_file_with_tables_of_its_own_keeps_them(path):
    """A team may sync into the database it has: our schemas come beside its tables."""
    edit(path, "CREATE TABLE orders AS SELECT 1 AS id")
    with closing(FileStore(path)) as store:
        store.ensure(CONTACT)
        assert store.query("FROM main.orders")[1] == [(1,)]
        assert contacts(store) == []


def test_a_duckdb_file_without_our_tables_is_not_read_as_a_store(path):
    """`crmsync runs` on it says so, and adds nothing."""
    edit(path, "CREATE TABLE orders AS SELECT 1 AS id")
    with pytest.raises(StoreError, match="has nothing of crmsync yet"):
        use(path, read_only=True)


def test_a_missing_folder_is_told(tmp_path):
    """With its name, and no folder is made."""
    with pytest.raises(StoreReadOnly, match=r"folder .*nowhere does not exist"):
        use(tmp_path / "nowhere" / "s.duckdb")


def test_a_folder_is_not_a_store(tmp_path):
    """A --store that names a folder."""
    with pytest.raises(StoreCorrupt, match="is a folder"):
        use(tmp_path)


def test_there_is_nothing_to_read_before_the_first_run(path):
    """Looking makes no file."""
    with pytest.raises(StoreError, match=r"no store .* yet"):
        use(path, read_only=True)
    assert not path.exists()


@pytest.mark.parametrize("name", ["o'brien.duckdb", 'say "x".duckdb', "ünï ☃.duckdb"])
def test_any_file_name_will_do(tmp_path, name):
    """Quotes are no SQL."""
    use(tmp_path / name)
    use(tmp_path / name, read_only=True)


def test_words_of_error_messages_in_a_file_name_do_not_mislead(tmp_path):
    """What went wrong is read from DuckDB's own words only."""
    path = tmp_path / "no space left, permission denied.duckdb"
    path.write_text("text " * 1000)
    with pytest.raises(StoreCorrupt, match="is not a crmsync store"):
        use(path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 0.999])
def test_a_log_torn_at_any_place_opens_with_whole_commits(path, tmp_path, share):
    """A machine that lost power: the last commits may be gone, none is half there."""
    torn, log = tmp_path / "torn.duckdb", path.with_name(f"{path.name}.wal")
    with closing(FileStore(path, hold_s=1e9)) as store:
        store.ensure(CONTACT)
        lease = begin(store)
        put(store, lease, {"0": "a@x"}, "0")
        store.rest()
        for n in range(1, 20):
            put(store, lease, {str(n): "a@x"}, str(n))
        shutil.copy(path, torn)
        torn.with_name("torn.duckdb.wal").write_bytes(log.read_bytes()[: int(log.stat().st_size * share)])
    with closing(FileStore(torn)) as left:
        assert len(contacts(left)) == int(left.checkpoint("hubspot", "contact")) + 1


def test_a_new_store_opens_in_the_shell_that_people_have(path):
    """Not only in one as new as our engine."""
    use(path)
    assert shell_rows(path, "SELECT tags.storage_version FROM duckdb_databases() WHERE NOT internal") == ["v1.5.0+"]


@pytest.mark.parametrize("bytes_written", [0, 4096, 8192])
def test_a_store_that_cannot_be_made_leaves_no_half_made_file(path, bytes_written):
    """Nor does a kill: the file gets its name when it is whole."""
    code = "limit_files(int(sys.argv[2]))\ntry: FileStore(Path(sys.argv[1])).checkpoint('a', 'b')\nfinally: print('x')"
    with python(code, path, str(bytes_written)) as maker:
        assert "StoreFull" in maker.communicate()[1]
    assert list(path.parent.iterdir()) == []


# -- permissions: tests often run as root, whom they do not bind ----------------------------------------------------

AS_NOBODY = """
import json, os
from crmsync.errors import CrmsyncError
warm = FileStore(Path(sys.argv[1]).parent.parent / "warm.duckdb", hold_s=0)
warm.ensure(CONTACT)
put(warm, begin(warm), {"1": "a@x"})  # imports all that is needed, while we may
contacts(warm), warm.query("SELECT now()")
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    store = FileStore(Path(sys.argv[1]), read_only=sys.argv[2] == "read")
    if sys.argv[2] == "write":
        put(store, begin(store), {"2": "b@x"})
    print(json.dumps(["read", contacts(store)]), flush=True)
except CrmsyncError as error:
    print(json.dumps([error.code, error.message]), flush=True)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A store in a folder that every user may enter."""
    above = Path(tempfile.mkdtemp())
    above.chmod(0o777)
    folder = above / "folder"
    folder.mkdir()
    with closing(FileStore(folder / "s.duckdb")) as store:
        store.ensure(CONTACT)
        lease = begin(store)
        put(store, lease, {"1": "a@x"})
        store.release(lease, {"status": "done"})
    yield folder / "s.duckdb"
    folder.chmod(0o755)
    shutil.rmtree(above)


def _as_nobody(path: Path, how: str) -> list[object]:
    with python(AS_NOBODY, path, how) as nobody:
        return list(json.loads(line(nobody)))


def test_a_read_only_file_can_be_read_but_not_written(shared):
    """A colleague may look; a run is refused before anything is asked of the provider."""
    shared.chmod(0o444)
    shared.parent.chmod(0o777)
    assert _as_nobody(shared, "read") == ["read", [["1", "a@x"]]]
    code, message = _as_nobody(shared, "write")
    assert code == StoreReadOnly.code
    assert str(shared) in message


def test_a_read_only_folder_is_told_as_such(shared):
    """The write-ahead log needs a place beside the file."""
    shared.chmod(0o666)
    shared.parent.chmod(0o555)
    code, message = _as_nobody(shared, "write")
    assert code == StoreReadOnly.code
    assert "in its folder" in message


def test_a_new_store_in_a_read_only_folder_is_refused(shared):
    """Nothing to make there."""
    shared.parent.chmod(0o555)
    assert _as_nobody(shared.with_name("new.duckdb"), "write")[0] == StoreReadOnly.code


def test_a_file_that_may_not_be_read_is_refused(shared):
    """No permission at all."""
    shared.chmod(0o000)
    assert _as_nobody(shared, "read")[0] == StoreReadOnly.code


def test_a_read_only_disk_can_be_read_but_not_written(small_disk):
    """Not even root may write there."""
    path = small_disk / "s.duckdb"
    use(path)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    use(path, read_only=True)
    for name in (path, path.with_name("new.duckdb")):
        with pytest.raises(StoreReadOnly):
            use(name)


# -- helpers --------------------------------------------------------------------------------------------------------


def _read_all(path: Path) -> int:
    with closing(FileStore(path, patience_s=0)) as store:
        for schema, table in store.query("SELECT schema_name, table_name FROM duckdb_tables()")[1]:
            store.query(f"SELECT sum(hash(t)) FROM {schema}.{table} t")
        return len(contacts(store))


def _with_version(store: bytes, version: int) -> bytes:
    """The store with another version number in its header, whose checksum is made to fit."""
    header = bytearray(store[8:4096])
    header[4:12] = struct.pack("<Q", version)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", header):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    return struct.pack("<Q", checksum) + header + store[4096:]
