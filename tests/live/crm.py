"""A CRM that can be compared: how its accounts are opened, what is doubtful about it, and its simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from crmsync import plugins
from crmsync.config import Settings, resolve
from crmsync.sandbox import Simulator
from crmsync.secret import Secret
from crmsync.spec.build import build, options
from crmsync.spec.load import load, objects
from crmsync.spec.model import Spec, variable
from live.account import Account, Probe
from live.asked import Known, probe_of, what_crmsync_asks
from live.shape import Shape, differences

Options = Mapping[str, Any]
Built = Callable[[Options], Spec]  # the spec, with what of the options only the account could tell
Difference = tuple[str, str, str, str]
FACTS = {"timezone": "UTC", "currency": "EUR"}  # an account's facts, which the questions do not depend on


class NoAccount(Exception):
    """The account cannot be opened: the CRM's answer says why."""


@dataclass(frozen=True)
class Crm:
    """`needs` are the options without which there is no account to ask."""

    name: str
    needs: tuple[str, ...]
    enter: Callable[[Built, httpx.Client, Options], Account]
    doubts: Callable[[Account, Known], Iterator[Probe]]
    simulator: Callable[[Account], Simulator]  # of an account like this one
    unused: tuple[str, ...] = ()  # options that would make two accounts' questions differ

    @property
    def variables(self) -> list[str]:
        """What the environment calls the options that are needed."""
        return [variable(self.name, name) for name in self.needs]

    def open(self, client: httpx.Client, environment: Mapping[str, str]) -> Account:
        """Sign in, with what the environment says. Raises NoAccount, httpx.HTTPError, ValueError, ConfigError."""
        tree = _tree(self.name)
        found = resolve(Settings(), self.name, None, options(tree), environment).values
        values = {name: _plain(value) for name, value in found.items() if name not in self.unused}
        account = self.enter(lambda told: build(tree, objects(), {**values, **FACTS, **told}), client, values)
        probe = probe_of(account, "the account", account.spec.check.request)
        seen = account.facts(probe, account.ask(probe))
        if seen["status"] != {"200"} or "code" in seen:
            why = " ".join(sorted(seen["status"] | seen.get("code", frozenset())))
            raise NoAccount(f"the account answers {why}")
        return account

    def answers(self, account: Account) -> dict[str, Shape]:
        """The shape of each answer of an account."""
        known, found = Known(), dict[str, Shape]()
        for probe, note in what_crmsync_asks(account, known):
            answer = account.ask(probe)
            found[probe.name] = account.facts(probe, answer)
            note(answer)
        for probe in self.doubts(account, known):
            found[probe.name] = account.facts(probe, account.ask(probe))
        return found

    def compare(self, account: Account, made: Account) -> list[Difference]:
        """Question, place, what the account has there, what the simulator has: wherever their shapes differ."""
        real, like = self.answers(account), self.answers(made)
        return [(name, *found) for name in like for found in differences(real.get(name, {}), like[name])]


def served(crm: Crm, simulator: Simulator, url: str) -> dict[str, str]:
    """The environment that leads to a simulator."""
    named = {**simulator.options, "base_url": url}
    return {variable(crm.name, name): value.replace("$url", url) for name, value in named.items()}


@cache
def _tree(name: str) -> Mapping[str, Any]:
    """The checked document of a connector's spec."""
    spec_file = plugins.connector(name).spec_file
    assert spec_file is not None
    tree: Mapping[str, Any] = load(spec_file).tree
    return tree


def _plain(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value
