"""Link: batch -> the batch with the answers about its records' links: columns that no record holds. Knows no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.mapping import LinkPlan
from crmsync.spec.model import Link
from crmsync.sync.model import Batch, LinkAnswers
from crmsync.sync.pull.fetch import in_parts
from crmsync.sync.source import Source, asking_for


async def with_links(batch: Batch, source: Source, plans: Sequence[LinkPlan]) -> Batch:
    """The batch with what the provider answers about each of its links; itself, at once, where there are none.

    One request after the other: meanwhile the next pages are fetched, which takes longer.
    """
    if not plans:
        return batch
    ids = list(dict.fromkeys(id_ for page in batch.pages for id_ in page.ids))
    return replace(batch, links=tuple([LinkAnswers(plan, await _ask(source, plan.link, ids)) for plan in plans if ids]))


async def _ask(source: Source, link: Link, ids: Sequence[str]) -> list[str]:
    bodies = []
    for part in in_parts(ids, link.request):
        body, _ = await source.ask(link.request, id_at=link.source, **asking_for(link.request, part))
        bodies.append(body)
    return [body for body in bodies if body]
