"""The fields of a module: what they are called, what they hold, and how the settings API describes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from crmsync_zoho.simulator import definitions
from crmsync_zoho.simulator.ids import definition_id
from crmsync_zoho.simulator.modules import Module
from crmsync_zoho.simulator.pipelines import PIPELINES, STAGES

AREA = 100  # each module has three areas from here: fields, and their options
NUMBERS = ("integer", "double", "percent", "currency", "bigint")
LOOKUPS = ("lookup", "ownerlookup", "userlookup")
OWNED = ("ownerlookup", "userlookup")
HIDDEN_IN_LISTS = ("subform", "multiselectlookup", "multiuserlookup", "fileupload", "imageupload")


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a picklist: as records show it, and as it is kept."""

    display: str
    actual: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field."""

    name: str
    label: str
    type: str
    id: str
    length: int = 0
    read_only: bool = False
    mandatory: bool = False  # of the system; a layout may demand more
    custom: bool = False
    unique: bool = False
    options: Sequence[Option] = field(default=())
    target: str = ""  # the module of a lookup

    @property
    def filterable(self) -> bool:
        return self.type != "textarea" and self.type not in HIDDEN_IN_LISTS

    def option(self, text: object) -> Option | None:
        """By either of its texts."""
        return next((option for option in self.options if text in (option.display, option.actual)), None)


class Catalogue:
    """The fields of one module, by name."""

    def __init__(self, module: Module, seed: int) -> None:
        self.module = module
        self._seed = seed
        self._made = 0
        self.fields: dict[str, Field] = {}
        own = getattr(definitions, module.api_name.upper())
        for name, label, data_type, marks in _lines(definitions.EVERYWHERE + own):
            self._add(_field(name, label, data_type, marks))

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields.values())

    def get(self, name: str) -> Field | None:
        return self.fields.get(name)

    def known(self, names: Iterable[str]) -> list[str]:
        """Those of the names that exist, each once."""
        return [name for name in dict.fromkeys(names) if name in self.fields]

    def unique_names(self) -> list[str]:
        return [each.name for each in self if each.unique]

    def add(
        self, name: str, data_type: str, *, length: int, unique: bool, options: Iterable[str], target: str
    ) -> Field:
        """Define a custom field; one of that name is replaced."""
        label = name.replace("_", " ")
        made = Field(name, label, data_type, "", length, custom=True, unique=unique, target=target)
        return self._add(replace(made, options=tuple(Option(text, text) for text in options)))

    def drop(self, name: str) -> None:
        """Delete a custom field."""
        self.fields.pop(name)

    def option_id(self, place: Field, number: int) -> str:
        return str(
            int(definition_id(self._seed, AREA + 10 * self.module.number + 1, 0)) + int(place.id[-3:]) * 25 + number
        )

    def _add(self, made: Field) -> Field:
        self._made += 1
        made = replace(made, id=definition_id(self._seed, AREA + 10 * self.module.number, self._made))
        self.fields[made.name] = made
        return made


def _field(name: str, label: str, data_type: str, marks: Sequence[str]) -> Field:
    lists = [mark[1:] for mark in marks if mark.startswith("=")]
    return Field(
        name=name,
        label=label,
        type=data_type,
        id="",
        length=next((int(mark) for mark in marks if mark.isdecimal()), 120 if data_type == "picklist" else 0),
        read_only="ro" in marks,
        mandatory="must" in marks,
        options=_options(lists[0]) if lists else (),
        target=next((mark[1:] for mark in marks if mark.startswith(">")), ""),
    )


def _options(name: str) -> tuple[Option, ...]:
    if name == "stages":
        return tuple(Option(stage.display, stage.actual) for stage in STAGES)
    if name == "pipelines":
        return tuple(Option(pipeline.name, pipeline.name) for pipeline in PIPELINES)
    return tuple(Option(text, text) for text in definitions.OPTIONS[name].split("|"))


def _lines(text: str) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    for line in filter(None, text.splitlines()):
        name, label, data_type, marks = (part.strip() for part in line.split("|"))
        yield name, label, data_type, marks.split()
