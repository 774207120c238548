"""The first screen of a study: the verdict with its scope, one line to quote, and what to do next.

Whatever shows a verdict takes its words from here: report, terminal, page of an audit, model card,
the JSON of a run, the page of `serve`. They are derived from what was run and what it found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hilum.auditing import (
    CONFIRMABLE,
    RULES,
    TITLES,
    AuditReport,
    BaselineName,
    Reason,
    Verdict,
    Weight,
    find_baseline,
)
from hilum.classifier import CohortVerdict
from hilum.cohort import Cohort
from hilum.evaluation import Confusion, Estimate, Evaluation, OperatingPoint
from hilum.studies.auditing import Audit
from hilum.studies.results import Comparison, ExternalFigures
from hilum.wording import capitalised, counted, films_text, joined, metric_value, metric_word

_STEPS_AT_MOST = 3


def summarise(comparison: Comparison) -> CohortVerdict:
    """Write the first screen of a comparison."""
    verdict = comparison.verdict
    is_verified = all(result.weights.is_verified for result in comparison.backbones)
    judged = _judged(comparison)
    is_quoted = verdict.headline != "withheld" and judged is not None
    return _summary(
        verdict,
        comparison.positive,
        n_earlier=comparison.provenance.get("earlier_runs", 0),
        mark="" if is_verified else "Unverified weights. ",
        quote=_quote(comparison, judged) if is_quoted and judged else "",
        elsewhere=_elsewhere(comparison) if is_quoted else "",
        next_steps=_list_steps(
            verdict,
            comparison.audit,
            comparison.cohort,
            comparison.positive,
            judged=judged,
            is_external=comparison.external is not None,
        ),
    )


def summarise_audit(audit: Audit) -> CohortVerdict:
    """Write the first screen of an audit, which has no figure to quote."""
    model = audit.model
    return _summary(
        audit.report.verdict,
        audit.positive,
        mark="" if model is None or model.weights.is_verified else "Unverified weights. ",
        next_steps=_list_steps(
            audit.report.verdict,
            audit.report,
            audit.cohort,
            audit.positive,
            judged=None if model is None else _Judged(model.title, model.evaluation, None),
            is_external=None,
        ),
    )


def weights_of(report: AuditReport) -> dict[BaselineName, Weight]:
    """Say what each baseline does to the headline, where it does anything.

    What a person has answered only describes.
    """
    answered = {reason.cause for reason in report.verdict.confirmations}
    return {
        baseline.name: "describes" if baseline.name in answered else baseline.weight
        for baseline in report.baselines
        if baseline.weight is not None
    }


def _summary(
    verdict: Verdict,
    positive: str,
    *,
    mark: str = "",
    n_earlier: int = 0,
    quote: str = "",
    elsewhere: str = "",
    next_steps: tuple[str, ...] = (),
) -> CohortVerdict:
    weighing = [reason for reason in verdict.grounds if reason.weight != "describes"]
    return CohortVerdict(
        headline=verdict.headline,
        title=mark + _title(verdict),
        text=_text(verdict, positive),
        looked=_list_looked(verdict, n_earlier),
        reasons=tuple(reason.text for reason in weighing),
        cautions=tuple(
            reason.text
            for reason in verdict.grounds
            if reason.weight == "describes" and not reason.confirmed
        ),
        confirmed=tuple(
            f"{reason.text} Answered by a person who looked: {reason.confirmed.rstrip('.')}."
            for reason in verdict.confirmations
        ),
        quote=quote,
        elsewhere=elsewhere,
        next_steps=next_steps,
    )


def _title(verdict: Verdict) -> str:
    return f"{capitalised(verdict.headline)} {verdict.scope.text}"


def _text(verdict: Verdict, positive: str) -> str:
    """Say in a sentence or two what led to the headline."""
    deciding = [
        reason
        for reason in verdict.grounds
        if reason.weight == ("withholds" if verdict.headline == "withheld" else "limits")
    ]
    causes = list(dict.fromkeys(_name_cause(reason.cause) for reason in deciding))
    if verdict.headline == "withheld":
        return (
            f"It is withheld for {joined(causes)}: no figure of these films may be quoted as the "
            f"ability to recognise {positive}."
        )
    if verdict.headline == "limited":
        return f"It is limited by {joined(causes)}: read the figures with that in mind."
    return _supported_text(verdict)


def _supported_text(verdict: Verdict) -> str:
    n_cautions = sum(not reason.confirmed for reason in verdict.grounds)
    n_confirmed = len(verdict.confirmations)
    n_tried = counted(len(verdict.tried), "thing")
    if not verdict.grounds:
        text = f"None of the {n_tried} that were tried speaks against it."
    else:
        parts = []
        if n_confirmed:
            answered = counted(n_confirmed, "reason", "was/were")
            parts.append(f"{answered} answered by a person who looked at the films")
        if n_cautions:
            parts.append(f"{counted(n_cautions, 'caution', 'stands/stand')} beside it")
        text = f"None of the {n_tried} that were tried limits it; {joined(parts)}."
    return f"{text} Films of other hospitals, devices and patients may differ."


_CAUSES: Mapping[str, str] = {
    "metadata": "what the files tell without a pixel",
    "frame": "the frame of the films",
    "processing": "the processing of the films",
    "objectless": "what is left without small objects",
    "lungless": "the films without their lungs",
    "precision": "too few films to know the calls well",
    "patients": "unknown patients",
    "labels": "contradicting labels",
    "leaks": "leaks between training and test",
    "validation": "validation on the test films",
    "weights": "unverified weights",
    "collection": "a network that may have seen these films",
    "place": "evidence on one spot of all films",
    "external": "the films from elsewhere",
    "source": "the sources of the films",
    "probes": "evidence that was not looked for",
    "chance": "a model no better than chance",
    "folds": "too few films to train and test on",
    "class-size": "a class that is too small",
    "mixed-patients": "patients in both classes",
    "view": "the view of the films",
}


def _name_cause(cause: str) -> str:
    if cause in _CAUSES:
        return _CAUSES[cause]
    titles = {str(name): title.lower() for name, title in TITLES.items()}
    return titles.get(cause, cause.replace("-", " "))


_TIMES = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def _list_looked(verdict: Verdict, n_earlier: int) -> tuple[str, ...]:
    told = []
    if verdict.tried:
        told.append(f"Tried: {joined(verdict.tried)}.")
    if verdict.untried:
        told.append(f"Not tried: {'; '.join(verdict.untried)}.")
    if verdict.n_draws > 1:
        agree = "All" if verdict.n_agree == verdict.n_draws else f"{verdict.n_agree} of"
        told.append(f"{agree} {verdict.n_draws} draws of the folds lead to this verdict.")
    if verdict.edge:
        told.append(f"Near an edge: {verdict.edge}.")
    if n_earlier:
        times = _TIMES[n_earlier - 1] if n_earlier <= len(_TIMES) else f"{n_earlier + 1}th"
        told.append(
            f"This is the {times} run on these films: of many, one looks better than it is."
        )
    return tuple(told)


@dataclass(frozen=True)
class _Judged:
    """Whose figures stand for the study."""

    title: str
    evaluation: Evaluation
    point: OperatingPoint | None

    @property
    def confusion(self) -> Confusion:
        return self.evaluation.confusion if self.point is None else self.point.confusion

    def figure(self, metric: str) -> Estimate:
        if self.point is None or metric == "auroc":
            return self.evaluation.metrics[metric]
        return self.point.sensitivity if metric == "sensitivity" else self.point.specificity


def _judged(comparison: Comparison) -> _Judged | None:
    """Find whose figures may be quoted; None where no network ran on its published weights."""
    pick = comparison.pick
    if pick is not None:
        title = f"nested choice among {counted(len(pick.times_chosen), 'network')}"
        point = None if pick.decisions is None else pick.decisions.operating_point
        return _Judged(title, pick.evaluation, point)
    result = next((r for r in comparison.backbones if r.weights.is_verified), None)
    if result is None:
        return None
    point = None if result.decisions is None else result.decisions.operating_point
    return _Judged(result.title, result.evaluation, point)


def _quote(comparison: Comparison, judged: _Judged) -> str:
    """Write the one line to quote: figures with intervals and counts, and what they stand on."""
    confusion = judged.confusion
    others = [label for label in comparison.cohort.classes if label != comparison.positive]
    films = [comparison.cohort.films[row] for row in judged.evaluation.tested.films]
    patients = {film.patient for film in films}
    whose = "patients unknown" if None in patients else f"of {counted(len(patients), 'patient')}"
    how = (
        "operating point fixed on validation films"
        if judged.point is not None
        else "called by the highest score"
    )
    same = ", validated on the test films" if comparison.folds.validates_on_test else ""
    against = others[0] if len(others) == 1 else "all others"
    care = "; verdict limited" if comparison.verdict.headline == "limited" else ""
    return (
        f"{capitalised(_figures(judged.figure, confusion))}: {comparison.positive} against "
        f"{against}, {judged.title}, {films_text(len(films))} {whose}, {how}{same}{care}"
    )


def _figures(figure: Callable[[str], Estimate | None], confusion: Confusion) -> str:
    counts = {
        "sensitivity": (confusion.tp, confusion.tp + confusion.fn),
        "specificity": (confusion.tn, confusion.tn + confusion.fp),
    }
    parts, is_first = [], True
    for metric in ("sensitivity", "specificity", "auroc"):
        estimate = figure(metric)
        if estimate is None or not math.isfinite(estimate.value):
            continue
        inside = _bounds(metric, estimate, is_named=is_first)
        if metric in counts:
            right, n_films = counts[metric]
            inside = "; ".join(filter(None, (inside, f"{right:,} of {n_films:,}")))
        named = f"{metric_word(metric)} {metric_value(metric, estimate.value)}"
        parts.append(f"{named} ({inside})" if inside else named)
        is_first = False
    return ", ".join(parts)


def _bounds(metric: str, estimate: Estimate, *, is_named: bool) -> str:
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return ""
    low, high = (metric_value(metric, b).removesuffix(" %") for b in (estimate.low, estimate.high))
    return f"{'95 % CI ' * is_named}{low} to {high}"


def _elsewhere(comparison: Comparison) -> str:
    """Say what the model reaches on films that no head of it saw."""
    name, parts = comparison.audit.model, []
    external, by_source = comparison.external, comparison.by_source
    for figures in () if external is None else external.transfers:
        if external is not None and figures.name == name:
            films = films_text(len(external.cohort))
            parts.append(f"On {films} of {external.cohort.name}: {_elsewhere_figures(figures)}.")
    tested = [
        (test.source, figures.metrics["auroc"].value)
        for test in (by_source.tests if by_source is not None else ())
        for figures in test.transfers
        if figures.name == name and "auroc" in figures.metrics
    ]
    if tested:
        least, most = (pick(tested, key=lambda each: each[1]) for pick in (min, max))
        reached = f"AUROC {least[1]:.3f} ({least[0]})"
        if most != least:
            reached += f" to {most[1]:.3f} ({most[0]})"
        parts.append(f"On sources that were left out of training: {reached}.")
    return " ".join(parts) or "Not tried on films from elsewhere."


def _elsewhere_figures(figures: ExternalFigures) -> str:
    point = figures.operating_point
    if point is None:
        return _figures(figures.metrics.get, figures.confusion)
    known = dict(figures.metrics) | {
        metric: estimate
        for metric, estimate in (
            ("sensitivity", point.sensitivity), ("specificity", point.specificity),
        )
        if metric in figures.metrics
    }  # fmt: skip
    return _figures(known.get, point.confusion)


def _list_steps(
    verdict: Verdict,
    report: AuditReport,
    cohort: Cohort,
    positive: str,
    *,
    judged: _Judged | None,
    is_external: bool | None,
) -> tuple[str, ...]:
    """Say what to do next: what to collect, correct or look at, and which test would then speak."""
    case = _Case(verdict, report, cohort, positive, judged)
    weighing = [reason for reason in verdict.grounds if reason.weight != "describes"]
    steps = [step for reason in weighing for step in _steps_for(reason, case)]
    if not steps and is_external is False:
        steps.append(
            "Try it on films of another hospital, of both classes: `--external` then says what "
            "holds there."
        )
    if not steps and verdict.headline == "supported" and any("mask" in u for u in verdict.untried):
        steps.append(
            "Give lung masks with `--masks`: the film without its lungs must then tell little."
        )
    if not steps and verdict.headline == "supported":
        steps.append(
            "Let a radiologist look at the strongest spots and the misjudged films, then test it "
            "on films that are still to be taken."
        )
    return tuple(dict.fromkeys(steps))[:_STEPS_AT_MOST]


@dataclass(frozen=True)
class _Case:
    verdict: Verdict
    report: AuditReport
    cohort: Cohort
    positive: str
    judged: _Judged | None

    @property
    def others(self) -> str:
        labels = [label for label in self.cohort.classes if label != self.positive]
        return labels[0] if len(labels) == 1 else "the other classes"

    @property
    def n_positives(self) -> int:
        return sum(film.label == self.positive for film in self.cohort.films)

    @property
    def n_carrying(self) -> int:
        """The positive films that small objects give away; a usual number where none do."""
        objects = find_baseline(self.report.baselines, "objects")
        n_caught = 0 if objects is None else round(objects.caught.value * self.n_positives)
        return n_caught or _LEAST_PER_SIDE


def _steps_for(reason: Reason, case: _Case) -> Iterator[str]:
    positive, others = case.positive, case.others
    both = f"of {positive} and of {others}"
    match reason.cause:
        case "metadata":
            yield (
                "Export the films of both classes in one way, and run again: file metadata must "
                "then tell nothing."
            )
        case "source" if reason.weight == "withholds" and find_baseline(
            case.report.baselines, "source"
        ):
            yield (
                f"Collect {_LEAST_PER_SIDE} films each {both} from one source: leaving sources out "
                "then speaks."
            )
        case "external" | "source":
            yield (
                f"Check the labels there; then train with {_LEAST_PER_SIDE} films each {both} from "
                "more places: leaving one out then speaks."
            )
        case "frame" | "processing":
            alike = [
                _name_cause(each.cause)
                for each in case.verdict.grounds
                if each.cause in _OF_ACQUISITION and each.weight != "describes"
            ]
            yield (
                f"Collect {_LEAST_PER_SIDE} films each {both} from one device and export: "
                f"{joined(alike)} must then tell nothing."
            )
        case "objects" | "objectless" | "place" | "lettering":
            yield _look_step(case)
        case "lungless" if reason.weight == "withholds":
            yield (
                f"Look at what stands outside the lungs, and add {_LEAST_PER_SIDE} films of "
                f"{others} that carry the same: the film without its lungs must then tell little."
            )
        case "lungless":
            yield (
                "Look at what stands outside the lungs, and say where the disease is to be seen: "
                "`--seen-in lungs` or `heart`."
            )
        case "precision":
            yield _precision_step(case, both)
        case "patients":
            yield "Name the patient of every film: a column `patient`, or `--patient-pattern`."
        case "labels":
            yield "Correct the labels of the films that stand under two; audit.json names them."
        case "leaks" | "validation":
            yield "Run again by the recipe `hilum`, which keeps patients and copies together."
        case "weights":
            yield "Fetch the published weights with `hilum backbones fetch`, and run again."
        case "collection":
            yield "Run a network that was not trained on these films: does its figure hold?"
        case "probes":
            yield "Run again without `--no-probes`: the frame and small objects then speak."
        case "chance":
            yield (
                "Look at the misjudged films for wrong labels; then collect more films, or try "
                "another network."
            )
        case "folds":
            yield f"Collect more films {both}, so that some are left to test on."
        case "sex" | "age" | "view" as attribute:
            yield (
                f"Collect films {both} in which {attribute} is mixed alike: the AUROC within "
                "strata then speaks."
            )
        case _:
            yield from (
                finding.what_to_do
                for finding in case.report.findings
                if finding.check == reason.cause and finding.what_to_do
            )


_OF_ACQUISITION = ("frame", "processing")

_LEAST_PER_SIDE = 30
"""Films of a class from one place, below which no test of it says much."""


def _look_step(case: _Case) -> str:
    causes = [
        reason.cause
        for reason in case.verdict.grounds
        if reason.cause in CONFIRMABLE and reason.weight == "limits"
    ]
    confirm = f'`--confirm {causes[0] if len(causes) == 1 else "REASON"}="WHO: WHAT"`'
    if len(causes) > 1:
        confirm += f" for {joined(causes)}"
    return (
        f"Look at the strongest spots: if they are the disease, say so with {confirm}; if not, "
        f"add {case.n_carrying} films of {case.others} that carry the same."
    )


def _precision_step(case: _Case, both: str) -> str:
    """Say how many films would narrow the intervals enough, if the figures stayed."""
    if case.judged is None:
        return f"Collect more films {both}."
    sensitivity, specificity = map(case.judged.figure, ("sensitivity", "specificity"))
    balanced = (sensitivity.value + specificity.value) / 2
    half = math.hypot(sensitivity.value - sensitivity.low, specificity.value - specificity.low) / 2
    wanted = [(balanced - RULES.least_balanced, half)] + [
        (figure.value - RULES.least_bound, figure.value - figure.low)
        for figure in (sensitivity, specificity)
    ]
    if min(room for room, _ in wanted) <= _LEAST_ROOM:
        return (
            "Look at the misjudged films, or try another network: the calls are too often wrong "
            "for more films alone to help."
        )
    factor = max((width / room) ** 2 for room, width in wanted)
    needed = round(factor * len(case.judged.evaluation.tested.films), 3)
    n_films = math.ceil(needed / 10) * 10
    return (
        f"Collect films {both}, about {n_films:,} in all: the calls are then known well enough, if "
        "they stay as good."
    )


_LEAST_ROOM = 0.02
"""Figures nearer to the rule than this would take films by the thousand."""
