from __future__ import annotations

import pytest
from make_audit import estimate, make_baseline
from make_comparison import make_comparison

from hilum.report.sections import shortcuts as words
from hilum.report.sections.cohort import association_text
from hilum.studies.results import Comparison

MODEL = estimate(0.97, 0.02)


def test_a_baseline_on_one_line_says_what_follows() -> None:
    line = words.baseline_line(make_baseline("frame", 0.95), "withholds")
    assert line.startswith("Frame of the film: AUROC 0.950 [0.895, 0.988], 96 % [84, 107] of what")
    assert line.endswith("; withholds the headline")
    assert words.baseline_line(make_baseline("centre", 0.95), "describes").endswith(
        "; only describes"
    )
    assert words.baseline_line(make_baseline("source", 0.5), None).endswith("above chance")


def test_a_share_that_does_not_exist_is_not_written() -> None:
    baseline = make_baseline("frame", 0.6, 0.5)
    assert words.share_text(baseline.share) == "not defined"
    assert "%" not in words.baseline_line(baseline, None)


@pytest.mark.parametrize(
    ("headline", "says"),
    [
        ("withheld", "Nothing here shows that it is. File metadata (AUROC 0.962) and frame"),
        ("limited", "In part it may be something else. "),
        ("supported", "None of what holds no disease speaks against it: file metadata, source,"),
    ],
)
def test_is_it_the_disease(headline: str, says: str) -> None:
    audit = make_comparison(headline=headline).audit
    assert words.disease_text(audit, "COVID-19", "A network", MODEL).startswith(says)


def test_a_network_at_chance_leaves_nothing_to_explain(comparison: Comparison) -> None:
    text = words.disease_text(comparison.audit, "COVID-19", "A network", estimate(0.52, 0.1))
    assert text == "A network does no better than chance, so there is nothing to explain."


@pytest.mark.parametrize(
    ("association", "says"),
    [
        (1.0, "is 1.0: no source holds films of more than one class."),
        (0.998, "is 0.99: source and class go closely together."),
        (0.35, "is 0.35: source and class go together."),
        (0.0, "is 0.00: source and class have hardly anything to do with each other."),
    ],
)
def test_the_association_of_source_and_class(association: float, says: str) -> None:
    assert association_text(association).endswith(says)
    assert association_text(float("nan")) == ""
