"""Each source is tested by heads that saw none of it, or the reason is said why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_study import SmallStudy, draw_cohort, open_quiet_context, study

from every import every
from hilum.cohort.cohort import Cohort
from hilum.folds.groups import group_films
from hilum.studies.results import SourceValidation
from hilum.studies.sources import LEAST_FILMS, validate_by_source


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


def validate(here: SmallStudy) -> SourceValidation | None:
    return validate_by_source(here.design, here.backbones, here.results, here.context)


def merge(name: str, **sources: Cohort) -> Cohort:
    """Make one cohort of several, each a source with patients of its own."""
    films = tuple(
        replace(film, source=source, patient=f"{source}-{film.patient}", film_id=f"{source}{k}")
        for source, cohort in sources.items()
        for k, film in enumerate(cohort.films)
    )
    return Cohort(name, films, ("Normal", "Opacity"))


@pytest.fixture(scope="module")
def collected(folder: Path) -> SmallStudy:
    """Two sources alike, a third in which nothing is fogged, and a tiny one."""
    context = open_quiet_context(folder)
    parts = {
        "north": draw_cohort(folder / "north", 32, "exposure-shortcut", seed=1),
        "south": draw_cohort(folder / "south", 28, "exposure-shortcut", seed=2),
        "west": draw_cohort(folder / "west", 30, seed=3),
        "tiny": draw_cohort(folder / "tiny", LEAST_FILMS - 1, seed=4),
    }
    return study(merge("collected", **parts), context)


def test_a_source_without_the_shortcut_is_the_one_that_falls(collected: SmallStudy) -> None:
    validation = validate(collected)
    assert validation is not None
    assert [(t.source, t.n_films, t.n_positives) for t in validation.tests] == [
        ("north", 32, 16), ("west", 30, 15), ("south", 28, 14), ("tiny", 4, 2),
    ]  # fmt: skip
    north, west, south, tiny = validation.tests
    for test in (north, south, west):
        assert test.why_untested == ""
        (scored,) = test.transfers
        confusion = scored.confusion
        assert confusion.tp + confusion.fn == test.n_positives
        assert scored.drops.keys() == {"sensitivity", "specificity", "auroc"}
        assert scored.operating_point is not None
        point = scored.operating_point.confusion
        assert point.tp + point.fn + point.tn + point.fp == test.n_films
    (fallen,) = west.transfers
    ranked = [t.transfers[0].metrics["auroc"].value for t in (north, south)]
    assert fallen.metrics["auroc"].value < min(ranked) - 0.1
    assert min(ranked) > 0.85
    assert tiny.transfers == ()
    assert f"fewer than {LEAST_FILMS} films" in tiny.why_untested


def test_films_that_may_be_of_the_source_train_nothing(collected: SmallStudy) -> None:
    """Labels of films with unknown source, or of the source's patients, are turned round."""
    design = collected.design
    films = list(design.cohort.films)
    west = [row for row, film in enumerate(films) if film.source == "west"]
    south = [row for row, film in enumerate(films) if film.source == "south"]
    unknown, shared = south[::6], south[1::6]
    groups = design.folds.groups.copy()
    for row in unknown:
        films[row] = replace(films[row], source=None)
    groups[np.isin(groups, groups[shared])] = groups[west[0]]
    tied = np.flatnonzero(np.isin(groups, groups[west[0]]) & ~np.isin(np.arange(len(films)), west))

    def west_when(flipped: np.ndarray) -> dict[str, float]:
        other = {"Normal": "Opacity", "Opacity": "Normal"}
        turned = [
            replace(film, label=other[film.label]) if row in flipped else film
            for row, film in enumerate(films)
        ]
        changed = replace(
            design,
            cohort=replace(design.cohort, films=tuple(turned)),
            folds=replace(design.folds, groups=groups),
        )
        validation = validate(replace(collected, design=changed))
        assert validation is not None
        (test,) = (test for test in validation.tests if test.source == "west")
        (scored,) = test.transfers
        return {name: estimate.value for name, estimate in scored.metrics.items()}

    honest = west_when(np.array([]))
    assert west_when(np.concatenate([unknown, tied])) == honest
    # And what does train them is noticed.
    seen = np.setdiff1d(np.arange(len(films)), np.concatenate([west, unknown, tied]))
    assert west_when(seen) != honest


def test_a_source_that_is_the_class_cannot_be_tested(collected: SmallStudy, folder: Path) -> None:
    cohort = draw_cohort(folder / "class", 16, "source-shortcut", seed=5)
    folds = replace(collected.design.folds, groups=group_films(cohort))
    design = replace(collected.design, cohort=cohort, folds=folds)
    validation = validate(replace(collected, design=design))
    assert validation is not None
    assert [test.why_untested for test in validation.tests] == [
        "The other sources hold no film of class 'Normal'.",
        "The other sources hold no film of class 'Opacity'.",
    ]
    assert all(test.transfers == () for test in every(validation.tests))


def test_a_source_of_one_class_tells_of_that_class(collected: SmallStudy) -> None:
    cohort = collected.design.cohort
    films = [
        replace(film, source="south") if film.source == "west" and film.label == "Normal" else film
        for film in cohort.films
    ]
    design = replace(collected.design, cohort=replace(cohort, films=tuple(films)))
    validation = validate(replace(collected, design=design))
    assert validation is not None
    (west,) = (test for test in validation.tests if test.source == "west")
    assert west.n_films == west.n_positives == 15
    (scored,) = west.transfers
    assert scored.metrics.keys() == scored.drops.keys() == {"sensitivity"}
    assert scored.roc is None


def test_films_of_one_place_have_nothing_to_leave_out(collected: SmallStudy) -> None:
    cohort = collected.design.cohort
    for sources in ((None,), ("here",), ("here", None)):
        films = tuple(
            replace(film, source=sources[row % len(sources)])
            for row, film in enumerate(cohort.films)
        )
        design = replace(collected.design, cohort=replace(cohort, films=films))
        assert validate(replace(collected, design=design)) is None
