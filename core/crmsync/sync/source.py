"""One stream of one provider, ready to be asked: the spec's requests, the client, and what every request is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmsync import faults
from crmsync.errors import UnexpectedAnswer, UnreadablePage
from crmsync.events import Events, Note
from crmsync.http import Client, Head, compile_head, repair
from crmsync.spec.bind import fill
from crmsync.spec.model import Spec
from crmsync.spec.model_stream import Record, Request, Stream

Check = Callable[[str, Head], None]  # raises UnreadablePage for a page that does not say what it should
_TRIES = 3  # an unreadable page is asked for this often before the stream gives up


@dataclass(slots=True)
class Source:
    """Asks the provider for pages of one stream.

    `names` are the provider's fields to ask for, `further` those that do not fit into the same request.
    """

    spec: Spec
    stream: Stream
    connection: str
    client: Client
    events: Events
    names: Sequence[str]
    clock: datetime  # the provider's, as of its last answer
    further: Sequence[Sequence[str]] = ()
    _heads: dict[tuple[Any, ...], Callable[[bytes], Head]] = field(default_factory=dict)

    async def ask(
        self,
        request: Request,
        *,
        total: str | None = None,
        id_at: str | None = None,
        token_at: str | None = None,
        check: Check | None = None,
        url: str | None = None,
        **values: Any,
    ) -> tuple[str, Head]:
        """One page: its body as text, and what the next request needs from it. `id_at`: where its entries have ids.

        `url`, a link of an earlier answer, stands for the request's path and query.

        A body that cannot be read, or that `check` refuses, is repaired where that is safe, else asked for again. An
        answer that says "nothing" without a body is an empty text. Raises UnreadablePage with the body.
        """
        head = self._head(request, total, id_at or self.stream.record.id.at[0], token_at)
        last: UnreadablePage | None = None
        for _ in range(_TRIES):
            answer = await self.client.send(request, self._values(request, values), stream=self.stream.name, url=url)
            faults.point("fetch.answered")
            self.clock = answer.server_time or self.clock
            nothing = not answer.body and answer.status in self.spec.empty
            try:
                page = ("", Head(total=0)) if nothing else _readable(answer.body, head)
                if check is not None:
                    check(*page)
            except UnreadablePage as error:
                last = UnreadablePage(error.message, body=answer.body)
                self.note("warning", f"A page could not be read ({error.message}); asking for it again.")
            else:
                return page
        assert last is not None
        raise last

    def now(self) -> datetime:
        """The provider's clock as of its last answer, in whole seconds."""
        return self.clock.replace(microsecond=0)

    def note(self, level: str, message: str) -> None:
        self.events.emit(Note(self.connection, self.stream.name, level, message))

    def note_left_out(self, records: int) -> None:
        """Tell of records that were gone when their further fields were asked for; may be called from any thread."""
        if records:
            self.note("warning", f"Records that went while they were read: {records}. Who is back, a full read finds.")

    def _head(self, request: Request, total: str | None, id_at: str, token_at: str | None) -> Callable[[bytes], Head]:
        key = (request.next, request.more, total, request.place, id_at, token_at)
        if key not in self._heads:
            self._heads[key] = compile_head(
                next=request.next,
                more=request.more,
                total=total,
                records=request.records,
                id=id_at,
                one=request.one,
                token=token_at,
            )
        return self._heads[key]

    def _values(self, request: Request, values: Mapping[str, Any]) -> dict[str, Any]:
        after = values.get("after_id")
        return {
            **self.stream.vars,
            "connection": self.connection,
            "names": list(self.names),
            "limit": request.limit,
            **values,
            "after_id": None if after is None else as_sent(self.stream.record, after),
        }


def asking_for(request: Request, ids: Sequence[str], record: Record) -> dict[str, Any]:
    """What a request for records by their ids is filled with: for a single one, or for many at once.

    Raises UnexpectedAnswer for an id that is no number, where `record` says that ids go out as numbers.
    """
    sent = [as_sent(record, id_) for id_ in ids]
    if request.one:
        return {"id": sent[0]}
    items = [fill(request.item, {"id": id_}) for id_ in sent] if request.item is not None else sent
    return {"ids": sent, "items": items}


def as_sent(record: Record, id_: str) -> str | int:
    """An id as the provider wants it: some do not know a number that is written as a text."""
    if record.id.transform.kind != "integer":
        return id_
    try:
        return int(id_)
    except ValueError:
        raise UnexpectedAnswer(f"The id {id_!r} is no number, as the connector's spec says that ids are.") from None


def _readable(body: bytes, head: Callable[[bytes], Head]) -> tuple[str, Head]:
    if b"\\" in body and rb"\u0000" in body:  # most have no escape at all, which is told ten times as fast
        body = repair(body)  # PostgreSQL and many readers of the store refuse NUL
    try:
        return body.decode(), head(body)
    except (UnreadablePage, UnicodeDecodeError):
        mended = repair(body)
        return mended.decode(), head(mended)
