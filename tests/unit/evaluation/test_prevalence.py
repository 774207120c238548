"""Predictive values: by counting films, and their intervals against an independent one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep

from hilum.evaluation.usefulness import predictive_values


@given(
    sensitivity=st.floats(0.01, 0.99),
    specificity=st.floats(0.01, 0.99),
    prevalence=st.floats(0.001, 0.999),
)
def test_count_films_in_a_population(sensitivity, specificity, prevalence):
    ill, healthy = 1e6 * prevalence, 1e6 * (1 - prevalence)
    found, alarmed = ill * sensitivity, healthy * (1 - specificity)
    values = predictive_values(
        sensitivity, specificity, n_positives=50, n_others=70, prevalence=prevalence
    )
    assert values.prevalence == prevalence
    assert values.ppv.value == pytest.approx(found / (found + alarmed))
    spared, missed = healthy - alarmed, ill - found
    assert values.npv.value == pytest.approx(spared / (spared + missed))
    for value in (values.ppv, values.npv):
        assert 0 <= value.low <= value.value <= value.high <= 1


@given(
    tp=st.integers(1, 29),
    fp=st.integers(1, 49),
    prevalence=st.floats(0.001, 0.999),
)
def test_intervals_are_those_of_the_likelihood_ratios(tp, fp, prevalence):
    """The odds of a predictive value are a likelihood ratio times the odds of the prevalence."""
    values = predictive_values(
        tp / 30, 1 - fp / 50, n_positives=30, n_others=50, prevalence=prevalence
    )
    for value, counts, odds in (
        (values.ppv, (tp, 30, fp, 50), logit(prevalence)),
        (values.npv, (50 - fp, 50, 30 - tp, 30), -logit(prevalence)),
    ):
        bounds = confint_proportions_2indep(*counts, compare="ratio", method="log")
        expected = expit(np.log(bounds) + odds)
        np.testing.assert_allclose([value.low, value.high], expected, rtol=1e-6)


def test_a_rare_disease_makes_most_calls_false():
    values = predictive_values(0.95, 0.95, n_positives=200, n_others=200, prevalence=0.01)
    assert values.ppv.value == pytest.approx(0.161, abs=5e-4)
    assert values.npv.value == pytest.approx(0.99947, abs=5e-6)


def test_fewer_effective_films_widen_the_interval():
    many, few = (
        predictive_values(0.9, 0.8, n_positives=n, n_others=2 * n, prevalence=0.1).ppv
        for n in (80.0, 33.3)
    )
    assert few.value == many.value
    assert few.low < many.low < many.high < few.high


def test_figures_without_a_miss_are_bounded_all_the_same():
    values = predictive_values(1.0, 1.0, n_positives=30, n_others=40, prevalence=0.05)
    for value in (values.ppv, values.npv):
        assert value.value == value.high == 1
        assert 0 < value.low < 0.999
        assert value.method.startswith("adjusted logit")
    # A sensitivity of 1 does not disturb the ppv, whose logit exists.
    assert predictive_values(
        1.0, 0.9, n_positives=30, n_others=40, prevalence=0.05
    ).ppv.method.startswith("logit")
    none_found = predictive_values(0.0, 0.9, n_positives=30, n_others=40, prevalence=0.05).ppv
    assert none_found.value == none_found.low == 0 < none_found.high


def test_calls_that_were_never_made_mean_nothing():
    silent = predictive_values(0.0, 1.0, n_positives=5, n_others=5, prevalence=0.2)
    assert math.isnan(silent.ppv.value)
    assert math.isnan(silent.ppv.low)
    assert silent.npv.value == pytest.approx(0.8)
    one_sided = predictive_values(math.nan, 0.9, n_positives=0, n_others=5, prevalence=0.2)
    assert math.isnan(one_sided.npv.value)
    assert one_sided.npv.method == "no films"


def test_refuses_what_is_no_share():
    for prevalence in (0, 1, -0.1, math.nan):
        with pytest.raises(ValueError, match="prevalence must lie"):
            predictive_values(0.9, 0.9, n_positives=5, n_others=5, prevalence=prevalence)
    with pytest.raises(ValueError, match="shares must lie"):
        predictive_values(1.1, 0.9, n_positives=5, n_others=5, prevalence=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(("n_positives", "n_others"), [(10, 22), (16, 16), (40, 120), (80, 80)])
@pytest.mark.parametrize(
    ("sensitivity", "specificity"), [(0.95, 0.6), (0.9, 0.9), (0.98, 0.95), (0.8, 0.99)]
)
def test_intervals_hold_the_truth(n_positives, n_others, sensitivity, specificity):
    """Over every outcome there is, each with its chance: no simulation needed."""
    truth = {
        "ppv": logit(0.1) + math.log(sensitivity / (1 - specificity)),
        "npv": -logit(0.1) + math.log(specificity / (1 - sensitivity)),
    }
    held = dict.fromkeys(truth, 0.0)
    chance_found = binom.pmf(np.arange(n_positives + 1), n_positives, sensitivity)
    chance_spared = binom.pmf(np.arange(n_others + 1), n_others, specificity)
    for found in np.flatnonzero(chance_found > 1e-6):
        for spared in np.flatnonzero(chance_spared > 1e-6):
            values = predictive_values(
                found / n_positives,
                spared / n_others,
                n_positives=n_positives,
                n_others=n_others,
                prevalence=0.1,
            )
            for name, logit_of_truth in truth.items():
                value = getattr(values, name)
                if value.low <= expit(logit_of_truth) <= value.high:
                    held[name] += chance_found[found] * chance_spared[spared]
    assert min(held.values()) >= 0.925
