"""Colours, one name each, for a light and a dark page.

Figures are drawn with the light values; `svg` swaps them for the dark ones. The
series are Okabe and Ito's colours, darkened for white paper and lightened for
black until each stands out by 4.5:1. No colour means anything alone: lines differ
in their dashes too.

Source: Okabe and Ito (2008), Color universal design.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """One role on the page.

    Attributes:
        name: The role; the CSS variable is `--` and this name.
        light: Value on white paper, as `#rrggbb`; no two roles share one.
        dark: Value on a dark screen.
    """

    name: str
    light: str
    dark: str


PAPER = Colour("paper", "#fefefe", "#14171b")
PANEL = Colour("panel", "#f4f5f7", "#1d2126")
INK = Colour("ink", "#1b1f24", "#e7e9ec")
MUTED = Colour("muted", "#59616b", "#a3abb5")
RULE = Colour("rule", "#d9dde2", "#353b43")

SERIES = (
    Colour("series-1", "#0067a6", "#6bb8f0"),
    Colour("series-2", "#b84a00", "#ff9a5a"),
    Colour("series-3", "#00755a", "#3fcfa0"),
    Colour("series-4", "#a3437a", "#f09bcb"),
    Colour("series-5", "#856300", "#f0c24b"),
    Colour("series-6", "#5b4bb0", "#b3a8ff"),
    Colour("series-7", "#4a4f57", "#c4c9d0"),
)
TRAINING, VALIDATION = SERIES[0], SERIES[1]

GOOD = Colour("good", "#0b6b3a", "#5fd394")
CAUTION = Colour("caution", "#8a5300", "#f2b75c")
BAD = Colour("bad", "#b3261e", "#ff8a80")

COLOURS = (PAPER, PANEL, INK, MUTED, RULE, *SERIES, GOOD, CAUTION, BAD)

# Solid first; then dashes that stay apart when printed in grey.
LINE_STYLES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "solid",
    (0, (6, 2)),
    (0, (2, 1.5)),
    (0, (8, 2, 1.5, 2)),
    (0, (5, 1.5, 1.5, 1.5, 1.5, 1.5)),
    (0, (12, 3)),
)


def series_style(index: int) -> tuple[str, str | tuple[int, tuple[float, ...]]]:
    """Give the line number `index` a colour and dashes that no near neighbour has.

    Args:
        index: Place in the series, from 0; colour and dashes together repeat
            after 42.

    Returns:
        Light colour and line style, as matplotlib takes them.
    """
    return SERIES[index % len(SERIES)].light, LINE_STYLES[index % len(LINE_STYLES)]


def css_variables(*, is_dark: bool) -> str:
    """List all colours as CSS declarations, to stand inside one rule."""
    return " ".join(
        f"--{colour.name}: {colour.dark if is_dark else colour.light};" for colour in COLOURS
    )
