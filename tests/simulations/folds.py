"""How often intervals hold the truth when cohort, folds and heads are all drawn anew.

Each cohort goes the whole way: features, folds, heads, calibration, threshold, figures. Two
truths are known from many new films. What heads of this kind reach on average (*anew*) is the
truth of all figures by scores. What the very heads of the cohort reach (*as they are*) is the
truth of the operating point, whose thresholds are stated beside its figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit, logit, ndtri
from threadpoolctl import threadpool_limits

from hilum.evaluation.calibration import calibrate, measure_calibration, pool_calibrated
from hilum.evaluation.decisions import decide, weigh_calls
from hilum.evaluation.metrics import evaluate, measure
from hilum.evaluation.results import Estimate, OperatingPolicy
from hilum.folds.folds import Split, repeated_folds
from scored import score_heads
from simulations.drawing import SimulatedRow

FIGURES = (
    "accuracy",
    "sensitivity",
    "specificity",
    "auroc",
    "average_precision",
    "brier_score",
    "log_loss",
    "calibration slope",
    "calibration intercept",
)
AT_THE_POINT = (
    "sensitivity at the operating point",
    "specificity at the operating point",
    "net benefit",
)

COLUMNS = 64
_INFORMATIVE = np.arange(0, 24, 2)
# Features of networks are much alike: a few directions hold most of their variance.
_SCALES = (1 + np.arange(COLUMNS)) ** -0.5
_PENALTY = 3.0
_NEW_FILMS = 4000
_RESAMPLES = 200

Features = Float[np.ndarray, "films columns"]
Scorer = Callable[[Features], Float[np.ndarray, "heads films classes"]]
Trainer = Callable[
    [Features, Int[np.ndarray, " films"], Sequence[Split], np.random.Generator], Scorer
]


@dataclass(frozen=True)
class StudiedCohort:
    """One cohort's intervals, and what its heads reach on many new films.

    Attributes:
        estimates: Of each figure, from folds.
        new: Of each figure on new films, one head of each repeat together, as for a film of the
            cohort. For `AT_THE_POINT` the mean over sets of heads that use each once.
        inflation: By what the variance was multiplied.
    """

    estimates: Mapping[str, Estimate]
    new: Mapping[str, float]
    inflation: float


def draw_features(
    y: Int[np.ndarray, " films"], best_auroc: float, rng: np.random.Generator
) -> Features:
    """Draw features of which the best of all heads would reach an AUROC; 0.5 holds nothing."""
    features = rng.normal(size=(len(y), COLUMNS))
    apart = np.sqrt(2) * float(ndtri(best_auroc)) / np.sqrt(len(_INFORMATIVE))
    features[:, _INFORMATIVE] += apart * (y[:, np.newaxis] - 0.5)
    return features * _SCALES


def train_logistic(
    features: Features,
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    rng: np.random.Generator,
) -> Scorer:
    """Train penalised logistic heads by Newton's method: what a dense head does, in a blink."""
    design = np.c_[features, np.ones(len(y))]
    weights = np.zeros((design.shape[1], len(splits)))
    counted = np.zeros((len(y), len(splits)))
    for head, split in enumerate(splits):
        per_class = np.bincount(y[split.train], minlength=2)
        counted[split.train, head] = (len(split.train) / (2 * per_class))[y[split.train]]
    penalty = np.append(np.full(features.shape[1], _PENALTY), 1e-6)
    for _ in range(12):
        p = expit(design @ weights)
        slope = design.T @ (counted * (p - y[:, np.newaxis])) + penalty[:, np.newaxis] * weights
        bend = counted * p * (1 - p)
        curvature = np.stack([(design * column[:, np.newaxis]).T @ design for column in bend.T])
        step = np.linalg.solve(curvature + np.diag(penalty), slope.T[:, :, np.newaxis])[..., 0].T
        weights -= step
        if np.abs(step).max() < 1e-4:
            break

    def score(new: Features) -> Float[np.ndarray, "heads films classes"]:
        p = expit(np.c_[new, np.ones(len(new))] @ weights).T
        return np.stack([1 - p, p], axis=2)

    return score


