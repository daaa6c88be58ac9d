"""The simulator as a process of its own: `python -m crmsync_zoho.simulator --records 20000 --port 8124`."""

from __future__ import annotations

from crmsync.sandbox import serve_forever
from crmsync_zoho.simulator.simulator import ZohoSimulator


def serve(records: int, port: int, seed: int = 0, latency_s: float = 0.0, limits: bool = True) -> None:
    """Serve a fresh org until Ctrl-C; its address is printed first."""
    simulator = ZohoSimulator(records, seed)
    simulator.switches.limits.on = limits
    serve_forever(simulator, port, latency_s=latency_s)
