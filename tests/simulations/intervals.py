"""How often the intervals hold the truth, where it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hilum.evaluation.calibration import estimate_losses
from hilum.evaluation.discrimination import delong_interval, estimate_ranking
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.results import Estimate, Interval
from scored import score_films
from simulations.drawing import (
    DrawnCohort,
    SimulatedRow,
    binormal_average_precision,
    binormal_losses,
    binormal_probability,
    draw_binormal,
    draw_calls,
    draw_clustered,
)

CLOPPER_PEARSON = "Clopper-Pearson"
WILSON = "Wilson"
AUROC = "AUROC, bootstrap over groups"
DELONG = "AUROC, DeLong"
AVERAGE_PRECISION = "average precision, bootstrap over groups"
BRIER_SCORE = "Brier score"
LOG_LOSS = "log loss"

FILMS = (32, 160, 600)
SHARES = (0.7, 0.85, 0.95)
AUROCS = (0.7, 0.85, 0.95, 0.98)
# Positive films of 32: half of them, and as in a split of 14 and 18.
MIXES = {"balanced": 16 / 32, "14 to 18": 14 / 32}

CORRELATION = 0.5

# How sure the probabilities are: as much as is right, and with doubled log odds.
SURENESS = {"right probabilities": 1.0, "twice too sure": 2.0}

_EXACT = (0.945, 1.0)
_CLOSE = (0.93, 0.975)
# Closer to 1, or with few patients, an interval may be too wide and not too narrow.
_CAUTIOUS = (0.93, 1.0)
# Cohorts on which nothing was tuned, few of their films positive, are held to a little less.
_UNTUNED_LOW = 0.92

# Wilson's interval holds a single share more or less often as films are whole; what it
# promises, it promises on average over shares.
_WILSON_SHARES = (0.6, 0.98)


def simulate_proportions(films: int, n_simulations: int = 20_000) -> list[SimulatedRow]:
    """Clopper-Pearson for single shares, and Wilson over a range of them."""
    estimates = [
        clustered_proportion(np.arange(films) < right, np.arange(films))
        for right in range(films + 1)
    ]
    rows = []
    for share in SHARES:
        rng = np.random.default_rng([films, round(1000 * share)])
        right = rng.binomial(films, share, size=n_simulations)
        held = np.mean([_holds(estimates[k], share) for k in right])
        rows.append(_row(CLOPPER_PEARSON, films, f"share {share}", held, _EXACT, n_simulations))
    rng = np.random.default_rng([films, 1])
    shares = rng.uniform(*_WILSON_SHARES, size=n_simulations)
    right = rng.binomial(films, shares)
    held = np.mean(
        [_holds(estimates[k].also["wilson"], p) for k, p in zip(right, shares, strict=True)]
    )
    setting = "shares {} to {}".format(*_WILSON_SHARES)
    return [*rows, _row(WILSON, films, setting, held, _CLOSE, n_simulations)]


def simulate_rankings(
    films: int,
    n_simulations: int = 2000,
    n_bootstraps: int = 500,
    aurocs: Sequence[float] = AUROCS,
    mixes: Mapping[str, float] = MIXES,
    spread: float = 1.0,
) -> list[SimulatedRow]:
    """AUROC and average precision of films of different patients.

    Args:
        films: Films in each cohort.
        n_simulations: Cohorts.
        n_bootstraps: Resamples for the intervals of each.
        aurocs: True AUROCs.
        mixes: Shares of positive films, by their name.
        spread: How much wider the positive films scatter than the others.
    """
    rows = []
    for auroc in aurocs:
        for mix, share_positive in mixes.items():
            n_positive = round(films * share_positive)
            rng = np.random.default_rng([films, n_positive, round(1000 * auroc)])
            cohorts = (
                draw_binormal(n_positive, films - n_positive, auroc, rng, spread)
                for _ in range(n_simulations)
            )
            truths = auroc, binormal_average_precision(auroc, n_positive / films, spread)
            held = _count_rankings(cohorts, truths, rng, n_bootstraps)
            allowed = _CLOSE if auroc <= 0.95 else _CAUTIOUS
            setting = f"AUROC {auroc}, {mix}"
            if spread != 1:
                setting += f", positive films {spread:g} times as scattered"
            rows += [
                _row(method, films, setting, share, allowed, n_simulations)
                for method, share in held.items()
            ]
    return rows


def simulate_patients(
    n_patients: int, n_simulations: int = 2000, n_bootstraps: int = 500
) -> list[SimulatedRow]:
    """The same where patients have one to four films that are alike."""
    rows = []
    for share in SHARES:
        rng = np.random.default_rng([n_patients, round(1000 * share), 2])
        held = np.zeros(3)
        for _ in range(n_simulations):
            is_right, groups = draw_calls(n_patients, share, CORRELATION, rng)
            estimate = clustered_proportion(is_right, groups)
            also = estimate.also
            intervals = estimate, also["wilson"], also["films_as_independent"]
            held += [_holds(interval, share) for interval in intervals]
        setting = f"{n_patients} patients, share {share}"
        methods = {
            f"{CLOPPER_PEARSON}, clustered": _EXACT,
            f"{WILSON}, clustered": _CAUTIOUS,
            f"{CLOPPER_PEARSON}, films as independent": (0.0, 1.0),
        }
        rows += [
            _row(method, len(groups), setting, count / n_simulations, allowed, n_simulations)
            for (method, allowed), count in zip(methods.items(), held, strict=True)
        ]
    for auroc in AUROCS[:-1]:
        rng = np.random.default_rng([n_patients, round(1000 * auroc), 3])
        cohorts = [
            draw_clustered(n_patients, auroc, CORRELATION, rng) for _ in range(n_simulations)
        ]
        truths = auroc, binormal_average_precision(auroc, float(cohorts[0].is_positive.mean()))
        shares = _count_rankings(cohorts, truths, rng, n_bootstraps)
        films = len(cohorts[0].groups)
        setting = f"{n_patients} patients, AUROC {auroc}"
        rows += [
            _row(method, films, setting, share, _CLOSE, n_simulations)
            for method, share in shares.items()
        ]
        naive = np.mean(
            [
                _holds(delong_interval(score_films(cohort.is_positive, cohort.y_score)), auroc)
                for cohort in cohorts
            ]
        )
        name = f"{DELONG}, films as independent"
        rows.append(_row(name, films, setting, naive, (0.0, 1.0), n_simulations))
    return rows


def simulate_other_cohorts(films: int, n_simulations: int = 2000) -> list[SimulatedRow]:
    """Cohorts on which nothing was tuned: few positive films, and those that scatter widely."""
    aurocs = AUROCS[:-1]
    rows = simulate_rankings(films, n_simulations, aurocs=aurocs, mixes={"1 to 4": 0.2})
    rows += simulate_rankings(
        films, n_simulations, aurocs=aurocs, mixes={"balanced": 0.5}, spread=2.0
    )
    return [replace(row, allowed_low=_UNTUNED_LOW, allowed_high=1.0) for row in rows]


def simulate_losses(films: int, n_simulations: int = 2000) -> list[SimulatedRow]:
    """Brier score and log loss of films of different patients, each positive by a coin."""

    def draw(auroc: float, rng: np.random.Generator) -> DrawnCohort:
        n_positive = rng.binomial(films, 0.5)
        return draw_binormal(n_positive, films - n_positive, auroc, rng)

    return _count_losses(draw, [films], "", n_simulations)


def simulate_losses_of_patients(n_patients: int, n_simulations: int = 2000) -> list[SimulatedRow]:
    """The same where patients have one to four films that are alike; nothing was tuned here."""

    def draw(auroc: float, rng: np.random.Generator) -> DrawnCohort:
        return draw_clustered(n_patients, auroc, CORRELATION, rng)

    rows = _count_losses(draw, [n_patients, 4], f"{n_patients} patients, ", n_simulations)
    return [replace(row, allowed_low=_UNTUNED_LOW, allowed_high=1.0) for row in rows]


def simulate() -> list[SimulatedRow]:
    """All rows of the table in docs/statistics.md; takes about ten minutes."""
    rows = [row for films in FILMS for row in simulate_proportions(films)]
    rows += [row for films in FILMS for row in simulate_rankings(films)]
    rows += [row for films in FILMS[:2] for row in simulate_other_cohorts(films)]
    rows += [row for films in (15, *FILMS) for row in simulate_losses(films)]
    rows += [row for n_patients in (44, 64) for row in simulate_losses_of_patients(n_patients)]
    return rows + [row for n_patients in (44, 64) for row in simulate_patients(n_patients)]


def _count_losses(
    draw: Callable[[float, np.random.Generator], DrawnCohort],
    seed: Sequence[int],
    cohorts: str,
    n_simulations: int,
) -> list[SimulatedRow]:
    rows = []
    for sure, sureness in SURENESS.items():
        for auroc in AUROCS[1:]:
            rng = np.random.default_rng([*seed, round(1000 * auroc), round(10 * sureness)])
            truths = binormal_losses(auroc, sureness)
            held = np.zeros(2)
            for _ in range(n_simulations):
                cohort = draw(auroc, rng)
                probability = binormal_probability(cohort.y_score, auroc, sureness)
                estimates = estimate_losses(
                    score_films(cohort.is_positive, probability, cohort.groups)
                )
                intervals = estimates["brier_score"], estimates["log_loss"]
                held += [
                    _holds(interval, truth)
                    for interval, truth in zip(intervals, truths, strict=True)
                ]
            films = len(cohort.groups)
            is_plain = auroc <= 0.95 and films >= FILMS[0] and sureness == 1
            allowed = _CLOSE if is_plain else _CAUTIOUS
            setting = f"{cohorts}AUROC {auroc}, {sure}"
            rows += [
                _row(method, films, setting, count / n_simulations, allowed, n_simulations)
                for method, count in zip((BRIER_SCORE, LOG_LOSS), held, strict=True)
            ]
    return rows


def _count_rankings(
    cohorts: Iterable[DrawnCohort],
    truths: tuple[float, float],
    rng: np.random.Generator,
    n_bootstraps: int,
) -> dict[str, float]:
    held = []
    for cohort in cohorts:
        films = score_films(cohort.is_positive, cohort.y_score, cohort.groups)
        estimates = estimate_ranking(films, rng=rng, n_bootstraps=n_bootstraps)
        held.append(
            [
                _holds(estimates["auroc"], truths[0]),
                _holds(delong_interval(films), truths[0]),
                _holds(estimates["average_precision"], truths[1]),
            ]
        )
    shares = np.mean(held, axis=0)
    return dict(zip((AUROC, DELONG, AVERAGE_PRECISION), map(float, shares), strict=True))


def _holds(interval: Interval | Estimate, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def _row(
    method: str,
    films: int,
    setting: str,
    share: float,
    allowed: tuple[float, float],
    n_simulations: int,
) -> SimulatedRow:
    return SimulatedRow(
        "coverage", method, films, setting, float(share), *allowed, n_simulations=n_simulations
    )
