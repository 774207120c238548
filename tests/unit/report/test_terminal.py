from __future__ import annotations

from dataclasses import replace

import pytest

from every import every
from hilum.report.terminal import tell_excluded, tell_result, tell_undecided
from hilum.studies.results import Comparison, Unavailable
from unit.report.make_assessment import make_assessed
from unit.report.make_comparison import make_comparison
from unit.report.make_paper_run import make_paper_run


def told(comparison: Comparison, width: int, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        tell_result(_without_brier(comparison))
    return capsys.readouterr().out


def _without_brier(comparison: Comparison) -> Comparison:
    results = []
    for result in comparison.backbones:
        metrics = dict(result.evaluation.metrics)
        metrics.pop("brier_score")
        results.append(replace(result, evaluation=replace(result.evaluation, metrics=metrics)))
    return replace(comparison, backbones=tuple(results))


def test_unverified_weights_are_the_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(make_paper_run(unverified=("VGG16", "NASNetLarge")), 80, capsys)
    assert text.startswith("Unverified weights. ")
    first = text[: text.index("Backbone")]
    assert "VGG16" in first
    assert "NASNetLarge" in first
    assert not told(make_paper_run(), 80, capsys).startswith("Unverified")


def test_the_papers_table_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(make_paper_run(unverified=("VGG16",)), 80, capsys).splitlines()
    assert max(map(len, lines)) <= 80
    rows = lines[next(k for k, line in enumerate(lines) if "Table 1, in percent" in line) :]
    vgg16 = next(k for k, line in enumerate(rows) if line.split()[:2] == ["VGG16", "paper"])
    assert rows[vgg16].split()[2:] == ["97", "83.8–99.9", "100", "76.8–100.0", "94", "72.7–99.9"]
    assert rows[vgg16 + 1].split() == ["here", "unverified", "weights", "–", "–"]
    assert len(rows[vgg16 + 3].split()) == 7
    assert "…" not in "".join(lines)


def test_a_narrow_terminal_gets_lists(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(make_paper_run(unverified=("VGG16",)), 60, capsys)
    assert "NASNetLarge\n  accuracy 0." in text
    assert "Accuracy 97 83.8–99.9; here unverified weights" in text
    assert "…" not in text


def test_other_recipes_have_no_such_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(make_comparison(), 80, capsys)
    assert "Table 1" not in text
    assert "EfficientNet-Lite0" in text


def test_refused_weights_are_told_and_absent_ones_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = Unavailable("DenseNet121", "The weight file x.h5 [is] another.", is_refused=True)
    absent = Unavailable("DenseNet169", "Not here.")
    text = told(replace(make_paper_run(), unavailable=(refused, absent)), 80, capsys)
    assert "Refused: The weight file x.h5 [is] another." in text
    assert "Not here." not in text


def test_files_of_the_other_cohort_are_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = make_assessed()
    assert comparison.external is not None
    tell_excluded(comparison.external.cohort)
    told = capsys.readouterr().err.splitlines()
    assert all(line.startswith("External cohort elsewhere: ") for line in every(told))
    assert "Not read: " in told[0]
    assert told[0].endswith("CORRUPT: It ends. Copy.")
    assert told[1].endswith("Left out, by label: 1 Pneumonia")
    tell_excluded(comparison.cohort)
    assert "External" not in capsys.readouterr().err


def test_options_that_a_recipe_cannot_follow_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    paper, hilum = make_comparison(is_paper=True, backbones=1), make_comparison(backbones=1)
    tell_undecided([paper, hilum], ["--operating-point", "--prevalence"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "paper validates on its test films, so there is no operating point, and "
        "--operating-point and --prevalence changed nothing there."
    )
    tell_undecided([paper], [])
    tell_undecided([hilum], ["--prevalence"])
    assert capsys.readouterr().err == ""
