"""The store: what must last, behind one interface. Knows no HTTP and no mapping."""

from crmsync.store.file import FileStore
from crmsync.store.interface import Append, Change, Clear, Column, Commit, Lease, Store, Table, Upsert
from crmsync.store.keys import Keys
from crmsync.store.safe import Kept, Safe

__all__ = [
    "Append",
    "Change",
    "Clear",
    "Column",
    "Commit",
    "FileStore",
    "Kept",
    "Keys",
    "Lease",
    "Safe",
    "Store",
    "Table",
    "Upsert",
]
