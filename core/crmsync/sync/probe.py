"""Probe: options that the provider itself knows, such as which of two protocols it speaks, are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from crmsync.clock import Clock
from crmsync.errors import BadRequest, Forbidden, NotFound, Unauthorized, UnexpectedAnswer
from crmsync.events import Events
from crmsync.http import HttpSettings, Lasting
from crmsync.http.paths import values_at
from crmsync.spec.model import Probe, Spec
from crmsync.sync.access import Access
from crmsync.sync.job import Job

_OTHERWISE = (BadRequest, Forbidden, NotFound, Unauthorized, UnexpectedAnswer)  # it answered, but not so


async def probed(job: Job, spec: Spec, clock: Clock, events: Events, settings: HttpSettings) -> Job:
    """The job with those options that a spec can ask for and the operator did not set.

    Raises ProviderDown where nobody answers. The requests carry no credentials.
    """
    asked = {name: o.probe for name, o in spec.options.items() if o.probe and name not in job.connection.given}
    if not asked:
        return job
    access = Access(job, clock, events, Lasting())
    async with access.client(replace(spec, auth=()), settings) as client:
        found = {name: await _found(client.send(probe.request, {}, stream=""), probe) for name, probe in asked.items()}
    return replace(job, connection=replace(job.connection, values={**job.connection.values, **found}))


async def _found(sent: Any, probe: Probe) -> str:
    try:
        document: Mapping[str, Any] = msgspec.json.decode((await sent).body)
    except (*_OTHERWISE, msgspec.MsgspecError):
        return probe.other
    return probe.found if values_at(document, probe.json) else probe.other
