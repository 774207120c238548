"""Subgroups: their films and figures, and the tests whether levels differ."""

from __future__ import annotations

from itertools import combinations
from math import comb, isnan

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import chi2_contingency, fisher_exact
from sklearn.metrics import roc_auc_score

from hilum.evaluation.calibration import recalibrate
from hilum.evaluation.discrimination import delong_interval
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.subgroups import LEAST_GROUPS, age_band, compare_levels, compare_subgroups
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


def films(n_films=120, seed=0, strength=1.5):
    rng = np.random.default_rng(seed)
    is_positive = np.arange(n_films) % 2 == 0
    y_score = rng.normal(size=n_films) + strength * is_positive
    return is_positive, y_score, np.random.default_rng(seed + 1)


def test_agrees_with_fisher_s_exact_test_on_two_levels():
    """With single films the deals of two equal levels are the tables that Fisher counts."""
    levels = np.repeat([0, 1, 0, 1], [10, 10, 5, 5])
    is_positive = np.repeat([True, False], [20, 10])
    is_called = np.zeros(30, bool)
    is_called[:9] = True  # 9 of 10 on the first level
    is_called[10:13] = True  # 3 of 10 on the second
    tests = compare_levels(
        levels, score_films(is_positive, is_called.astype(float)),
        rng=np.random.default_rng(0), n_permutations=20_000,
    )  # fmt: skip
    assert tests.sensitivity == pytest.approx(fisher_exact([[9, 1], [3, 7]]).pvalue, abs=0.003)
    assert tests.specificity == 1


def test_agrees_with_all_deals_counted_out():
    """AUROC on 4 + 4 films of which 2 + 2 stand on each level: 36 deals are all there are."""
    is_positive = np.repeat([True, False], 4)
    y_score = np.array([0.9, 0.8, 0.3, 0.2, 0.1, 0.15, 0.7, 0.6])
    levels = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    tests = compare_levels(
        levels, score_films(is_positive, y_score),
        rng=np.random.default_rng(0), n_permutations=20_000,
    )  # fmt: skip
    # The true deal has AUROCs of 1 and 0: only it and its mirror image are so far apart.
    wins = y_score[:4, None] > y_score[None, 4:]
    apart = 0
    for of_positives in combinations(range(4), 2):
        for of_others in combinations(range(4), 2):
            here = wins[np.ix_(of_positives, of_others)].mean()
            rest = np.setdiff1d(range(4), of_positives), np.setdiff1d(range(4), of_others)
            apart += abs(here - wins[np.ix_(*rest)].mean()) == 1
    assert tests.auroc == pytest.approx(apart / comb(4, 2) ** 2, abs=0.01)


def test_finds_a_level_on_which_the_score_knows_nothing():
    is_positive, y_score, rng = films()
    levels = np.arange(120) // 2 % 3
    y_score[levels == 2] = rng.normal(size=40) + 0.75
    tests = compare_levels(levels, score_films(is_positive, y_score, threshold=0.75), rng=rng)
    assert tests.auroc < 0.01


def test_another_prevalence_is_no_difference():
    rng = np.random.default_rng(0)
    levels = np.repeat([0, 1], [300, 300])
    is_positive = rng.random(600) < np.where(levels == 0, 0.1, 0.6)
    y_score = rng.normal(size=600) + 1.5 * is_positive
    tests = compare_levels(levels, score_films(is_positive, y_score, threshold=0.75), rng=rng)
    assert min(tests.auroc, tests.sensitivity, tests.specificity) > 0.1


def test_films_of_one_patient_count_once():
    """One patient of 30 films who is missed is no difference between levels."""
    is_positive = np.ones(50, bool)
    groups = np.concatenate([np.arange(20), np.full(30, 20)])
    levels = np.where(groups % 5 == 0, 1, 0)
    is_called = groups < 20
    apart, together = (
        compare_levels(
            levels, score_films(is_positive, is_called.astype(float), unit),
            rng=np.random.default_rng(0),
        ).sensitivity
        for unit in (np.arange(50), groups)
    )  # fmt: skip
    assert apart < 0.001
    assert together > 0.1


