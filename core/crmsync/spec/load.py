"""A spec file -> a checked document, and the canonical objects that the runtime ships. The only I/O of the package."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from crmsync.errors import Fault, SpecError
from crmsync.spec.check import check
from crmsync.spec.inherit import merge
from crmsync.spec.model import ObjectField, Objects
from crmsync.spec.yaml import MAX_BYTES, Document, Part, parse


@cache
def objects() -> Objects:
    """The canonical objects: the fields that all CRMs share, with their types and titles."""
    text = files("crmsync").joinpath("specs", "objects.yaml").read_text("utf-8")
    tree = parse(text, "objects.yaml").tree
    return {name: {n: ObjectField(**line) for n, line in fields.items()} for name, fields in tree.items()}


def load(file: Path, own: Part | None = None) -> Document:
    """The spec in `file`, checked. Raises SpecError with every mistake in it, a line each.

    `own` are streams that a connection declares, and fields that it adds to those of the spec.
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


def load_text(text: str, name: str, own: Part | None = None) -> Document:
    """The spec in `text`, checked; `name` stands for the file in its faults."""
    document = _of_file(text, name)
    return document if own is None else _sound(_with_own(document, own))


@lru_cache(8)  # asked for by whoever needs the options, then by the run itself
def _of_file(text: str, name: str) -> Document:
    return _sound(parse(text, name))


def _sound(document: Document) -> Document:
    if faults := check(document, objects()):
        raise _wrong(faults)
    return document


def _with_own(document: Document, own: Part) -> Document:
    """The spec with a connection's own streams; a stream of the spec can be given further fields only."""
    streams, faults = dict(document.tree["streams"]), list[Fault]()
    for name, line in own.value.items():
        there = streams.get(name)
        if there is None:
            streams[name] = line
            continue
        keys = line if isinstance(line, dict) else {}
        for key in keys:
            if key != "fields":
                why = f"`{name}` is a stream of {document.tree['name']}: it can be given further `fields` only"
                faults.append(own.document.fault((*own.path, name, key), "SP207", why))
        fields = keys.get("fields") if isinstance(keys.get("fields"), dict) else {}
        for field in fields or {}:
            if field in (there.get("fields") or {}):
                why = f"`{name}` of {document.tree['name']} has a field `{field}` already"
                faults.append(own.document.fault((*own.path, name, "fields", field), "SP207", why))
        streams[name] = merge(there, {"fields": fields})
    if faults:
        raise _wrong(tuple(sorted(faults)))
    return replace(document, tree={**document.tree, "streams": streams}, parts={("streams",): own})


def _wrong(faults: tuple[Fault, ...]) -> SpecError:
    return SpecError("\n".join(str(fault) for fault in faults), faults)
