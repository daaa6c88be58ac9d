"""A HubSpot portal in memory, for tests, demonstrations and benchmarks.

A request is read (`call`), let in (`access`, `quota`), handled (`routes`, then `reading`, `writing`, `batches`,
`linking`, `schema`, `account`, `oauth`) and answered (`show`, `answers`). Records are made up (`made_up`, `packs`,
`words`), never stored until touched (`baseline`), then kept (`table`) and found (`index`, `search`). Tests reach in
by `control`, and make trouble by `switches` and `trouble`.
"""

from crmsync_hubspot.simulator.serve import serve
from crmsync_hubspot.simulator.simulator import HubSpotSimulator
from crmsync_hubspot.simulator.switches import Limits, Switches, random_lag

__all__ = ["HubSpotSimulator", "Limits", "Switches", "random_lag", "serve"]
