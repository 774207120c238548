"""Bars and axes begin and end where the figures need it, and hold them all."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from make_assessment import make_assessed
from make_audit import estimate
from make_comparison import make_comparison
from matplotlib.axes import Axes

from hilum.evaluation.results import Estimate
from hilum.report.drawing import Picture
from hilum.report.sections.decisions import DecisionCurveFigure, ReliabilityFigure
from hilum.report.sections.scores import ConfusionFigure, ForestFigure, RocFigure
from hilum.report.sections.shortcuts import ShortcutsFigure
from hilum.report.sections.standings import scale_start, scaled, tenth_below
from hilum.report.sections.training import (
    EpochCurve,
    Scales,
    TrainingCurves,
    TrainingCurvesFigure,
    curves_of,
    scales_of,
)
from hilum.studies.results import Comparison


@pytest.fixture(scope="module")
def assessed() -> Comparison:
    return make_assessed()


def axes_of(picture: Picture) -> list[Axes]:
    """Draw a picture, and return matplotlib's own axes of it."""
    return picture.plot().axes


def holds(axes: Axes, x: float, y: float) -> bool:
    return axes.get_xlim()[0] <= x <= axes.get_xlim()[1] and (
        min(axes.get_ylim()) <= y <= max(axes.get_ylim())
    )


@pytest.mark.parametrize(
    ("lows", "start"),
    [
        ([0.93, 0.87, 0.95], 0.8),
        ([0.3, 0.7], 0.3),  # 10 * 0.3 is a little below 3 for a computer
        ([0.29999], 0.2),
        ([0.9], 0.9),
        ([0.99, 1.0], 0.9),  # some of the bar is left
        ([1.0], 0.9),
        ([0.04], 0.0),
        ([-0.31, 0.5], 0.0),  # a bar begins at 0 at the least
        ([], 0.0),
    ],
)
def test_bars_begin_at_a_tenth_below_all_bounds(lows: list[float], start: float) -> None:
    assert tenth_below(lows) == start


def test_what_lies_off_the_bar_is_put_on_its_ends() -> None:
    whisker = scaled(0.4, 0.9, 1.2, 0.5)
    assert (whisker.low, whisker.value, whisker.high) == (0.0, pytest.approx(0.8), 1.0)
    whisker = scaled(0.6, 0.7, 0.95, 0.5)
    assert (whisker.low, whisker.value, whisker.high) == pytest.approx((0.2, 0.4, 0.9))


def test_the_tables_bars_begin_below_the_lowest_bound_of_its_columns(
    assessed: Comparison,
) -> None:
    def with_low(comparison: Comparison, **lows: float) -> Comparison:
        first = comparison.backbones[0]
        metrics = {
            name: replace(m, low=lows.get(name, 0.85))
            for name, m in first.evaluation.metrics.items()
        }
        first = replace(first, evaluation=replace(first.evaluation, metrics=metrics))
        return replace(comparison, backbones=(first,), ensemble=None, pick=None)

    columns = ("accuracy", "auroc")
    assert scale_start(with_low(assessed), columns) == 0.8
    assert scale_start(with_low(assessed, auroc=0.47), columns) == 0.4
    assert scale_start(with_low(assessed, sensitivity=0.47), columns) == 0.8
    assert scale_start(with_low(assessed, auroc=math.nan), columns) == 0.8
    assert assessed.ensemble is not None
    low = {"accuracy": Estimate(0.5, 0.33, 0.7, "")}
    ensemble = replace(
        assessed.ensemble, evaluation=replace(assessed.ensemble.evaluation, metrics=low)
    )
    assert scale_start(replace(with_low(assessed), ensemble=ensemble), columns) == 0.3
    assert assessed.pick is not None
    pick = replace(assessed.pick, evaluation=replace(assessed.pick.evaluation, metrics=low))
    assert scale_start(replace(with_low(assessed), pick=pick), columns) == 0.3


def curve(*mean: float, spread: float = 0.0) -> EpochCurve:
    values = np.array(mean)
    n = len(values)
    return EpochCurve(
        np.arange(1, n + 1), values, values - spread, values + spread, np.full(n, 5)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("curves", "scales"),
    [
        (
            TrainingCurves(
                curve(0.6, 0.9, spread=0.05), curve(0.71, 0.8), curve(0.9, 0.2, spread=5),
                curve(1.2, 0.5), 2.0,
            ),
            Scales(2, 0.5, 1.38),  # the low edge of the band, and the highest mean
        ),
        (
            TrainingCurves(
                curve(0.1, 0.2, 0.3, spread=0.3), curve(0.4), curve(0.5), curve(0.2), 1.0
            ),
            Scales(3, 0.0, 0.575),
        ),
        (
            TrainingCurves(curve(), curve(), curve(), curve(), 1.0),
            Scales(0, 0.0, 1.15),
        ),
        (TrainingCurves(curve(1.0), curve(1.0), curve(0.0), curve(0.0), 1.0), Scales(1, 1.0, 1.0)),
    ],
)  # fmt: skip
def test_training_curves_share_scales_that_hold_them(
    curves: TrainingCurves, scales: Scales
) -> None:
    found = scales_of([curves])
    assert found.last_epoch == scales.last_epoch
    assert found.lowest_accuracy == pytest.approx(scales.lowest_accuracy)
    assert found.highest_loss == pytest.approx(scales.highest_loss)


def test_the_widest_backbone_sets_the_scales() -> None:
    narrow = TrainingCurves(curve(0.9), curve(0.9), curve(0.1), curve(0.1), 1.0)
    wide = TrainingCurves(curve(0.4, 0.5), curve(0.9), curve(0.1), curve(2.0), 1.0)
    assert scales_of([narrow, wide]) == scales_of([wide, narrow])
    assert scales_of([narrow, wide]) == Scales(2, 0.4, pytest.approx(2.3))


