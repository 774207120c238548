"""The main job on public films: the figures that Hilum promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import hilum
from embedded import EMBEDDED
from hilum.studies.recipes import find_recipe

pytestmark = [pytest.mark.films, pytest.mark.slow]


def withholding(comparison: hilum.Comparison) -> set[str]:
    """What withholds the headline; empty if nothing does."""
    return {reason.cause for reason in comparison.verdict.grounds if reason.weight == "withholds"}


@pytest.mark.parametrize(
    "backbones",
    [["efficientnet-lite0"], EMBEDDED],
    ids=["one", "all"],
)
def test_the_papers_cohort_is_easy_for_every_backbone(
    films_folder: Path, graph_cache: Path, backbones: list[str]
) -> None:
    cohort = hilum.Cohort.from_folder(films_folder / "paper-cohort")
    comparison = hilum.compare(
        cohort, positive="COVID-19", backbones=backbones, cache_dir=graph_cache
    )
    assert cohort.n_per_class == {"COVID-19": 70, "Normal": 90}
    assert len(comparison.backbones) == len(backbones)
    for result in comparison.backbones:
        assert result.evaluation.metrics["accuracy"].value >= 0.97, result.name
    # ... and nothing of that is due to the disease
    assert withholding(comparison) >= {"metadata", "frame"}


def test_radiography_reaches_what_frozen_features_can(
    films_folder: Path, graph_cache: Path
) -> None:
    cohort = hilum.Cohort.from_folder(films_folder / "radiography")
    comparison = hilum.compare(
        cohort, positive="COVID", backbones=["efficientnet-lite0"], cache_dir=graph_cache
    )
    (result,) = comparison.backbones
    assert result.evaluation.metrics["accuracy"].value >= 0.91
    assert result.evaluation.metrics["auroc"].value >= 0.965
    assert withholding(comparison) == {"frame"}


def test_a_table_with_patients_keeps_them_together(films_folder: Path, graph_cache: Path) -> None:
    cohort = hilum.Cohort.from_csv(
        films_folder / "cohen" / "metadata.csv",
        image_folder=films_folder / "cohen" / "images",
        labels={
            "COVID-19": ["COVID-19", "COVID-19, ARDS"],
            "Other": ["Pneumonia", "Streptococcus", "Klebsiella", "Varicella", "Lipoid"],
        },
    )
    assert cohort.n_per_class["COVID-19"] == 78
    assert cohort.left_out["todo"] == 22
    comparison = hilum.compare(
        cohort, positive="COVID-19", backbones=["efficientnet-lite0"], cache_dir=graph_cache
    )
    patients = [film.patient for film in cohort.films]
    for split in comparison.folds.splits:
        parts = [{patients[row] for row in part} for part in (split.train, split.test)]
        assert not parts[0] & parts[1]
    assert comparison.verdict.headline == "withheld"
    leak = comparison.audit.leak
    assert leak is not None
    assert leak.gain.low > 0.05  # films of one patient on both sides: another study altogether


def test_patients_in_two_classes_are_found_by_their_file_names(
    films_folder: Path, graph_cache: Path
) -> None:
    cohort = hilum.Cohort.from_folder(films_folder / "darkcovidnet")
    found = hilum.audit(cohort, positive="Covid-19", probes=False, cache_dir=graph_cache)
    findings = {finding.check: finding for finding in found.report.findings}
    assert findings["mixed-patients"].title.startswith("8 patients stand in more than one class")
    assert found.report.verdict.headline == "withheld"
    assert {r.cause for r in found.report.verdict.grounds if r.weight == "withholds"} == {
        "metadata"
    }


def test_a_classifier_keeps_unseen_films_and_refuses_what_is_none(
    films_folder: Path, graph_cache: Path, tmp_path: Path
) -> None:
    cohort = hilum.Cohort.from_folder(films_folder / "radiography")
    of_class = [[film for film in cohort.films if film.label == label] for label in cohort.classes]
    seen = tuple(film for films in of_class for film in films[:200])
    unseen = [film for films in of_class for film in films[200:]]
    trained = hilum.train(
        replace(cohort, films=seen),
        positive="COVID",
        backbone="efficientnet-lite0",
        recipe=find_recipe("hilum", repeats=1),
        probes=False,
        cache_dir=graph_cache,
    )
    hilum.save_bundle(trained, tmp_path / "bundle")
    classifier = hilum.Classifier.load(tmp_path / "bundle", cache_dir=graph_cache)
    answers = classifier.predict([film.path for film in unseen])
    assert sum(answer.in_domain for answer in answers) / len(answers) >= 0.95
    right = [answer.call == film.label for answer, film in zip(answers, unseen, strict=True)]
    assert sum(right) / len(right) > 0.8
    others = sorted((films_folder / "not-radiographs").iterdir())
    assert [answer.call for answer in classifier.predict(others)] == [None] * 3
    (dicom,) = (films_folder / "dicom").iterdir()
    assert classifier.predict(dicom).in_domain
