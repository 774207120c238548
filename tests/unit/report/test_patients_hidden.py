"""Patients that files' names tell are used, and never shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from make_comparison import make_comparison, with_nasty_names

from hilum.cohort.patients import choose_rules, identify_patients
from hilum.report.comparison import save_run
from hilum.runs.privacy import redactor
from hilum.studies.results import Comparison


def named(form: str, pattern: str | None = None) -> Comparison:
    """A comparison whose films are called by `form`, two of each patient."""
    comparison = make_comparison()
    films = tuple(
        replace(film, path=Path("films") / form.format(1234 + k // 2, k % 2), patient=None)
        for k, film in enumerate(comparison.cohort.films)
    )
    cohort = identify_patients(replace(comparison.cohort, films=films), choose_rules(pattern))
    return replace(comparison, cohort=cohort)


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("{:08d}_{:03d}.png", None),
        ("NORMAL2-IM-{:04d}-{:04d}.jpeg", None),
        ("person{}_virus_{}.jpeg", None),
        ("phantom-p{:04d}-{}.png", None),
        ("ZZPHI^CANARY{:03d}_{}.png", r"^(?P<patient>.+)_\d"),
    ],
)
def test_no_name_and_no_patient_reaches_the_report(
    tmp_path: Path, form: str, pattern: str | None
) -> None:
    comparison = named(form, pattern)
    films = comparison.cohort.films
    assert len({film.patient for film in films} - {None}) == len(films) // 2
    # A finding that would give a patient and a file away.
    telling = with_nasty_names(comparison).audit.findings
    comparison = replace(comparison, audit=replace(comparison.audit, findings=telling))
    save_run(comparison, tmp_path / "run", cache_dir=tmp_path / "cache")
    shown = [p for p in (tmp_path / "run").rglob("*") if p.suffix in (".html", ".json", ".svg")]
    assert len(shown) > 4
    for path in shown:
        text = path.read_text(encoding="utf-8")
        for film in films:
            assert film.path.stem not in text, path.name
            assert film.patient not in text, path.name


@pytest.mark.parametrize(
    "form", ["{:08d}_{:03d}.png", "IM-{:04d}-{:04d}.jpeg", "phantom-p{:04d}-{}.png"]
)
def test_how_patients_are_known_can_be_said_in_full(form: str) -> None:
    cohort = named(form).cohort
    (sentence,) = cohort.patients_from
    assert redactor(cohort)(sentence) == sentence
