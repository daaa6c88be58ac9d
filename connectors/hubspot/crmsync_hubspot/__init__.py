"""HubSpot for crmsync: the spec, and a made-up portal to try it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmsync.hooks import hookimpl

if TYPE_CHECKING:
    from crmsync_hubspot.simulator import HubSpotSimulator


@hookimpl
def crmsync_sandbox(records: int, seed: int) -> HubSpotSimulator:
    """A portal with that many contacts, the same for the same seed; without limits, so that trying it out is quick."""
    from crmsync_hubspot.simulator import HubSpotSimulator

    simulator = HubSpotSimulator(records, seed)
    simulator.switches.limits.on = False
    return simulator
