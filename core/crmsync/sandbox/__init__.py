"""The kit that connectors' simulators share: a server, a clock, limits and scripted faults. Knows no provider."""

from crmsync.sandbox.clock import VirtualClock
from crmsync.sandbox.faults import Fault, Faults
from crmsync.sandbox.limits import DailyBudget, SlidingWindow
from crmsync.sandbox.model import SimRequest, SimResponse, Simulator
from crmsync.sandbox.server import Server, serve_forever

__all__ = [
    "DailyBudget",
    "Fault",
    "Faults",
    "Server",
    "SimRequest",
    "SimResponse",
    "Simulator",
    "SlidingWindow",
    "VirtualClock",
    "serve_forever",
]
