"""Every error of crmsync: its code, what follows from it, and what to type next.

CrmsyncError
├── UsageError        exit 2: the person, the configuration or the credentials
│   ├── UnknownConnector UnknownStream UnknownConnection
│   ├── ConfigError SpecError BrokenConnector
│   ├── Unauthorized Forbidden WrongAccount EgressRefused KeyMissing
│   └── ConflictMoved
├── ProviderError     exit 1: the CRM did not answer as it should
│   └── ProviderDown BadRequest UnreadablePage RestartNeeded UnexpectedAnswer NotFound
├── Stopped           exit 4: stopped early, resumable
│   └── AlreadyRunning BudgetSpent BrakePulled LeaseLost PlanMoved
├── StoreError        exit 1: the store file
│   └── StoreLocked StoreReadOnly StoreCorrupt StoreTooNew StoreFull StoreMoved
└── InternalError     exit 1: a mistake of ours

docs/errors.md lists every code; a test demands it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake in a file that a person wrote, with its place (1-based line and column)."""

    file: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.code}]"


class CrmsyncError(Exception):
    """An error with a stable `code`, a process exit status and a `hint`: the next thing to do."""

    code: ClassVar[str] = "CS000"
    exit_status: ClassVar[int] = 1
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint


class UsageError(CrmsyncError):
    """Wrong usage, configuration, credentials or spec."""

    code, exit_status = "CS100", 2


class UnknownConnector(UsageError):
    """No installed package registers this connector."""

    code = "CS101"
    default_hint = "List the installed ones with: crmsync connectors"


class UnknownStream(UsageError):
    """The connector's spec has no such stream."""

    code = "CS102"


class UnknownConnection(UsageError):
    """crmsync.yaml has no such connection."""

    code = "CS103"


class ConfigError(UsageError):
    """An option, environment variable or crmsync.yaml is missing or wrong."""

    code = "CS104"


class SpecError(UsageError):
    """A spec has mistakes; `faults` has all of them."""

    code = "CS105"

    def __init__(self, message: str, faults: tuple[Fault, ...] = (), *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.faults = faults


class BrokenConnector(UsageError):
    """A connector package cannot be read or loaded."""

    code = "CS106"
    default_hint = "Reinstall or remove the package; the other connectors go on working."


class Unauthorized(UsageError):
    """The provider does not accept the credentials."""

    code = "CS110"


class Forbidden(UsageError):
    """The credentials lack a permission that the stream needs."""

    code = "CS111"


class WrongAccount(UsageError):
    """The credentials belong to another account than the store's rows."""

    code = "CS112"
    default_hint = "Use the first account's credentials, or another store: --store other.duckdb"


class EgressRefused(UsageError):
    """A URL outside the hosts that the connector may talk to."""

    code = "CS113"


class KeyMissing(UsageError):
    """What the store keeps sealed cannot be opened: the key is lost, or another one."""

    code = "CS114"


class ConflictMoved(UsageError):
    """A conflict is no longer as a person has seen it; nothing was decided."""

    code = "CS115"
    default_hint = "See what it is now, if need be after another sync, and decide then: crmsync conflicts"


class ProviderError(CrmsyncError):
    """The provider did not answer as it should."""

    code = "CS200"
    default_hint = "Run the same command again: it goes on from the last committed page."


class ProviderDown(ProviderError):
    """No usable answer within the time that retries may take."""

    code = "CS201"


class BadRequest(ProviderError):
    """The provider refuses a request that the spec describes."""

    code = "CS202"
    default_hint = "The connector's spec and the provider's API disagree: report it to the connector's author."


class UnreadablePage(ProviderError):
    """A page that stays unreadable when fetched again; its body is kept in crmsync.rejects."""

    code = "CS203"

    def __init__(self, message: str, *, body: bytes = b"", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.body = body


class RestartNeeded(ProviderError):
    """The provider forgot our place in a list; the read starts over."""

    code = "CS204"


class UnexpectedAnswer(ProviderError):
    """An answer that no API would give: a web page, too large, in an unknown encoding."""

    code = "CS205"
    default_hint = "Check the base URL and any proxy between; if both are right, try again later."


class NotFound(ProviderError):
    """The provider has no such record."""

    code = "CS206"


class Stopped(CrmsyncError):
    """Stopped early and resumable: run it again."""

    code, exit_status = "CS300", 4


class AlreadyRunning(Stopped):
    """Another run holds the lease of this stream."""

    code = "CS301"
    default_hint = "Wait for it with --wait, or look at it with: crmsync runs"


class BudgetSpent(Stopped):
    """The day's quota of the account is used up."""

    code = "CS302"


class BrakePulled(Stopped):
    """More rows would be marked as deleted, or archived, than the brake allows; the rest of the run was done."""

    code = "CS303"


class PlanMoved(Stopped):
    """The hub or the CRM changed since a plan was made, so that something else would be written."""

    code = "CS305"
    default_hint = "Look at what would be done now, and make a new plan: crmsync plan"


class LeaseLost(Stopped):
    """Another run took this stream over; nothing more was written."""

    code = "CS304"


class StoreError(CrmsyncError):
    """The store cannot be read or written."""

    code = "CS400"


class StoreLocked(StoreError):
    """Another program keeps the store file open."""

    code, exit_status = "CS401", 4


class StoreReadOnly(StoreError):
    """The store file or its folder cannot be written."""

    code, exit_status = "CS402", 2


class StoreCorrupt(StoreError):
    """The file is not a store, or damaged."""

    code, exit_status = "CS403", 2


class StoreTooNew(StoreError):
    """A newer crmsync or DuckDB wrote the file."""

    code, exit_status = "CS404", 2
    default_hint = "Upgrade with: pip install --upgrade crmsync"


class StoreFull(StoreError):
    """The disk is full; the last committed checkpoint is intact."""

    code = "CS405"
    default_hint = "Free some space and run the same command again: it goes on from the last committed page."


class StoreMoved(StoreError):
    """Rows of `table` were edited by somebody else while they were worked on; `ids` names them. Nothing was written."""

    code, exit_status = "CS406", 4
    default_hint = "Run the same command again: it reads them as they are now."

    def __init__(self, table: str, ids: tuple[str, ...], *, hint: str | None = None) -> None:
        some = ", ".join(ids[:3]) + (" …" if len(ids) > 3 else "")
        super().__init__(f"Rows of {table} were changed by somebody else meanwhile ({len(ids)}): {some}", hint=hint)
        self.table, self.ids = table, ids


class HubLost(StoreError):
    """The hub's table, or what its rows are known by, is gone, while records are linked to it."""

    code, exit_status = "CS407", 2
    default_hint = "Restore the store from a backup, or the table, with the _id of each row."


class InternalError(CrmsyncError):
    """A mistake of ours."""

    code = "CS900"
    default_hint = "Please report it, with what CRMSYNC_DEBUG=1 shows; the store is intact."
