"""An Odoo server in memory, for tests, demonstrations and benchmarks.

A request goes by its path (`routes`) to a protocol (`protocols`), which opens its envelope and finds the method
(`calls`, `methods`, `lead_methods`). A method works on models (`orm`), whose fields and behaviour are in `models`.
Records are made up (`data`), never stored until touched (`orm/baseline`), then kept (`orm/table`) and found
(`orm/search`). Tests reach in by `control`, and make trouble by `switches`, `trouble` and `slow`.
"""

from crmsync_odoo.simulator.serve import serve
from crmsync_odoo.simulator.simulator import OdooSimulator
from crmsync_odoo.simulator.slow import SlowTransaction
from crmsync_odoo.simulator.switches import Switches

__all__ = ["OdooSimulator", "SlowTransaction", "Switches", "serve"]
