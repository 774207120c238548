"""Net benefit, against counting films one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from hilum.errors import NoTrialsError
from hilum.evaluation.usefulness import trace_net_benefit
from scored import score_films


def draw(n, seed, share=0.3):
    rng = np.random.default_rng(seed)
    p = rng.beta(share * 2, (1 - share) * 2, size=n)
    is_positive = rng.random(n) < p
    is_positive[:2] = [True, False]
    return is_positive, p


def trace(is_positive, p, **options):
    return trace_net_benefit(
        score_films(is_positive, p), rng=np.random.default_rng(0), n_bootstraps=50, **options
    )


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 60))
def test_counts_films_at_every_threshold(seed, n):
    is_positive, p = draw(n, seed)
    curve = trace(is_positive, p)
    np.testing.assert_allclose(curve.thresholds, np.linspace(0.01, 0.99, 99))
    for threshold, benefit, of_all in zip(
        curve.thresholds, curve.model, curve.act_on_all, strict=True
    ):
        odds = threshold / (1 - threshold)
        tp, fp = np.sum(is_positive & (p >= threshold)), np.sum(~is_positive & (p >= threshold))
        assert benefit == pytest.approx(tp / n - fp / n * odds, abs=1e-12)
        assert of_all == pytest.approx(is_positive.mean() - (~is_positive).mean() * odds, abs=1e-12)
    assert curve.prevalence == is_positive.mean()
    assert np.all((curve.low <= curve.model) & (curve.model <= curve.high))


def test_acting_on_all_breaks_even_at_the_prevalence():
    is_positive, p = draw(100, 3)
    curve = trace(is_positive, p, prevalence=0.25)
    assert curve.act_on_all[24] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(curve.act_on_all) < 0)


def test_right_probabilities_are_worth_acting_on_everywhere():
    is_positive, p = draw(200_000, 5)
    for prevalence in (None, 0.02, 0.7):
        curve = trace_net_benefit(
            score_films(is_positive, p),
            rng=np.random.default_rng(0),
            prevalence=prevalence,
            n_bootstraps=2,
        )
        # At high thresholds few films count much: rounding of a hundredth of the prevalence.
        slack = 0.01 * curve.prevalence
        usable = curve.thresholds < 0.9
        assert np.all((curve.model >= curve.act_on_all - slack)[usable])
        assert np.all((curve.model >= -slack)[usable])


def test_another_prevalence_moves_the_odds_and_the_mixture():
    is_positive, p = draw(400, 8)
    own, there = is_positive.mean(), 0.05
    curve = trace(is_positive, p, prevalence=there)
    log_odds = np.log(p / (1 - p)) + np.log(there / (1 - there)) - np.log(own / (1 - own))
    acts = expit(log_odds) >= 0.1
    expected = there * acts[is_positive].mean() - (1 - there) * acts[~is_positive].mean() / 9
    assert curve.model[9] == pytest.approx(expected)
    assert curve.prevalence == there
    same = trace(is_positive, p, prevalence=own)
    np.testing.assert_allclose(same.model, trace(is_positive, p).model, atol=1e-12)


def test_certain_probabilities_stay_certain_at_another_prevalence():
    is_positive = np.arange(20) < 5
    curve = trace(is_positive, is_positive.astype(float), prevalence=0.01)
    np.testing.assert_allclose(curve.model, 0.01)


def test_the_band_is_that_of_resampled_films():
    is_positive, p = draw(150, 2)
    curve = trace_net_benefit(
        score_films(is_positive, p), rng=np.random.default_rng(1), n_bootstraps=4_000
    )
    worth = np.where(is_positive, 1.0, -0.25) * (p >= 0.2)
    half_width = 1.96 * worth.std() / np.sqrt(150)
    assert curve.model[19] - curve.low[19] == pytest.approx(half_width, rel=0.1)
    assert curve.high[19] - curve.model[19] == pytest.approx(half_width, rel=0.1)


def test_refuses_what_cannot_be_weighed():
    is_positive, p = draw(20, 1)
    for prevalence in (0.0, 1.0, 2.0):
        with pytest.raises(ValueError, match="prevalence must lie"):
            trace(is_positive, p, prevalence=prevalence)
    with pytest.raises(NoTrialsError):
        trace(np.zeros(20, dtype=bool), p)
    with pytest.raises(NoTrialsError):
        trace(np.zeros(20, dtype=bool), p, prevalence=0.1)
