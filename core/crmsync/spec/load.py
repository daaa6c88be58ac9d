"""A spec file -> a checked document, and the canonical objects that the runtime ships. The only I/O of the package."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from crmsync.errors import Fault, SpecError
from crmsync.spec.check import check
from crmsync.spec.model import ObjectField, Objects
from crmsync.spec.own import Own, with_own
from crmsync.spec.yaml import MAX_BYTES, Document, parse


@cache
def objects() -> Objects:
    """The canonical objects: the fields that all CRMs share, with their types and titles."""
    text = files("crmsync").joinpath("specs", "objects.yaml").read_text("utf-8")
    tree = parse(text, "objects.yaml").tree
    return {name: {n: ObjectField(**line) for n, line in fields.items()} for name, fields in tree.items()}


def load(file: Path, own: Own | None = None) -> Document:
    """The spec in `file`, checked. Raises SpecError with every mistake in it, a line each.

    `own` is what a connection adds to it.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1).decode("utf-8")
    except OSError as error:
        raise SpecError(f"{file}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        fault = Fault(str(file), error.object[: error.start].count(b"\n") + 1, 1, "SP001", "this line is not UTF-8")
        raise SpecError(str(fault), (fault,)) from None
    return load_text(text, str(file), own)


def load_text(text: str, name: str, own: Own | None = None) -> Document:
    """The spec in `text`, checked; `name` stands for the file in its faults."""
    document = _of_file(text, name)
    if own is None:
        return document
    document, faults = with_own(document, own)
    if faults:
        raise _wrong(faults)
    return _sound(document)


@lru_cache(8)  # asked for by whoever needs the options, then by the run itself
def _of_file(text: str, name: str) -> Document:
    return _sound(parse(text, name))


def _sound(document: Document) -> Document:
    if faults := check(document, objects()):
        raise _wrong(faults)
    return document


def _wrong(faults: tuple[Fault, ...]) -> SpecError:
    return SpecError("\n".join(str(fault) for fault in faults), faults)
