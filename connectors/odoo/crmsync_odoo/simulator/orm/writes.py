"""Creating, writing and deleting, with what follows from it. Whoever calls has opened a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.convert import stored
from crmsync_odoo.simulator.orm.env import Change, Env
from crmsync_odoo.simulator.orm.fields import LOGGED, Field, Raw
from crmsync_odoo.simulator.orm.model import Model, Values
from crmsync_odoo.simulator.orm.reading import check_rules

Given = Mapping[str, Any]


class Writer:
    """Changes records in the name of an environment; everything it does bears the time at which that began."""

    def __init__(self, env: Env) -> None:
        self.env = env

    def create(self, model: Model, rows: Sequence[Any], ids: Sequence[int] | None = None) -> list[int]:
        """New records, in order; if one cannot be, none is. `ids` are theirs, if they were drawn before."""
        ids, names = ids or [model.table.new_id() for _ in rows], set[str]()
        for each, row in zip(ids, rows, strict=True):
            given = self._given(model, row, creating=True)
            self._new(model, each, given)
            names |= set(given)
        model.behaviour.written(self, ids, names, {})
        return list(ids)

    def write(self, model: Model, ids: Sequence[Any], row: Any) -> None:
        """The same values for all records; equal ones count as a change, none at all do not."""
        self.check_there(model, ids)
        check_rules(self.env, model, ids, "write")
        given = self._given(model, row, creating=False)
        if not given or not ids:
            return
        former: dict[int, Values] = {}
        for each in ids:
            values = self._converted(model, each, given)
            model.behaviour.writing(self.env, each, values)
            former[each] = {name: model.table.value(each, name) for name in values}
            self._check_required(model, values)
            self._put(model, each, values)
            self._tell("write", model, each, given, former[each])
        model.behaviour.written(self, ids, list(given), former)

    def unlink(self, model: Model, ids: Sequence[Any]) -> None:
        """Delete for good, with the external ids."""
        self.check_there(model, ids)
        check_rules(self.env, model, ids, "unlink")
        model.behaviour.unlinking(self, ids)
        names = self.env.model("ir.model.data").table
        for each in ids:
            self._tell("unlink", model, each, (), {})
            model.table.delete(each)
            for line in names.referrers("res_id", each):
                if names.value(line, "model") == model.name:
                    names.delete(line)

    def change(self, model: Model, record_id: int, values: Values) -> None:
        """Change what follows from another change; no values at all still move the time of change."""
        former = {name: model.table.value(record_id, name) for name in values}
        self._put(model, record_id, values)
        self._tell("write", model, record_id, values, former)

    def check_there(self, model: Model, ids: Sequence[Any]) -> None:
        gone = [each for each in ids if not model.table.has(each)]
        if gone:
            raise errors.missing(model.name, gone, self.env.uid)

    def _given(self, model: Model, row: Any, *, creating: bool) -> Given:
        """A client's values without those that are the server's own."""
        if not isinstance(row, dict):
            raise errors.builtin("AttributeError", f"'{type(row).__name__}' object has no attribute 'items'")
        given = model.behaviour.prepare({name: row[name] for name in row if name not in LOGGED})
        unknown = [name for name in given if name not in model.fields]
        if unknown and creating and self.env.version >= 19:
            raise errors.value_error(f"Invalid field {unknown[0]!r} in '{model.name}'")
        if unknown and self.env.version >= 19:
            raise errors.builtin("KeyError", repr(unknown[0]))
        if unknown:
            raise errors.unknown_field(model.name, unknown[0], self.env.version)
        return given

    def _new(self, model: Model, record_id: int, given: Given) -> None:
        prefix = "default_"
        context = {
            name.removeprefix(prefix): value for name, value in self.env.context.items() if name.startswith(prefix)
        }
        own = {name: value for name, value in context.items() if name in model.fields and name not in given}
        lines = {name: value for name, value in given.items() if model.fields[name].type == "one2many"}
        plain = {name: value for name, value in {**own, **given}.items() if name not in lines}
        values = {**model.behaviour.defaults, **self._converted(model, record_id, plain, creating=True)}
        model.behaviour.fill(self.env, values)
        model.behaviour.creating(self.env, record_id, values)
        self._check_required(model, {**dict.fromkeys(self._required(model)), **values})
        made: Values = {"create_date": self.env.now_us, "create_uid": self.env.uid}
        self._put(model, record_id, {**values, **made})
        for name, commands in lines.items():
            self._lines(model.fields[name], record_id, commands)
        self._tell("create", model, record_id, given, {})

    def _put(self, model: Model, record_id: int, values: Values) -> None:
        stamp: Values = {"write_date": self.env.now_us, "write_uid": self.env.uid}
        model.table.put(record_id, {**values, **stamp})

    def _converted(self, model: Model, record_id: int, given: Given, *, creating: bool = False) -> Values:
        values: Values = {}
        for name, value in given.items():
            field = model.fields[name]
            if field.type == "one2many":
                self._lines(field, record_id, value)
            elif field.type == "many2many":
                current = None if creating else model.table.value(record_id, name)
                values[name] = self._links(field, current if isinstance(current, tuple) else (), value)
            else:
                kept = stored(self.env, model, field, value)
                # On creation the currency is not known yet, so the amount stays as it is.
                values[name] = round(float(kept), 2) if field.type == "monetary" and not creating else kept  # type: ignore[arg-type]
        return values

    def _required(self, model: Model) -> list[str]:
        return [field.name for field in model.fields.values() if field.required and field.compute is None]

    def _check_required(self, model: Model, values: Values) -> None:
        for name in self._required(model):
            if name in values and values[name] is None:
                text = f"Missing required value for the field '{model.fields[name].label}' ({name})"
                raise errors.invalid(text)

    def _links(self, field: Field, current: tuple[int, ...], value: Any) -> tuple[int, ...]:
        """A many2many after commands; ids alone replace all, from 19 on."""
        ids = list(current)
        for command in self._commands(value):
            match command:
                case [6, _, wanted]:
                    ids = list(wanted)
                case [5, *_]:
                    ids = []
                case [4, each, *_]:
                    ids += [each] if each not in ids else []
                case [3, each, *_]:
                    ids = [other for other in ids if other != each]
                case [2, each, *_]:
                    self.unlink(self.env.model(field.relation), [each])
                    ids = [other for other in ids if other != each]
                case [1, each, row]:
                    self.write(self.env.model(field.relation), [each], row)
                case [0, _, row]:
                    ids += self.create(self.env.model(field.relation), [row])
                case _:
                    raise errors.value_error(f"Wrong value for {field.name}: {value!r}")
        self.check_there(self.env.model(field.relation), ids)
        return tuple(dict.fromkeys(ids))

    def _lines(self, field: Field, record_id: int, value: Any) -> None:
        """Commands on a one2many change the records at its other end."""
        model = self.env.model(field.relation)
        there = model.table.referrers(field.inverse, record_id)
        for command in self._commands(value):
            match command:
                case [6, _, wanted]:
                    self.write(model, [each for each in there if each not in wanted], {field.inverse: False})
                    self.write(model, list(wanted), {field.inverse: record_id})
                case [5, *_]:
                    self.write(model, there, {field.inverse: False})
                case [4, each, *_]:
                    self.write(model, [each], {field.inverse: record_id})
                case [3, each, *_]:
                    self.write(model, [each], {field.inverse: False})
                case [2, each, *_]:
                    self.unlink(model, [each])
                case [1, each, row]:
                    self.write(model, [each], row)
                case [0, _, row]:
                    self.create(model, [{**row, field.inverse: record_id}])
                case _:
                    raise errors.value_error(f"Wrong value for {field.name}: {value!r}")

    def _commands(self, value: Any) -> list[Any]:
        if not value:
            return [[5]]
        if isinstance(value, list | tuple) and all(isinstance(each, int) for each in value):
            if self.env.version < 19:
                raise errors.builtin("TypeError", "'int' object is not subscriptable")
            return [[6, 0, list(value)]]
        if not isinstance(value, list | tuple):
            raise errors.value_error(f"Wrong value: {value!r}")
        return list(value)

    def _tell(self, kind: str, model: Model, record_id: int, names: Iterable[str], former: Values) -> None:
        self.env.database.announce(self.env, Change(kind, model, record_id, frozenset(names), former))


def is_same(mine: Raw, theirs: Raw) -> bool:
    """Whether two values are the same to a person; nothing and an empty text are."""
    return (mine or None) == (theirs or None)
