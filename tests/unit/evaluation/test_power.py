"""Numbers of films: against published figures, statsmodels, and tests of as many films."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm
from statsmodels.stats.power import NormalIndPower

from hilum.evaluation.comparison import (
    connor_pairs,
    films_for_delong,
    films_for_mcnemar,
    mcnemar_power,
)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 60))
def test_power_agrees_with_a_sum_over_all_tables(n_ahead, n_behind, n_groups):
    ahead, behind = n_ahead / 100, n_behind / 100
    expected = 0.0
    for discordant in range(n_groups + 1):
        chance = binom.pmf(discordant, n_groups, ahead + behind)
        for won in range(discordant + 1):
            is_found = 2 * won != discordant and (won > discordant / 2) == (ahead > behind)
            if is_found and binomtest(won, discordant).pvalue <= 0.05:
                expected += chance * binom.pmf(won, discordant, ahead / (ahead + behind))
    if n_ahead != n_behind:
        assert mcnemar_power(ahead, behind, n_groups) == pytest.approx(expected, abs=1e-9)


def test_connor_s_formula_is_a_z_test_of_the_difference():
    """Connor's number makes both errors what they should be, the spread taken as known."""
    ahead, behind = 0.2, 0.1
    pairs = connor_pairs(ahead, behind, significance_level=0.05)
    under_null = np.sqrt((ahead + behind) / pairs)
    under_truth = np.sqrt((ahead + behind - (ahead - behind) ** 2) / pairs)
    threshold = norm.ppf(0.975) * under_null
    assert norm.sf(threshold, loc=ahead - behind, scale=under_truth) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("n_ahead", "n_behind", "n_groups"),
    [(2, 0, 160), (5, 2, 32), (12, 6, 160), (8, 1, 60), (30, 20, 400), (60, 3, 160)],
)
def test_the_exact_test_has_the_promised_power_at_the_number_told(n_ahead, n_behind, n_groups):
    films = films_for_mcnemar(n_ahead, n_behind, n_groups, n_groups)
    rng = np.random.default_rng(0)
    shares = n_ahead / n_groups, n_behind / n_groups
    tables = rng.multinomial(films, [*shares, 1 - sum(shares)], size=4000)[:, :2]
    p = 2 * binom.cdf(tables.min(axis=1), tables.sum(axis=1), 0.5)
    assert 0.77 < np.mean(p <= 0.05) < 0.85


def test_more_films_are_needed_than_the_normal_distribution_says_but_not_many():
    normal = connor_pairs(12 / 160, 6 / 160, significance_level=0.05)
    assert normal < films_for_mcnemar(12, 6, 160, 160) < 1.1 * normal


def test_where_normal_and_exact_meet_they_agree():
    """Just below and just above the number at which the exact sum is given up."""
    close = [films_for_mcnemar(n, 250, 3000, 3000) for n in range(267, 276)]
    falls = np.array(close[1:]) / close[:-1]
    assert np.all((falls > 0.85) & (falls < 1))


def test_groups_keep_their_size():
    assert films_for_mcnemar(12, 6, 160, 320) == pytest.approx(
        2 * films_for_mcnemar(12, 6, 160, 160), abs=1
    )


def test_delong_agrees_with_the_z_test_of_statsmodels():
    """Two groups of n films whose mean differs: variance 2 / n."""
    per_group = NormalIndPower().solve_power(effect_size=0.3, alpha=0.05, power=0.8)
    n_films = 50
    films = films_for_delong(0.3, 2 / n_films, n_films)
    assert films == np.ceil(per_group)


@given(st.floats(0.001, 0.3), st.floats(1e-5, 0.01), st.integers(10, 1000))
def test_delong_has_the_promised_power_at_the_number_told(difference, variance, n_films):
    films = films_for_delong(difference, variance, n_films)
    assert films == films_for_delong(-difference, variance, n_films)
    if films > 50:
        sd = np.sqrt(variance * n_films / films)
        power = norm.sf(norm.ppf(0.975), loc=difference / sd)
        assert power == pytest.approx(0.8, abs=0.01)


def test_a_stricter_level_needs_more_films():
    assert films_for_mcnemar(12, 6, 160, 160, significance_level=0.01) > films_for_mcnemar(
        12, 6, 160, 160
    )
    assert films_for_delong(0.02, 1e-4, 160, significance_level=0.01) > films_for_delong(
        0.02, 1e-4, 160
    )


def test_no_number_of_films_shows_what_is_not_there():
    assert films_for_mcnemar(4, 4, 160, 160) is None
    assert films_for_mcnemar(0, 0, 160, 160) is None
    assert films_for_delong(0.0, 1e-4, 160) is None
    assert films_for_delong(0.1, 0.0, 160) is None
    assert films_for_delong(1e-9, 1e-3, 160) is None
