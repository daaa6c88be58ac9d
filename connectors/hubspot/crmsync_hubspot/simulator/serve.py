"""The simulator as a process of its own: `python -m crmsync_hubspot.simulator --records 20000 --port 8123`."""

from __future__ import annotations

from crmsync.sandbox import serve_forever
from crmsync_hubspot.simulator.simulator import HubSpotSimulator


def serve(records: int, port: int, seed: int = 0, latency_s: float = 0.0, limits: bool = True) -> None:
    """Serve a fresh portal until Ctrl-C; its address is printed first."""
    simulator = HubSpotSimulator(records, seed)
    simulator.switches.limits.on = limits
    serve_forever(simulator, port, latency_s=latency_s)
