"""Do the maps point at what is known to be the reason? On generated films it is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from embedded import EMBEDDED
from every import every
from hilum.classifier.explain.checks import check_sanity
from hilum.classifier.explain.explanation import cover_of_cells
from hilum.classifier.graph import FeatureGraph
from hilum.features.views import resize_film
from hilum.phantoms.anatomy import draw_anatomy
from hilum.phantoms.canvas import X_CM
from hilum.phantoms.cohort import draw_phantom
from hilum.phantoms.film import draw_film, draw_finding, draw_pose
from hilum.phantoms.plan import plan_phantoms
from hilum.phantoms.shortcuts import add_shortcut, place_marker
from unit.classifier.phantom_heads import (
    Explainer,
    chance_of_pointing_at,
    open_backbone,
    points_at,
    train_explainer,
)

N_TRAINING, N_NEW = 40, 20


@dataclass(frozen=True)
class Phantoms:
    """Generated films with what is known of them."""

    films: list[np.ndarray]
    truths: list[np.ndarray]
    y: np.ndarray
    patients: list[str]


def some_phantoms(n_films: int, seed: int) -> Phantoms:
    plans = plan_phantoms(n_films)
    drawn = [draw_phantom(plan, seed) for plan in plans]
    return Phantoms(
        [each.pixels for each in drawn],
        [each.finding for each in drawn],
        np.array([int(plan.label == "Opacity") for plan in plans]),
        [plan.patient for plan in plans],
    )


@pytest.fixture(scope="module")
def graph(graph_cache: Path) -> FeatureGraph:
    return open_backbone("efficientnet-lite0", graph_cache)


@pytest.fixture(scope="module")
def training() -> Phantoms:
    return some_phantoms(N_TRAINING, seed=0)


@pytest.fixture(scope="module")
def new() -> Phantoms:
    return some_phantoms(N_NEW, seed=1)


@pytest.fixture(scope="module")
def explainer(graph: FeatureGraph, training: Phantoms) -> Explainer:
    return train_explainer(graph, training.films, training.y, training.patients)


def marked(film: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The film with a marker's letter, and the box around it."""
    height, width = film.shape
    corners = place_marker((height, width), np.random.default_rng(seed))
    (left, top), (right, bottom) = corners.min(axis=0).astype(int), corners.max(axis=0).astype(int)
    box = np.zeros(film.shape, bool)
    box[top : bottom + 1, left : right + 1] = True
    return add_shortcut("marker-shortcut", film, np.random.default_rng(seed)), box


def pointing_share(explainer: Explainer, films: Phantoms, *, tolerance: int) -> float:
    """Share of films with disease whose strongest cell points at it."""
    ill = np.flatnonzero(films.y)
    maps = explainer.maps([films.films[k] for k in ill])
    hits = [
        points_at(cells, films.truths[k], tolerance=tolerance)
        for cells, k in zip(maps, ill, strict=True)
    ]
    return float(np.mean(hits))


def test_maps_dwell_on_opacities(explainer: Explainer, new: Phantoms) -> None:
    """A few films' strongest cells tell little; what lies on the disease in all tells more."""
    ill = np.flatnonzero(new.y)
    shares, areas = [], []
    for cells, k in zip(explainer.maps([new.films[k] for k in ill]), ill, strict=True):
        cover, speaking_for = cover_of_cells(new.truths[k], cells.shape), np.maximum(cells, 0)
        shares.append((speaking_for * cover).sum() / speaking_for.sum())
        areas.append(cover.mean())
    assert np.mean(shares) > 1.3 * np.mean(areas)


@pytest.mark.slow
@pytest.mark.parametrize("name", EMBEDDED)
def test_pointing_game(name: str, graph_cache: Path) -> None:
    graph = open_backbone(name, graph_cache)
    training, new = some_phantoms(160, seed=0), some_phantoms(120, seed=1)
    explainer = train_explainer(
        graph, training.films, training.y, training.patients, n_rotated=2, n_repeats=2
    )
    assert pointing_share(explainer, new, tolerance=1) >= 0.9
    # Opacities in both lungs are hard to miss by a cell. Of one lung's alone, a guess finds
    # far fewer.
    one_sided = opacities_of_one_lung(60)
    chance = np.mean(
        [chance_of_pointing_at(truth, (7, 7), tolerance=1) for truth in one_sided.truths]
    )
    assert chance < 0.45
    assert pointing_share(explainer, one_sided, tolerance=1) >= 0.75


def opacities_of_one_lung(n_films: int) -> Phantoms:
    films, truths = [], []
    for k in range(n_films):
        rngs = [np.random.default_rng([9, k, part]) for part in range(4)]
        anatomy = draw_anatomy(rngs[0])
        lost_air = draw_finding("Opacity", anatomy, rngs[1])
        assert lost_air is not None
        sides = [lost_air * (X_CM < 0), lost_air * (X_CM > 0)]
        drawn = draw_film(
            anatomy, draw_pose(anatomy, rngs[2]), rngs[3], max(sides, key=lambda side: side.sum())
        )
        films.append(drawn.pixels)
        truths.append(drawn.finding)
    return Phantoms(films, truths, np.ones(n_films, int), [str(k) for k in range(n_films)])


def test_maps_lie_on_a_marker(graph: FeatureGraph, training: Phantoms, new: Phantoms) -> None:
    films = [
        marked(film, k)[0] if is_ill else film
        for k, (film, is_ill) in enumerate(zip(training.films, training.y, strict=True))
    ]
    explainer = train_explainer(graph, films, training.y, training.patients)
    # Nothing but the marker tells these from the films of the other class.
    healthy = [marked(new.films[k], k) for k in np.flatnonzero(new.y == 0)]
    shares, distances = [], []
    for cells, (_, box) in zip(explainer.maps([film for film, _ in healthy]), healthy, strict=True):
        speaking_for = np.maximum(cells, 0)
        shares.append(speaking_for[:2, -2:].sum() / speaking_for.sum())
        of_marker = np.argwhere(cover_of_cells(box, cells.shape) > 0)
        strongest = np.unravel_index(cells.argmax(), cells.shape)
        distances.append(np.abs(of_marker - strongest).max(axis=1).min())
    assert np.mean(np.array(distances) <= 1) >= 0.9
    assert np.mean(shares) > 4 * 4 / 49  # four cells of all


def test_maps_change_when_the_heads_forget(explainer: Explainer, new: Phantoms) -> None:
    squares = np.stack([resize_film(new.films[k], 224) for k in np.flatnonzero(new.y)[:4]])
    maps = explainer.graph.look(squares, maps=True).maps
    assert maps is not None
    checks = [
        check_sanity(
            explainer.heads, each, 1, pooling="average",
            reference=explainer.references.against(1), rng=np.random.default_rng(0),
        )
        for each in maps
    ]  # fmt: skip
    assert all(check.is_passed for check in every(checks))
    assert abs(np.mean([check.correlations.mean() for check in checks])) < 0.2
