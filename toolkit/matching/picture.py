"""A cluster drawn as SVG: cards on a circle, pairs as lines, one colour and one stroke per tier.

Plain text out of plain numbers: no font to install, no drawing library to load in a headless run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import cos, pi, sin

from toolkit.matching.reasons import Tier

__all__ = ["Arc", "Dot", "draw"]

_WIDTH = 760
_FEW, _MANY = 8, 130.0
"""Cards up to which the circle stays small, and its radius beyond."""
# Strokes differ too: one reader in twelve does not tell red from green.
_STROKES = {
    Tier.AUTO: ("#1a7f37", "", 2.5),
    Tier.REVIEW: ("#b35900", "7 4", 2.0),
    Tier.LINK: ("#0b5cad", "2 4", 2.0),
    Tier.NEVER: ("#c21e1e", "1 7", 1.5),
}
_FILLS = ["#cfe8d5", "#d6e4f5", "#f5e3c8", "#e6d6f0", "#f3d3d3", "#dfe7b8", "#cdeaea", "#ececec"]


@dataclass(frozen=True)
class Dot:
    """A card.

    Args:
        label: what is written beside it.
        group: cards of one group have one colour.
        asked: whether the question is about it.
    """

    label: str
    group: int
    asked: bool = False


@dataclass(frozen=True)
class Arc:
    """A pair: positions of two dots, what may be done with it, and in a word what connects them."""

    a: int
    b: int
    tier: Tier
    label: str = ""


def draw(dots: Sequence[Dot], arcs: Sequence[Arc], legend: Mapping[Tier, str], note: str = "") -> str:
    """The picture, as an `<svg>` element; labels are escaped.

    Args:
        dots: at most some twenty.
        arcs: the pairs among them.
        legend: what each tier means; only those drawn are shown.
        note: a line below, such as how many cards were left out.
    """
    tiers = sorted({arc.tier for arc in arcs}, reverse=True)
    top = 26 + 18 * len(tiers)
    height, places = _laid_out(len(dots), top)
    height += 24 if note else 0
    groups = sorted({dot.group for dot in dots})
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for arc in sorted(arcs, key=lambda arc: arc.tier):
        (x1, y1), (x2, y2) = places[arc.a], places[arc.b]
        parts.append(f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" {_stroke(arc.tier)}/>')
    for arc in arcs:
        (x1, y1), (x2, y2) = places[arc.a], places[arc.b]
        if arc.label:
            # A white edge keeps the word legible where lines cross.
            halo = (
                'text-anchor="middle" fill="#444444" stroke="#ffffff" stroke-width="4" paint-order="stroke"'
            )
            # Lines of a circle cross in their middles.
            along = 0.5 if len(dots) < 4 else 0.36
            x, y = x1 + along * (x2 - x1), y1 + along * (y2 - y1) - 5
            parts.append(f'<text x="{x:.0f}" y="{y:.0f}" {halo}>{escape(arc.label)}</text>')
    for dot, (x, y) in zip(dots, places, strict=True):
        fill = _FILLS[groups.index(dot.group) % len(_FILLS)]
        edge = 'stroke="#111111" stroke-width="3"' if dot.asked else 'stroke="#555555" stroke-width="1"'
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="11" fill="{fill}" {edge}/>')
        if len(dots) == 2:
            at = f'x="{x:.0f}" y="{y + 30:.0f}" text-anchor="middle"'
        else:
            anchor, shift = ("start", 17) if x >= _WIDTH / 2 else ("end", -17)
            at = f'x="{x + shift:.0f}" y="{y + 4:.0f}" text-anchor="{anchor}"'
        parts.append(f"<text {at}>{escape(_short(dot.label))}</text>")
    for row, tier in enumerate(tiers):
        y = 20 + 18 * row
        parts.append(f'<line x1="12" y1="{y}" x2="52" y2="{y}" {_stroke(tier)}/>')
        parts.append(f'<text x="60" y="{y + 4}">{escape(legend.get(tier, ""))}</text>')
    if note:
        parts.append(f'<text x="12" y="{height - 12}" fill="#555555">{escape(note)}</text>')
    return "".join([*parts, "</svg>"])


def _laid_out(count: int, top: int) -> tuple[int, list[tuple[float, float]]]:
    """Height of the picture, and a place for each card: two side by side, more on a circle."""
    if count == 2:
        return top + 70, [(_WIDTH * 0.25, top + 24.0), (_WIDTH * 0.75, top + 24.0)]
    radius = _MANY if count > _FEW else 60.0 + 8 * count
    middle = top + radius + 14
    angles = [2 * pi * each / max(count, 1) + 0.35 for each in range(count)]
    places = [(_WIDTH / 2 + 1.3 * radius * cos(each), middle + radius * sin(each)) for each in angles]
    return round(middle + radius + 24), places


def _stroke(tier: Tier) -> str:
    colour, dashes, width = _STROKES[tier]
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'stroke="{colour}" stroke-width="{width}"{dashed}'


def _short(label: str) -> str:
    return label if len(label) <= 32 else label[:31] + "…"
