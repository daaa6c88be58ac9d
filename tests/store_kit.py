"""What tests of the store share: a small mirror, ways to fill it and read it, and other processes."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO, Any

import duckdb
import duckdb_cli

from crmsync.quote import identifier, literal
from crmsync.store import Change, Column, Commit, Lease, Store, Table, Upsert

CONTACT = Table(
    "hubspot",
    "contact",
    (
        Column("email", "VARCHAR", "Main address"),
        Column("_id", "VARCHAR", "Id of the record"),
        Column("_deleted_at", "TIMESTAMPTZ", "When it was deleted"),
    ),
    ("_id",),
    "People",
)

DATED = replace(CONTACT, columns=(*CONTACT.columns, Column("_created_at", "TIMESTAMPTZ", "When it was created")))

SHELL = Path(duckdb_cli.__file__).with_name("duckdb")  # the program itself, not its Python starter


def stage(store: Any, rows: Mapping[str, str | None], name: str = "staged") -> str:
    """Fill an engine table with contacts, id -> email."""
    store.engine.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT unnest($ids::VARCHAR[]) AS _id, "
        "unnest($emails::VARCHAR[]) AS email, NULL::TIMESTAMPTZ AS _deleted_at",
        {"ids": list(rows), "emails": list(rows.values())},
    )
    return name


def begin(store: Store, stream: str = "contact", run_id: str = "r1") -> Lease:
    """Take the lease of a stream."""
    return store.acquire("hubspot", stream, {"run_id": run_id, "connection": "hubspot", "stream": stream})


def put(store: Any, lease: Lease, rows: Mapping[str, str | None], checkpoint: str | None = None) -> None:
    """Commit contacts."""
    store.commit(Commit(lease, [Upsert(CONTACT, stage(store, rows))], checkpoint))


def commit(store: Store, lease: Lease, *changes: Change, checkpoint: str | None = None, **run: Any) -> None:
    """Commit changes."""
    store.commit(Commit(lease, changes, checkpoint, run))


def contacts(store: Any) -> list[tuple[str, str | None]]:
    """Every row of the mirror, id and email."""
    return [tuple(row) for row in store.query("SELECT _id, email FROM hubspot.contact ORDER BY ALL")[1]]


def one(store: Any, sql: str) -> tuple[Any, ...]:
    """The only row of a query."""
    (row,) = store.query(sql)[1]
    return tuple(row)


def looked_up(store: Any, ids: Iterable[str], *columns: str) -> list[tuple[Any, ...]]:
    """What a lookup of some ids brings."""
    stage(store, dict.fromkeys(ids), "asked")
    count = store.lookup(CONTACT, "SELECT _id FROM asked", "brought", columns or None)
    rows: list[tuple[Any, ...]] = store.engine.rows("FROM brought ORDER BY ALL")
    assert count == len(rows)
    return rows


@contextmanager
def process(*command: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Another program, its standard streams in our hands; killed at the end."""
    pipe = subprocess.PIPE
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, **environment}
    with subprocess.Popen([*map(str, command)], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def python(code: str, *arguments: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Another Python process that runs `code`, the kit at hand."""
    start = "import sys\nfrom pathlib import Path\nfrom crmsync.store import *\nfrom store_kit import *\n"
    with process(sys.executable, "-c", start + code, *arguments, **environment) as running:
        yield running


def line(running: subprocess.Popen[str]) -> str:
    """The next line that a process prints; fails with what it said instead."""
    stdout: IO[str] = running.stdout  # type: ignore[assignment]  # a pipe, see above
    text = stdout.readline().strip()
    assert text, running.stderr.read() if running.stderr else ""
    return text


@contextmanager
def shell(path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A `duckdb` shell that has the file open until its standard input ends."""
    with process(SHELL, *options, "-csv", "-noheader", path) as running:
        running.stdin.write("SELECT 'open';\n")  # type: ignore[union-attr]  # a pipe
        running.stdin.flush()  # type: ignore[union-attr]
        assert line(running) == "open"
        yield running


def shell_rows(path: Path, sql: str) -> list[str]:
    """What a `duckdb` shell says to one statement, line by line."""
    done = subprocess.run([SHELL, "-csv", "-noheader", path, "-c", sql], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def edit(path: Path, sql: str) -> None:
    """Change the store behind the runtime's back, as any program may while it is let go."""
    name = identifier(path.stem)  # as a shell calls it
    with _editor().cursor() as connection:
        connection.execute(f"ATTACH {literal(str(path))} AS {name}")
        try:
            connection.execute(f"USE {name}; {sql}")
        finally:
            connection.execute(f"USE memory; DETACH {name}")


@cache
def _editor() -> duckdb.DuckDBPyConnection:
    """One for all edits: to make it takes longer than most of them."""
    return duckdb.connect(":memory:")


def limit_files(size: int) -> None:
    """Let no file of this process grow beyond `size` bytes: a full disk, wherever the tests run."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