def train_dense(
    features: Features,
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    rng: np.random.Generator,
) -> Scorer:
    """Train the heads of the product."""
    from hilum.heads import HeadRecipe, train_heads

    heads = train_heads(
        features[:, np.newaxis].astype(np.float32),
        y,
        splits,
        HeadRecipe(),
        n_classes=2,
        seed=int(rng.integers(2**31)),
        keeps_weights=True,
    )
    return lambda new: np.stack([head.predict_scores(new) for head in heads.weights]).astype(float)


def study_cohort(
    films: int,
    best_auroc: float,
    rng: np.random.Generator,
    *,
    share_positive: float = 0.5,
    per_patient: int = 1,
    train: Trainer = train_logistic,
) -> StudiedCohort:
    """Draw a cohort, go the whole way with it, and try its heads on new films.

    Args:
        films: Of the cohort.
        best_auroc: What the best of all heads would reach.
        rng: Where all draws come from.
        share_positive: Of the patients.
        per_patient: Films of each; they are the same but for a third of the variance.
        train: Trains the heads.
    """
    groups = np.arange(films) // per_patient
    n_patients = int(groups[-1]) + 1
    y = (np.arange(n_patients) < round(share_positive * n_patients)).astype(np.int64)[groups]
    features = _draw_patients(y, groups, best_auroc, rng)
    splits = repeated_folds(y, groups, seed=int(rng.integers(2**31))).splits
    score = train(features, y, splits, rng)
    heads = score_heads(score(features), y, splits, groups)
    evaluation = evaluate(heads, rng=rng, n_bootstraps=_RESAMPLES)
    decisions = decide(
        heads, OperatingPolicy(), [0.1], balances_classes=True, rng=rng, n_bootstraps=20
    )
    after, point = decisions.calibration.after, decisions.operating_point
    assert after.recalibration is not None
    assert decisions.net_benefit is not None
    missing = Estimate(np.nan, -np.inf, np.inf, "none")
    estimates = {
        **{name: evaluation.metrics[name] for name in FIGURES[:5]},
        "brier_score": after.brier_score,
        "log_loss": after.log_loss,
        "calibration slope": after.recalibration.slope or missing,
        "calibration intercept": after.recalibration.intercept,
        AT_THE_POINT[0]: point.sensitivity,
        AT_THE_POINT[1]: point.specificity,
        AT_THE_POINT[2]: decisions.net_benefit.model,
    }

    # New films, mixed alike, each a patient of its own.
    m = max(_NEW_FILMS, 20 * films)
    y_new = (np.arange(m) < round(float(y.mean()) * m)).astype(np.int64)
    scores = score(draw_features(y_new, best_auroc, rng))
    pairs = zip(decisions.calibrators, scores, strict=True)
    calibrated = np.stack([calibrate(calibrator, of_head) for calibrator, of_head in pairs])
    n_folds = len({split.fold for split in splits})
    # A film is tested by one head of each repeat: so many sets of them use every head once.
    order = np.stack(
        [n_folds * repeat + rng.permutation(n_folds) for repeat in range(len(splits) // n_folds)]
    )
    one_each = order[:, 0]
    nothing = np.empty(0, np.int64)
    as_tested = [Split(0, k, nothing, nothing, np.arange(m)) for k in range(len(one_each))]
    given = score_heads(scores[one_each], y_new, as_tested).tested()
    pooled = pool_calibrated(score_heads(calibrated[one_each], y_new, as_tested))
    figures = measure_calibration(pooled, rng=rng, n_bootstraps=2)
    assert figures.recalibration is not None
    slope = figures.recalibration.slope
    there = _call_as_tested(calibrated, decisions.thresholds, order, y_new)
    worth = weigh_calls(*there, float(y_new.mean()), decisions.net_benefit.threshold)
    new = {
        **{name: value for name, value in measure(given).items() if name in FIGURES},
        "brier_score": figures.brier_score.value,
        "log_loss": figures.log_loss.value,
        "calibration slope": np.nan if slope is None else slope.value,
        "calibration intercept": figures.recalibration.intercept.value,
        AT_THE_POINT[0]: there[0].value,
        AT_THE_POINT[1]: there[1].value,
        AT_THE_POINT[2]: worth.model.value,
    }
    return StudiedCohort(estimates, new, evaluation.inflation)


def _call_as_tested(
    calibrated: Float[np.ndarray, "heads films classes"],
    thresholds: Float[np.ndarray, " heads"],
    order: Int[np.ndarray, "repeats sets"],
    y: Int[np.ndarray, " films"],
) -> tuple[Estimate, Estimate]:
    """Give sensitivity and specificity of calls by sets of heads, on the average of the sets."""
    log_odds, needed = logit(np.clip(calibrated[..., 1], 1e-9, 1 - 1e-9)), logit(thresholds)
    rates = []
    for heads in order.T:
        is_called = log_odds[heads].mean(axis=0) >= needed[heads].mean()
        rates.append((is_called[y == 1].mean(), (~is_called[y == 0]).mean()))
    sensitivity, specificity = (float(rate) for rate in np.mean(rates, axis=0))
    return (
        Estimate(sensitivity, sensitivity, sensitivity, "many films"),
        Estimate(specificity, specificity, specificity, "many films"),
    )


def _draw_patients(
    y: Int[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    best_auroc: float,
    rng: np.random.Generator,
) -> Features:
    first = draw_features(y, best_auroc, rng)
    if groups[-1] + 1 == len(groups):
        return first
    _, places = np.unique(groups, return_index=True)
    middle = first[places][groups]
    noise = rng.normal(size=first.shape) * _SCALES
    expected = np.zeros_like(first)
    apart = np.sqrt(2) * float(ndtri(best_auroc)) / np.sqrt(len(_INFORMATIVE))
    expected[:, _INFORMATIVE] = apart * (y[:, np.newaxis] - 0.5)
    expected *= _SCALES
    return expected + np.sqrt(2 / 3) * (middle - expected) + np.sqrt(1 / 3) * noise


def simulate_folds(
    films: int,
    best_auroc: float,
    n_simulations: int = 1000,
    *,
    share_positive: float = 0.5,
    per_patient: int = 1,
    train: Trainer = train_logistic,
) -> list[SimulatedRow]:
    """Count how often the intervals of a whole study hold the truth; see `study_cohort`."""
    rng = np.random.default_rng([films, round(1000 * best_auroc), per_patient])
    with threadpool_limits(1):
        studied = [
            study_cohort(
                films,
                best_auroc,
                rng,
                share_positive=share_positive,
                per_patient=per_patient,
                train=train,
            )
            for _ in range(n_simulations)
        ]
    setting = f"best AUROC {best_auroc}" if best_auroc > 0.5 else "random labels"
    if share_positive != 0.5:
        setting += f", {share_positive:.0%} positive"
    if per_patient > 1:
        setting += f", {per_patient} films a patient"
    setting += ", dense heads" if train is train_dense else ", logistic heads"
    return [
        SimulatedRow("coverage from folds", name, films, setting, share, 0.92, 1.0, n_simulations)
        for name, share in count_held(studied).items()
    ]


def simulate(n_simulations: int = 1000) -> list[SimulatedRow]:
    """All rows of the table in docs/statistics.md; takes hours with dense heads."""
    return [
        row
        for train in (train_dense, train_logistic)
        for films in (80, 236, 600)
        for best_auroc in (0.5, 0.9)
        for row in simulate_folds(films, best_auroc, n_simulations, train=train)
    ]


def count_held(studied: Sequence[StudiedCohort]) -> dict[str, float]:
    """Count in which share of the cohorts each interval holds its truth."""
    shares = {}
    for name in (*FIGURES, *AT_THE_POINT):
        new = np.array([cohort.new[name] for cohort in studied])
        truths = new if name in AT_THE_POINT else np.full(len(new), np.nanmean(new))
        held = [
            cohort.estimates[name].low <= truth <= cohort.estimates[name].high
            for cohort, truth in zip(studied, truths, strict=True)
        ]
        shares[name] = float(np.mean(held))
    return shares
