"""Letters are told from borders, bones and grain; classes are compared in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hilum.auditing.checks.shortcuts import SCREENSHOT_SHARE, check_lettering
from hilum.features.traits import CELLS_PER_SIDE, measure_lettering
from hilum.phantoms.cohort import draw_phantom
from hilum.phantoms.plan import plan_phantoms
from made_evidence import GOOD_TRAITS, make_cohort, make_film_traits, two_classes


def phantom() -> Image.Image:
    return Image.fromarray(draw_phantom(plan_phantoms(4)[0]).pixels).resize((800, 800))


def cells(film: Image.Image) -> float:
    return measure_lettering(np.asarray(film)) * CELLS_PER_SIDE**2


def test_a_film_without_letters_has_none() -> None:
    assert cells(phantom()) == 0
    assert cells(phantom().resize((224, 224))) == 0


@pytest.mark.parametrize("angle", [0, 2, 5, 10, 85])
def test_the_border_of_a_film_is_no_letter(angle: int) -> None:
    # A tilted film in a black or white frame: long straight edges, and four corners.
    framed = Image.new("L", (800, 800), 130)
    for fill in (0, 255):
        assert cells(framed.rotate(angle, fillcolor=fill)) <= 8


def test_a_marker_counts_little_and_a_slide_much() -> None:
    film = phantom()
    ImageDraw.Draw(film).text((40, 40), "R", fill=255, font_size=60)
    assert 2 <= cells(film) < 10
    slide = Image.new("L", (1200, 800), 255)
    slide.paste(phantom().resize((600, 600)), (20, 150))
    pen = ImageDraw.Draw(slide)
    for line in range(20):
        pen.text((680, 150 + 30 * line), "Bilateral patchy opacities, lower zones", fill=0)
    assert measure_lettering(np.asarray(slide)) > SCREENSHOT_SHARE


def test_tiny_and_empty_films_are_no_error() -> None:
    for shape in ((1, 1), (1, 500), (32, 32), (33, 40)):
        assert measure_lettering(np.zeros(shape, np.uint8)) == 0


def lettered(shares: Sequence[float]) -> list[tuple[str, str]]:
    traits = {row: replace(GOOD_TRAITS, lettering=share) for row, share in enumerate(shares)}
    found = check_lettering(make_cohort(two_classes()), make_film_traits(60, traits))
    return [(finding.evidence["kind"], finding.severity) for finding in found]


def test_a_marker_on_one_class_alone_is_a_doubt() -> None:
    assert lettered([0.004 if row % 2 else 0.0 for row in range(60)]) == [("unlike", "warn")]
    assert lettered([0.004 if row % 4 < 2 else 0.0 for row in range(60)]) == []
    assert lettered([0.004] * 60) == []


def test_text_is_noted_and_screenshots_are_a_doubt() -> None:
    assert lettered([0.02, 0.03]) == [("lettered", "note")]
    assert lettered([0.2]) == [("screenshots", "warn")]
