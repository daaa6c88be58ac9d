"""The words of a query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from crmsync_zoho.simulator.answers import Refused

_WORD = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<name>[A-Za-z_$][\w$]*(?:\.[\w$]+)*)"
    r"|(?P<sign>!=|>=|<=|[=<>(),*#]))"
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `kind` is text, number, name, sign or end."""

    kind: str
    text: str
    at: int

    def says(self, keyword: str) -> bool:
        return self.kind in ("name", "sign") and self.text.lower() == keyword


class Words:
    """Walks over the words of a query."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._at = 0
        self._words = self._split()

    def peek(self, ahead: int = 0) -> Word:
        return self._words[min(self._at + ahead, len(self._words) - 1)]

    def next(self) -> Word:
        word = self.peek()
        self._at += 1
        return word

    def take(self, *keywords: str) -> bool:
        """Go over these keywords if they are next."""
        if not all(self.peek(place).says(keyword) for place, keyword in enumerate(keywords)):
            return False
        self._at += len(keywords)
        return True

    def expect(self, keyword: str) -> None:
        if not self.take(keyword):
            self.fail()

    def name(self) -> str:
        """The next word, which must be a name."""
        if self.peek().kind != "name":
            self.fail()
        return self.next().text

    def whole(self) -> int:
        """The next word, which must be a number from 0."""
        if self.peek().kind != "number" or not self.peek().text.isdecimal():
            self.fail()
        return int(self.next().text)

    def fail(self) -> NoReturn:
        self._refuse(self.peek().at)

    def _split(self) -> list[Word]:
        words, at, end = [], 0, len(self._query.rstrip().removesuffix(";"))
        while at < end:
            found = _WORD.match(self._query, at, end)
            if found is None:
                self._refuse(at)
            kind = str(found.lastgroup)
            text = found[kind]
            words.append(Word(kind, text[1:-1].replace("''", "'") if kind == "text" else text, found.start(kind)))
            at = found.end()
            if not self._query[at:end].strip():
                break
        return [*words, Word("end", "", end)]

    def _refuse(self, at: int) -> NoReturn:
        before = self._query[:at]
        near = self._query[at:].split(maxsplit=1)
        details = {
            "line": before.count("\n") + 1,
            "column": at - before.rfind("\n"),
            "near": near[0][:40] if near else before.split()[-1][:40] if before.split() else "",
        }
        raise Refused(400, "SYNTAX_ERROR", "error occurred while parsing the query", details)
