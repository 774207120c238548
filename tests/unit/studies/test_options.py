"""What a study is asked is said in one place, and settled or refused before it starts."""

from __future__ import annotations

import inspect
import math
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

import hilum
from hilum.errors import RecipeError
from hilum.evaluation.results import OperatingPolicy
from hilum.studies.options import (
    PREVALENCES,
    AuditOptions,
    CompareOptions,
    ComparisonOptions,
    Flag,
    FromRunOptions,
    RecipeChanges,
    RecipesOptions,
    StudyOptions,
    TrainOptions,
    converted,
    option,
    read_confirmed,
    read_seen_in,
    takes,
)
from hilum.studies.recipes import find_recipe

ROOT = Path(__file__).parents[3]


def test_prevalences_are_sorted_and_kept_once() -> None:
    plan = ComparisonOptions(
        operating_point="specificity=0.9", prevalences=[0.5, 0.01, 0.5, 1e-6]
    ).decisions()
    assert plan.prevalences == (1e-6, 0.01, 0.5)
    assert plan.policy == OperatingPolicy("specificity", 0.9)
    assert ComparisonOptions(operating_point="youden").decisions().prevalences == PREVALENCES


@pytest.mark.parametrize(
    ("prevalences", "message"),
    [
        ([], "No prevalence is given"),
        ([0.1, 0.0], "of 0 is no share"),
        ([-0.1], "of -0.1 is no share"),
        ([1.0], "of 1 is no share"),
        ([math.nan], "of nan is no share"),
        ([1e-7], "of 1e-07 is too close to 0 or 1"),
        ([1 - 1e-7], "too close to 0 or 1"),
    ],
)
def test_what_is_no_prevalence_is_refused(prevalences: list[float], message: str) -> None:
    with pytest.raises(RecipeError, match=message) as told:
        ComparisonOptions(operating_point="youden", prevalences=prevalences)
    assert "Give" in told.value.fix


PUBLIC = {
    hilum.compare: CompareOptions,
    hilum.compare_recipes: RecipesOptions,
    hilum.audit: AuditOptions,
    hilum.train: TrainOptions,
    hilum.train_from_run: FromRunOptions,
    find_recipe: RecipeChanges,
}


@pytest.mark.parametrize("function", PUBLIC, ids=lambda function: function.__name__)
def test_a_function_takes_and_documents_every_option_and_no_more(function: Callable) -> None:
    subject, *keywords = inspect.signature(function).parameters.values()
    assert subject.name in ("cohort", "run", "name")
    options = fields(PUBLIC[function])
    assert {keyword.name for keyword in keywords} == {option.name for option in options}
    assert not {"engine", "watcher", "command_line"} & {keyword.name for keyword in keywords}
    documented = re.findall(r"^    (\w+): \S", function.__doc__, flags=re.MULTILINE)
    assert {subject.name, *(keyword.name for keyword in keywords)} <= set(documented)
    assert "options" not in documented


@dataclass(frozen=True, kw_only=True)
class DummyOptions(StudyOptions):
    """One line more than every study has."""

    dummy: int = option(3, "What nobody needs.", Flag("--dummy"))


@takes(DummyOptions)
def study_nothing(cohort: str, options: DummyOptions) -> tuple[str, DummyOptions]:
    """Study nothing.

    Args:
        cohort: Of nobody.
        options: By keyword.
    """
    return cohort, options


def test_one_line_adds_an_option_for_python() -> None:
    assert study_nothing("films") == ("films", DummyOptions())
    assert study_nothing(cohort="films", dummy=5, seed=1) == (
        "films",
        DummyOptions(dummy=5, seed=1),
    )
    assert "\n    dummy: What nobody needs." in study_nothing.__doc__
    assert inspect.signature(study_nothing).parameters["dummy"].default == 3


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        (("films",), {"dumy": 5}, r"study_nothing\(\): .*'dumy'"),
        ((), {"dummy": 5}, r"study_nothing\(\): missing .*'cohort'"),
        (("films", 5), {}, r"study_nothing\(\): too many positional"),
    ],
)
def test_a_wrong_keyword_names_the_function(arguments: tuple, keywords: dict, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        study_nothing(*arguments, **keywords)


def test_options_of_another_kind_keep_what_both_have() -> None:
    asked = TrainOptions(seed=4, backbone="VGG16", operating_point="youden")
    other = converted(asked, ComparisonOptions, backbones=["VGG16"])
    assert other == ComparisonOptions(seed=4, backbones=["VGG16"], operating_point="youden")


def test_the_diff_that_contributors_are_shown_fits_the_code() -> None:
    shown = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Add an option")[1]
    diffs = re.findall(r"```diff\n(.*?)```", shown.split("\n## ")[0], flags=re.DOTALL)
    assert len(diffs) == 2
    code = (ROOT / "src" / "hilum" / "studies" / "options.py").read_text(encoding="utf-8")
    for diff in diffs:
        kept = [line[1:] for line in diff.splitlines() if line[0] == " " and "…" not in line]
        assert kept
        assert all(f"\n{line}\n" in code for line in kept)
        assert sum(line[0] == "+" for line in diff.splitlines()) == 1


@pytest.mark.slow
def test_a_wrong_keyword_is_a_type_error(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import hilum\n\ncohort = hilum.Cohort.from_folder('films')\n"
        "hilum.compare(cohort, positive='COVID-19', seed=3)\n"
        "hilum.compare(cohort, sed=3)\n"
        "hilum.audit(cohort, seed='3')\n"
        "hilum.compare_recipes(cohort)\n"
        "hilum.train(cohort, prevalences=[0.1])\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", str(script)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    wrong = [int(line) for line in re.findall(r"script\.py:(\d+): error", told)]
    assert wrong == [5, 6, 7, 8], told


def test_what_a_person_confirms_is_a_reason_and_a_sentence() -> None:
    pairs = ["objects=Dr. A: pacemakers in both classes", " place = x = y "]
    confirmed = read_confirmed(pairs)
    assert confirmed == {"objects": "Dr. A: pacemakers in both classes", "place": "x = y"}
    assert StudyOptions(confirmed=confirmed).confirmed == confirmed
    assert converted(StudyOptions(confirmed=confirmed), ComparisonOptions).confirmed == confirmed


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: StudyOptions(confirmed={"frame": "Dr. A"}), "'frame' is no reason that a person"),
        (lambda: StudyOptions(confirmed={"objects": " "}), "Nothing is said of who looked"),
        (lambda: read_confirmed(["objects"]), "does not say who looked"),
        (lambda: read_seen_in("knee"), "'knee' is no place"),
    ],
)
def test_what_cannot_be_confirmed_or_seen_is_refused(make: Callable, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        make()
