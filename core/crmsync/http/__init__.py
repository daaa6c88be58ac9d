"""HTTP: one polite request. Imports nothing of store, mapping and sync."""

from crmsync.http.answer import Answer
from crmsync.http.auth import Grant, Grants, Lasting, chosen, connecting
from crmsync.http.classify import Verdict
from crmsync.http.client import Client, HttpSettings, Target
from crmsync.http.login import log_in
from crmsync.http.oauth import Issued, TokenEndpoint
from crmsync.http.pages import Head, compile_head, compile_value, repair
from crmsync.http.render import Literals
from crmsync.http.retry import RetrySettings
from crmsync.http.wire import WireSettings

__all__ = [
    "Answer",
    "Client",
    "Grant",
    "Grants",
    "Head",
    "HttpSettings",
    "Issued",
    "Lasting",
    "Literals",
    "RetrySettings",
    "Target",
    "TokenEndpoint",
    "Verdict",
    "WireSettings",
    "chosen",
    "compile_head",
    "compile_value",
    "connecting",
    "log_in",
    "repair",
]
