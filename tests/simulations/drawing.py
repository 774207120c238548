"""Cohorts of which the truth is known, and the row in which a simulation tells its result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit, ndtr, ndtri

_INTEGRATION_POINTS = 200_001


@dataclass(frozen=True)
class SimulatedRow:
    """How often something happened in simulated cohorts, and how often it may.

    Attributes:
        question: What was counted: `coverage`, `false positives` or `power`.
        method: The interval or test.
        films: Films in each cohort.
        setting: What the cohorts are like, in words, such as `AUROC 0.95, balanced`.
        share: In which share of the simulations it happened.
        allowed_low: The least that is held to be right.
        allowed_high: The most.
        n_simulations: Cohorts that were drawn.
    """

    question: str
    method: str
    films: int
    setting: str
    share: float
    allowed_low: float
    allowed_high: float
    n_simulations: int

    @property
    def is_allowed(self) -> bool:
        """Whether the share lies within what is allowed."""
        return self.allowed_low <= self.share <= self.allowed_high


@dataclass(frozen=True)
class DrawnCohort:
    """Scored films, in random order where the order could matter."""

    is_positive: Bool[np.ndarray, " films"]
    y_score: Float[np.ndarray, " films"]
    groups: Int[np.ndarray, " films"]


def draw_binormal(
    n_positive: int, n_other: int, auroc: float, rng: np.random.Generator, spread: float = 1.0
) -> DrawnCohort:
    """Draw films of different patients, both sides normal, `spread` times as wide if positive."""
    n_films = n_positive + n_other
    is_positive = np.arange(n_films) < n_positive
    y_score = rng.normal(size=n_films) * np.where(is_positive, spread, 1.0)
    y_score += _distance(auroc, spread) * is_positive
    return DrawnCohort(is_positive, y_score, np.arange(n_films))


def draw_clustered(
    n_patients: int, auroc: float, correlation: float, rng: np.random.Generator
) -> DrawnCohort:
    """Draw patients with one to four films each, every other patient ill.

    Args:
        n_patients: An even number of patients.
        auroc: The true AUROC for films of two patients, ill and well.
        correlation: Of the scores of two films of one patient.
        rng: Where the draws come from.
    """
    groups = patients_of_films(n_patients)
    is_positive = groups % 2 == 0
    of_patient = rng.normal(size=n_patients)[groups] * np.sqrt(correlation)
    of_film = rng.normal(size=len(groups)) * np.sqrt(1 - correlation)
    return DrawnCohort(is_positive, of_patient + of_film + _distance(auroc) * is_positive, groups)


def draw_calls(
    n_patients: int, share: float, correlation: float, rng: np.random.Generator
) -> tuple[Bool[np.ndarray, " films"], Int[np.ndarray, " films"]]:
    """Draw which films of patients with one to four films each are called rightly.

    Each patient has a share of its own, from a beta distribution around the true one.
    """
    groups = patients_of_films(n_patients)
    strength = 1 / correlation - 1
    of_patient = rng.beta(share * strength, (1 - share) * strength, size=n_patients)
    return rng.random(len(groups)) < of_patient[groups], groups


def patients_of_films(n_patients: int) -> Int[np.ndarray, " films"]:
    """Give pairs of patients, ill and well, one film each, then two, three, four, and again."""
    films_per_patient = np.arange(n_patients) // 2 % 4 + 1
    return np.repeat(np.arange(n_patients), films_per_patient)


def binormal_average_precision(auroc: float, share_positive: float, spread: float = 1.0) -> float:
    """Compute the average precision that infinitely many films would have."""
    distance = _distance(auroc, spread)
    recall = (np.arange(_INTEGRATION_POINTS) + 0.5) / _INTEGRATION_POINTS
    found = share_positive * recall
    alarmed = (1 - share_positive) * ndtr(spread * ndtri(recall) - distance)
    return float(np.mean(found / (found + alarmed)))


def binormal_probability(
    y_score: Float[np.ndarray, " films"], auroc: float, sureness: float = 1.0
) -> Float[np.ndarray, " films"]:
    """Give the probability that a film with this score is positive, where half of them are.

    Args:
        y_score: From `draw_binormal` or `draw_clustered`.
        auroc: That of the draw.
        sureness: By what the log odds are multiplied; 1 is right.
    """
    distance = _distance(auroc)
    return np.asarray(expit(sureness * distance * (y_score - distance / 2)))


def binormal_losses(auroc: float, sureness: float = 1.0) -> tuple[float, float]:
    """Compute the Brier score and the log-loss that infinitely many films would have."""
    # Both sides lose as much, one being the mirror of the other.
    scores = _distance(auroc) + ndtri((np.arange(_INTEGRATION_POINTS) + 0.5) / _INTEGRATION_POINTS)
    probability = binormal_probability(scores, auroc, sureness)
    return float(np.mean((1 - probability) ** 2)), float(np.mean(-np.log(probability)))


def _distance(auroc: float, spread: float = 1.0) -> float:
    return float(np.hypot(1, spread) * ndtri(auroc))
