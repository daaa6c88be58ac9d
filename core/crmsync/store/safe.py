"""Secrets that the store keeps: sealed in crmsync.secrets, and replaced by one process at a time.

AES-GCM, with connection and name as associated data, so that a row that was moved does not open. Who wants to replace
a secret claims it by a lease, like a stream: a dead holder is taken over, and a late one runs into the fence.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmsync.errors import KeyMissing
from crmsync.secret import Secret
from crmsync.store import changes, leases
from crmsync.store.engine import Engine
from crmsync.store.file import FileStore
from crmsync.store.interface import Lease
from crmsync.store.keys import Keys
from crmsync.store.schema import SECRETS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12  # what AES-GCM is made for; random ones are good for 2^32 messages a key
_MARK = "$"  # begins the name of such a lease; no stream has one


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret as the store has it. Without `text` it cannot be opened, and `problem` says why."""

    version: int
    text: Secret | None
    problem: KeyMissing | None = None


class Safe:
    """The secrets of one store. `tell` hears of a key that had to be made. All calls block; one thread makes them."""

    def __init__(self, store: FileStore, keys: Keys, tell: Callable[[str], None]) -> None:
        self._store, self._keys, self._tell = store, keys, tell

    def read(self, connection: str, name: str) -> Kept | None:
        """The stored secret; None where there is none."""
        if not self._store.path.exists():
            return None  # and none is made for a look
        with self._store.changing() as engine:
            return self._found(engine, connection, name)

    def claim(self, connection: str, name: str, version: int) -> Kept | Lease:
        """The right to replace the secret; or the secret, where it is newer than `version` by now.

        Raises AlreadyRunning while somebody else has that right.
        """
        with self._store.changing() as engine:
            found = self._found(engine, connection, name)
            if found is not None and found.version > version:
                return found
            me, doing = f"token-{secrets.token_hex(4)}", f"renews the tokens of {connection}"
            return leases.acquire(engine, connection, _MARK + name, me, doing)

    def keep(self, lease: Lease, text: Secret) -> int:
        """Replace the secret and give the claim back; tells the new version. Raises LeaseLost."""
        name = lease.stream.removeprefix(_MARK)
        key = self._keys.sealing(self._tell)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _cipher(key.raw).encrypt(nonce, text.reveal().encode(), _bound_to(lease.connection, name))
        with self._store.changing() as engine:
            leases.verify(engine, lease)
            found = self._row(engine, lease.connection, name)
            version = (found[2] if found else 0) + 1
            who = {"connection": lease.connection, "name": name}
            engine.execute(
                f"DELETE FROM {engine.full(SECRETS)} WHERE connection = ? AND name = ?", [lease.connection, name]
            )
            row = {**who, "key_id": key.id, "sealed": nonce + sealed, "version": version, "updated_at": changes.now()}
            changes.insert(engine, SECRETS, row)
            leases.release(engine, lease)
        return version

    def alive(self, lease: Lease) -> None:
        """Tell others that the holder of a claim is alive."""
        self._store.heartbeat([lease])

    def give_back(self, lease: Lease) -> None:
        """End a claim without a new secret."""
        with self._store.changing() as engine:
            leases.release(engine, lease)

    def _found(self, engine: Engine, connection: str, name: str) -> Kept | None:
        row = self._row(engine, connection, name)
        if row is None:
            return None
        key_id, sealed, version = row
        try:
            return Kept(version, self._opened(key_id, sealed, connection, name))
        except KeyMissing as problem:
            return Kept(version, None, problem)

    def _row(self, engine: Engine, connection: str, name: str) -> tuple[str, bytes, int] | None:
        found = engine.rows(
            f"SELECT key_id, sealed, version FROM {engine.full(SECRETS)} WHERE connection = ? AND name = ?",
            [connection, name],
        )
        return (str(found[0][0]), bytes(found[0][1]), int(found[0][2])) if found else None

    def _opened(self, key_id: str, sealed: bytes, connection: str, name: str) -> Secret:
        from cryptography.exceptions import InvalidTag

        key = next((key for key in self._keys.known() if key.id == key_id), None)
        what = f"The tokens of {connection} in {self._store.path}"
        if key is None:
            raise KeyMissing(f"{what} are sealed with the key {key_id}, which {self._keys.place} does not hold.")
        try:
            plain = _cipher(key.raw).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(connection, name))
        except (InvalidTag, ValueError):
            raise KeyMissing(f"{what} are damaged, or those of another connection.") from None
        return Secret(plain.decode())


def _bound_to(connection: str, name: str) -> bytes:
    return f"crmsync\0{connection}\0{name}".encode()


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 30 ms: only where tokens are kept

    return AESGCM(key)
