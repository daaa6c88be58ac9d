"""Sync: the flow of data, in the order it takes. Imports http, mapping and store; only the entrances import it."""

from crmsync.sync.check import Finding, check
from crmsync.sync.model import Counts, Result
from crmsync.sync.run import Job, run

__all__ = ["Counts", "Finding", "Job", "Result", "check", "run"]
