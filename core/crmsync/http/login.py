"""A login: one request for the values that all others need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from crmsync.errors import Unauthorized, UnexpectedAnswer
from crmsync.http import auth
from crmsync.http.client import Client
from crmsync.http.paths import as_text, values_at
from crmsync.secret import LONG, Redactor, Secret
from crmsync.spec.model import Auth, Spec


async def log_in(
    client: Client, spec: Spec, way: Auth, connection: str, values: Mapping[str, Any], redact: Redactor
) -> dict[str, Any]:
    """Send the way's request; what it keeps of the answer. Only its body may hold secrets: the spec's check sees to it.

    `redact` learns what is kept where that is long enough to be a secret, such as the key of a session.
    Raises Unauthorized where the answer says that the credentials are wrong, and what `Client.send` raises.
    """
    assert way.login is not None
    login = way.login
    shown = {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
    answer = await client.send(login.request, {**shown, "connection": connection}, stream="")
    try:
        document = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        document = None
    kept = {name: next(iter(values_at(document, path)), None) for name, path in login.keep.items()}
    for name, value in kept.items():
        if value is not None and login.bad is not None and as_text(value) == as_text(login.bad):
            raise Unauthorized(f"{connection}: the login is refused", hint=auth.mend(way, spec, connection))
        if value is None or isinstance(value, dict | list):
            raise UnexpectedAnswer(f"{connection}: the answer to the login has no value at {login.keep[name]}")
    redact.learn([Secret(value) for value in kept.values() if isinstance(value, str) and len(value) >= LONG])
    return kept
