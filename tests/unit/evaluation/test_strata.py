"""AUROC within strata, against a plain loop over pairs."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.evaluation.scored_films import ScoredFilms
from hilum.evaluation.strata import stratify_auroc


def scored(y: np.ndarray, score: np.ndarray, groups: np.ndarray | None = None) -> ScoredFilms:
    return ScoredFilms(
        films=np.arange(len(y)),
        y_true=y,
        scores=np.stack([-score, score], axis=1),
        groups=np.arange(len(y)) if groups is None else groups,
        positive=1,
    )


def loop(y: np.ndarray, score: np.ndarray, levels: list[str]) -> float:
    right = pairs = 0.0
    for a in np.flatnonzero(y == 1):
        for b in np.flatnonzero(y == 0):
            if levels[a] == levels[b]:
                pairs += 1
                right += float(score[a] > score[b]) + 0.5 * float(score[a] == score[b])
    return right / pairs


def make(seed: int, of_disease: float, of_sex: float, n: int = 200):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    is_male = rng.random(n) < np.where(y == 1, 0.85, 0.15)
    score = np.round(rng.normal(size=n) + of_disease * y + of_sex * is_male, 1)
    return y, score, np.where(is_male, "M", "F").tolist()


def test_it_is_the_share_of_pairs_within_strata() -> None:
    y, score, levels = make(0, 1.0, 1.0)
    found = stratify_auroc(scored(y, score), levels)
    assert found is not None
    assert found.auroc.value == pytest.approx(loop(y, score, levels))
    assert found.crude.value == pytest.approx(loop(y, score, ["all"] * len(y)))
    assert found.fall.value == pytest.approx(found.crude.value - found.auroc.value)


def test_a_network_that_knows_the_sex_alone_falls_to_chance() -> None:
    y, score, levels = make(1, 0.0, 3.0)
    found = stratify_auroc(scored(y, score), levels)
    assert found is not None
    assert found.crude.low > 0.6
    assert found.auroc.low < 0.5 < found.auroc.high
    assert found.fall.low > 0.05


def test_a_network_that_knows_the_disease_alone_does_not_fall() -> None:
    y, score, levels = make(2, 2.0, 0.0)
    found = stratify_auroc(scored(y, score), levels)
    assert found is not None
    assert found.fall.low < 0 < found.auroc.low - 0.5


def test_the_jackknife_leaves_whole_groups_out() -> None:
    y, score, levels = make(3, 1.0, 0.0, n=120)
    groups = np.arange(120) // 4  # of both classes
    found = stratify_auroc(scored(y, score, groups), levels)
    assert found is not None
    without = []
    for group in range(30):
        kept = groups != group
        without.append(
            loop(y[kept], score[kept], [level for level, k in zip(levels, kept, strict=True) if k])
        )
    odds = np.log(np.array(without) / (1 - np.array(without)))
    spread = np.sqrt(29 / 30 * np.sum((odds - odds.mean()) ** 2))
    centre = np.log(found.auroc.value / (1 - found.auroc.value))
    low, high = (1 / (1 + np.exp(-(centre + side * 1.959964 * spread))) for side in (-1, 1))
    assert (found.auroc.low, found.auroc.high) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.slow
def test_the_interval_covers_its_figure() -> None:
    truth = loop(*make(10_000, 1.0, 1.0, n=6000))
    hits = 0
    for seed in range(400):
        y, score, levels = make(seed, 1.0, 1.0)
        found = stratify_auroc(scored(y, score), levels)
        assert found is not None
        hits += found.auroc.low <= truth <= found.auroc.high
    assert 0.93 <= hits / 400 <= 0.98


def test_films_without_company_take_no_part() -> None:
    y, score, levels = make(4, 1.0, 0.0)
    alone = [None if k < 50 else ("alone" if k == 50 else level) for k, level in enumerate(levels)]
    found = stratify_auroc(scored(y, score), alone)
    assert found is not None
    assert found.n_films == 149
    assert stratify_auroc(scored(y, score), [str(k) for k in range(200)]) is None
