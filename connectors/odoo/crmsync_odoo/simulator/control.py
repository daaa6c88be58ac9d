"""The server from Python: what a test does to it behind the client's back, and what is true in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from crmsync.clock import Clock, SystemClock
from crmsync.sandbox import Faults, SimRequest
from crmsync_odoo.simulator.access import API_KEY, Key
from crmsync_odoo.simulator.data.users import ADMIN, BOT
from crmsync_odoo.simulator.database import Database
from crmsync_odoo.simulator.errors import OdooError
from crmsync_odoo.simulator.models.leads import LOST, archive
from crmsync_odoo.simulator.models.merging import merge_leads, merge_partners
from crmsync_odoo.simulator.orm import search
from crmsync_odoo.simulator.orm.env import SUPERUSER, Delivery, Env
from crmsync_odoo.simulator.orm.fields import Field
from crmsync_odoo.simulator.orm.load import Import
from crmsync_odoo.simulator.orm.reading import read
from crmsync_odoo.simulator.orm.writes import Writer
from crmsync_odoo.simulator.site import Refusal, Site
from crmsync_odoo.simulator.slow import SlowTransaction
from crmsync_odoo.simulator.switches import Switches
from crmsync_odoo.simulator.times import to_us
from crmsync_odoo.simulator.trouble import trouble

Record = dict[str, Any]
Match = Callable[[SimRequest], bool] | str


class Control:
    """Works on the first database as its administrator; values are what a client would write. Safe from any thread."""

    def __init__(self, records: int, seed: int, clock: Clock | None, version: int, databases: Sequence[str]) -> None:
        self.clock = clock or SystemClock()
        self.site = Site(self.clock, version, records, seed, databases)
        self.faults = Faults()
        self._lock = threading.RLock()

    @property
    def switches(self) -> Switches:
        return self.site.switches

    @property
    def database(self) -> Database:
        return next(iter(self.site.databases.values()))

    @property
    def options(self) -> Mapping[str, str]:
        login = str(self.database.models["res.users"].table.value(BOT, "login"))
        return {
            "database": self.database.name,
            "login": login,
            "api_key": API_KEY,
            "size_field": "x_employees",
            "rate": "0",
        }

    def create(self, model: str, values: Mapping[str, Any], *, at: datetime | None = None) -> int:
        """A new record; its id."""
        with self._doing(at) as env:
            return Writer(env).create(env.model(model), [dict(values)])[0]

    def write(
        self, model: str, ids: int | Iterable[int], values: Mapping[str, Any], *, at: datetime | None = None
    ) -> None:
        """Change values, with all that follows from it; the time of change is now, or `at`."""
        with self._doing(at) as env:
            Writer(env).write(env.model(model), _many(ids), dict(values))

    def touch(self, model: str, ids: int | Iterable[int], *, at: datetime | None = None) -> None:
        """Move the time of change and nothing else, as jobs of the server do: one instant for all."""
        with self._doing(at) as env:
            for each in _many(ids):
                Writer(env).change(env.model(model), each, {})

    def unlink(self, model: str, ids: int | Iterable[int]) -> None:
        """Delete for good."""
        with self._doing() as env:
            Writer(env).unlink(env.model(model), _many(ids))

    def archive(self, model: str, ids: int | Iterable[int]) -> None:
        """As a person does it in the browser: until 18 that loses a lead."""
        with self._doing() as env:
            if model == "crm.lead":
                archive(Writer(env), env.model(model), _many(ids))
            else:
                Writer(env).write(env.model(model), _many(ids), {"active": False})

    def lose(self, ids: int | Iterable[int]) -> None:
        """Mark leads as lost."""
        self.write("crm.lead", ids, LOST)

    def merge(self, model: str, winner: int, loser: int) -> None:
        """Merge two partners, or two leads of which the server chooses the winner."""
        with self._doing() as env:
            if model == "res.partner":
                merge_partners(Writer(env), winner, [loser])
            else:
                merge_leads(Writer(env), [winner, loser])

    def load(self, model: str, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Import rows."""
        with self._doing() as env:
            return Import(env, env.model(model), fields).run(data)

    def begin(self) -> SlowTransaction:
        """Somebody else's transaction: it bears the present time, and is visible only when it is committed."""
        with self._lock:
            return SlowTransaction(self.database.env(ADMIN), self._lock)

    def ids(self, model: str, domain: Sequence[Any] = (), *, order: str = "id", limit: int | None = None) -> list[int]:
        """Ids of all records that a domain finds, archived ones too."""
        with self._lock:
            env = self._env()
            return search.search(env, env.model(model), list(domain), limit=limit, order=order)

    def get(self, model: str, record_id: int) -> Record:
        """The truth about one record, as a read shows it with bare ids; KeyError when it is not there."""
        with self._lock:
            env = self._env()
            rows = read(env, env.model(model), [record_id], load="")
        if not rows:
            raise KeyError(f"{model} {record_id} is not there")
        return rows[0]

    def all(self, model: str, domain: Sequence[Any] = ()) -> dict[int, Record]:
        """The truth about all records that a domain finds, by id."""
        with self._lock:
            env = self._env()
            rows = read(env, env.model(model), self.ids(model, domain), load="")
        return {row["id"]: row for row in rows}

    def changed_us(self, model: str, record_id: int) -> int:
        """When a record was changed, in microseconds since 1970; what clients see is cut to seconds."""
        with self._lock:
            moment = self.database.models[model].table.value(record_id, "write_date")
        assert isinstance(moment, int)
        return moment

    def add_field(self, model: str, field: Field) -> None:
        """Let there be another field, `x_…` if a person made it."""
        with self._lock:
            self.database.models[model].fields[field.name] = field

    def drop_field(self, model: str, name: str) -> None:
        """Let a field be unknown, as for another version or for a user without the right group."""
        with self._lock:
            del self.database.models[model].fields[name]

    def install_language(self, code: str, words: Mapping[tuple[str, str, int], str] | None = None) -> None:
        """Install a language; `words` are translations by model, field and id."""
        self.database.languages[code] = dict(words or {})

    def restrict(self, model: str, domain: list[Any] | None, uid: int = BOT) -> None:
        """Let a user see only what the domain finds; None: everything again."""
        if domain is None:
            self.database.rules.pop((uid, model), None)
        else:
            self.database.rules[uid, model] = domain

    def forbid(self, model: str, *deeds: str, uid: int = BOT) -> None:
        """Take rights from a user: read, create, write, unlink."""
        self.database.forbidden |= {(uid, model, deed) for deed in deeds}

    def grant(self, key: str, uid: int = BOT, scope: str | None = "rpc", expires: datetime | None = None) -> str:
        """Make an API key valid; the key."""
        self.database.access.keys[key] = Key(uid, scope, expires)
        return key

    def revoke(self, key: str = API_KEY) -> None:
        """Let a key be unknown, which is how an expired one looks too."""
        self.database.access.keys.pop(key, None)

    def watch(
        self,
        model: str,
        url: str,
        fields: Sequence[str],
        *,
        trigger: str = "on_create_or_write",
        only: Sequence[str] = (),
    ) -> int:
        """An automation rule that posts to `url`; with `only`, when one of these fields has another value. Its id."""
        with self._doing() as env:
            (model_id,) = self.ids("ir.model", [["model", "=", model]])
            watched = [self._field_id(env, model, model_id, name) for name in only]
            shown = [self._field_id(env, model, model_id, name) for name in fields]
            rule = Writer(env).create(
                env.model("base.automation"),
                [{"name": "crmsync", "model_id": model_id, "trigger": trigger, "trigger_field_ids": [[6, 0, watched]]}],
            )[0]
            action = {"name": "crmsync hook", "model_id": model_id, "state": "webhook", "webhook_url": url}
            more = {"webhook_field_ids": [[6, 0, shown]], "base_automation_id": rule, "usage": "base_automation"}
            Writer(env).create(env.model("ir.actions.server"), [{**action, **more}])
            return rule

    def posts(self) -> list[Delivery]:
        """The webhooks that were sent since the last time this was asked, in order."""
        with self._lock:
            sent, self.database.posts = self.database.posts, []
        return sent

    def fail(
        self, status: int, match: Match = "", *, times: int = 1, skip: int = 0, when: str = "before",
        retry_after_s: int | None = None,
    ) -> None:  # fmt: skip
        """Answer the next matching requests with a status, as proxies do; `when="after"`: they are carried out.

        200 is the page that asks for a password.
        """
        self.faults.add(trouble(status, match, times=times, skip=skip, when=when, retry_after_s=retry_after_s))

    def refuse(
        self, name: str, message: str = "", match: Match = "", *, status: int = 500, times: int = 1, skip: int = 0
    ) -> None:
        """Let the next matching calls end with an error of the server, such as
        `psycopg2.errors.SerializationFailure`; they change nothing.
        """
        error = OdooError(name, message or name.rpartition(".")[2], status)
        self.site.refusals.append(Refusal(error, _matcher(match), times, skip))

    def _env(self, at: datetime | None = None, uid: int = SUPERUSER) -> Env:
        env = self.database.env(uid, {"active_test": False, "lang": "en_US", "tracking_disable": True})
        return env if at is None else Env(env.database, uid, to_us(at), env.context)

    @contextmanager
    def _doing(self, at: datetime | None = None) -> Iterator[Env]:
        """A transaction, and the environment in which it is done."""
        env = self._env(at, ADMIN)
        with self._lock, self.database.transaction(env):
            yield env

    def _field_id(self, env: Env, model: str, model_id: int, name: str) -> int:
        """The record that describes a field, made when it is first asked for."""
        known = self.ids("ir.model.fields", [["model", "=", model], ["name", "=", name]])
        field = self.database.models[model].fields[name]
        row = {
            "name": name,
            "model": model,
            "model_id": model_id,
            "ttype": field.type,
            "field_description": field.label,
        }
        return known[0] if known else Writer(env).create(env.model("ir.model.fields"), [row])[0]


def _many(ids: int | Iterable[int]) -> list[int]:
    return [ids] if isinstance(ids, int) else list(ids)


def _matcher(match: Match) -> Callable[[SimRequest], bool]:
    return (lambda request: match in f"{request.method} {request.path}") if isinstance(match, str) else match
