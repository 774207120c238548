"""Scores into probabilities that mean what they say: temperature scaling per head.

A head that was trained on few films is often too sure of itself, and one that
balances the classes speaks of a cohort with equally many films of each. Both are
mended here, the second from how the classes are mixed, the first by a single number
fitted on the head's validation films. How good the probabilities then are is told by
`reliability`, on test films.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from hilum.evaluation.decisions import SMALLEST_PROBABILITY, Calibrator
from hilum.evaluation.scored_films import HeadScores, ScoredFilms

# Beyond the ends, scores are all but coins, or all but certain.
_LOG_TEMPERATURES = (math.log(0.01), math.log(100.0))

# What is believed of log T beforehand.
_PRIOR_SD = 0.5

# The logarithm of a probability that rounding has made 0 must stay finite.
_TINY = 1e-300

# A temperature that lowers the loss by less than this (nats per film) is rounding.
_NO_GAIN = 1e-12


def fit_calibrator(
    scores: Float[np.ndarray, "films classes"],
    y_true: Int[np.ndarray, " films"],
    *,
    log_prior_ratio: Float[np.ndarray, " classes"],
) -> Calibrator:
    """Find the temperature at which a head's scores say best what came.

    It is the most probable one after these films, between 0.01 and 100, if beforehand its
    logarithm is taken to lie around 0 with a standard deviation of 0.5: most heads are near
    right, and few are off by a factor of 3. So few films that happen to be ranked without
    fault do not make a head infinitely sure, and with many films the difference is gone.

    Args:
        scores: Probability of each class for each validation film, as the head gives it.
            Where it is 0 or 1, it is taken as 1e-7 away from that.
        y_true: Class index of each film.
        log_prior_ratio: Added to the logarithms after the temperature; see `Calibrator`.

    Returns:
        The calibrator. Its temperature is 1 where no other is better, as for a head that
        scores all films alike.

    Raises:
        ValueError: There is no film, or a score is not finite.

    Source: Guo, Pleiss, Sun and Weinberger (2017), Proceedings of the 34th International
    Conference on Machine Learning, 1321-1330.
    """
    if len(y_true) == 0:
        raise ValueError("a calibrator needs at least one validation film")
    if not np.all(np.isfinite(scores)):
        raise ValueError("scores of validation films must be finite")
    log_scores = _log_scores(scores)
    own = np.arange(len(y_true)), y_true

    def loss(log_temperature: float) -> float:
        scaled = log_scores / math.exp(log_temperature) + log_prior_ratio
        doubt = (log_temperature / _PRIOR_SD) ** 2 / 2
        return float((doubt - np.sum(log_softmax(scaled, axis=1)[own])) / len(y_true))

    # In 1 / T the films' part is convex; both parts together have one valley in practice.
    best = minimize_scalar(
        loss, bounds=_LOG_TEMPERATURES, method="bounded", options={"xatol": 1e-6}
    )
    is_better = best.fun < loss(0.0) - _NO_GAIN
    return Calibrator(
        temperature=math.exp(best.x) if is_better else 1.0, log_prior_ratio=log_prior_ratio
    )


def calibrate(
    calibrator: Calibrator, scores: Float[np.ndarray, "*films classes"]
) -> Float[np.ndarray, "*films classes"]:
    """Turn one head's scores into probabilities.

    Args:
        calibrator: The head's own.
        scores: Probability of each class as the head gives it, for any films.

    Returns:
        Probabilities in the same order, summing to 1 for each film; NaN where a film's
        scores are.
    """
    scaled = _log_scores(scores) / calibrator.temperature + calibrator.log_prior_ratio
    return np.asarray(softmax(scaled, axis=-1), dtype=np.float64)


def pool_calibrated(probabilities: HeadScores) -> ScoredFilms:
    """Average calibrated probabilities over the heads that tested each film.

    The logarithms are averaged. The plain mean of probabilities that are each right is more
    timid than they are, since heads that err in different directions pull it to the middle
    (Ranjan and Gneiting); means of logarithms suffer less from that.

    Args:
        probabilities: The heads' calibrated probabilities.

    Returns:
        One row per film that was tested, summing to 1.

    Raises:
        ValueError: A tested film's is not finite.

    Source: Genest and Zidek (1986), Statistical Science 1:114-135; Ranjan and Gneiting
    (2010), Journal of the Royal Statistical Society B 72:71-91.
    """
    pooled = replace(probabilities, scores=_logarithm(probabilities.scores)).tested()
    return replace(pooled, scores=np.asarray(softmax(pooled.scores, axis=1)))


def calibrate_heads(
    heads: HeadScores, *, balances_classes: bool
) -> tuple[tuple[Calibrator, ...], HeadScores]:
    """Calibrate every head on its own validation films.

    Neither a head's test films nor their labels change its calibrator.

    Args:
        heads: Their scores.
        balances_classes: Whether the heads were trained as if all classes had equally many
            films. If so, the true mixture is put back: that of the films on which head h was
            trained and validated.

    Returns:
        One calibrator per head, and the heads' calibrated probabilities of all films.

    Raises:
        ValueError: A split has no validation films or tests some of them, or a validation
            film's score is not finite.
    """
    y_true, n_classes = heads.y_true, heads.scores.shape[2]
    calibrators = []
    for of_head, split in zip(heads.scores, heads.splits, strict=True):
        if np.isin(split.validation, split.test).any():
            raise ValueError("validation films must not be tested: they choose the calibrator")
        seen = np.concatenate([split.train, split.validation])
        calibrators.append(
            fit_calibrator(
                of_head[split.validation],
                y_true[split.validation],
                log_prior_ratio=log_prior_ratio(y_true[seen], n_classes)
                if balances_classes
                else np.zeros(n_classes),
            )
        )
    pairs = zip(calibrators, heads.scores, strict=True)
    calibrated = np.stack([calibrate(c, of_head) for c, of_head in pairs])
    return tuple(calibrators), replace(heads, scores=calibrated)


def log_prior_ratio(
    y_true: Int[np.ndarray, " films"], n_classes: int
) -> Float[np.ndarray, " classes"]:
    """Compare the classes' shares of some films with equal shares.

    Args:
        y_true: Class index of each film.
        n_classes: Classes of the study. One without a film counts as half a film, so that
            it stays possible.

    Returns:
        Logarithm of share times classes: 0 for a class that has its equal share.

    Source: Saerens, Latinne and Decaestecker (2002), Neural Computation 14:21-41.
    """
    counts = np.maximum(np.bincount(y_true, minlength=n_classes), 0.5)
    return np.asarray(np.log(counts * n_classes / counts.sum()), dtype=np.float64)


def _log_scores(
    scores: Float[np.ndarray, "*films classes"],
) -> Float[np.ndarray, "*films classes"]:
    return np.log(
        np.clip(scores.astype(np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    )


def _logarithm(
    probabilities: Float[np.ndarray, "*films classes"],
) -> Float[np.ndarray, "*films classes"]:
    return np.asarray(np.log(np.maximum(probabilities, _TINY)))
