"""How soon the command answers, from a wheel in an environment of its own.

Run: python tests/benchmarks/bench_cli.py
Figures: wall seconds and those of the processor, the best of five; on a busy machine the latter count.
Exits 1 when an answer takes more of the processor than is wanted of the clock.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

HOUSE = Path(__file__).parents[2]
TRIES = 5


def installed(home: Path) -> Path:
    """The wheel alone in an environment, what it depends on lent by this one; its folder of programs."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(home), str(HOUSE)]
    subprocess.run(build, check=True, capture_output=True)
    venv.create(home / "env", with_pip=False, symlinks=True)
    bin_ = home / "env" / "bin"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(bin_ / "python")]
    subprocess.run(
        [*pip, "install", "-q", "--no-deps", "--no-index", str(next(home.glob("*.whl")))], check=True
    )
    base = str(home / "env")
    own = Path(sysconfig.get_path("purelib", vars={"base": base, "platbase": base}))
    (own / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return bin_


def best(command: list[str], home: Path, **more: str) -> tuple[float, float]:
    """Seconds of a command by the clock and of the processor, the best of some."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("B24_", "PYTHON"))}
    walls, works = [], []
    for _ in range(TRIES):
        began, worked = time.perf_counter(), processor()
        subprocess.run(command, cwd=home, env={**kept, **more}, check=True, capture_output=True)
        walls.append(time.perf_counter() - began)
        works.append(processor() - worked)
    return min(walls), min(works)


def processor() -> float:
    """Seconds of the processor that ended children took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Print the table; whether something took too long."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        bin_ = installed(home)
        b24kit, python = str(bin_ / "b24kit"), str(bin_ / "python")
        complete = {"_B24KIT_COMPLETE": "complete_bash", "COMP_WORDS": "b24kit run reas", "COMP_CWORD": "2"}
        rows = [
            ("b24kit --help", best([b24kit, "--help"], home), 1.0),
            ("b24kit run --help", best([b24kit, "run", "--help"], home), 1.0),
            ("the shell completes an operation", best([b24kit], home, **complete), 1.0),
            (
                "what a command of the river imports",
                best([python, "-c", "import toolkit.workflow"], home),
                1.5,
            ),
        ]
    print(f"{'figure':40}{'seconds':>10}{'processor':>11}{'wanted':>8}")
    for name, (wall, work), wanted in rows:
        print(f"{name:40}{wall:10.2f}{work:11.2f}{wanted:8.2f}")
    return int(any(work > wanted for _, (_, work), wanted in rows))


if __name__ == "__main__":
    sys.exit(main())
