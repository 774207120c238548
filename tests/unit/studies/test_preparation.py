"""What is settled before a study: films that stay together, choices, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilum.auditing.checks.cohort import check_leaks
from hilum.backbones.weights import LocalWeights
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.duplicates.duplicates import Duplicate
from hilum.errors import CohortError, FoldsError, RecipeError, UnknownBackboneError, WeightsError
from hilum.studies.auditing import check_labels_agree
from hilum.studies.preparation import choose_backbones, draw_folds
from hilum.studies.recipes import find_recipe

LOCAL_WEIGHTS = LocalWeights(Path("nowhere"))


def make_cohort(n_films: int = 60, films_per_patient: int = 3, *, is_known: bool = True) -> Cohort:
    films = tuple(
        Film(
            film_id=f"{k:012x}",
            path=Path(f"{k}.png"),
            sha256=f"{k:064x}",
            label=("Normal", "Opacity")[(k // films_per_patient) % 2],
            patient=f"p{k // films_per_patient}" if is_known else None,
        )
        for k in range(n_films)
    )
    return Cohort("made", films, ("Normal", "Opacity"))


def test_the_papers_split_leaks_and_says_so() -> None:
    cohort = make_cohort()
    folds = draw_folds(cohort, find_recipe("paper"), seed=0)
    (split,) = folds.splits
    patients = [film.patient for film in cohort.films]
    both = {patients[k] for k in split.train} & {patients[k] for k in split.test}
    assert len(folds.straddling_groups) == len(both) > 0
    (finding,) = check_leaks(cohort, folds)
    assert finding.evidence["n_groups"] == len(both)
    assert finding.severity == "fail"


def test_the_papers_split_does_not_move_with_the_seed() -> None:
    cohort = make_cohort()
    first, second = (draw_folds(cohort, find_recipe("paper"), seed=seed) for seed in (0, 7))
    assert (first.splits[0].test == second.splits[0].test).all()


def test_repeated_folds_leak_nothing() -> None:
    cohort = make_cohort()
    folds = draw_folds(cohort, find_recipe("hilum"), seed=0)
    assert len(folds.straddling_groups) == 0
    assert check_leaks(cohort, folds) == []


def test_duplicates_stay_together_with_all_films_of_their_patients() -> None:
    cohort = make_cohort()
    duplicates = (Duplicate(0, 59, "rotated", 7.0, 0.9), Duplicate(3, 30, "copy", 0.0, 0.95))
    groups = draw_folds(cohort, find_recipe("hilum"), 0, duplicates).groups
    assert len(set(groups[[0, 1, 2, 57, 58, 59]])) == 1
    assert len(set(groups[[3, 4, 5, 30, 31, 32]])) == 1
    assert len(set(groups)) == 18


def test_one_film_in_two_classes_stops_the_study() -> None:
    films = make_cohort().films
    duplicate = Film("copy", Path("copy.png"), films[0].sha256, "Opacity")
    with pytest.raises(CohortError, match=r"0.png .Normal. = copy.png .Opacity."):
        check_labels_agree(Cohort("made", (*films, duplicate), ("Normal", "Opacity")))
    check_labels_agree(make_cohort())


def test_folds_that_cannot_be_drawn_name_the_films_that_are_missing() -> None:
    from hilum.cohort.films import Exclusion

    lost = Exclusion("x", Path("lost.png"), "Normal", "CORRUPT", "It ends early.", "Export it.")
    small = make_cohort(12, 1)
    cohort = Cohort("made", small.films[:6], small.classes, excluded=(lost,))
    with pytest.raises(FoldsError, match=r"lost.png: CORRUPT"):
        draw_folds(cohort, find_recipe("hilum"), seed=0)


def test_choices_are_checked_before_any_work() -> None:
    (only,), unavailable = choose_backbones("efficientnet-lite1", LOCAL_WEIGHTS)
    assert only.name == "efficientnet-lite1"
    assert unavailable == ()
    assert len(choose_backbones(None, LOCAL_WEIGHTS)[0]) == 3
    with pytest.raises(UnknownBackboneError, match="No backbone is named"):
        choose_backbones([], LOCAL_WEIGHTS)
    with pytest.raises(WeightsError, match="no folder 'nobody'"):
        choose_backbones(None, LocalWeights(Path("nowhere"), Path("nobody")))
    with pytest.raises(RecipeError, match="one fixed split"):
        find_recipe("paper", folds=3)
    with pytest.raises(RecipeError, match="out of range"):
        find_recipe("hilum", repeats=10**9)
