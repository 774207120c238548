"""Two scores of the same films, the tests on them, and the count of what the tests find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import ndtri

from hilum.evaluation.comparison import delong_test, mcnemar_test
from hilum.evaluation.discrimination import delong_aurocs
from simulations.drawing import SimulatedRow

LEVEL = 0.05

# What two backbones see in a film has this much in common, and films of one patient too.
COMMON = 0.5
CORRELATION = 0.5

FALSE_POSITIVES = (0.0, 0.065)
POWER = (0.75, 0.87)

# Shown for what they are, and held to nothing.
_ANYTHING = (0.0, 1.0)
_SHOWN_ONLY = ("as given", "as independent", "unlike patients")

PValues = Callable[[np.random.Generator], Mapping[str, float]]


def draw_scores(
    is_positive: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    aurocs: Sequence[float],
    rng: np.random.Generator,
) -> Float[np.ndarray, "scores films"]:
    """Draw scores of the same films, which find the same films hard."""
    common = draw_noise(groups, 1, rng)[:, 0]
    noise = [
        np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * draw_noise(groups, 1, rng)[:, 0]
        for _ in aurocs
    ]
    distances = np.array([2 * middle_between(auroc) for auroc in aurocs])
    return np.stack(noise) + distances[:, np.newaxis] * is_positive


def draw_noise(
    groups: Int[np.ndarray, " films"], n_columns: int, rng: np.random.Generator
) -> Float[np.ndarray, "films columns"]:
    """Draw normal columns, in which films of one patient are correlated."""
    of_film = rng.normal(size=(len(groups), n_columns))
    if groups.max() + 1 == len(groups):
        return of_film
    of_patient = rng.normal(size=(groups.max() + 1, n_columns))[groups]
    return np.sqrt(CORRELATION) * of_patient + np.sqrt(1 - CORRELATION) * of_film


def middle_between(auroc: float) -> float:
    """Where the two classes of a score with this AUROC meet."""
    return float(np.sqrt(2) * ndtri(auroc)) / 2


def compare_both(
    is_positive: Bool[np.ndarray, " films"],
    scores: Float[np.ndarray, "2 films"],
    groups: Int[np.ndarray, " films"],
    *,
    threshold: float | None = None,
    inflation: float = 1.0,
) -> dict[str, float]:
    """Test two scores by their ranking and by their calls; from their mean on films are called."""
    if threshold is None:
        threshold = float(scores.mean())
    aurocs = delong_aurocs(is_positive, scores, groups)
    aurocs = replace(aurocs, covariance=inflation * aurocs.covariance)
    a, b = (scores > threshold) == is_positive
    return {
        "DeLong": delong_test(aurocs, 0, 1),
        "McNemar": mcnemar_test(a, b, groups),
    }


def count_findings(
    p_values: PValues,
    films: int,
    setting: str,
    n_simulations: int,
    *,
    question: str = "false positives",
) -> list[SimulatedRow]:
    """Count how often each p is at or below the level; a p that does not exist is none."""
    rng = np.random.default_rng([films, n_simulations])
    drawn = [p_values(rng) for _ in range(n_simulations)]
    rows = []
    for method in drawn[0]:
        share = float(np.mean([p[method] <= LEVEL for p in drawn]))
        allowed = POWER if question == "power" else FALSE_POSITIVES
        if method.endswith(_SHOWN_ONLY):
            allowed = _ANYTHING
        rows.append(SimulatedRow(question, method, films, setting, share, *allowed, n_simulations))
    return rows
