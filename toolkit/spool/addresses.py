"""Addresses with a password in them: where a source's description finds one, and how it is kept out of words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr

from toolkit.spool.refusals import SourceRefused

__all__ = ["address_of", "without_secret"]


def address_of(said: Mapping[str, Any], where: Path) -> SecretStr:
    """The address a description speaks of without holding it.

    Args:
        said: `address_from` names an environment variable, or `address_file` a file; one of the two.
        where: the description, beside which a file of a relative name is looked for.

    Raises:
        SourceRefused: it names neither, the variable is not set, or the file cannot be read.
    """
    variable, file = said.get("address_from"), said.get("address_file")
    if bool(variable) == bool(file):
        raise SourceRefused(
            str(where),
            "does not say where the address is",
            "Write address_from: the name of an environment variable, or address_file: a file.",
        )
    if file:
        path = where.parent / str(file)
        try:
            return SecretStr(path.read_text(encoding="utf-8").strip())
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or type(error).__name__
            raise SourceRefused(
                str(path), f"cannot be read: {words}", "The address stands in it, alone."
            ) from None
    if str(variable) not in os.environ:
        raise SourceRefused(
            str(where), f"names {variable}, which is not set", "Set this environment variable."
        )
    return SecretStr(os.environ[str(variable)])


def without_secret(words: str, address: SecretStr) -> str:
    """Words of a driver without the address and its password, however they are written."""
    whole = address.get_secret_value()
    password = whole.partition("://")[2].rpartition("@")[0].partition(":")[2]
    for secret in (whole, password, unquote(password)):
        words = words.replace(secret, "***") if secret else words
    return words
