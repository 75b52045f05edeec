"""Why the desk makes no new card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from toolkit.workflow.desk.finding import Answer

__all__ = ["ClientIsHere"]


class ClientIsHere(ToolkitError):
    """No card was made: the client is on the portal already, or may be.

    Args:
        answer: who was found, and why.
        language: of the evidence in the message.

    Attributes:
        exit_code: 3 when it is one client for sure; 5 when a person has to say.
    """

    sentence = "Nothing was created:\n{evidence}\nTake that card, or say --anyway."

    def __init__(self, answer: Answer, language: str) -> None:
        self.answer = answer
        self.exit_code = 3 if answer.verdict == "one" else 5
        self.evidence = answer.words("en" if language == "en" else "ru")
        super().__init__(self.in_words("en"))
