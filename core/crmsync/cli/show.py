"""How rows are printed: as a table for a person, as JSON lines for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click


def rows(
    names: Sequence[str], found: Sequence[Sequence[Any]], *, as_json: bool, nothing: str = "Nothing there."
) -> None:
    """Print `found` on stdout; `nothing` goes to stderr where there are none."""
    if as_json:
        for row in found:
            click.echo(json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False))
    elif not found:
        click.echo(nothing, err=True)
    else:
        _table(names, found)


def _table(names: Sequence[str], found: Sequence[Sequence[Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(names):
        number = all(isinstance(row[index], int | float) or row[index] is None for row in found)
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in found:
        table.add_row(*(_cell(value) for value in row))
    wide = None if sys.stdout.isatty() else 10_000  # a pipe gets whole lines
    Console(width=wide, highlight=False, markup=False, emoji=False).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "astimezone"):
        return str(value.astimezone().strftime("%Y-%m-%d %H:%M:%S"))
    return str(value)
