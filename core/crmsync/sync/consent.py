"""Connecting by a person's consent (OAuth 2, authorization code): the question, and the tokens for its answer."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.clock import SystemClock
from crmsync.errors import ConfigError, Unauthorized, UsageError
from crmsync.events import Events
from crmsync.secret import Secret
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.spec.model import Auth, Spec, variable
from crmsync.store import FileStore
from crmsync.sync.access import endpoint_of, tokens_of, way_of
from crmsync.sync.job import Job
from crmsync.sync.worker import Worker


@dataclass(frozen=True, slots=True)
class Consent:
    """A question to a person: `url` is where it is asked, `state` what the answer must bring along."""

    url: str
    state: str
    redirect_uri: str
    verifier: Secret  # only whoever asked can use the answer (RFC 7636)


@dataclass(frozen=True, slots=True)
class Code:
    """The answer: a code that is good for a minute or so; `server` is who takes it, where the callback said so."""

    value: Secret
    consent: Consent | None = None
    server: str | None = None


def ask(job: Job, redirect_uri: str) -> Consent:
    """The question. Raises ConfigError and UsageError where the connection is not made by consent."""
    spec = _spec(job)
    way = _way(job, spec)
    job.keys.known()  # what is no key is told before a person is troubled
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    url = endpoint_of(job, spec, way, SystemClock(), Events()).authorize_url(
        redirect_uri=redirect_uri, state=state, code_challenge=challenge, code_challenge_method="S256"
    )
    return Consent(url, state, redirect_uri, Secret(verifier))


def code_of(job: Job, consent: Consent, reply: Mapping[str, str]) -> Code:
    """The code in the callback's parameters; raises Unauthorized where consent was refused."""
    if not reply.get("code"):
        why = " ".join(reply.get(name, "") for name in ("error", "error_description")).strip() or "no code came back"
        clean = "".join(c if c.isprintable() else " " for c in why[:300])
        raise Unauthorized(f"Consent was not given: {clean}", hint="Run the same command again.")
    way = _way(job, _spec(job))
    assert way.oauth is not None
    return Code(Secret(reply["code"]), consent, reply.get(way.oauth.token_from_callback or ""))


async def connect(job: Job, store: FileStore, code: Code, events: Events) -> None:
    """Change the code for tokens, and keep them. Raises Unauthorized and what stands between us and the provider."""
    spec = _spec(job)
    way, clock = _way(job, spec), SystemClock()
    endpoint, asked, worker = endpoint_of(job, spec, way, clock, events), code.consent, Worker()
    try:
        server = endpoint.at(code.server)
        issued = await endpoint.exchange(
            code.value, asked.redirect_uri if asked else None, asked.verifier if asked else None, server
        )
        await tokens_of(job, spec, way, clock, events, None, store, worker).connect(issued, server)
    finally:
        worker.close()


def other_way(job: Job) -> list[str]:
    """The variables that make runs go another way than that of the consent; none where they take it."""
    spec = _spec(job)
    taken = way_of(job, spec)
    if taken is None or taken.name == _way(job, spec).name:
        return []
    return [variable(job.connection.name, need) for need in taken.needs]


def _spec(job: Job) -> Spec:
    return build(load(job.spec_file).tree, objects(), job.connection.values)


def _way(job: Job, spec: Spec) -> Auth:
    name, values = job.connection.name, job.connection.values
    ways = [way for way in spec.auth if way.oauth is not None and way.oauth.grant == "code"]
    if not ways:
        needs = " and ".join(variable(name, need) for need in spec.auth[0].needs)
        raise UsageError(f"{spec.title} is not connected by consent.", hint=f"Set {needs} in the environment.")
    for way in ways:
        if all(values.get(need) for need in way.needs):
            return way
    needs = " and ".join(variable(name, need) for need in ways[0].needs)
    raise ConfigError(
        f"{name} has no client to ask for consent with.", hint=f"Set {needs}: those of your app at {spec.title}."
    )
