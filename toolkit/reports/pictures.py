"""Pictures for notebooks and pages, drawn the same way everywhere.

matplotlib is imported where something is drawn: it takes a quarter of a second, which a command that draws
nothing should not cost.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AMBER", "BLUE", "GREEN", "GREY", "RED", "Chart", "canvas", "quiet"]

BLUE, AMBER, GREEN, GREY, RED = "#2f6fde", "#e6a23c", "#2e9e6b", "#c9d1dc", "#d9534f"
"""The colours of reports: what is, what needs a look, what is well, what is beside, what is wrong."""


class Chart:
    """A picture, and the sentence it makes for those who read text.

    Args:
        figure: the picture.
        words: what it shows.
    """

    def __init__(self, figure: Figure, words: str) -> None:
        self.figure, self.words = figure, words

    def png(self, dpi: int = 110) -> bytes:
        """The picture as a file."""
        kept = io.BytesIO()
        self.figure.savefig(kept, format="png", dpi=dpi, bbox_inches="tight")
        return kept.getvalue()

    def svg(self) -> Markup:
        """The picture as an `<svg>` element for a page; the same picture gives the same text."""
        import matplotlib

        kept = io.StringIO()
        # Without a salt of its own matplotlib draws ids by lot, and no two reports would be the same.
        with matplotlib.rc_context({"svg.hashsalt": self.words}):
            self.figure.savefig(kept, format="svg", bbox_inches="tight", metadata={"Date": None})
        text = kept.getvalue()
        return Markup(text[text.index("<svg") :])  # noqa: S704  # matplotlib escapes the words it draws

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        return self.words


def canvas(width: float, height: float) -> Figure:
    """An empty figure in inches, laid out so that nothing overlaps."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def quiet(axes: Axes, *sides: str) -> None:
    """Take away the frame's sides that carry nothing; top and right by default."""
    for side in sides or ("top", "right"):
        axes.spines[side].set_visible(False)
