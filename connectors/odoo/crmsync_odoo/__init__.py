"""Odoo for crmsync: the spec, and a made-up database to try it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmsync.hooks import hookimpl

if TYPE_CHECKING:
    from crmsync_odoo.simulator import OdooSimulator


@hookimpl
def crmsync_sandbox(records: int, seed: int) -> OdooSimulator:
    """A server of version 19 whose database has that many contacts, the same for the same seed."""
    from crmsync_odoo.simulator import OdooSimulator

    return OdooSimulator(records, seed)
