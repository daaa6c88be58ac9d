"""`make live`: HUBSPOT_TOKEN names the account, best a test account; nothing is written to it."""

from __future__ import annotations

import os
import sys

import httpx

from crmsync.cli import show
from crmsync.sandbox import Server
from crmsync_hubspot.simulator import HubSpotSimulator
from live.hubspot import REAL, compare


def main() -> int:
    """0: no differences; 1: some, as a table; 2: no account to ask."""
    token = os.environ.get("HUBSPOT_TOKEN")
    if not token:
        print("Set HUBSPOT_TOKEN to the token of a HubSpot account. It is only read.", file=sys.stderr)
        return 2
    simulator = HubSpotSimulator()
    simulator.archive("contacts", simulator.ids("contacts")[0])
    with Server(simulator) as server:
        try:
            found = compare(os.environ.get("HUBSPOT_BASE_URL", REAL), token, server.url, simulator.options["token"])
        except httpx.HTTPError as error:
            print(f"No answer: {error}", file=sys.stderr)
            return 2
    show.rows(("question", "place", "account", "simulator"), found, as_json=False, nothing="No differences.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
