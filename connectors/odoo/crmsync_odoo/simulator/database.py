"""A database: its models, its users' keys, its rules, and the transactions on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from crmsync.clock import Clock
from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.access import Access
from crmsync_odoo.simulator.models.registry import Registry
from crmsync_odoo.simulator.orm.env import SUPERUSER, Change, Delivery, Env
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.switches import Switches
from crmsync_odoo.simulator.times import to_us
from crmsync_odoo.simulator.webhooks import posts_for


class Database:
    """One of a server's databases, with `records` contacts, a fifth as many companies and a quarter as many deals."""

    def __init__(self, name: str, records: int, seed: int, clock: Clock, version: int, switches: Switches) -> None:
        self.name = name
        self.version = version
        self.clock = clock
        self.switches = switches
        # The newest record is some hours old, and the same all day long, so that a later start finds it unchanged.
        newest = (clock.now() - timedelta(hours=3)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.registry = Registry(records, seed, to_us(newest), version)
        self.access = Access(clock, self._user_named, self._is_active)
        self.languages: dict[str, dict[tuple[str, str, int], str]] = {"en_US": {}}  # installed, with their words
        self.rules: dict[tuple[int, str], list[Any]] = {}  # user and model -> domain of what they may see
        self.forbidden: set[tuple[int, str, str]] = set()  # user, model, deed: read, create, write, unlink
        self.mails: list[str] = []  # whom the server mailed
        self.posts: list[Delivery] = []  # webhooks to be sent, in order

    @property
    def models(self) -> Mapping[str, Model]:
        return self.registry.models

    def _user_named(self, login: str) -> int | None:
        users = self.models["res.users"].table
        return next((uid for uid in users.touched if users.value(uid, "login") == login and self._is_active(uid)), None)

    def _is_active(self, uid: int) -> bool:
        return self.models["res.users"].table.value(uid, "active") is True

    def env(self, uid: int = SUPERUSER, context: Mapping[str, Any] | None = None) -> Env:
        """An environment that begins now."""
        return Env(self, uid, to_us(self.clock.now()), context or {})

    def model(self, name: str) -> Model | None:
        """A model by a client's name."""
        return self.models.get(name)

    def announce(self, env: Env, change: Change) -> None:
        """Tell the automation rules; what they post is made now, and sent when the request is done."""
        env.posts.extend(posts_for(env, change))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is changed within is taken back if it raises."""
        journal = self.registry.journal
        mark = len(journal)
        try:
            yield
        except BaseException:
            while len(journal) > mark:
                change = journal.pop()
                change.table.undo(change)
            raise

    @contextmanager
    def transaction(self, env: Env) -> Iterator[None]:
        """All or nothing; webhooks leave after the commit."""
        with self.savepoint():
            yield
        self.registry.journal.clear()
        self.posts += env.posts

    def check_allowed(self, env: Env, model: Model, deed: str) -> None:
        """Refuse what the user's groups do not allow."""
        if not env.is_superuser and (env.uid, model.name, deed) in self.forbidden:
            verb = {"read": "access", "unlink": "delete", "write": "modify"}.get(deed, deed)
            raise errors.access(f"You are not allowed to {verb} '{model.label}' ({model.name}) records.")
