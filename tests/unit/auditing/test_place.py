"""Where the evidence stands: the same spot of all films, or another on each."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.auditing.place import locate_evidence

N = 40
IS_POSITIVE = np.arange(N) % 2 == 0
IDS = [f"{row:012x}" for row in range(N)]


def evidence(spots: list[tuple[int, int]]) -> np.ndarray:
    """Faint noise everywhere, and one strong cell on each positive film."""
    cells = np.abs(np.random.default_rng(0).normal(0, 0.01, (N, 7, 7)))
    for row, (r, c) in zip(np.flatnonzero(IS_POSITIVE), spots, strict=True):
        cells[row, r, c] += 2
    return cells


def test_a_device_holds_the_evidence_of_all_films_on_one_spot() -> None:
    place = locate_evidence(evidence([(1, 5)] * 20), IS_POSITIVE, IDS)
    assert place is not None
    assert place.n_films == 20
    assert place.share > 0.85
    assert place.share == pytest.approx(place.own_share, abs=0.01)
    assert place.box.top <= 1 / 7 < place.box.top + place.box.side
    assert place.box.left <= 5 / 7 < place.box.left + place.box.side
    assert place.where == "in the upper right of the film"


def test_what_wanders_stands_nowhere_in_particular() -> None:
    rng = np.random.default_rng(1)
    spots = [tuple(spot) for spot in rng.integers(0, 7, (20, 2))]
    place = locate_evidence(evidence(spots), IS_POSITIVE, IDS)
    assert place is not None
    assert place.own_share > 0.85 > 0.45 > place.share


def test_evidence_without_a_place_is_shared_by_area() -> None:
    place = locate_evidence(
        np.where(IS_POSITIVE, 1.0, 0.0)[:, np.newaxis, np.newaxis] * np.ones((N, 7, 7)),
        IS_POSITIVE,
        IDS,
    )
    assert place is not None
    assert place.share == pytest.approx(9 / 49)


def test_what_films_of_the_other_class_have_as_well_is_no_evidence() -> None:
    cells = evidence([(5, 3)] * 20)
    cells[:, 0, 0] += 50  # a marker on all films
    place = locate_evidence(cells, IS_POSITIVE, IDS)
    assert place is not None
    assert place.where == "in the lower middle of the film"


def test_the_surest_films_are_shown_first_each_with_its_own_spot() -> None:
    spots = [(0, 0)] * 19 + [(6, 6)]
    cells = evidence(spots)
    surest = np.flatnonzero(IS_POSITIVE)[-1]
    cells[surest, 6, 6] += 10
    place = locate_evidence(cells, IS_POSITIVE, IDS)
    assert place is not None
    assert len(place.spots) == 10
    first = place.spots[0]
    assert first.film_id == IDS[surest]
    assert (first.box.top, first.box.left) == pytest.approx((4 / 7, 4 / 7))


def test_without_films_of_both_sides_there_is_no_place() -> None:
    assert locate_evidence(np.ones((4, 7, 7)), np.ones(4, bool), IDS[:4]) is None
    assert locate_evidence(np.zeros((4, 7, 7)), np.arange(4) < 2, IDS[:4]) is None
