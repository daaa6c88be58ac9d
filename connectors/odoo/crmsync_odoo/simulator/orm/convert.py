"""Values that a client writes: from the wire to what is kept, or to the complaint that the server makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from html import escape
from typing import Any

from crmsync_odoo.simulator import errors, times
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import Field, Raw
from crmsync_odoo.simulator.orm.model import Model

INT_MAX = (1 << 31) - 1


def stored(env: Env, model: Model, field: Field, value: Any) -> Raw:
    """One value, but for those of one2many and many2many, which are commands."""
    if value is None or (value is False and field.type != "boolean"):
        return None if field.type not in ("integer", "float", "monetary") else 0 if field.type == "integer" else 0.0
    if field.relation:
        return _target(env, model, field, value)
    if field.type == "selection":
        if value not in [key for key, _ in field.selection]:
            raise errors.value_error(f"Wrong value for {model.name}.{field.name}: {value!r}")
        return str(value)
    return _PLAIN[field.type](value)


def sanitized(text: str) -> str:
    """HTML without scripts; plain text becomes a paragraph."""
    safe = re.sub(r"(?is)<(script|style|iframe)\b.*?(</\1\s*>|$)", "", text)
    safe = re.sub(r"(?i)\son\w+\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", "", safe)
    if not safe or re.search(r"</?[a-zA-Z]", safe):
        return safe
    return f"<p>{escape(safe, quote=False)}</p>"


def url(text: str) -> str:
    """A website as the server keeps it: `acme.test` becomes `http://acme.test`."""
    return text if not text or "//" in text else f"http://{text}"


def _target(env: Env, model: Model, field: Field, value: Any) -> Raw:
    """The id of a many2one: a number. The pair that a read gives is not one, nor is a name."""
    ids: tuple[Any, ...] = tuple(value) if isinstance(value, list | tuple | str) else (value,)
    if len(ids) != 1:
        shown = ", ".join(map(repr, ids))
        raise errors.value_error(f"Expected singleton: {field.relation}({shown})")
    if env.model(field.relation).table.has(ids[0]):
        return int(ids[0])
    if isinstance(ids[0], str) or (model.name, field.name) == ("res.partner", "parent_id"):
        raise errors.missing(field.relation, ids, env.uid)
    raise errors.invalid(errors.ANOTHER_MODEL)


def _text(value: Any) -> Raw:
    text = str(value)
    if "\0" in text:
        raise errors.value_error("A string literal cannot contain NUL (0x00) characters.")
    return text


def _integer(value: Any) -> Raw:
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise errors.builtin(type(error).__name__, str(error)) from None
    if abs(number) > INT_MAX:
        raise errors.database("NumericValueOutOfRange", "integer out of range")
    return number


def _float(value: Any) -> Raw:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise errors.builtin(type(error).__name__, str(error)) from None


def _date(value: Any) -> Raw:
    """Whatever begins like a date."""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise errors.value_error(f"time data {str(value)[:10]!r} does not match format '%Y-%m-%d'") from None


def _datetime(value: Any) -> Raw:
    """Neither a T nor a zone nor a fraction; a date alone is its midnight."""
    text = str(value)
    try:
        return times.exact(f"{text} 00:00:00" if len(text) == 10 else text)
    except ValueError as error:
        raise errors.value_error(str(error)) from None


_PLAIN: dict[str, Callable[[Any], Raw]] = {
    "boolean": bool,
    "char": _text,
    "text": _text,
    "html": lambda value: sanitized(str(_text(value))),
    "integer": _integer,
    "float": _float,
    "monetary": _float,
    "date": _date,
    "datetime": _datetime,
}
