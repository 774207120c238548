"""Paired tests and subgroup tests on simulated cohorts: how often they err, and how often find.

The slow ones hold the figures of docs/statistics.md to their bounds; the quick ones draw
fewer cohorts, and leave the bounds three standard errors of room.
"""

from __future__ import annotations

import math

import pytest

from every import every
from simulations.counting import FALSE_POSITIVES
from simulations.learners import simulate_learners
from simulations.paired import (
    simulate_given,
    simulate_patients,
    simulate_power,
    simulate_subgroups,
)


def refused(rows, room=0.0):
    """Rows outside their bounds by more than so many standard errors."""
    return [
        row
        for row in every(rows)
        for at in [min(max(row.share, row.allowed_low), row.allowed_high)]
        if abs(row.share - at) > room * math.sqrt(at * (1 - at) / row.n_simulations)
    ]


def share_of(rows, method):
    (row,) = (row for row in rows if row.method == method)
    return row.share


@pytest.mark.parametrize("films", [32, 160, 600])
def test_scores_given_in_advance_quick(films):
    assert not refused(simulate_given(films, 200, aurocs=[0.85]), room=3)


def test_films_of_one_patient_quick():
    rows = simulate_patients(44, 300)
    assert not refused(rows, room=3)
    assert share_of(rows, "DeLong, films as independent") > 0.08


def test_levels_that_mean_nothing_quick():
    assert not refused(simulate_subgroups(64, 100), room=3)


def test_power_quick():
    assert not refused(simulate_power(400), room=3)


def test_learners_on_folds_quick():
    rows = simulate_learners(60, 60)
    assert not refused(rows, room=3)
    assert share_of(rows, "DeLong, inflated") <= FALSE_POSITIVES[1]
    assert share_of(rows, "DeLong, scores as given") > FALSE_POSITIVES[1]


@pytest.mark.slow
@pytest.mark.parametrize("films", [32, 160, 600])
def test_scores_given_in_advance(films):
    assert not refused(simulate_given(films))


@pytest.mark.slow
@pytest.mark.parametrize("n_patients", [44, 64])
def test_films_of_one_patient(n_patients):
    rows = simulate_patients(n_patients)
    assert not refused(rows)
    assert share_of(rows, "DeLong, films as independent") > 0.1


@pytest.mark.slow
def test_levels_that_mean_nothing():
    assert not refused(simulate_subgroups(64))


@pytest.mark.slow
def test_power():
    assert not refused(simulate_power())


@pytest.mark.slow
@pytest.mark.parametrize("films", [32, 60, 160])
def test_learners_on_folds(films):
    """1,000 cohorts each, as every one of them trains 20 learners."""
    assert not refused(simulate_learners(films))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("films", "options"),
    [(60, {"strength": 0.0}), (60, {"share_positive": 0.2}), (120, {"per_patient": 3})],
)
def test_learners_that_find_it_hard(films, options):
    rows = simulate_learners(films, **options)
    assert not refused(rows)
    assert share_of(rows, "DeLong, scores as given") > 0.08
