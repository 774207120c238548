"""What the checks find on public films: what is there, and hardly anything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embedded import embedded
from hilum.auditing.checks.films import LEAST_AFFINITY, check_domain, check_inverted
from hilum.auditing.checks.patients import check_mixed_patients
from hilum.auditing.checks.shortcuts import check_lettering
from hilum.cohort.cohort import Cohort
from hilum.features.extraction import extract_features
from hilum.features.traits import FilmTraits, measure_traits
from hilum.features.views import rotated_views

pytestmark = pytest.mark.films


@pytest.fixture(scope="module")
def paper(films_folder: Path) -> Cohort:
    return Cohort.from_folder(films_folder / "paper-cohort")


@pytest.fixture(scope="module")
def film_traits(paper: Cohort, graph_cache: Path) -> FilmTraits:
    return measure_traits(paper.films, cache_dir=graph_cache).film_traits


def test_the_markers_of_one_collection_are_seen(paper: Cohort, film_traits: FilmTraits) -> None:
    unlike = check_lettering(paper, film_traits)[0]
    assert unlike.severity == "warn"
    shares = unlike.evidence["share_per_class"]
    assert shares["Normal"] > 0.9
    assert shares["COVID-19"] < 0.4


def test_films_are_no_negatives_and_negatives_are(paper: Cohort, film_traits: FilmTraits) -> None:
    assert check_inverted(paper, film_traits) == []
    (found,) = check_inverted(paper, replace(film_traits, pictures=255 - film_traits.pictures))
    assert found.evidence["n_films"] > 0.95 * len(paper)


def test_patients_in_two_classes_are_found(films_folder: Path) -> None:
    cohort = Cohort.from_folder(films_folder / "darkcovidnet")
    (found,) = check_mixed_patients(cohort)
    assert found.evidence["n_patients"] == 8
    assert found.evidence["n_films"] == 24


def test_pictures_of_other_things_are_found_among_a_hundred_films(
    films_folder: Path, graph_cache: Path
) -> None:
    cohort = Cohort.from_folder(films_folder / "darkcovidnet")
    folder = Cohort.from_folder(films_folder, classes=["not-radiographs", "radiography"])
    strange = [film for film in folder.films if film.label == "not-radiographs"]
    films = (*cohort.films[20:120], *strange)
    mixed = replace(cohort, films=films, classes=(*cohort.classes, "not-radiographs"))
    features = extract_features(
        mixed.films, embedded(), views=rotated_views(0, 0), cache_dir=graph_cache
    ).table.values[:, 0]
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    similar = units @ units.T
    np.fill_diagonal(similar, -1)
    affinity = similar.max(axis=1).astype(np.float64)
    (found,) = check_domain(mixed, affinity)
    assert set(found.evidence["films"]) == {film.film_id for film in strange}
    assert np.sort(affinity)[3] > LEAST_AFFINITY + 0.05
