"""Subgroups: who is in them, their figures, and the correction over all tests."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from hilum.evaluation.discrimination import delong_interval
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.subgroups import LEAST_GROUPS, age_band, compare_subgroups
from scored import score_films


def compared(attributes, n_films=90, groups=None, seed=0, **options):
    rng = np.random.default_rng(seed)
    is_positive = np.arange(n_films) % 2 == 0
    y_score = rng.normal(size=n_films) + 1.5 * is_positive
    comparisons = compare_subgroups(
        attributes,
        score_films(is_positive, y_score, groups, threshold=0.75),
        rng=rng,
        n_bootstraps=200,
        n_permutations=500,
        **options,
    )
    return comparisons, is_positive, y_score


def test_each_level_has_the_figures_of_its_films():
    sex = ["F", "M", "M"] * 30
    groups = np.arange(90) // 6  # several films to a group
    (comparison,), is_positive, y_score = compared({"sex": sex}, groups=groups)
    assert comparison.attribute == "sex"
    assert comparison.n_unknown == 0
    for subgroup in comparison.subgroups:
        here = np.array(sex) == subgroup.level
        assert subgroup.n_films == here.sum()
        assert subgroup.n_positives == (here & is_positive).sum()
        assert subgroup.n_groups == 15
        assert subgroup.auroc.value == pytest.approx(
            roc_auc_score(is_positive[here], y_score[here])
        )
        assert subgroup.auroc.low < subgroup.auroc.value < subgroup.auroc.high
        positives, others = here & is_positive, here & ~is_positive
        is_called = y_score > 0.75
        assert subgroup.sensitivity == clustered_proportion(is_called[positives], groups[positives])
        assert subgroup.specificity == clustered_proportion(~is_called[others], groups[others])
        assert not subgroup.is_small


def test_intervals_of_an_auroc_are_those_of_the_whole_cohort():
    """The resamples of a level near 1 hardly differ: their middle would be too narrow."""
    is_positive = np.arange(80) % 2 == 0
    y_score = np.where(is_positive, 1.0, 0.0) + np.arange(80) / 1000
    y_score[[40, 41]] = y_score[[41, 40]]
    (comparison,) = compare_subgroups(
        {"sex": ["F"] * 40 + ["M"] * 40},
        score_films(is_positive, y_score),
        rng=np.random.default_rng(0),
        n_permutations=50,
    )
    for subgroup, films in zip(
        comparison.subgroups, (slice(None, 40), slice(40, None)), strict=True
    ):
        delong = delong_interval(score_films(is_positive[films], y_score[films]))
        assert subgroup.auroc.low == pytest.approx(delong.low, abs=0.02)
        assert subgroup.auroc.high == pytest.approx(delong.high, abs=0.02)
        assert "score interval" in subgroup.auroc.method
    perfect, _ = (subgroup.auroc for subgroup in comparison.subgroups)
    assert (perfect.value, perfect.high) == (1, 1)
    assert 0.7 < perfect.low < 0.95


def test_levels_are_in_order_and_of_one_spelling():
    views = ["PA", "pa ", "ap", None, " ", "AP", "AP", "PA", "PA"] * 10
    bands = ["65+", "18-39", "0-17", "40-64", None, "65+", "18-39", "0-17", "40-64"] * 10
    (view, age), *_ = compared({"view": views, "age": bands})
    assert [(level.level, level.n_films) for level in view.subgroups] == [("AP", 30), ("PA", 40)]
    assert view.n_unknown == 20
    assert [level.level for level in age.subgroups] == ["0-17", "18-39", "40-64", "65+"]
    assert age.n_unknown == 10


def test_attributes_of_one_level_are_left_out():
    comparisons, *_ = compared({"sex": ["F", " f", None] * 30, "view": [None] * 90})
    assert comparisons == ()


def test_a_level_without_one_side_has_only_the_figures_that_exist():
    levels = ["all ill" if film % 2 == 0 and film < 60 else "mixed" for film in range(90)]
    (comparison,), *_ = compared({"source": levels})
    ill, mixed = comparison.subgroups
    assert (ill.auroc, ill.specificity) == (None, None)
    assert ill.sensitivity is not None
    assert ill.is_small
    assert None not in (mixed.auroc, mixed.sensitivity, mixed.specificity)
    assert isnan(comparison.p_auroc)
    assert isnan(comparison.p_specificity)
    assert comparison.adjusted_p == comparison.p_sensitivity


def test_few_groups_on_a_side_are_small_however_many_films():
    levels = ["few" if film < 4 * (LEAST_GROUPS - 1) else "many" for film in range(90)]
    (comparison,), *_ = compared({"source": levels}, groups=np.arange(90) // 4)
    assert [level.is_small for level in comparison.subgroups] == [True, False]


def test_a_level_of_two_films_has_figures_and_is_small():
    levels = ["two" if film < 2 else "rest" for film in range(90)]
    (comparison,), *_ = compared({"source": levels})
    rest, two = comparison.subgroups
    assert (two.level, two.n_films, two.is_small) == ("two", 2, True)
    assert two.auroc.low < two.auroc.high
    assert not rest.is_small
    assert 0 < comparison.p_auroc <= 1


def test_all_tests_of_all_attributes_are_corrected_together():
    half = ["a" if film < 45 else "b" for film in range(90)]
    third = ["F", "M", "M"] * 30
    alone, *_ = compared({"source": half})
    both, *_ = compared({"source": half, "sex": third})
    tests = sorted(
        p
        for comparison in both
        for p in (comparison.p_auroc, comparison.p_sensitivity, comparison.p_specificity)
    )
    assert min(c.adjusted_p for c in both) == pytest.approx(min(1, 6 * tests[0]))
    assert both[0].p_auroc == alone[0].p_auroc
    for comparison in both:
        assert comparison.adjusted_p >= min(
            comparison.p_auroc, comparison.p_sensitivity, comparison.p_specificity
        )


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "0-17"), (17.9, "0-17"), (18, "18-39"), (39.9, "18-39"), (40, "40-64"), (64.9, "40-64"),
     (65, "65+"), (104, "65+")],
)  # fmt: skip
def test_age_bands(age, band):
    assert age_band(age) == band


@given(st.floats(0, 120), st.floats(0, 120))
def test_age_bands_sort_as_ages_do(one, other):
    assert (age_band(one) <= age_band(other)) or one > other


@pytest.mark.parametrize("age", [-1, float("nan")])
def test_what_is_no_age_has_no_band(age):
    with pytest.raises(ValueError, match="number of years"):
        age_band(age)
