"""Running a notebook with nobody watching: papermill's conventions, and what they lack.

The executed notebook is written as it goes, also when it fails. Parameters are checked against the cell tagged
`parameters`; a secret is refused as one, and is scrubbed from everything written. The exit code is that of the
run inside. SIGTERM pauses the run: the lock is held, and the portal written to, by the kernel alone.

Imports of nbformat and nbclient take seconds, so they happen when a notebook is run.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from toolkit import errors
from toolkit.client.masking import mask
from toolkit.errors import InputError, StorageError, ToolkitError
from toolkit.notebook.outcome import OUTCOME_VARIABLE, worst_outcome
from toolkit.settings import Settings

__all__ = ["Executed", "NotebookError", "find_notebook", "run_notebook", "shipped_notebooks"]

_TAG, _INJECTED = "parameters", "injected-parameters"
_SECRET_NAME = re.compile(
    r"webhook|secret|password|passwd|token|credential|api_?key|(^|_)(key|auth)($|_)", re.IGNORECASE
)
_WEBHOOK = re.compile(r"/rest/(?:api/)?\d+/[\w~.-]+", re.IGNORECASE)
_INTERRUPTED = 130
_NEEDED = ("nbformat", "nbclient", "ipykernel")  # of the extra `notebook`
_LONGEST_SOCKET = 80  # of about 104 characters the system allows


class NotebookError(InputError):
    """A notebook, or a parameter for it, cannot be used; nothing was run.

    Args:
        notebook: its name.
        problem: what is wrong, as the end of a sentence; never holds a secret.
        remedy: what to do.
    """

    sentence = "Notebook {notebook} {problem}. {remedy}"

    def __init__(self, notebook: str, problem: str, remedy: str) -> None:
        self.notebook, self.problem, self.remedy = notebook, problem, remedy
        super().__init__(self.in_words("en"))


@dataclass(frozen=True)
class Executed:
    """How a notebook ended.

    Args:
        output: the executed notebook.
        exit_code: that of the run inside; see the table in `toolkit.cli`.
        message: what went wrong, scrubbed; "" when nothing did.
    """

    output: Path
    exit_code: int
    message: str = ""


def shipped_notebooks() -> Path:
    """The folder of the notebooks that come with the toolkit."""
    inside = Path(__file__).parent / "shipped" / "notebooks"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "notebooks"


def find_notebook(name: str) -> Path:
    """A notebook by its path, or by its name or number in `notebooks/` here or among those that are shipped.

    Args:
        name: `notebooks/20_reassign.ipynb`, `20_reassign` or `20`.

    Raises:
        NotebookError: there is none, or several.
    """
    path = Path(name)
    if path.suffix == ".ipynb" and path.is_file():
        return path
    for folder in (Path("notebooks"), Path(), shipped_notebooks()):
        found = sorted(folder.glob("*.ipynb"))
        fitting = [each for each in found if each.stem == path.stem or each.stem.split("_")[0] == path.stem]
        if len(fitting) == 1:
            return fitting[0]
    known = ", ".join(each.stem for each in sorted(shipped_notebooks().glob("*.ipynb")))
    raise NotebookError(repr(name), "was not found", f"There are: {known}.")


def run_notebook(
    notebook: Path,
    given: Mapping[str, Any],
    output: Path,
    *,
    kernel: str = "python3",
    cwd: Path | None = None,
) -> Executed:
    """Execute a notebook and keep what it showed.

    Args:
        notebook: an `.ipynb` with one cell tagged `parameters`.
        given: parameters by name; only names that cell assigns, only values of the same type.
        output: where the executed notebook goes; written after every cell, private to the user.
        kernel: name of the kernel.
        cwd: working folder of the kernel; the present one without.

    Returns:
        How it ended. Whatever happened in the kernel ends here, not as an exception.

    Raises:
        NotebookError: the notebook or a parameter cannot be used; nothing was run.
        StorageError: the output cannot be written; nothing was run.
    """
    if any(find_spec(each) is None for each in _NEEDED):
        raise NotebookError(
            notebook.name,
            "cannot be run: this machine has no notebook kernel",
            "Install it with: pip install 'b24kit[notebook]'. Without it, use b24kit run.",
        )
    import nbformat

    name = notebook.name
    try:
        nb = nbformat.read(notebook, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        raise NotebookError(
            name, f"cannot be read: {type(error).__name__}", "Is it an .ipynb file?"
        ) from error
    at = _parameters_cell(nb, name)
    values = _checked(given, _defaults(nb.cells[at].source, name), name)
    if output.exists() and output.samefile(notebook):
        raise NotebookError(name, "would be overwritten by its own output", "Name another --output.")
    nb.cells = [each for each in nb.cells if _INJECTED not in _tags(each)]
    if values:
        source = "# Parameters\n" + "\n".join(f"{key} = {value!r}" for key, value in values.items())
        cell = nbformat.v4.new_code_cell(source, metadata={"tags": [_INJECTED]})
        nb.cells.insert(at + 1, cell)
    for each in nb.cells:
        if each.cell_type == "code":
            each.outputs, each.execution_count = [], None
    writer = _Writer(nb, output)
    writer.write()
    return _Execution(nb, writer, output, kernel, cwd or Path.cwd()).run()


# -- parameters --------------------------------------------------------------------------------------


def _tags(cell: Any) -> list[str]:
    return list(cell.get("metadata", {}).get("tags", []))


def _parameters_cell(nb: Any, name: str) -> int:
    found = [at for at, each in enumerate(nb.cells) if _TAG in _tags(each) and each.cell_type == "code"]
    if len(found) == 1:
        return found[0]
    problem = (
        "has no cell tagged `parameters`" if not found else f"has {len(found)} cells tagged `parameters`"
    )
    raise NotebookError(name, problem, "Tag exactly one cell, the one that sets the defaults.")


def _defaults(source: str, name: str) -> dict[str, Any]:
    """What the parameters cell assigns; its values are literals."""
    found: dict[str, Any] = {}
    try:
        for line in ast.parse(source).body:
            if isinstance(line, ast.Assign) and len(line.targets) == 1:
                target, value = line.targets[0], line.value
            elif isinstance(line, ast.AnnAssign) and line.value is not None:
                target, value = line.target, line.value
            else:
                continue
            if isinstance(target, ast.Name):
                found[target.id] = ast.literal_eval(value)
    except (SyntaxError, ValueError) as error:
        raise NotebookError(
            name, "has a parameters cell that does more than set plain values", "Move the rest below it."
        ) from error
    return found


def _checked(given: Mapping[str, Any], defaults: Mapping[str, Any], name: str) -> dict[str, Any]:
    for key, value in given.items():
        if _SECRET_NAME.search(key) or _WEBHOOK.search(str(value)):
            raise NotebookError(
                name,
                f"was given {key!r}, which looks like a secret",
                "Executed notebooks keep their parameters: put it into B24_WEBHOOK or .env instead.",
            )
        if key not in defaults:
            known = ", ".join(defaults) or "none"
            raise NotebookError(name, f"has no parameter {key!r}", f"Its parameters: {known}.")
        if not _fits(value, defaults[key]):
            kind = type(defaults[key]).__name__
            raise NotebookError(name, f"wants {key} as {kind}, not {value!r}", "Correct the value.")
    return dict(given)


def _fits(value: Any, default: Any) -> bool:
    if default is None:
        return value is None or isinstance(value, bool | int | float | str | list | dict)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    return isinstance(value, type(default))


# -- what is written ---------------------------------------------------------------------------------


class _Writer:
    """Writes a notebook whole or not at all, readable by its owner only, without secrets."""

    def __init__(self, nb: Any, output: Path) -> None:
        self.nb, self.output = nb, output
        self._secrets = list(_known_secrets())

    def scrub(self, text: str) -> str:
        """The same text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return mask(text)

    def write(self) -> None:
        """Write the notebook as it is now.

        Raises:
            StorageError: it could not be written; what was there before is still there.
        """
        import nbformat

        clean = nbformat.from_dict(self._cleaned(self.nb))
        part = self.output.with_name(f".{self.output.name}.part")
        try:
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
            part.write_text(nbformat.writes(clean), encoding="utf-8")
            part.replace(self.output)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise StorageError(
                self.output, str(error.strerror or error), "Name another --output, or free some space."
            ) from error

    def _cleaned(self, node: Any, key: str = "") -> Any:
        if isinstance(node, Mapping):
            return {name: self._cleaned(value, str(name)) for name, value in node.items()}
        if isinstance(node, list):
            return [self._cleaned(each, key) for each in node]
        if isinstance(node, str) and not key.startswith("image/"):
            return self.scrub(node) if key != "source" else self._only_known(node)
        return node

    def _only_known(self, source: str) -> str:
        """Code stays code: only what is surely a secret is taken out of it."""
        for secret in self._secrets:
            source = source.replace(secret, "***")
        return _WEBHOOK.sub("/rest/***", source)


