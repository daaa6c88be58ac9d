"""Outside: rows of a file, or of a query of a person's own -> an engine table.

They are read by an engine of its own, which can reach nothing but the files that are named, and the store for reading.
What it finds crosses over in a file, so no value becomes a Python object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from crmsync.errors import UsageError
from crmsync.quote import identifier, literal
from crmsync.store.duckdb_errors import translated_for_asker
from crmsync.store.engine import MEMORY_LIMIT, SIDE_FILES, Engine

# Texts stay texts: a phone number may begin with noughts
_READERS = {
    ".csv": "read_csv({}, all_varchar = true, header = true)",
    ".tsv": "read_csv({}, all_varchar = true, header = true)",
    ".parquet": "read_parquet({})",
    ".json": "read_json({})",
    ".jsonl": "read_json({})",
    ".ndjson": "read_json({})",
}
_QUERY = re.compile(r"\s*(select|from|with)\s", re.IGNORECASE)
_TEXT = re.compile("'([^']+)'")


def bring(engine: Engine, source: str, into: str) -> list[str]:
    """Fill the engine table `into` with the rows of `source`; its columns, which come behind `_row`, from 1.

    `source` is the path of a file, or one SELECT over the store and over files that it names in quotes. The store must
    not be attached. Raises UsageError where there is no such file, or it or the query is wrong.
    """
    query, files = _read(source)
    try:
        with _reader(engine, files) as reader, translated_for_asker(engine.path):
            reader.execute(f"CREATE TABLE draft.main.found AS SELECT row_number() OVER () AS _row, * FROM ({query})")
        engine.execute(f"ATTACH {literal(str(engine.draft))} AS found (READ_ONLY)")
        try:
            engine.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(into)} AS FROM found.main.found")
        finally:
            engine.execute("DETACH found")
    finally:
        engine.drop_draft()
    return [name for name in engine.names(into) if name != "_row"]


def _read(source: str) -> tuple[str, list[Path]]:
    """The query that gives the rows, and the files that it reads."""
    if _QUERY.match(source):
        statements = duckdb.extract_statements(source)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageError("Give one SELECT to --from, or the path of a file.")
        named = [Path(text) for text in _TEXT.findall(source)]
        return source.strip().rstrip(";"), [path for path in named if path.is_file()]
    path = Path(source)
    kind = "".join(path.suffixes[-2:]).lower().removesuffix(".gz")
    reader = _READERS.get(f".{kind.rpartition('.')[2]}")
    if reader is None:
        raise UsageError(f"{source} is no file of a known kind: {', '.join(_READERS)}, and no query.")
    if not path.is_file():
        raise UsageError(f"There is no file {source}.")
    return f"FROM {reader.format(literal(str(path.resolve())))}", [path]


@contextmanager
def _reader(engine: Engine, files: list[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that reaches `files`, the store for reading, and the draft, to which it writes."""
    named = [str(path) for path in files] + [str(path.resolve()) for path in files]
    ours = [f"{path}{suffix}" for path in (engine.path, engine.draft) for suffix in SIDE_FILES]
    with closing(duckdb.connect(":memory:", config={"threads": 1})) as reader, translated_for_asker(engine.path):
        for setting in (
            "SET TimeZone = 'UTC'",
            f"SET memory_limit = '{MEMORY_LIMIT}'",
            f"SET temp_directory = {literal(f'{engine.draft}.tmp')}",
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            f"SET allowed_paths = [{', '.join(map(literal, [*named, *ours]))}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
            f"ATTACH {literal(str(engine.draft))} AS draft",
            f"ATTACH {literal(str(engine.path))} AS {engine.alias} (READ_ONLY)",
            f"USE {engine.alias}",
        ):
            reader.execute(setting)
        yield reader
        reader.execute("USE memory")
        reader.execute("DETACH draft")
