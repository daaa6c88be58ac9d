"""What a test may turn: how the server misbehaves, each way known from the real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmsync.sandbox import SimRequest, SlidingWindow


@dataclass(slots=True)
class Switches:
    """Set at any time; the defaults are a well-behaved server."""

    series: str = ""  # what a hosted server says of itself instead of its version, such as `saas~18.4`
    limit: SlidingWindow | None = None  # calls that whatever stands before the server lets through; others get 429
    list_databases: bool = True  # whether strangers may see which there are
    leads_option: bool = False  # the option Leads: a new record of crm.lead is a lead and no opportunity
    import_limit: int | None = None  # rows that one `load` takes before it asks to be called again
    create_posts: tuple[int, int] = (11, 15)  # webhooks for one new partner or lead, if no trigger fields are named
    on_request: Callable[[SimRequest], None] | None = None  # called before each request is handled
