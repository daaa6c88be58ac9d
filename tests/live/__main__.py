"""`make live`: the environment names the accounts, best test accounts; nothing is written to them."""

from __future__ import annotations

import os
import sys

import httpx

from crmsync.cli import show
from crmsync.errors import CrmsyncError
from crmsync.sandbox import Server
from live.crm import Crm, Difference, NoAccount, served
from live.hubspot import HUBSPOT
from live.odoo import ODOO
from live.zoho import ZOHO

CRMS = (HUBSPOT, ZOHO, ODOO)


def main() -> int:
    """0: no differences; 1: some, as a table; 2: no account to ask, or one that does not answer."""
    asked = [crm for crm in CRMS if all(map(os.environ.get, crm.variables))]
    if not asked:
        print("Name an account that is only read, by the variables of its CRM:", file=sys.stderr)
        print("\n".join(f"  {' '.join(crm.variables)}" for crm in CRMS), file=sys.stderr)
        return 2
    status = 0
    for crm in asked:
        try:
            found = differences(crm)
        except (CrmsyncError, NoAccount, httpx.HTTPError, ValueError) as error:
            print(f"{crm.name}: {error}", file=sys.stderr)
            status = 2
            continue
        show.rows(
            ("question", "place", "account", "simulator"), found, as_json=False, nothing=f"{crm.name}: no differences."
        )
        status = max(status, 1 if found else 0)
    return status


def differences(crm: Crm) -> list[Difference]:
    """Where the account of the environment differs from a simulator of its kind."""
    with httpx.Client(timeout=60) as client:
        account = crm.open(client, os.environ)
        simulator = crm.simulator(account)
        with Server(simulator) as server:
            return crm.compare(account, crm.open(client, served(crm, simulator, server.url)))


if __name__ == "__main__":
    sys.exit(main())
