"""What the checks of the films themselves say of planted faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilum.auditing.checks.films import (
    check_aspect,
    check_colour,
    check_constant_films,
    check_conversions,
    check_domain,
    check_exposure,
    check_inverted,
    check_lateral_films,
    check_readability,
    check_tiny_films,
)
from hilum.cohort.films import Exclusion
from hilum.features.traits import N_LEVELS
from made_evidence import GOOD_TRAITS, draw_picture, make_cohort, make_film_traits, two_classes

COHORT = make_cohort(two_classes())
IDS = [film.film_id for film in COHORT.films]


def test_tiny_films_are_found() -> None:
    traits = {
        1: replace(GOOD_TRAITS, width_px=63, height_px=500),
        2: replace(GOOD_TRAITS, width_px=64, height_px=64),
    }
    (found,) = check_tiny_films(COHORT, make_film_traits(60, traits))
    assert found.evidence["films"] == [IDS[1]]
    assert found.evidence["smallest_side_px"] == 63


def test_strips_are_found_lying_and_standing() -> None:
    traits = {
        row: replace(GOOD_TRAITS, width_px=width, height_px=height)
        for row, (width, height) in enumerate([(401, 100), (100, 401), (400, 100)])
    }
    (found,) = check_aspect(COHORT, make_film_traits(60, traits))
    assert found.evidence["films"] == IDS[:2]


def test_colour_is_found_and_other_conversions_are_gathered_by_kind() -> None:
    traits = {
        0: replace(GOOD_TRAITS, notes=("colour", "rotated by EXIF")),
        2: replace(GOOD_TRAITS, notes=("16 bit, scaled from 0 to 4095",)),
        4: replace(GOOD_TRAITS, notes=("16 bit, scaled from 7 to 900",)),
        6: replace(GOOD_TRAITS, notes=("floating point, constant at 0.5",)),
    }
    film_traits = make_film_traits(60, traits)
    (colour,) = check_colour(COHORT, film_traits)
    assert colour.severity == "warn"
    assert colour.evidence["films"] == [IDS[0]]
    (found,) = check_conversions(COHORT, film_traits)
    assert found.severity == "note"
    assert {kind: told["n_films"] for kind, told in found.evidence["conversions"].items()} == {
        "16 bit, scaled": 2, "floating point, constant": 1, "rotated by EXIF": 1,
    }  # fmt: skip


def levels(**shares: float) -> np.ndarray:
    """Shares at single levels (`at_0=0.5`), the rest even between 20 and 230."""
    made = np.zeros(N_LEVELS, np.float32)
    for name, share in shares.items():
        made[int(name.removeprefix("at_"))] = share
    made[20:230] += (1 - made.sum()) / 210
    return made


def test_an_empty_film_is_constant_and_nothing_else() -> None:
    film_traits = make_film_traits(60, levels={3: levels(at_0=1.0), 4: levels(at_0=0.5)})
    (found,) = check_constant_films(COHORT, film_traits)
    assert found.evidence["films"] == [IDS[3]]
    (exposed,) = check_exposure(COHORT, film_traits)
    assert exposed.evidence["films"] == [IDS[4]]


@pytest.mark.parametrize(
    ("kind", "bad", "good"),
    [
        ("burnt-out", levels(at_255=0.06, at_252=0.06), levels(at_255=0.07)),
        ("black", levels(at_0=0.3, at_4=0.15), levels(at_0=0.39)),
        (
            "faint",
            np.repeat([0, 1 / 80, 0], [80, 80, 96]).astype(np.float32),
            np.repeat([0, 1 / 90, 0], [80, 90, 86]).astype(np.float32),
        ),
    ],
)
def test_bad_exposure_is_told_from_borders_and_letters(
    kind: str, bad: np.ndarray, good: np.ndarray
) -> None:
    assert check_exposure(COHORT, make_film_traits(60, levels={0: good})) == []
    (one,) = check_exposure(COHORT, make_film_traits(60, levels={0: bad}))
    assert (one.severity, one.evidence["kind"]) == ("note", kind)
    (many,) = check_exposure(COHORT, make_film_traits(60, levels=dict.fromkeys((0, 2), bad)))
    assert (many.severity, many.evidence["films"]) == ("warn", [IDS[0], IDS[2]])


def test_negatives_are_found() -> None:
    film_traits = make_film_traits(60, pictures={5: 255 - draw_picture(), 6: draw_picture() // 3})
    (found,) = check_inverted(COHORT, film_traits)
    assert found.evidence["films"] == [IDS[5]]


@pytest.mark.parametrize(
    ("view", "is_lateral"),
    [
        ("L", True), ("Lateral", True), ("LL", True), ("LAT", True), ("Left-lateral", True),
        ("PA", False), ("AP", False), ("AP Supine", False), ("AP lordotic", False), (" ", False),
    ],
)  # fmt: skip
def test_lateral_films_are_known_by_the_table(view: str, is_lateral: bool) -> None:
    views = [view if row == 1 else "PA" for row in range(60)]
    found = check_lateral_films(make_cohort(two_classes(), view=views))
    assert [finding.evidence["films"] for finding in found] == ([[IDS[1]]] if is_lateral else [])


def test_what_resembles_no_other_film_is_found_the_strangest_first() -> None:
    affinity = np.full(60, 0.85)
    affinity[[3, 7]] = 0.42, 0.3
    (found,) = check_domain(COHORT, affinity)
    assert found.evidence["films"] == [IDS[7], IDS[3]]
    assert check_domain(COHORT, np.full(60, 0.66)) == []


def test_films_that_are_far_from_each_other_by_nature_are_no_strangers() -> None:
    assert check_domain(COHORT, np.linspace(0.4, 0.6, 60)) == []
    assert check_domain(make_cohort(two_classes(4)), np.full(4, 0.2)) == []


def test_lost_files_are_counted_by_reason() -> None:
    lost = tuple(
        Exclusion(f"{row:x}", Path("x.png"), "Normal", code, "It ends.", "Export it.")
        for row, code in enumerate(["CORRUPT", "CORRUPT", "EMPTY"])
    )
    (found,) = check_readability(replace(make_cohort(two_classes()), excluded=lost))
    assert found.evidence["codes"] == {"CORRUPT": 2, "EMPTY": 1}
    assert found.evidence["per_class"] == {"Normal": 3}
