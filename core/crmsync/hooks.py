"""What a connector package may implement in Python. A spec needs none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from crmsync.sandbox.model import Simulator

hookspec = pluggy.HookspecMarker("crmsync")
hookimpl = pluggy.HookimplMarker("crmsync")


@hookspec(firstresult=True)
def crmsync_sandbox(records: int, seed: int) -> Simulator | None:
    """A simulator of the provider with `records` records; the same `seed` gives the same ones."""
