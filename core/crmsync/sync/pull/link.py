"""Link: batch -> the batch with the answers about its records' links: columns that no record holds. Knows no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from crmsync.errors import UnreadablePage
from crmsync.http import Head, compile_value
from crmsync.http.paths import as_text, meets, values_at
from crmsync.mapping import LinkPlan
from crmsync.spec.model_stream import Link, Missing
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
        check = partial(require_told, link.missing, part) if link.missing else None
        body, _ = await source.ask(
            link.request, id_at=link.source, check=check, **asking_for(link.request, part, source.stream.record)
        )
        bodies.append(body)
    return [body for body in bodies if body]


def require_told(missing: Missing, asked: Sequence[str], body: str, head: Head) -> None:
    """Raises UnreadablePage where a record would count as linked to nothing although nobody says so.

    That is where the answer's errors mean something else, and where it promises a word about each record that was
    `asked` for and has none.
    """
    errors = compile_value(missing.at)(body.encode()) if body else None
    errors = [] if errors is None else errors
    if not isinstance(errors, list):
        raise UnreadablePage(f"the answer about links has no list at {missing.at}")
    if not all(meets(error, missing.when) for error in errors):
        raise UnreadablePage(f"the answer about links has an error at {missing.at} that `missing_ok` does not allow")
    if missing.id is None:
        return
    told = {*head.ids, *(as_text(id_) for error in errors for id_ in values_at(error, missing.id))}
    if passed_over := set(asked) - told:
        raise UnreadablePage(f"the answer about links passes over {len(passed_over)} of {len(asked)} records")
