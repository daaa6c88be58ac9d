"""A HubSpot portal in memory, for tests, demonstrations and benchmarks."""

from crmsync_hubspot.simulator.serve import serve
from crmsync_hubspot.simulator.simulator import HubSpotSimulator
from crmsync_hubspot.simulator.switches import Limits, Switches, random_lag

__all__ = ["HubSpotSimulator", "Limits", "Switches", "random_lag", "serve"]
