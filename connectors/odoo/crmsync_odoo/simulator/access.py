"""Who may call: users' passwords and API keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crmsync.clock import Clock
from crmsync_odoo.simulator.data.users import ADMIN, BOT

API_KEY = "5eed" * 10  # the bot's
ADMIN_KEY = "ad31" * 10
PASSWORD = "admin"  # the administrator's


@dataclass(slots=True)
class Key:
    """An API key. Without a scope it is good for everything, with another one than `rpc` for no call."""

    uid: int
    scope: str | None = "rpc"
    expires: datetime | None = None


class Access:
    """Passwords by user, keys by their text. `user_named` gives the active user of a login."""

    def __init__(self, clock: Clock, user_named: Callable[[str], int | None], is_active: Callable[[int], bool]) -> None:
        self._clock, self._user_named, self._is_active = clock, user_named, is_active
        self.passwords: dict[int, str] = {ADMIN: PASSWORD}
        self.keys: dict[str, Key] = {API_KEY: Key(BOT), ADMIN_KEY: Key(ADMIN, None)}
        self.sessions: dict[str, int] = {}  # cookie -> user

    def by_key(self, text: str) -> int | None:
        """The user of a key that is good; whether it is unknown, expired or of another scope, nobody learns."""
        key = self.keys.get(text)
        if key is None or key.scope not in (None, "rpc") or not self._is_active(key.uid):
            return None
        return key.uid if key.expires is None or self._clock.now() < key.expires else None

    def by_password(self, login: object, password: object) -> int | None:
        uid = self._user_named(login) if isinstance(login, str) else None
        return uid if uid is not None and password and self.passwords.get(uid) == password else None

    def login(self, login: object, secret: object) -> int | None:
        """The user of this name, if that is their password or a key of theirs."""
        uid = self._user_named(login) if isinstance(login, str) else None
        return uid if self.is_user(uid, secret) else None

    def is_user(self, uid: object, secret: object) -> bool:
        """Whether this is the user's password, or a key of theirs."""
        if not isinstance(uid, int) or not isinstance(secret, str) or not secret or not self._is_active(uid):
            return False
        return self.passwords.get(uid) == secret or self.by_key(secret) == uid

    def open_session(self, uid: int) -> str:
        """A cookie for the user."""
        cookie = f"{len(self.sessions) + 1:040x}"
        self.sessions[cookie] = uid
        return cookie
