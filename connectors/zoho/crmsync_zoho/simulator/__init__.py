"""A Zoho CRM org in memory, for tests, demonstrations and benchmarks.

A request is read (`call`), let in (`access`, `quota` with `costs`) and handled: `routes`, then `listing`, `single`,
`searching`, `coql`, `deleted`, `writing`, `watching`, `bulk`, `settings`, `account`, `oauth`. `show` and `render` write
records, `answers` the rest; `services` has what keeps state. Records are made up (`made_up`, `packs`, `columns`), never
stored until touched (`baseline`), then kept (`table`) and walked (`scan`). Tests reach in by `control`, and make
trouble by `switches` and `trouble`.
"""

from crmsync_zoho.simulator.serve import serve
from crmsync_zoho.simulator.simulator import ZohoSimulator
from crmsync_zoho.simulator.switches import Bulk, Delivery, Limits, Paging, Switches, random_lag

__all__ = ["Bulk", "Delivery", "Limits", "Paging", "Switches", "ZohoSimulator", "random_lag", "serve"]
