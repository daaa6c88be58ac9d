"""The store: what must last, behind one interface. Knows no HTTP and no mapping."""

from crmsync.store.agreed import agreed_text, plain
from crmsync.store.file import FileStore
from crmsync.store.hub import HUB, hub_table
from crmsync.store.interface import (
    Append,
    Change,
    Clear,
    Column,
    Commit,
    Expect,
    Lease,
    Pairing,
    Shared,
    Store,
    Table,
    Update,
    Upsert,
)
from crmsync.store.keys import Keys
from crmsync.store.safe import Kept, Safe
from crmsync.store.words import alike, ours, theirs

__all__ = [
    "HUB",
    "Append",
    "Change",
    "Clear",
    "Column",
    "Commit",
    "Expect",
    "FileStore",
    "Kept",
    "Keys",
    "Lease",
    "Pairing",
    "Safe",
    "Shared",
    "Store",
    "Table",
    "Update",
    "Upsert",
    "agreed_text",
    "alike",
    "hub_table",
    "ours",
    "plain",
    "theirs",
]
