"""What an org offers, each with its own state: made once, used by requests and by tests."""

from __future__ import annotations

from crmsync_zoho.simulator.access import Access
from crmsync_zoho.simulator.bulk.exports import Exports
from crmsync_zoho.simulator.bulk.imports import Imports
from crmsync_zoho.simulator.callbacks import Callback, Outbox
from crmsync_zoho.simulator.channels import Channels
from crmsync_zoho.simulator.edits import Edits
from crmsync_zoho.simulator.oauth import App, OAuth
from crmsync_zoho.simulator.org import Org
from crmsync_zoho.simulator.quota import Quota
from crmsync_zoho.simulator.show import Shows


class Services:
    """The services of one org."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.access = Access(org.clock, org.switches)
        self.app = App()
        self.oauth = OAuth(org, self.access, self.app)
        self.quota = Quota(org.clock, org)
        self.edits = Edits(org)
        self.shows = Shows(org)
        self.outbox = Outbox(org)
        self.channels = Channels(org, self.shows, self.outbox)
        self.exports = Exports(org, self.outbox)
        self.imports = Imports(org, self.edits, self.outbox)

    def settle(self) -> None:
        """Let happen what time has brought."""
        self.exports.settle()
        self.imports.settle()

    def callbacks(self) -> list[Callback]:
        """The callbacks that have arrived since the last call."""
        self.settle()
        self.channels.closed()
        return self.outbox.take()
