"""How a job gets at its provider: the way to authenticate that its connection has, and clients that go it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmsync.clock import Clock
from crmsync.errors import ConfigError
from crmsync.events import Events, Note
from crmsync.http import Client, Grant, Grants, HttpSettings, Lasting, Target, TokenEndpoint, chosen, log_in
from crmsync.spec.model import Auth, Spec
from crmsync.store import FileStore, Safe
from crmsync.sync.job import Job
from crmsync.sync.tokens import Tokens
from crmsync.sync.worker import Worker


@dataclass(frozen=True, slots=True)
class Access:
    """Makes clients of one job. `grants` outlive them all, so that a run logs in once."""

    job: Job
    clock: Clock
    events: Events
    grants: Grants

    def client(self, spec: Spec, settings: HttpSettings | None = None) -> Client:
        """A client for the spec as far as it is known by now."""
        connection, told = self.job.connection, self.grants.base_url
        if told is not None and not connection.operator_url:
            spec, base_url = replace(spec, hosts=spec.known_hosts), told  # the account may live in another region
        else:
            base_url = spec.base_url
        return Client(
            spec,
            Target(connection.name, base_url, connection.operator_url),
            connection.values,
            state_dir=self.job.state_dir,
            clock=self.clock,
            events=self.events,
            settings=settings,
            grants=self.grants,
            redact=self.job.redact,
        )


def way_of(job: Job, spec: Spec) -> Auth | None:
    """The way to authenticate; raises ConfigError where nothing is set for any."""
    return chosen(spec, job.connection.name, job.connection.values)


def needs_store(job: Job, spec: Spec) -> bool:
    """Whether the way keeps tokens."""
    way = way_of(job, spec)
    return way is not None and way.oauth is not None


async def access_to(
    job: Job,
    spec: Spec,
    clock: Clock,
    events: Events,
    settings: HttpSettings | None = None,
    *,
    store: FileStore | None = None,
    worker: Worker | None = None,
) -> Access:
    """Get in: tokens from the store or the provider, or a login. `settings` are for these first requests.

    Raises what says that credentials are missing or refused. `store` and `worker` are wanted where tokens are kept.
    """
    way, access = way_of(job, spec), Access(job, clock, events, Lasting())
    if way is not None and way.login is not None:
        async with access.client(spec, settings) as client:
            kept = await log_in(client, spec, way, job.connection.name, job.connection.values, job.redact)
        return replace(access, grants=Lasting(Grant(kept)))
    if way is not None and way.oauth is not None:
        if store is None or worker is None:
            raise ConfigError(f"{job.connection.name}: `{way.kind}` needs a store to keep its tokens in.")
        tokens = tokens_of(job, spec, way, clock, events, settings, store, worker)
        await tokens.open()
        return replace(access, grants=tokens)
    return access


def tokens_of(
    job: Job,
    spec: Spec,
    way: Auth,
    clock: Clock,
    events: Events,
    settings: HttpSettings | None,
    store: FileStore,
    worker: Worker,
) -> Tokens:
    """The connection's tokens, not opened yet."""
    connection = job.connection
    endpoint = endpoint_of(job, spec, way, clock, events, settings)
    safe = Safe(store, job.keys, lambda text: events.emit(Note(connection.name, "", "info", text)))
    return Tokens(spec, way, connection, endpoint, store, safe, worker, clock, events, job.redact)


def endpoint_of(
    job: Job, spec: Spec, way: Auth, clock: Clock, events: Events, settings: HttpSettings | None = None
) -> TokenEndpoint:
    """Where the connection's tokens come from."""
    return TokenEndpoint(
        spec,
        way,
        job.connection.name,
        job.connection.values,
        job.connection.given,
        state_dir=job.state_dir,
        clock=clock,
        events=events,
        redact=job.redact,
        settings=settings,
    )
