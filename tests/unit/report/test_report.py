"""A whole report: figures as tables and drawings, the page, the folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from make_assessment import make_assessed
from matplotlib.figure import Figure

from hilum.report.comparison import Report
from hilum.studies.results import Comparison


@pytest.fixture(scope="module")
def assessed() -> Comparison:
    return make_assessed(backbones=2)


@pytest.fixture(scope="module")
def report(assessed: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return Report(assessed, tmp_path_factory.mktemp("cache"))


def test_every_figure_is_a_table_of_plain_columns(report: Report) -> None:
    kinds = {stem.partition("-eff")[0] for stem in report.figures}
    assert kinds == {
        "forest", "roc", "shortcuts", "accuracy", "loss", "confusion", "reliability",
        "decision-curve", "reliability-pick", "decision-curve-pick",
    }  # fmt: skip
    for figure in report.figures.values():
        frame = figure.frame()
        assert len({len(column) for column in frame.values()}) == 1
        for column in frame.values():
            assert column
            assert {type(value) for value in column} <= {str, int, float, type(None)}


def test_tables_hold_what_the_study_found(report: Report, assessed: Comparison) -> None:
    first = assessed.backbones[0]
    forest = report.figures["forest"].frame()
    row = list(zip(forest["backbone"], forest["metric"], strict=True)).index((first.title, "auroc"))
    auroc = first.evaluation.metrics["auroc"]
    bounds = (forest["low"][row], forest["value"][row], forest["high"][row])
    assert bounds == (auroc.low, auroc.value, auroc.high)
    confusion = report.figures[f"confusion-{first.name}"].frame()
    assert sum(confusion["films"]) == len(first.evaluation.films)


def test_a_figure_is_drawn_into_the_one_given(report: Report) -> None:
    for name in ("roc", "forest", "shortcuts"):
        given = Figure()
        assert report.figures[name].plot(given) is given
        assert given.axes


def test_the_folder_holds_the_page_and_the_figures(report: Report, tmp_path: Path) -> None:
    out = tmp_path / "run"
    report.save(out)
    assert (out / "report.html").read_text("utf-8") == report.html()
    drawn = {path.stem for path in (out / "figures").iterdir()}
    assert drawn == set(report.figures)


def test_matplotlib_is_loaded_by_drawing_alone() -> None:
    code = "import sys, hilum; hilum.Report; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