def _known_secrets() -> Iterator[str]:
    """The secrets this process can see, longest first, so that one inside another does not survive."""
    found = set()
    with suppress(ToolkitError):
        settings = Settings.load()
        if settings.client_secret is not None:
            found.add(settings.client_secret.get_secret_value())
        with suppress(ToolkitError):
            found.add(settings.webhook_parts().secret.get_secret_value())
    yield from sorted((each for each in found if len(each) >= 6), key=len, reverse=True)


# -- the kernel --------------------------------------------------------------------------------------


class _Execution:
    """One notebook in one kernel."""

    def __init__(self, nb: Any, writer: _Writer, output: Path, kernel: str, cwd: Path) -> None:
        self.nb, self.writer, self.output, self.kernel, self.cwd = nb, writer, output, kernel, cwd
        self.stopping = False
        self.unwritten: StorageError | None = None
        self.client: Any = None

    def run(self) -> Executed:
        from jupyter_client.kernelspec import NoSuchKernel
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError
        from traitlets.config import Config

        with tempfile.TemporaryDirectory() as folder:
            outcome = Path(folder) / "outcome"
            config = Config()
            if os.name == "posix" and len(folder) < _LONGEST_SOCKET:
                # Sockets of this user alone, not ports of the whole machine, about which kernels warn.
                config.KernelManager.transport, config.KernelManager.ip = "ipc", f"{folder}/kernel"
            self.client = NotebookClient(
                self.nb,
                config=config,
                timeout=None,
                kernel_name=self.kernel,
                resources={"metadata": {"path": str(self.cwd)}},
                on_cell_start=self._cell_starts,
                on_cell_executed=self._cell_ended,
                on_cell_error=self._cell_ended,
            )
            env = {"B24_PROGRESS": "log", **os.environ, OUTCOME_VARIABLE: str(outcome)}
            code, message = 0, ""
            try:
                self.client.execute(env=env)
            except CellExecutionError as error:
                code, message = self._judge(error.ename), f"{error.ename}: {error.evalue}".removesuffix(": ")
                if _deliberate(error.ename) and error.evalue:
                    message = error.evalue  # it says itself what happened
            except DeadKernelError:
                code = _INTERRUPTED if self.stopping else 1
                message = (
                    "The kernel died. What it had begun is not lost: run the notebook again to continue."
                )
            except NoSuchKernel as error:
                raise NotebookError(
                    self.kernel, "is not a kernel of this machine", "python -m ipykernel install --user"
                ) from error
            except RuntimeError as error:  # how the kernel's client says that it did not come up
                code, message = 1, f"The kernel did not start: {error}"
            except KeyboardInterrupt:
                code, message = _INTERRUPTED, "Interrupted between two cells; nothing was under way."
            finally:
                with suppress(StorageError):
                    self.writer.write()
            if self.unwritten is not None:
                code, message = code or self.unwritten.exit_code, message or str(self.unwritten)
            return Executed(self.output, code or worst_outcome(outcome), self.writer.scrub(message))

    def _judge(self, ename: str) -> int:
        if ename == "KeyboardInterrupt":
            return _INTERRUPTED
        kind = _deliberate(ename)
        return 1 if kind is None else kind.exit_code

    def _cell_starts(self, **_: Any) -> None:
        loop = asyncio.get_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(RuntimeError, NotImplementedError):  # not on Windows, not outside the main thread
                loop.add_signal_handler(number, self._stop)
        if self.stopping:
            raise KeyboardInterrupt

    def _stop(self) -> None:
        """Have the kernel finish its request and pause; the cell then ends with the run's own error."""
        self.stopping = True
        self._interrupting = asyncio.ensure_future(self._interrupt())

    async def _interrupt(self) -> None:
        if self.client.km is not None:
            await self.client.km.interrupt_kernel()

    def _cell_ended(self, **_: Any) -> None:
        try:
            self.writer.write()
        except StorageError as error:
            # The run inside goes on: its own journal is what counts.
            self.unwritten = error


def _deliberate(ename: str) -> type[ToolkitError] | None:
    """The class of an error of ours, by its name."""
    kind = getattr(errors, ename, None)
    return kind if isinstance(kind, type) and issubclass(kind, ToolkitError) else None
