"""The rows that are written: made up, put where a contender looks for them, and edited.

A program of its own, because the peak memory of a child begins with that of its parent.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import click

FILE = "store.duckdb"  # in the folder of the contender
Place = Literal["crm.contact", "contact"]  # the hub, or a table with a column for each property that is written


def fill(folder: Path, env: Mapping[str, str], place: Place, records: int) -> None:
    """Add that many rows, the same ones each time."""
    _run(folder, env, "fill", place, records)


def edit(folder: Path, env: Mapping[str, str], place: Place, rows: int, word: str) -> None:
    """Give so many rows, from anywhere in the table, a job title that begins with `word`."""
    _run(folder, env, "edit", place, rows, word)


def _run(folder: Path, env: Mapping[str, str], *words: object) -> None:
    argv = [sys.executable, "-m", "benchmarks.rows", *map(str, words)]
    subprocess.run(argv, cwd=folder, env=dict(env), check=True)


@click.command()
@click.argument("what", type=click.Choice(["fill", "edit"]))
@click.argument("place", type=click.Choice(["crm.contact", "contact"]))
@click.argument("number", type=int)
@click.argument("word", default="")
def main(what: str, place: Place, number: int, word: str) -> None:
    """Fill or edit the table `place` of FILE in the working directory."""
    import duckdb

    with duckdb.connect(FILE) as connection:
        if what == "fill":
            _fill(connection, place, number)
        else:
            key, title = ("_id", "job_title") if place == "crm.contact" else ("key", "jobtitle")
            those = f"SELECT {key} FROM {place} ORDER BY hash({key}) LIMIT {number}"
            connection.execute(f"UPDATE {place} SET {title} = '{word} ' || rowid WHERE {key} IN ({those})")


def _fill(connection: object, place: Place, records: int) -> None:
    import duckdb
    import pyarrow as pa

    from crmsync.sandbox.people import home, person

    assert isinstance(connection, duckdb.DuckDBPyConnection)
    dice = random.Random(0)
    people = [(person(dice), home(dice)) for _ in range(records)]
    rows = pa.table(
        {
            "firstname": [who.first for who, _ in people],
            "lastname": [who.last.replace(" ", "-") for who, _ in people],  # or it is no longer one word in the hub
            "email": [f"{who.local}{number}@mail.example" for number, (who, _) in enumerate(people)],
            "phone": [f"{where.phone}{number % 100:02d}" for number, (_, where) in enumerate(people)],
            "jobtitle": ["Colleague"] * records,
        }
    )
    assert rows.num_rows == records  # found by its name in the statements
    if place == "crm.contact":
        connection.execute(
            "INSERT INTO crm.contact (name, email, phone, job_title) "
            "SELECT firstname || ' ' || lastname, email, phone, jobtitle FROM rows"
        )
    else:
        connection.execute("CREATE TABLE contact AS SELECT uuid()::VARCHAR AS key, * FROM rows")
        connection.execute("CREATE TABLE outcome (key VARCHAR, id VARCHAR, action VARCHAR)")


if __name__ == "__main__":
    main()
