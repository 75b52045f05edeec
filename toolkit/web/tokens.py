"""Who may enter the page, and what for: tokens, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock

from toolkit.errors import InputError, StorageError
from toolkit.settings import Settings

__all__ = ["Person", "Role", "TokenProblem", "Tokens", "digest"]

Role = Literal["check", "publish"]
ROLES: tuple[Role, ...] = ("check", "publish")
_LONGEST_NAME = 60


class TokenProblem(InputError):
    """A token cannot be made or removed as asked.

    Args:
        name: of the person.
        problem: what is wrong, as the end of a sentence.
        remedy: what to do.
    """

    sentence = "Token of {name}: {problem}. {remedy}"

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        self.name, self.problem, self.remedy = name, problem, remedy
        super().__init__(self.in_words("en"))


@dataclass(frozen=True)
class Person:
    """Somebody who may enter.

    Args:
        name: as the history shows it.
        role: `check` looks and simulates; `publish` may also publish and take back.
    """

    name: str
    role: Role

    @property
    def may_publish(self) -> bool:
        """Whether they may write on the portal."""
        return self.role == "publish"


def digest(secret: str) -> str:
    """What is kept of a secret: enough to know it again, not to guess it. Ours have 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Tokens:
    """The tokens of a page, in one file only its owner can read.

    Args:
        file: JSON; made when the first token is added.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @classmethod
    def of(cls, settings: Settings) -> Tokens:
        """The tokens of the page these settings serve."""
        return cls(settings.state_dir / "page" / "tokens.json")

    def people(self) -> list[Person]:
        """Everybody who has a token, by name."""
        return [_person(each) for each in self._read()]

    def find(self, name: str) -> Person | None:
        """The person of this name, while their token stands."""
        return next((each for each in self.people() if each.name == name), None)

    def who(self, token: str) -> Person | None:
        """Whose token this is. Takes as long for a wrong one as for a right one."""
        wanted, found = digest(token), None
        for each in self._read():
            if hmac.compare_digest(each["hash"], wanted):
                found = _person(each)
        return found

    def add(self, name: str, role: str) -> str:
        """A new token; shown this once.

        Raises:
            TokenProblem: the name is taken or unusable, or there is no such role.
            StorageError: it cannot be kept.
        """
        name = " ".join(name.split())
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise TokenProblem(name, "is no name", f"Give 1 to {_LONGEST_NAME} letters.")
        if role not in ROLES:
            raise TokenProblem(name, f"{role!r} is no role", f"Known: {', '.join(ROLES)}.")
        token = secrets.token_urlsafe(32)
        with self._held():
            kept = self._read()
            if any(each["name"] == name for each in kept):
                raise TokenProblem(name, "there is one already", "Remove it first, or choose another name.")
            kept.append({"name": name, "role": role, "hash": digest(token)})
            self._write(sorted(kept, key=lambda each: each["name"]))
        return token

    def remove(self, name: str) -> None:
        """Take a token back; whoever entered with it is out at their next click.

        Raises:
            TokenProblem: there is none.
        """
        with self._held():
            kept = self._read()
            left = [each for each in kept if each["name"] != name]
            if len(left) == len(kept):
                raise TokenProblem(name, "there is none", "See: b24kit serve token list")
            self._write(left)

    def _held(self) -> FileLock:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise self._unwritable(error) from error
        return FileLock(self._file.with_name(self._file.name + ".lock"), timeout=10)

    def _read(self) -> list[dict[str, str]]:
        try:
            kept: list[dict[str, str]] = json.loads(self._file.read_text(encoding="utf-8"))["tokens"]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(self._file, "it is damaged", "Remove it and add the tokens again.") from error
        return [each for each in kept if each.get("role") in ROLES and each.get("hash")]

    def _write(self, kept: list[dict[str, str]]) -> None:
        part = self._file.with_name(self._file.name + ".part")
        try:
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump({"tokens": kept}, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._file)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> StorageError:
        return StorageError(self._file, error.strerror or "no reason given", "Choose another B24_STATE_DIR.")


def _person(kept: dict[str, str]) -> Person:
    return Person(kept["name"], "publish" if kept["role"] == "publish" else "check")
