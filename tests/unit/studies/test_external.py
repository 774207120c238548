"""Heads are tried on films from elsewhere: on all that are new, and on nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_study import SmallStudy, draw_cohort, open_quiet_context, study

from every import every
from hilum.cohort.cohort import Cohort
from hilum.errors import CohortError
from hilum.features.views import rotated_views
from hilum.studies.external import (
    ExternalFilms,
    check_external,
    prepare_external,
    validate_externally,
)
from hilum.studies.results import Ensemble, ExternalValidation
from hilum.studies.statistics import average_scores, decide_by_scores, judge_scores


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("external")


@pytest.fixture(scope="module")
def fogged(folder: Path) -> SmallStudy:
    """A study whose films of one class are fogged."""
    cohort = draw_cohort(folder / "fogged", 48, "exposure-shortcut", seed=1)
    return study(cohort, open_quiet_context(folder), names=("one", "two"))


@pytest.fixture(scope="module")
def clear(folder: Path) -> Cohort:
    """External films, none of which is fogged."""
    return draw_cohort(folder / "clear", 32, seed=2)


def validate(here: SmallStudy, external: Cohort) -> ExternalValidation:
    external_films = prepare_external(here.survey, external, here.backbones, here.context)
    return score(here, external_films)


def score(
    here: SmallStudy, external_films: ExternalFilms, **options: Ensemble
) -> ExternalValidation:
    return validate_externally(
        here.design, external_films, here.backbones, here.results, here.context, **options
    )


@pytest.fixture(scope="module")
def admitted(fogged: SmallStudy, clear: Cohort) -> ExternalFilms:
    return prepare_external(fogged.survey, clear, fogged.backbones, fogged.context)


@pytest.fixture(scope="module")
def validation(fogged: SmallStudy, admitted: ExternalFilms) -> ExternalValidation:
    return score(fogged, admitted)


def test_a_shortcut_that_is_not_there_is_found_out(
    fogged: SmallStudy, validation: ExternalValidation
) -> None:
    assert validation.n_known == 0
    assert len(validation.cohort) == 32
    assert validation.seconds > 0
    for scored, result in zip(validation.transfers, fogged.results, strict=True):
        assert scored.name == result.name
        assert result.evaluation.metrics["auroc"].value > 0.95
        drop = scored.drops["auroc"]
        assert drop.low > 0.1
        assert drop.value == pytest.approx(
            result.evaluation.metrics["auroc"].value - scored.metrics["auroc"].value
        )
        assert scored.drops.keys() == {"sensitivity", "specificity", "auroc"}
        assert scored.metrics.keys() == scored.drops.keys() | {"accuracy", "average_precision"}
        confusion = scored.confusion
        assert confusion.tp + confusion.fn == confusion.tn + confusion.fp == 16


def test_films_like_those_here_are_called_as_well_as_here(fogged: SmallStudy, folder: Path) -> None:
    alike = draw_cohort(folder / "alike", 32, "exposure-shortcut", seed=3)
    for scored in every(validate(fogged, alike).transfers):
        drop = scored.drops["auroc"]
        assert drop.low <= 0 <= drop.high
        assert scored.metrics["auroc"].value > 0.9


def test_scores_are_the_mean_over_the_heads(
    fogged: SmallStudy, clear: Cohort, validation: ExternalValidation
) -> None:
    features = fogged.context.load_features(clear.films, fogged.backbones[0], rotated_views(0, 0))
    heads = fogged.results[0].heads.weights
    assert len(heads) == 3
    scores = np.mean([head.predict_scores(features.values[:, 0]) for head in heads], axis=0)
    accuracy = np.mean(scores.argmax(axis=1) == clear.y)
    scored = validation.transfers[0]
    assert scored.metrics["accuracy"].value == pytest.approx(accuracy)


def test_the_threshold_of_the_study_is_applied(
    fogged: SmallStudy, admitted: ExternalFilms, validation: ExternalValidation
) -> None:
    for scored, result in zip(validation.transfers, fogged.results, strict=True):
        assert result.decisions is not None
        assert scored.operating_point is not None
        fixed = result.decisions.operating_point
        assert scored.operating_point.threshold == fixed.threshold
        assert scored.operating_point.policy == fixed.policy
        # The others are not fogged, and a threshold for fogged films finds few of them.
        assert scored.operating_point.sensitivity.value < fixed.sensitivity.value
    undecided = replace(fogged, results=tuple(replace(r, decisions=None) for r in fogged.results))
    assert all(t.operating_point is None for t in every(score(undecided, admitted).transfers))


def test_the_ensemble_goes_along(fogged: SmallStudy, admitted: ExternalFilms) -> None:
    scores = average_scores(fogged.results)
    ensemble = Ensemble(
        members=("one", "two"),
        evaluation=judge_scores(fogged.design, scores),
        decisions=decide_by_scores(fogged.design, scores),
    )
    *single, averaged = score(fogged, admitted, ensemble=ensemble).transfers
    assert averaged.name == "ensemble"
    assert averaged.operating_point is not None
    # Both members are one network here, so that their average is each of them.
    assert averaged.metrics == single[0].metrics


def test_a_study_knows_its_own_films_in_every_guise(
    fogged: SmallStudy, clear: Cohort, folder: Path
) -> None:
    own = fogged.design.cohort.films
    dressed = folder / "dressed"
    for label in fogged.design.cohort.classes:
        (dressed / label).mkdir(parents=True)
    for film in own[:4] + own[-4:]:
        (dressed / film.label / film.path.name).write_bytes(film.path.read_bytes())
    for film, suffix in ((own[5], ".bmp"), (own[-6], ".jpg")):
        with Image.open(film.path) as picture:
            picture.save((dressed / film.label / film.path.name).with_suffix(suffix))
    for film in clear.films[::4]:
        (dressed / film.label / f"new-{film.path.name}").write_bytes(film.path.read_bytes())
    validation = validate(fogged, Cohort.from_folder(dressed))
    assert validation.n_known == 10
    assert len(validation.cohort) == 8
    assert {film.sha256 for film in validation.cohort.films} == {
        film.sha256 for film in clear.films[::4]
    }


def test_the_same_films_can_test_nothing(fogged: SmallStudy, folder: Path) -> None:
    with pytest.raises(CohortError, match="All 48 films of the external cohort 'films' stand"):
        check_external(fogged.design.cohort, fogged.design.cohort)
    for film in fogged.design.cohort.films[:2] + fogged.design.cohort.films[-2:]:
        place = folder / "converted" / film.label
        place.mkdir(parents=True, exist_ok=True)
        with Image.open(film.path) as picture:
            picture.save((place / film.path.name).with_suffix(".bmp"))
    converted = Cohort.from_folder(folder / "converted")
    check_external(fogged.design.cohort, converted)  # other bytes; only a look at them tells
    with pytest.raises(CohortError, match="can test nothing"):
        validate(fogged, converted)


def test_patients_of_the_same_name_are_counted_and_stay_where_all_are(
    fogged: SmallStudy, clear: Cohort, validation: ExternalValidation
) -> None:
    named = {film.patient for film in fogged.design.cohort.films}
    shared = named & {film.patient for film in clear.films}
    assert validation.n_shared_patients == len(shared) > 0
    assert validation.may_share_patients
    # Half of them renamed: those who keep a name of the study's leave.
    renamed = replace(
        clear,
        films=tuple(
            replace(f, patient=f"elsewhere-{f.patient}") if f.patient < "p0009" else f
            for f in clear.films
        ),
    )
    stay = [f for f in renamed.films if f.patient not in named]
    assert 0 < len(stay) < len(renamed.films)
    apart = validate(fogged, renamed)
    assert [f.patient for f in apart.cohort.films] == [f.patient for f in stay]
    assert apart.n_of_shared_patients == len(renamed.films) - len(stay)
    assert not apart.may_share_patients
    anonymous = replace(clear, films=tuple(replace(f, patient=None) for f in clear.films))
    assert validate(fogged, anonymous).n_shared_patients is None


def test_films_of_one_class_tell_what_they_can(fogged: SmallStudy, clear: Cohort) -> None:
    films = tuple(film for film in clear.films if film.label == "Normal")
    validation = validate(fogged, replace(clear, films=films, classes=("Normal",)))
    scored = validation.transfers[0]
    assert scored.metrics.keys() == scored.drops.keys() == {"specificity"}
    assert scored.roc is None
    assert scored.operating_point is not None
    assert np.isnan(scored.operating_point.sensitivity.value)


def cut_short(folder: Path, external: Cohort, *labels: str) -> Cohort:
    """Copy films, and cut those of some classes: each begins as a film and does not end as one."""
    for film in external.films[::4]:
        place = folder / film.label / film.path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        data = film.path.read_bytes()
        place.write_bytes(data[:-2000] if film.label in labels else data)
    return Cohort.from_folder(folder)


def test_a_class_that_cannot_be_read_is_dropped(
    fogged: SmallStudy, clear: Cohort, folder: Path
) -> None:
    external = cut_short(folder / "cut", clear, "Opacity")
    assert set(external.classes) == {"Normal", "Opacity"}
    validation = validate(fogged, external)
    assert validation.cohort.classes == ("Normal",)
    assert {e.label for e in validation.cohort.excluded} == {"Opacity"}
    assert validation.transfers[0].drops.keys() == {"specificity"}
    with pytest.raises(CohortError, match=r"No film of the external cohort 'all' .* CORRUPT"):
        validate(fogged, cut_short(folder / "all", clear, "Normal", "Opacity"))


class Listening:
    """A watcher that keeps the stages' names."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def begin(self, stage: str, unit: str) -> None:
        self.stages.append(f"{stage} ({unit})")

    def advance(self, done: int, total: int) -> None:
        assert done <= total

    def end(self, summary: str) -> None:
        assert summary


def test_its_stages_say_that_they_are_of_other_films(fogged: SmallStudy, clear: Cohort) -> None:
    listening = Listening()
    context = replace(fogged.context, watcher=listening)
    prepare_external(fogged.survey, clear, fogged.backbones, context)
    assert listening.stages[0] == "External: Films (films)"
    assert listening.stages[-1] == "External: Copies (films)"
    assert all(stage.startswith("External: ") for stage in every(listening.stages))


def test_classes_that_the_study_lacks_are_refused_with_the_way_out(
    fogged: SmallStudy, clear: Cohort
) -> None:
    films = tuple(replace(film, label=film.label.lower()) for film in clear.films)
    foreign = replace(clear, films=films, classes=("normal", "opacity"))
    with pytest.raises(CohortError, match="normal, opacity") as caught:
        check_external(fogged.design.cohort, foreign)
    assert '--label "Normal=' in str(caught.value)


def test_heads_without_weights_score_nothing(fogged: SmallStudy, admitted: ExternalFilms) -> None:
    bare = tuple(
        replace(result, heads=replace(result.heads, weights=())) for result in fogged.results
    )
    with pytest.raises(ValueError, match="did not keep"):
        score(replace(fogged, results=bare), admitted)
