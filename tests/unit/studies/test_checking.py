"""What the checks say is what the splits did."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilum.backbones.weights import WeightsShelf
from hilum.cohort.manifest import Cohort, Film
from hilum.errors import CohortError, FoldsError, RecipeError, UnknownBackboneError, WeightsError
from hilum.studies.checking import check_cohort, check_labels_agree, give_verdict
from hilum.studies.preparing import choose_backbones, draw_folds
from hilum.studies.recipes import find_recipe

SHELF = WeightsShelf(Path("nowhere"))


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
    findings = {finding.check: finding for finding in check_cohort(cohort, folds)}
    assert findings["leaks"].evidence["groups"] == len(both)
    reasons = " ".join(give_verdict(cohort, folds, ()).reasons)
    assert f"in training and in test: {len(both)} times" in reasons
    assert "Validation and test are the same films" in reasons


def test_the_papers_split_does_not_move_with_the_seed() -> None:
    cohort = make_cohort()
    first, second = (draw_folds(cohort, find_recipe("paper"), seed=seed) for seed in (0, 7))
    assert (first.splits[0].test == second.splits[0].test).all()


def test_repeated_folds_leak_nothing_and_claim_nothing_more() -> None:
    cohort = make_cohort()
    folds = draw_folds(cohort, find_recipe("hilum"), seed=0)
    assert len(folds.straddling_groups) == 0
    assert "leaks" not in {finding.check for finding in check_cohort(cohort, folds)}
    verdict = give_verdict(cohort, folds, ())
    assert verdict.headline == "limited"
    assert "did not test for shortcuts" in verdict.reasons[0]
    assert len(verdict.reasons) == 1


def test_unknown_patients_are_a_reason() -> None:
    cohort = make_cohort(is_known=False)
    folds = draw_folds(cohort, find_recipe("hilum"), seed=0)
    assert any("Patients are unknown" in r for r in give_verdict(cohort, folds, ()).reasons)
    assert {f.check: f.severity for f in check_cohort(cohort, folds)}["patients"] == "warn"


def test_one_film_in_two_classes_stops_the_study() -> None:
    films = make_cohort().films
    twin = Film("twin", Path("twin.png"), films[0].sha256, "Opacity")
    with pytest.raises(CohortError, match=r"0.png .Normal. = twin.png .Opacity."):
        check_labels_agree(Cohort("made", (*films, twin), ("Normal", "Opacity")))
    check_labels_agree(make_cohort())


def test_folds_that_cannot_be_drawn_name_the_films_that_are_missing() -> None:
    from hilum.cohort.manifest import Exclusion

    lost = Exclusion("x", Path("lost.png"), "Normal", "CORRUPT", "It ends early.", "Export it.")
    small = make_cohort(12, 1)
    cohort = Cohort("made", small.films[:6], small.classes, excluded=(lost,))
    with pytest.raises(FoldsError, match=r"lost.png: CORRUPT"):
        draw_folds(cohort, find_recipe("hilum"), seed=0)


def test_choices_are_checked_before_any_work() -> None:
    (only,), unavailable = choose_backbones("efficientnet-lite1", SHELF)
    assert only.name == "efficientnet-lite1"
    assert unavailable == ()
    assert len(choose_backbones(None, SHELF)[0]) == 3
    with pytest.raises(UnknownBackboneError, match="No backbone is named"):
        choose_backbones([], SHELF)
    with pytest.raises(WeightsError, match="no folder 'nobody'"):
        choose_backbones(None, WeightsShelf(Path("nowhere"), Path("nobody")))
    with pytest.raises(RecipeError, match="one fixed split"):
        find_recipe("paper", folds=3)
    with pytest.raises(RecipeError, match="out of range"):
        find_recipe("hilum", repeats=10**9)
