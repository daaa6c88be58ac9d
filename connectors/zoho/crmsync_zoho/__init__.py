"""Zoho CRM for crmsync: the spec, and a made-up org to try it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmsync.hooks import hookimpl

if TYPE_CHECKING:
    from crmsync_zoho.simulator import ZohoSimulator


@hookimpl
def crmsync_sandbox(records: int, seed: int) -> ZohoSimulator:
    """An org with that many contacts, the same for the same seed; without limits, so that trying it out is quick."""
    from crmsync_zoho.simulator import ZohoSimulator

    simulator = ZohoSimulator(records, seed)
    simulator.switches.limits.on = False
    return simulator