def test_training_figures_keep_to_the_scales(comparison: Comparison) -> None:
    curves = curves_of(comparison.backbones[0].heads.history)
    scales = Scales(last_epoch=40, lowest_accuracy=0.5, highest_loss=1.7)
    (accuracy,) = axes_of(TrainingCurvesFigure("Net", "accuracy", curves, scales))
    assert accuracy.get_xlim() == (1, 40)
    assert accuracy.get_ylim() == pytest.approx((0.5, 1.005))
    (loss,) = axes_of(TrainingCurvesFigure("Net", "loss", curves, scales))
    assert loss.get_ylim() == pytest.approx((0.0, 1.7))
    (single,) = axes_of(TrainingCurvesFigure("Net", "loss", curves, replace(scales, last_epoch=1)))
    assert single.get_xlim() == (0, 2)


def with_figures(comparison: Comparison, **figures: tuple[float, float, float]) -> Comparison:
    results = []
    for result in comparison.backbones:
        metrics = {
            name: Estimate(*figures.get(name, (0.92, 0.9, 0.95)), "")
            for name in ("accuracy", "sensitivity", "specificity", "auroc")
        }
        results.append(replace(result, evaluation=replace(result.evaluation, metrics=metrics)))
    return replace(comparison, backbones=tuple(results))


def test_the_forest_holds_every_interval(comparison: Comparison) -> None:
    shown = with_figures(
        comparison, sensitivity=(0.5, 0.234, 0.8), specificity=(1.0, 0.96, 1.0),
        auroc=(math.nan, math.nan, math.nan),
    )  # fmt: skip
    accuracy, sensitivity, specificity, auroc = axes_of(ForestFigure(shown.backbones))
    # From the twentieth below the lowest bound to 1, and a little on both sides.
    assert accuracy.get_xlim() == pytest.approx((0.9 - 0.002, 1.003))
    assert sensitivity.get_xlim() == pytest.approx((0.2 - 0.016, 1.024))
    assert specificity.get_xlim() == pytest.approx((0.95 - 0.001, 1.0015))
    assert auroc.get_xlim() == pytest.approx((-0.02, 1.03))
    rows = len(shown.backbones)
    for axes, low in ((accuracy, 0.9), (sensitivity, 0.234), (specificity, 0.96)):
        assert [holds(axes, x, y) for y in range(rows) for x in (low, 1.0)] == [True] * 2 * rows
        assert not holds(axes, 1.0, -1)
        assert not holds(axes, 1.0, rows)


def test_shares_have_the_whole_of_their_axes(assessed: Comparison) -> None:
    (roc,) = axes_of(RocFigure(assessed.backbones))
    assert (*roc.get_xlim(), *roc.get_ylim()) == (-0.01, 1.01, -0.01, 1.01)
    counts = assessed.backbones[0].evaluation.confusion_matrix
    (matrix,) = axes_of(ConfusionFigure("Net", ("A", "B"), counts))
    assert (*matrix.get_xlim(), *matrix.get_ylim()) == (-0.01, 2.01, 2.01, -0.01)
    decisions = assessed.backbones[0].decisions
    assert decisions is not None
    panels = axes_of(ReliabilityFigure("Net", decisions.calibration))
    assert [(*p.get_xlim(), *p.get_ylim()) for p in panels] == [(-0.03, 1.03, -0.03, 1.03)] * 2


def test_the_decision_curve_holds_what_is_above_acting_on_none(assessed: Comparison) -> None:
    decisions = assessed.backbones[0].decisions
    assert decisions is not None
    known = decisions.decision_curve

    def limits(**change: object) -> tuple[float, float]:
        shown = replace(decisions, decision_curve=replace(known, **change))
        (axes,) = axes_of(DecisionCurveFigure("Net", shown.decision_curve))
        assert axes.get_xlim() == (0, 1)
        return axes.get_ylim()

    flat = np.full_like(known.model, 0.2)
    assert limits(model=flat, high=2 * flat, low=-flat, prevalence=0.3) == (
        pytest.approx((-6.4, 42.4))
    )
    assert limits(model=flat, high=flat, low=-flat, prevalence=0.3) == pytest.approx((-4.8, 31.8))
    assert limits(model=-flat, high=-flat, low=-flat, prevalence=0.0) == (
        pytest.approx((-0.16, 1.06))
    )
    unknown = np.full_like(flat, math.nan)
    assert limits(model=flat, high=unknown, low=unknown, prevalence=0.1) == (
        pytest.approx((-3.2, 21.2))
    )


def test_a_baseline_far_below_chance_is_cut_off_at_the_edge() -> None:
    comparison = make_comparison()
    baseline = replace(comparison.audit.baselines[0], auroc=Estimate(0.31, 0.2, 0.52, ""))
    inside = replace(baseline, auroc=Estimate(0.62, 0.51, 0.73, ""))
    axes, *_ = axes_of(
        ShortcutsFigure((baseline, inside), model="Net", model_auroc=estimate(0.9, 0.03))
    )
    assert axes.get_xlim() == (0.46, 1.008)
    dots = [
        (line.get_marker(), *line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 1
    ]
    assert [(mark == "<", x) for mark, x in dots] == [(False, 0.9), (True, 0.46), (False, 0.62)]
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 2.2]
    assert bars == [pytest.approx(b) for b in ((0.87, 0.921), (0.46, 0.52), (0.51, 0.73))]