def test_what_does_not_exist_has_no_p():
    is_positive, y_score, rng = films(40)
    scored = score_films(is_positive, y_score, threshold=0.0)
    one_level = compare_levels(np.zeros(40, int), scored, rng=rng)
    assert all(map(isnan, (one_level.auroc, one_level.sensitivity, one_level.specificity)))
    # All positive films on one level: no AUROC and no sensitivity on the other.
    levels = np.where(is_positive, 0, np.arange(40) // 2 % 2)
    tests = compare_levels(levels, scored, rng=rng)
    assert isnan(tests.auroc)
    assert isnan(tests.sensitivity)
    assert 0 < tests.specificity <= 1


def test_perfect_scores_do_not_differ():
    is_positive, _, rng = films(40)
    tests = compare_levels(
        np.arange(40) % 4 // 2, score_films(is_positive, is_positive * 1.0), rng=rng
    )
    assert (tests.auroc, tests.sensitivity, tests.specificity) == (1, 1, 1)


def test_same_seed_same_p_and_films_in_any_order():
    is_positive, y_score, _ = films()
    levels, groups = np.arange(120) % 3, np.arange(120) // 2

    def tests(order=slice(None)):
        scored = score_films(is_positive[order], y_score[order], groups[order], threshold=0.75)
        return compare_levels(levels[order], scored, rng=np.random.default_rng(5))

    assert tests() == tests() == tests(np.random.default_rng(0).permutation(120))


def test_the_operating_point_is_judged_where_there_is_one():
    """Calls, probabilities and factor are those given; the ranking stays that of the scores."""
    sex = ["F", "M"] * 45 + ["F", "F", "M", "M"] * 10
    is_called = np.random.default_rng(1).random(130) < 0.6
    probability = np.random.default_rng(2).random(130)
    given = {
        "is_called": is_called,
        "probabilities": np.stack([1 - probability, probability], axis=1),
        "inflation": 1.8,
    }
    (point,), is_positive, _ = compared({"sex": sex}, n_films=130, **given)
    (plain,), _, _ = compared({"sex": sex}, n_films=130)
    assert point.is_at_operating_point
    assert not plain.is_at_operating_point
    for subgroup, without in zip(point.subgroups, plain.subgroups, strict=True):
        here = np.array(sex) == subgroup.level
        assert subgroup.sensitivity.value == is_called[here & is_positive].mean()
        assert subgroup.specificity.value == (~is_called[here & ~is_positive]).mean()
        assert subgroup.auroc.value == without.auroc.value
        as_given = subgroup.auroc.also["heads_as_given"]
        assert subgroup.auroc.low < as_given.low < as_given.high < subgroup.auroc.high
        told = recalibrate(
            score_films(is_positive[here], probability[here]), inflation=1 + 0.8 * here.sum() / 130
        )
        assert subgroup.recalibration == told
        assert without.recalibration is None
    f = is_called[(np.array(sex) == "F") & is_positive]
    m = is_called[(np.array(sex) == "M") & is_positive]
    table = [[f.sum(), (~f).sum()], [m.sum(), (~m).sum()]]
    expected = chi2_contingency(table, correction=False).pvalue
    assert point.p_sensitivity == pytest.approx(expected, abs=0.1)


def test_both_p_values_are_told_where_patients_have_several_films():
    sex = ["F", "F", "F", "M", "M", "M"] * 15
    (several,), _, _ = compared({"sex": sex}, groups=np.arange(90) // 3, seed=4)
    (single,), _, _ = compared({"sex": sex}, seed=4)
    assert single.p_auroc_films is None
    assert single.p_sensitivity_films is None
    for figure in ("auroc", "sensitivity", "specificity"):
        by_films = getattr(several, f"p_{figure}_films")
        assert by_films == pytest.approx(getattr(single, f"p_{figure}"), abs=0.08)


def test_small_subgroups_have_no_calibration():
    sex = ["F"] * 10 + ["M"] * 80
    probabilities = np.full((90, 2), 0.5)
    (comparison,), _, _ = compared({"sex": sex}, probabilities=probabilities)
    assert comparison.subgroups[0].is_small
    assert comparison.subgroups[0].recalibration is None
    assert comparison.subgroups[1].recalibration is not None
