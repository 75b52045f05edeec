"""Something new: an operation of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from toolkit.cli.asking import read_settings, shower

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Write something new: an operation of your own.")


@app.command("operation")
def new_operation(
    name: Annotated[str, typer.Argument(help="How it will be called: close_old_leads.")],
) -> None:
    """Write an operation that works as it is, and its cases; change them into what you need."""
    from toolkit.project import write_operation

    settings = read_settings()
    show = shower(settings)
    for path in write_operation(name, settings.operations):
        show.line(str(path))
    show.line(f"{show._('Check it with')}: b24kit new check {name}")
    if settings.operations is None:
        show.line(show._("In a project, B24_OPERATIONS says where b24kit finds it."))


@app.command("check")
def new_check(name: Annotated[str, typer.Argument(help="The operation.")]) -> None:
    """Hold an operation to its cases, and to the law: a second plan asks for nothing."""
    from toolkit.project import broken_cases

    settings = read_settings()
    show = shower(settings)
    found = broken_cases(name, settings.operations)
    for path, problems in found.items():
        show.line(f"{'✗' if problems else '✓'} {path.stem}", "red" if problems else "green")
        for each in problems:
            show.line(f"    {each}")
    raise typer.Exit(1 if any(found.values()) else 0)
