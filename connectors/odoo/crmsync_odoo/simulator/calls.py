"""Calls of public methods, whichever protocol they came by: one call is one transaction."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.database import Database
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.writes import Writer


@dataclass(frozen=True, slots=True)
class Call:
    """What a method works on. A method of a model has no `ids`."""

    env: Env
    model: Model
    ids: Sequence[Any] = ()

    @property
    def writer(self) -> Writer:
        return Writer(self.env)


@dataclass(frozen=True, slots=True)
class Method:
    """A public method. `deeds` are the rights that it needs, `model` is "" for all models."""

    name: str
    do: Callable[..., Any]
    on_records: bool
    deeds: tuple[str, ...]
    model: str
    versions: range

    @property
    def signature(self) -> inspect.Signature:
        """Without the first parameter, which is the call."""
        whole = inspect.signature(self.do)
        return whole.replace(parameters=list(whole.parameters.values())[1:])

    def bound(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> inspect.BoundArguments:
        """The arguments in their places. Raises TypeError."""
        return self.signature.bind(*arguments, **named)


METHODS: list[Method] = []
ALL_VERSIONS = range(100)
PRIVATE_SINCE = {"exists": 19}


def method(
    name: str, *deeds: str, on_records: bool = False, model: str = "", versions: range = ALL_VERSIONS
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a public method."""

    def register(do: Callable[..., Any]) -> Callable[..., Any]:
        METHODS.append(Method(name, do, on_records, deeds, model, versions))
        return do

    return register


def public(database: Database, model: Model, name: str) -> Method | None:
    """The method that a client names. Raises OdooError for a private one."""
    if name.startswith("_") or database.version >= PRIVATE_SINCE.get(name, 100):
        raise errors.access(f"Private methods (such as '{model.name}.{name}') cannot be called remotely.")
    return methods_of(database, model).get(name)


def methods_of(database: Database, model: Model) -> dict[str, Method]:
    """All public methods of a model; its own stand before those of all models."""
    fitting = [each for each in METHODS if each.model in ("", model.name) and database.version in each.versions]
    return {each.name: each for each in sorted(fitting, key=lambda each: bool(each.model))}


def perform(env: Env, model: Model, found: Method, ids: Sequence[Any], arguments: inspect.BoundArguments) -> Any:
    """Carry a call out; what it returns, or OdooError."""
    database = env.database
    env.checked()
    for deed in found.deeds:
        database.check_allowed(env, model, deed)
    with database.transaction(env):
        return found.do(Call(env, model, ids), *arguments.args, **arguments.kwargs)
