"""The keys that seal secrets in the store. They are never in it: CRMSYNC_KEY has them, else a file of this user.

CRMSYNC_KEY may hold several, with commas between: the first seals, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crmsync.errors import ConfigError
from crmsync.secret import Secret

VARIABLE = "CRMSYNC_KEY"
KEY_BYTES = 32  # AES-256
_HOW = f"Make one with: export {VARIABLE}=$(head -c {KEY_BYTES} /dev/urandom | base64)"


@dataclass(frozen=True, slots=True)
class Key:
    """One key; `id` names it without telling it."""

    id: str
    value: Secret  # base64

    @property
    def raw(self) -> bytes:
        return base64.b64decode(self.value.reveal())


@dataclass(frozen=True, slots=True)
class Keys:
    """Where keys are: `given` is what CRMSYNC_KEY says; without it, `file` holds one, made on first use."""

    given: Secret | None = None
    file: Path | None = None

    def known(self) -> list[Key]:
        """All keys that there are, the one that seals first. Raises ConfigError for what is no key."""
        if self.given:
            parts = [part.strip() for part in self.given.reveal().split(",")]
            return [_key(part, f"{VARIABLE}, entry {number},") for number, part in enumerate(parts, 1)]
        return [_from_file(self.file)] if self.file is not None and self.file.exists() else []

    def sealing(self, tell: Callable[[str], None]) -> Key:
        """The key to seal with. `tell` hears of one that had to be made."""
        if found := self.known():
            return found[0]
        if self.file is None:
            raise ConfigError("There is no key to keep tokens with.", hint=_HOW)
        if _made(self.file):
            tell(f"A key was made, which seals this user's tokens: {self.file}. Without it they are lost.")
        return _from_file(self.file)

    @property
    def place(self) -> str:
        """Where a person looks for them."""
        return VARIABLE if self.given or self.file is None else str(self.file)


def _key(text: str, where: str) -> Key:
    try:
        raw = base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ConfigError(f"{where} is not the base64 of {KEY_BYTES} bytes.", hint=_HOW)
    return Key(hashlib.sha256(b"crmsync key\0" + raw).hexdigest()[:8], Secret(base64.b64encode(raw).decode()))


def _from_file(file: Path) -> Key:
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"The key {file} cannot be read: {why}.", hint=_HOW) from None
    if mode & 0o077:
        raise ConfigError(f"The key {file} can be read by others.", hint=f"Close it with: chmod 600 {file}")
    return _key(text, f"The key {file}")


def _made(file: Path) -> bool:
    """Make the file with a new key; False where another process was quicker. It appears whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, file)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(f"The key {file} cannot be made: {error.strerror}.", hint=_HOW) from None
    finally:
        with suppress(OSError):
            draft.unlink()
    return True
