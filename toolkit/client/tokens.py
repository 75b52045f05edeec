"""Where OAuth tokens are kept between runs: memory, a private file, the system's keyring.

Source: settings/oauth/auto-renewal.md, read 2026-11-22.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import filelock
import keyring
import keyring.errors

from toolkit.errors import SettingsError, StorageError
from toolkit.settings import KEYRING_SERVICE

__all__ = ["FileTokens", "KeyringTokens", "MemoryTokens", "TokenStore", "Tokens"]

_LOCK_WAIT_S = 120.0


@dataclass(frozen=True)
class Tokens:
    """A pair of OAuth tokens; neither shows in a repr.

    Args:
        access: lives an hour.
        refresh: lives 180 days and is replaced by every renewal.
        endpoint: address every call starts with, `https://example.bitrix24.ru/rest/`; follows the portal
            when it is renamed.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    endpoint: str

    def to_json(self) -> str:
        """As one line of JSON, for a store; holds both tokens in clear."""
        return json.dumps({"access": self.access, "refresh": self.refresh, "endpoint": self.endpoint})

    @classmethod
    def from_json(cls, text: str) -> Tokens:
        """Back from `to_json`.

        Raises:
            ValueError: it is something else; the text is not repeated.
        """
        try:
            kept = json.loads(text)
            return cls(str(kept["access"]), str(kept["refresh"]), str(kept["endpoint"]))
        except (ValueError, KeyError, TypeError):
            pass
        raise ValueError("these are no tokens of b24kit")


class TokenStore(Protocol):
    """Keeps one pair of tokens. `lock` is held while a renewal is under way."""

    def load(self) -> Tokens | None:
        """The pair kept last; None when there is none."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Replace the pair; when it returns, the pair survives a crash."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """Excludes every other renewal that uses this store, in this process and others."""
        ...


class MemoryTokens:
    """Tokens that end with the process.

    Args:
        tokens: the first pair.
    """

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = threading.RLock()

    def load(self) -> Tokens | None:
        """The pair kept last."""
        return self._tokens

    def save(self, tokens: Tokens) -> None:
        """Replace the pair."""
        self._tokens = tokens

    def lock(self) -> AbstractContextManager[object]:
        """Excludes other threads."""
        return self._lock


class FileTokens:
    """Tokens in a file that only its owner may read (0600).

    Args:
        path: the file; it is replaced as a whole, a lock file lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()

    def load(self) -> Tokens | None:
        """The pair in the file; None when there is no file.

        Raises:
            SettingsError: the file holds something else.
        """
        try:
            return Tokens.from_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (ValueError, OSError):
            pass
        raise SettingsError(
            "B24_TOKEN_FILE", "holds no tokens that can be read", "Authorise the application again."
        )

    def save(self, tokens: Tokens) -> None:
        """Write the pair durably, then put it in place in one step.

        Raises:
            StorageError: it could not be written; the former pair is still there.
        """
        problem = ""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # mkstemp creates the file with 0600 from the start.
            number, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    file.write(tokens.to_json())
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            problem = error.strerror or type(error).__name__
        if problem:
            raise StorageError(self._path, problem, "Free space or choose another B24_TOKEN_FILE.")

    def lock(self) -> AbstractContextManager[object]:
        """Excludes other threads and processes."""
        return _both(self._threads, self._path.with_name(self._path.name + ".lock"))


class KeyringTokens:
    """Tokens in the system's keyring.

    Args:
        portal: host; with the application it names the entry.
        client_id: the application.
        lock_folder: where the lock against other processes lies.
    """

    def __init__(self, portal: str, client_id: str, lock_folder: Path) -> None:
        self._name = f"{client_id}@{portal}"
        self._lock_path = lock_folder / f"tokens-{portal.replace(':', '_')}.lock"
        self._threads = threading.RLock()

    def load(self) -> Tokens | None:
        """The pair in the keyring; None when it has none.

        Raises:
            SettingsError: there is no usable keyring, or the entry is something else.
        """
        try:
            kept = keyring.get_password(KEYRING_SERVICE, self._name)
            return Tokens.from_json(kept) if kept else None
        except (keyring.errors.KeyringError, ValueError):
            pass
        raise self._unusable()

    def save(self, tokens: Tokens) -> None:
        """Replace the pair.

        Raises:
            SettingsError: the keyring refuses.
        """
        try:
            keyring.set_password(KEYRING_SERVICE, self._name, tokens.to_json())
            return
        except keyring.errors.KeyringError:
            pass
        raise self._unusable()

    def lock(self) -> AbstractContextManager[object]:
        """Excludes other threads and processes."""
        return _both(self._threads, self._lock_path)

    def _unusable(self) -> SettingsError:
        return SettingsError(
            "B24_TOKEN_STORE",
            f"is `keyring`, but this machine's keyring is of no use for {self._name}",
            "Set B24_TOKEN_STORE=file and B24_TOKEN_FILE.",
        )


@contextlib.contextmanager
def _both(threads: threading.RLock, path: Path) -> Iterator[None]:
    with threads:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path, timeout=_LOCK_WAIT_S, mode=0o600):
            yield
