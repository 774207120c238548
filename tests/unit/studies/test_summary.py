"""What to do next follows from the reasons, with numbers that are right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hilum.auditing.verdict import Reason, Scope
from hilum.evaluation.results import Estimate
from hilum.studies.results import Comparison
from hilum.studies.summary import summarise, weights_of
from unit.report.make_assessment import make_assessed
from unit.report.make_comparison import make_comparison
from unit.report.make_decisions import with_decisions


def judged(comparison: Comparison, *reasons: Reason, headline: str = "limited") -> Comparison:
    verdict = replace(comparison.verdict, headline=headline, grounds=reasons)
    return replace(comparison, audit=replace(comparison.audit, verdict=verdict))


def with_calls(comparison: Comparison, value: float, margin: float) -> Comparison:
    """Sensitivity and specificity alike, by the highest score."""
    first = comparison.backbones[0]
    figure = Estimate(value, value - margin, value + margin, "made up")
    metrics = {**first.evaluation.metrics, "sensitivity": figure, "specificity": figure}
    first = replace(first, evaluation=replace(first.evaluation, metrics=metrics))
    return replace(comparison, backbones=(first, *comparison.backbones[1:]))


PRECISION = Reason("precision", "limits", "Too few.")


def test_it_says_how_many_films_would_be_enough() -> None:
    # Their mean is 0.85 with a lower bound of 0.85 - 0.2 / sqrt(2): to reach 0.75, the interval
    # must become narrower by sqrt(2), which takes twice the 160 films.
    (step,) = summarise(judged(with_calls(make_comparison(), 0.85, 0.2), PRECISION)).next_steps
    assert "about 320 in all" in step
    (step,) = summarise(judged(with_calls(make_comparison(), 0.755, 0.2), PRECISION)).next_steps
    assert "too often wrong" in step


def test_what_a_person_can_answer_is_asked_of_one_with_the_flags_to_say_so() -> None:
    reasons = [Reason("objects", "limits", "Objects."), Reason("place", "limits", "One spot.")]
    first = summarise(judged(make_comparison(headline="withheld"), *reasons))
    (step,) = first.next_steps
    assert '`--confirm objects="WHO: WHAT" --confirm place="WHO: WHAT"`' in step
    # Small objects give away 86 % of the 80 positive films.
    assert "add 69 films of normal that carry the same" in step
    assert first.text == (
        "It is limited by thin bright objects and evidence on one spot of all films: read the "
        "figures with that in mind."
    )


def test_frame_and_processing_ask_for_the_same_films_once() -> None:
    reasons = [Reason(cause, "withholds", "It is.") for cause in ("frame", "processing")]
    (step,) = summarise(judged(make_comparison(), *reasons, headline="withheld")).next_steps
    assert step == (
        "Collect 30 films each of COVID-19 and of normal from one device and export: the frame of "
        "the films and the processing of the films must then tell nothing."
    )


def test_a_supported_study_is_sent_to_other_films_until_it_was_there() -> None:
    assert "--external" in summarise(make_comparison()).next_steps[0]
    assessed = make_assessed()
    first = summarise(assessed)
    assert "--external" not in " ".join(first.next_steps)
    assert assessed.external is not None
    assert f"of {assessed.external.cohort.name}: sensitivity" in first.elsewhere
    assert "On sources that were left out of training: AUROC" in first.elsewhere


def test_what_a_person_answered_weighs_nothing_and_is_shown() -> None:
    reason = Reason("objects", "describes", "Objects tell it.", confirmed="Dr. A: calcifications")
    comparison = judged(make_comparison(headline="limited"), reason, headline="supported")
    first = summarise(comparison)
    assert first.confirmed == (
        "Objects tell it. Answered by a person who looked: Dr. A: calcifications.",
    )
    assert first.text.startswith(
        "None of the 10 things that were tried limits it; 1 reason was answered by a person who "
        "looked at the films."
    )
    assert weights_of(comparison.audit)["objects"] == "describes"


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope(), "Supported on films whose source is unknown"),
        (Scope(n_sources=1), "Supported on films of one source"),
        (
            Scope(n_sources=1, external=("there",)),
            "Supported on films of one source, and on films from elsewhere",
        ),
    ],
)
def test_the_title_says_the_scope(scope: Scope, text: str) -> None:
    comparison = make_comparison()
    verdict = replace(comparison.verdict, scope=scope)
    audit = replace(comparison.audit, verdict=verdict)
    assert summarise(replace(comparison, audit=audit)).title == text


def test_earlier_runs_are_counted() -> None:
    comparison = make_comparison()
    sixth = replace(comparison, provenance={**comparison.provenance, "earlier_runs": 6})
    assert "This is the seventh run on these films" in summarise(sixth).looked[-1]
    assert "run on these films" not in " ".join(summarise(comparison).looked)


def test_the_quoted_calls_are_those_at_the_operating_point() -> None:
    comparison = with_decisions(make_comparison())
    first = comparison.backbones[0]
    assert first.decisions is not None
    confusion = first.decisions.operating_point.confusion
    assert f"; {confusion.tp} of {confusion.tp + confusion.fn})" in summarise(comparison).quote
