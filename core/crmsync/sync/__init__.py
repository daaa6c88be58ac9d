"""Sync: the flow of data, in the order it takes. Imports http, mapping and store; only the entrances import it."""

from crmsync.sync.check import Finding, check
from crmsync.sync.consent import Code, Consent, ask, code_of, connect, other_way
from crmsync.sync.job import Job
from crmsync.sync.model import Counts, Result
from crmsync.sync.run import run

__all__ = [
    "Code",
    "Consent",
    "Counts",
    "Finding",
    "Job",
    "Result",
    "ask",
    "check",
    "code_of",
    "connect",
    "other_way",
    "run",
]
