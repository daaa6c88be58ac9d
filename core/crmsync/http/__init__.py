"""HTTP: one polite request. Imports nothing of store, mapping and sync."""

from crmsync.http.answer import Answer
from crmsync.http.client import Client, HttpSettings, Target
from crmsync.http.pages import Head, compile_head, compile_value, repair
from crmsync.http.retry import RetrySettings
from crmsync.http.wire import WireSettings

__all__ = [
    "Answer",
    "Client",
    "Head",
    "HttpSettings",
    "RetrySettings",
    "Target",
    "WireSettings",
    "compile_head",
    "compile_value",
    "repair",
]
