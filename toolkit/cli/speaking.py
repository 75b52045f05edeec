"""Help and usage errors of the command line, in the reader's language.

Texts stand in the commands in English; the catalogue of `toolkit.words` holds their Russian. Typer's own
words (`Usage`, `Options`, `[required]`) are in it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import typer
from typer.main import get_command

from toolkit.words import said_in, translator

__all__ = ["help_texts", "run", "spoken"]

_TYPERS_OWN = {
    "ABORTED_TEXT": "Aborted.",
    "ARGUMENTS_PANEL_TITLE": "Arguments",
    "COMMANDS_PANEL_TITLE": "Commands",
    "DEFAULT_STRING": "[default: {}]",
    "ENVVAR_STRING": "[env var: {}]",
    "ERRORS_PANEL_TITLE": "Error",
    "OPTIONS_PANEL_TITLE": "Options",
    "REQUIRED_LONG_STRING": "[required]",
}
_METAVARS = {"options_metavar": "[OPTIONS]", "subcommand_metavar": "COMMAND [ARGS]..."}
_HELP_OF_HELP = "Show this message and exit."


def spoken(app: typer.Typer, language: str) -> Any:
    """The commands of an app as something to call, whose help reads in a language.

    Args:
        app: its texts are English.
        language: `ru` or `en`.
    """
    from typer import rich_utils

    command, say = get_command(app), translator(language)
    for name, english in _TYPERS_OWN.items():
        setattr(rich_utils, name, say(english))
    for each in _all_commands(command):
        each.help = _flowing(each.help, say)
        each.format_usage = partial(_usage, each, say("Usage: "))
        for name in _METAVARS:
            if hasattr(each, name):
                setattr(each, name, say(getattr(each, name)))
        for one in each.params:
            if getattr(one, "help", None):
                one.help = say(one.help)
        # The option is made when first asked for, and kept; it needs a context only for its name.
        option = each.get_help_option(each.context_class(each))
        option.help = say(_HELP_OF_HELP)
    return command


def run(app: typer.Typer, language: str, words: Sequence[str] | None = None) -> int:
    """Carry a command out, and tell what is wrong with its words; the exit code.

    Args:
        app: the commands.
        language: `ru` or `en`.
        words: the command line; that of this process without.
    """
    command = spoken(app, language)
    usage_error: type[Exception] = typer.BadParameter.__mro__[1]  # typer gives it no public name
    try:
        done = command.main(
            args=None if words is None else list(words), prog_name="b24kit", standalone_mode=False
        )
    except typer.Abort:
        typer.echo(translator(language)("Aborted."), err=True)
        return 1
    except usage_error as error:
        if told := _mistake(error, language):
            typer.echo(told, err=True)
        return int(getattr(error, "exit_code", 2))
    return done if isinstance(done, int) else 0


def help_texts(app: typer.Typer) -> set[str]:
    """Every text its help shows, in English: what the catalogue has to hold."""
    found = {*_TYPERS_OWN.values(), *_METAVARS.values(), _HELP_OF_HELP, "Usage: "}
    for each in _all_commands(get_command(app)):
        found.update(_flowing(each.help, str).split("\n\n"))
        found.update(one.help for one in each.params if getattr(one, "help", None))
    return found - {""}


def _all_commands(command: Any) -> Iterator[Any]:
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _all_commands(each)


def _flowing(text: str | None, say: Callable[[str], str]) -> str:
    """A docstring as paragraphs, without the line breaks of the source."""
    paragraphs = (" ".join(each.split()) for each in (text or "").split("\n\n"))
    return "\n\n".join(say(each) for each in paragraphs if each)


def _usage(command: Any, prefix: str, context: Any, formatter: Any) -> None:
    formatter.write_usage(context.command_path, " ".join(command.collect_usage_pieces(context)), prefix)


def _mistake(error: Any, language: str) -> str:
    context = getattr(error, "ctx", None)
    text = said_in(language, error.format_message())
    if context is None or not text:  # without a text its help has been shown already
        return text
    say = translator(language)
    hint = say("Its help: {command} --help").format(command=context.command_path)
    return f"{context.get_usage()}\n{say('Error')}: {text}\n{hint}"
