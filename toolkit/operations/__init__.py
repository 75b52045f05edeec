"""The catalogue: one file, one operation. The folder is the registry.

An operation may import `runs`, `matching`, `sheets` and `records`; never `client`, `httpx` or another
operation. `catalogue()` finds them, and those of a project: the folder that the setting B24_OPERATIONS names
(`b24kit init` sets it) is read the same way. Code is run only from a folder named on purpose.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from toolkit.errors import ParameterError, PlanError, SettingsError
from toolkit.runs import Operation
from toolkit.settings import Settings

__all__ = ["catalogue", "operation"]

_OF_A_PROJECT = "b24kit_operations_of_a_project"


def catalogue(folder: Path | None = None) -> dict[str, type[Operation]]:
    """Every operation by name.

    Args:
        folder: with operations of one's own; the one B24_OPERATIONS names without.

    Raises:
        SettingsError: B24_OPERATIONS names no folder.
        PlanError: a file of that folder cannot be read, or holds an operation the house has already.
    """
    found = dict(_of_the_house())
    folder = folder or Settings.load().operations
    if folder is not None:
        for name, kind in _own(folder).items():
            if name in found:
                raise PlanError(
                    folder / f"{name}.py", f"holds {name}, which b24kit has already", "Rename it."
                )
            found[name] = kind
    return dict(sorted(found.items()))


@lru_cache
def _of_the_house() -> dict[str, type[Operation]]:
    found: dict[str, type[Operation]] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= _operations_in(importlib.import_module(f"{__name__}.{module.name}"))
    return found


def _operations_in(module: ModuleType) -> dict[str, type[Operation]]:
    return {
        each.name: each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Operation) and each.__module__ == module.__name__
    }


def _own(folder: Path) -> dict[str, type[Operation]]:
    if not folder.is_dir():
        raise SettingsError(
            "B24_OPERATIONS",
            f"names {folder}, which is not a folder",
            "Correct it in the environment or in .env.",
        )
    found: dict[str, type[Operation]] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        found |= _operations_in(_loaded(path))
    return found


def _loaded(path: Path) -> ModuleType:
    """The module of a file; read again when the file has changed."""
    name = f"{_OF_A_PROJECT}.{path.stem}"
    stamp = (str(path.absolute()), path.stat().st_mtime_ns)
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__b24kit_stamp__", None) == stamp:
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PlanError(path, "cannot be read as Python", "Is it a .py file?")
    module = importlib.util.module_from_spec(spec)
    vars(module)["__b24kit_stamp__"] = stamp
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PlanError(
            path, f"cannot be read: {type(error).__name__}: {error}", "Correct that file."
        ) from error
    return module


def operation(name: str) -> Operation:
    """The operation of that name.

    Raises:
        ParameterError: there is none.
    """
    known = catalogue()
    if name not in known:
        raise ParameterError(
            "b24kit", "operation", name, "is not in the catalogue", f"Known: {', '.join(known)}."
        )
    return known[name]()
