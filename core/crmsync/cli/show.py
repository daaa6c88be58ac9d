"""How things are printed: rows as a table or record by record for a person, as JSON lines for a program; and errors."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TextIO

import click

_GAP = "  "  # between two columns
LAST_MIN = 24  # a last column of text may be folded down to this width
_PIPE_WIDTH = 100_000  # a pipe gets whole lines
CLOSED_PIPE = 141  # what a shell reports of a program whose reader has gone


def line(text: str = "") -> None:
    """Print one line on stdout; ends quietly where nobody reads it any more."""
    try:
        click.echo(text)
    except BrokenPipeError:
        _silence(sys.stdout)
        raise click.exceptions.Exit(CLOSED_PIPE) from None


def aside(text: str) -> None:
    """Print one line on stderr; where nobody reads it any more, that is no reason to fail."""
    try:
        click.echo(text, err=True)
    except OSError:
        _silence(sys.stderr)


def json_line(value: dict[str, Any]) -> None:
    """Print an object as one line of JSON."""
    line(json.dumps(value, default=_plain, ensure_ascii=False))


def rows(
    names: Sequence[str], found: Sequence[Sequence[Any]], *, as_json: bool, nothing: str = "Nothing there."
) -> None:
    """Print `found` on stdout; `nothing` goes to stderr where there are none."""
    if as_json:
        for row in found:
            json_line(dict(zip(names, row, strict=True)))
    elif not found:
        click.echo(nothing, err=True)
    else:
        cells = [[_cell(value) for value in row] for row in found]
        right = [all(_is_number(row[i]) for row in found) for i in range(len(names))]
        _print(names, cells, right, _width(sys.stdout) or _PIPE_WIDTH)


def told(text: str, indent: str = "  ", *, first: str | None = None, err: bool = True) -> None:
    """Print a message, folded to the terminal, further lines indented; `first` begins it."""
    width = _width(sys.stderr if err else sys.stdout)
    for number, part in enumerate(text.splitlines() or [""]):
        start = first if first is not None and number == 0 else indent
        if width and len(click.unstyle(start)) + len(part) > width:
            _echo(click.wrap_text(part, width, start, indent), err=err)
        else:
            _echo(start + part, err=err)


def hint(text: str, indent: str = "  ", *, err: bool = True) -> None:
    """Print what to do next. It is not folded: commands in it are there to be copied."""
    for part in text.splitlines():
        _echo(indent + part, err=err)


def colour(text: str, name: str) -> str:
    """The text in a colour, where the person wants colours; without a terminal click takes it away again."""
    return text if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else click.style(text, fg=name)


def count(number: int, one: str, many: str = "") -> str:
    """`1 request`, `2 requests`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _silence(stream: TextIO) -> None:
    """Let what is still buffered vanish, else the interpreter complains of it at the very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _echo(text: str, *, err: bool) -> None:
    (aside if err else line)(text)


def _width(stream: TextIO) -> int:
    """Columns of the terminal; 0 where there is none."""
    return shutil.get_terminal_size().columns if stream.isatty() else 0


def _print(names: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[bool], width: int) -> None:
    widths = [max(map(_cells, column)) for column in zip(names, *cells, strict=True)]
    others = sum(widths[:-1]) + len(_GAP) * (len(names) - 1)
    if others + widths[-1] > width and (right[-1] or others + LAST_MIN > width):
        _records(names, cells)
        return
    widths[-1] = min(widths[-1], width - others)
    for number, row in enumerate((names, *cells)):
        last, *further = _folded(row[-1], widths[-1])
        line(_GAP.join(map(_padded, (*row[:-1], last), widths, right)).rstrip())
        for part in further:
            line(" " * others + part)
        if number == 0:
            line("─" * (others + widths[-1]))


def _cells(text: str) -> int:
    """Columns of the terminal that a text takes; those of the far east have wide letters."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _padded(text: str, width: int, right: bool) -> str:
    pad = " " * (width - _cells(text))
    return pad + text if right else text + pad


def _folded(text: str, width: int) -> list[str]:
    if _cells(text) <= width:
        return [text]
    from rich.console import Console
    from rich.text import Text

    return [part.plain.rstrip() for part in Text(text).wrap(Console(), width, overflow="fold")]


def _records(names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """One record below the other: what is too wide for a table. Empty values are left out."""
    longest = max(map(len, names))
    for number, row in enumerate(cells, 1):
        line(f"── {number} " + "─" * (longest - 2))
        for name, value in zip(names, row, strict=True):
            if value:
                line(f"{name:<{longest}}  {value}")


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "astimezone"):
        return str(value.astimezone().strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, dict | list):
        value = json.dumps(value, default=_plain, ensure_ascii=False)
    text = str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _plain(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
