from __future__ import annotations

import itertools

import pytest

from every import every
from hilum.report import drawing as palette


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


WRITTEN = (palette.INK, palette.MUTED, *palette.SERIES, palette.GOOD, palette.CAUTION, palette.BAD)


@pytest.mark.parametrize("ground", [palette.PAPER, palette.PANEL], ids=lambda c: c.name)
@pytest.mark.parametrize("colour", WRITTEN, ids=lambda c: c.name)
def test_text_stands_out_in_both_themes(colour: palette.Colour, ground: palette.Colour) -> None:
    assert contrast(colour.light, ground.light) >= 4.5
    assert contrast(colour.dark, ground.dark) >= 4.5


def test_no_two_roles_share_a_light_value() -> None:
    # `svg` tells roles apart by their light values.
    values = [colour.light for colour in palette.COLOURS]
    assert len(set(values)) == len(values)


def test_neighbours_differ_in_colour_and_in_dashes() -> None:
    styles = [palette.series_style(k) for k in range(42)]
    assert len({str(style) for style in styles}) == 42
    for (colour_a, dashes_a), (colour_b, dashes_b) in itertools.pairwise(styles):
        assert colour_a != colour_b
        assert dashes_a != dashes_b


def test_the_page_gets_every_colour_of_both_themes() -> None:
    for is_dark in (False, True):
        text = palette.css_variables(is_dark=is_dark)
        for colour in every(palette.COLOURS):
            assert f"--{colour.name}: {colour.dark if is_dark else colour.light};" in text
