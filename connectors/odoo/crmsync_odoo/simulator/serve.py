"""The simulator as a process of its own: `python -m crmsync_odoo.simulator --records 20000 --port 8069`."""

from __future__ import annotations

from crmsync.sandbox import serve_forever
from crmsync_odoo.simulator.simulator import OdooSimulator


def serve(records: int, port: int, seed: int = 0, latency_s: float = 0.0, version: int = 19) -> None:
    """Serve a fresh database until Ctrl-C; its address is printed first."""
    serve_forever(OdooSimulator(records, seed, version=version), port, latency_s=latency_s)
