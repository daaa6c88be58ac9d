"""Paging: how a list of pages goes on, whoever reads it. Knows no HTTP and no SQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from crmsync.errors import UnexpectedAnswer
from crmsync.http import Head
from crmsync.spec.model_stream import Request
from crmsync.sync.model import Position

T = TypeVar("T")
Ask = Callable[[dict[str, Any]], Awaitable[tuple[T, Head]]]

_FIRST = {"number": 1, "offset": 0}  # how the first page is asked for
_REPORT = "The connector's spec and the provider's API disagree: report it to the connector's author."


async def walk(request: Request, ask: Ask[T], position: Position) -> AsyncGenerator[tuple[T, Head, Position]]:
    """The pages behind `position`, each with what it tells and the position behind it; the last one's is `done`.

    `ask` gets what a page is asked with. Raises UnexpectedAnswer where a page comes twice.
    """
    last = Head()
    while not position.done:
        page, head = await ask(_asked(request, position))
        position = replace(_behind(request, position, head), token=head.token)
        require_another(head, last, done=position.done)
        last = head
        yield page, head, position


def ended(request: Request, head: Head) -> bool:
    """Whether there is nothing behind a page: by its cursor, its flag, or because it is not full."""
    if not head.entries:
        return True
    if request.next:
        return head.next is None
    return head.more is False if request.more else head.entries < (request.limit or 1)


def require_another(head: Head, last: Head, *, done: bool) -> None:
    """A provider that sends the same page for ever must not keep us for ever; the same cursor alone is in order."""
    if not done and (head.next, head.ids) == (last.next, last.ids):
        raise UnexpectedAnswer("The same page came twice: the list does not go on.", hint=_REPORT)


def _asked(request: Request, position: Position) -> dict[str, Any]:
    if request.page in _FIRST:
        return {"page" if request.page == "number" else "offset": _place(request, position)}
    if request.page == "keyset":
        return {"after_id": position.after_id or "0"}
    if position.page is not None and not request.asks("page"):
        return {"url": position.page}  # a link: the next request itself
    return {"page": position.page}


def _behind(request: Request, position: Position, head: Head) -> Position:
    read = position.read + head.entries
    if request.page in _FIRST:
        step = 1 if request.page == "number" else head.entries
        return Position(page=str(_place(request, position) + step), read=read, done=ended(request, head))
    if request.page == "keyset":
        # a page that is not full is no end: the provider may cap pages
        done = not head.entries or (request.more is not None and head.more is False)
        return Position(after_id=head.ids[-1] if head.ids else position.after_id, read=read, done=done)
    return Position(page=head.next, read=read, done=head.next is None)


def _place(request: Request, position: Position) -> int:
    """The number of the page, or of the entry that it begins with; another way to page left no number."""
    return int(position.page) if position.page and position.page.isdecimal() else _FIRST[request.page or ""]
