"""An account that can be asked, and the answers' shapes. What is asked must only read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from crmsync.http.paths import values_at
from crmsync.spec.model import Spec
from live.shape import Shape, shape

PATIENCE_S = (1, 2, 10)
View = Callable[[Any], Any]

_HEADERS = ("content-type", "date", "www-authenticate", "retry-after")


def itself(document: Any) -> Any:
    """The view of all that is there."""
    return document


@dataclass(frozen=True)
class Probe:
    """One question. `headers` stand beside the account's own; `view` is what counts of an answer that is no error."""

    name: str
    method: str
    target: str  # path and query, or a whole URL
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    view: View = itself


@dataclass(frozen=True)
class Account:
    """`values` are what the spec's requests need: options, secrets, what a login kept. `reads`: it changes nothing."""

    spec: Spec
    client: httpx.Client
    url: str
    headers: Mapping[str, str]
    values: Mapping[str, Any]
    reads: Callable[[Probe], bool]
    limit_headers: tuple[str, ...] = ()  # beginnings of names

    def ask(self, probe: Probe) -> httpx.Response:
        """Its answer; where there were too many requests, that to the next try."""
        assert self.reads(probe), f"{probe.name}: a comparison only reads"
        target = probe.target if "://" in probe.target else self.url + probe.target
        content = probe.body if isinstance(probe.body, bytes | None) else json.dumps(probe.body).encode()
        named = {**({} if content is None else {"Content-Type": "application/json"}), **self.headers, **probe.headers}
        headers = {name: value for name, value in named.items() if value}  # empty: left out
        answer = self.client.request(probe.method, target, content=content, headers=headers)
        for wait_s in PATIENCE_S:
            if answer.status_code != 429:
                break
            time.sleep(wait_s)
            answer = self.client.request(probe.method, target, content=content, headers=headers)
        return answer

    def facts(self, probe: Probe, answer: httpx.Response) -> Shape:
        """Status, headers and body of an answer; of an error, the code by which crmsync tells what it means."""
        known = {k: v for k, v in answer.headers.items() if k in _HEADERS or k.startswith(self.limit_headers or ("-",))}
        headers = {f"header {name}": frozenset({_header(name, value)}) for name, value in known.items()}
        return {"status": frozenset({str(answer.status_code)}), **headers, **self._body(probe, answer.text)}

    def _body(self, probe: Probe, text: str) -> Shape:
        try:
            document = json.loads(text)
        except ValueError:
            what = "a web page" if text.lstrip().startswith("<") else "text" if text else "nothing"
            return {"body": frozenset({what})}
        codes = list(self._codes(document))
        if codes:
            return {"code": frozenset(codes[:1]), **shape(document)}
        return shape(probe.view(document), nulls=self.spec.nulls)

    def _codes(self, document: Any) -> Iterator[str]:
        """What an error answer has where the spec looks for a code."""
        for path in self.spec.error.code:
            yield from (value for value in values_at(document, path) if isinstance(value, str))


def _header(name: str, value: str) -> str:
    if name == "content-type":
        return value.partition(";")[0].strip().lower()
    return "number" if value.isdigit() else "text"
