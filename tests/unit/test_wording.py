from __future__ import annotations

import math

import pytest

from hilum.evaluation.results import Estimate, Spread
from hilum.wording import (
    bytes_text,
    count_text,
    difference_text,
    films_text,
    metric_text,
    metric_title,
    metric_word,
    p_text,
    seconds_text,
    spread_text,
)


@pytest.mark.parametrize(
    ("metric", "estimate", "text"),
    [
        ("accuracy", Estimate(0.975, 0.937, 0.993, ""), "97.5 % [93.7, 99.3]"),
        ("sensitivity", Estimate(1.0, 0.768, 1.0, ""), "100.0 % [76.8, 100.0]"),
        ("auroc", Estimate(0.987, 0.97, 0.997, ""), "0.987 [0.970, 0.997]"),
        ("macro_auroc", Estimate(0.9, 0.85, 0.95, ""), "0.900 [0.850, 0.950]"),
        ("auroc", Estimate(math.nan, math.nan, math.nan, ""), "not defined"),
        ("accuracy", Estimate(0.5, math.nan, math.nan, ""), "50.0 %"),
    ],
)
def test_a_figure_and_its_interval(metric: str, estimate: Estimate, text: str) -> None:
    assert metric_text(metric, estimate) == text


def test_the_spread_over_repeats() -> None:
    assert spread_text("accuracy", Spread(0.9712, 0.0058)) == "97.1 ± 0.6 %"
    assert spread_text("auroc", Spread(0.9712, 0.0058)) == "0.971 ± 0.006"
    assert spread_text("accuracy", Spread(0.9712, math.nan)) == "97.1 %"


def test_titles() -> None:
    assert metric_title("auroc") == "AUROC"
    assert metric_title("macro_auroc") == "Macro AUROC"
    assert metric_title("balanced_accuracy") == "Balanced accuracy"
    words = {
        "auroc": "AUROC",
        "macro_auroc": "macro AUROC",
        "f1": "F1",
        "mcc": "Matthews correlation",
    }
    words |= {"sensitivity": "sensitivity", "brier_score": "Brier score"}
    assert {metric: metric_word(metric) for metric in words} == words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.4, "119 s"),
        (250, "4 min 10 s"), (7205, "2 h 00 min"),
    ],
)  # fmt: skip
def test_times(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_counts_differences_and_p_values() -> None:
    assert count_text(4_652_008) == "4.65 M"
    assert count_text(138_357_544) == "138 M"
    assert count_text(412) == "412"
    assert difference_text("accuracy", -0.0125) == "−1.2"
    assert difference_text("auroc", 0.0125) == "+0.013"
    assert p_text(0.0004) == "< 0.001"
    assert p_text(0.0499) == "0.050"
    assert films_text(1) == "1 film"
    assert bytes_text(1_420_000_000) == "1.4 GB"
