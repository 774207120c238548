"""The sections "The answer" and "All backbones": who came first, how far ahead, and how sure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hilum.cohort import is_without_disease
from hilum.evaluation import Estimate, Evaluation, Interval, NestedPick, PairedComparison
from hilum.report.section import section
from hilum.report.sections.cohort import people_text
from hilum.studies import BackboneResult, Comparison, Ensemble
from hilum.wording import (
    UNKNOWN,
    count_text,
    difference_text,
    films_text,
    joined,
    metric_interval,
    metric_text,
    metric_title,
    metric_value,
    metric_word,
    p_text,
    percent_text,
    seconds_text,
    spread_text,
)

UNRANKED_HEADING = "On unverified weights: in no tier"
COMBINED_HEADING = "Made of several"
PICK_TITLE = "Chosen anew for every film"
_MANY_FILMS = 1_000_000


def tier_heading(number: int, comparison: Comparison) -> str:
    """Head a tier: how many the films cannot tell apart.

    Args:
        number: Of the tier, from 0.
        comparison: With that tier.
    """
    tier = comparison.tiers[number]
    heading = f"Tier {number + 1}"
    if len(tier) == 1:
        return f"{heading}: on its own"
    are_all_tied = all(
        pair.tied for pair in comparison.comparisons if pair.a in tier and pair.b in tier
    )
    # Ties are not transitive: those tied with the first may still differ among themselves.
    whom = "them apart" if are_all_tied else "the others from the first"
    return f"{heading}: these films cannot tell {whom}"


def tiers_text(comparison: Comparison) -> str:
    """Say what a tier is, and how many films could split the first; empty without tiers."""
    if sum(map(len, comparison.tiers)) < 2:
        return ""
    text = (
        "A tier holds whatever these films cannot tell from its first backbone: neither test in "
        "the table of pairs shows a difference."
    )
    pair = _closest_rival(comparison)
    if pair is None:
        return text
    titles = {result.name: result.title for result in comparison.backbones}
    first = comparison.tiers[0][0]
    other = pair.b if pair.a == first else pair.a
    n_tested = len(comparison.backbones[0].evaluation.films)
    return f"{text} {split_text(pair, titles[first], titles[other], n_tested)}"


def split_text(pair: PairedComparison, first: str, other: str, n_tested: int) -> str:
    """Say how many films would tell two tied backbones apart.

    Args:
        pair: The two; tied, with a number of films.
        first: Title of the one.
        other: Title of the other.
        n_tested: Films that were tested.
    """
    needed = pair.films_needed or 0
    if needed <= n_tested:
        return (
            f"{first} and {other} stay tied only through the correction for the number of pairs: "
            f"{films_text(n_tested)} are enough to test a single difference of this size."
        )
    return (
        f"To tell {first} from {other}, should they differ as much as they did here, "
        f"{needed_text(needed)} would be needed instead of {n_tested:,}, at 80 % power."
    )


def needed_text(films: int) -> str:
    """Write a number of films as roughly as it is known: `about 1,900 films`."""
    if films >= _MANY_FILMS:
        return "more than a million films"
    digits = len(str(films)) - 2
    step = 10 ** max(digits, 0)
    return f"about {films_text(step * math.ceil(films / step))}"


def ensemble_title(ensemble: Ensemble) -> str:
    """Name the average of several backbones."""
    return f"Average of {len(ensemble.members)} backbones"


def pick_note(comparison: Comparison, pick: NestedPick) -> str:
    """Say which backbones were chosen, the most frequent first."""
    titles = {result.name: result.title for result in comparison.backbones}
    chosen = sorted(pick.times_chosen.items(), key=lambda item: -item[1])
    named = joined([f"{titles[name]} for {films_text(count)}" for name, count in chosen if count])
    text = f"By validation films: {named}."
    if comparison.verdict.headline == "withheld":
        return text
    return f"{text} This row is “the best of {len(chosen)}”, called by the highest score."


def pick_text(pick: NestedPick) -> str:
    """Say what the best of several is worth."""
    accuracy = metric_text("accuracy", pick.evaluation.metrics["accuracy"])
    return (
        f"Chosen anew for every film, without that film: accuracy {accuracy} by the highest score; "
        f"that is “the best of {len(pick.times_chosen)}”."
    )


def further_text(comparison: Comparison) -> str:
    """Say what the average precision of chance is; empty where it was not measured."""
    if "average_precision" not in comparison.backbones[0].evaluation.metrics:
        return ""
    confusion = comparison.backbones[0].evaluation.confusion
    positives = confusion.tp + confusion.fn
    share = positives / (positives + confusion.tn + confusion.fp)
    return (
        "Average precision sums up how many of the films called positive are so, over all "
        f"thresholds; chance reaches the share of positive films, here {share:.3f}."
    )


def chosen_text(pick: NestedPick, name: str) -> str:
    """Say how often a backbone was chosen: `for 17 of 25 films`, `for every film`."""
    times, total = pick.times_chosen.get(name, 0), sum(pick.times_chosen.values())
    if times == total:
        return "for every film"
    return f"for {times:,} of {total:,} films" if times else "for no film"


def _closest_rival(comparison: Comparison) -> PairedComparison | None:
    """Find the tied pair of the first backbone that fewest films would split; None without one."""
    tier = comparison.tiers[0]
    tied = [
        pair
        for pair in comparison.comparisons
        if tier[0] in (pair.a, pair.b)
        and {pair.a, pair.b} <= set(tier)
        and pair.films_needed is not None
    ]
    return min(tied, key=lambda pair: pair.films_needed or 0, default=None)


HEADLINE_METRICS = ("accuracy", "sensitivity", "specificity", "auroc")


@dataclass(frozen=True)
class Whisker:
    """Where the dot and the line of an interval lie, as fractions of the bar's width."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Cell:
    """One figure of the table: `97.5 %`, its interval, the small print and the bar."""

    title: str
    value: str
    interval: str
    one_repeat: str
    whisker: Whisker | None


@dataclass(frozen=True)
class Row:
    """One line of the table: a backbone, or something made of several.

    Attributes:
        title: Who was judged.
        note: How it came about, in place of what it cost; empty for anything that has a cost.
        is_verified: No figure in it rests on other weights than the published ones.
        cells: One per column of figures.
        parameters: Weights of the frozen part.
        input: Side of the square input.
        extraction: Time that the features took.
        is_stored: They were computed before this run.
        training: Time that the heads took.
    """

    title: str
    note: str
    is_verified: bool
    cells: tuple[Cell, ...]
    parameters: str
    input: str
    extraction: str
    is_stored: bool
    training: str


@dataclass(frozen=True)
class Block:
    """Rows that stand together under a heading; the heading may be empty."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class MatrixCell:
    """Films of one truth and one call, and their share of the truth's row."""

    films: str
    percent: str
    share: float
    is_right: bool


def headline_metrics(comparison: Comparison) -> tuple[str, ...]:
    """Choose the table's columns; what else was measured gets a table of its own."""
    known = comparison.backbones[0].evaluation.metrics
    return tuple(metric for metric in HEADLINE_METRICS if metric in known)


def further_metrics(comparison: Comparison) -> tuple[str, ...]:
    """List the metrics that the table of headlines does not show."""
    shown = headline_metrics(comparison)
    known = comparison.backbones[0].evaluation.metrics
    return tuple(metric for metric in known if metric not in shown)


def scale_start(comparison: Comparison, metrics: Sequence[str]) -> float:
    """Choose where all bars of the table begin: a tenth below which no interval reaches."""
    judged = [result.evaluation for result in comparison.backbones]
    judged += [other.evaluation for other in (comparison.ensemble, comparison.pick) if other]
    lows = [
        estimate.low
        for evaluation in judged
        for metric, estimate in evaluation.metrics.items()
        if metric in metrics and math.isfinite(estimate.low)
    ]
    return tenth_below(lows)


def tenth_below(lows: Sequence[float]) -> float:
    """Round the smallest of some bounds down to a tenth, to 0.9 at most."""
    lowest = math.floor(10 * min(lows, default=0.0) + 1e-9) / 10
    return min(max(lowest, 0.0), 0.9)


def scaled(low: float, value: float, high: float, start: float) -> Whisker:
    """Place a figure and its bounds on a bar from `start` to 1."""
    bounds = (min(max((b - start) / (1 - start), 0.0), 1.0) for b in (low, value, high))
    return Whisker(*bounds)


def make_cell(metric: str, estimate: Estimate, start: float, *, one_repeat: str = "") -> Cell:
    """Write out one figure, with a bar from `start` to 1 where it has bounds."""
    bounds = (estimate.low, estimate.value, estimate.high)
    return Cell(
        title=metric_title(metric),
        value=metric_value(metric, estimate.value),
        interval=metric_interval(metric, estimate),
        one_repeat=one_repeat,
        whisker=scaled(*bounds, start) if all(map(math.isfinite, bounds)) else None,
    )


def make_blocks(comparison: Comparison, metrics: Sequence[str]) -> tuple[Block, ...]:
    """Write out the table: the backbones by tier, best first, then what several make up.

    Args:
        comparison: A finished study.
        metrics: The columns of figures.

    Returns:
        One block per tier, one for backbones in none, one for ensemble and nested pick;
        without headings where there is nothing to part.
    """
    start = scale_start(comparison, metrics)
    rows = {r.name: _backbone_row(r, metrics, start) for r in comparison.backbones}
    ranked = {name for tier in comparison.tiers for name in tier}
    # Within a tier the table's order holds: by accuracy, then AUROC, then fewer parameters.
    blocks = [
        Block(
            tier_heading(number, comparison),
            tuple(row for name, row in rows.items() if name in tier),
        )
        for number, tier in enumerate(comparison.tiers)
    ]
    unranked = tuple(row for name, row in rows.items() if name not in ranked)
    if unranked:
        blocks.append(Block(UNRANKED_HEADING if blocks else "", unranked))
    if len(rows) == 1:
        blocks = [Block("", tuple(rows.values()))]
    combined = _combined_rows(comparison, metrics, start)
    if combined:
        blocks.append(Block(COMBINED_HEADING, combined))
    return tuple(blocks)


def make_matrix(result: BackboneResult) -> tuple[tuple[MatrixCell, ...], ...]:
    """Write out a confusion matrix, row by row of true classes."""
    rows = []
    for k, counts in enumerate(result.evaluation.confusion_matrix.tolist()):
        total = sum(counts)
        shares = [count / total if total else 0.0 for count in counts]
        rows.append(
            tuple(
                MatrixCell(f"{count:,}", percent_text(share), share, j == k)
                for j, (count, share) in enumerate(zip(counts, shares, strict=True))
            )
        )
    return tuple(rows)


def _backbone_row(result: BackboneResult, metrics: Sequence[str], start: float) -> Row:
    return Row(
        title=result.title,
        note="",
        is_verified=result.weights.is_verified,
        cells=_cells(result.evaluation, metrics, start),
        # Of a model file that the user brings, nobody may have counted them.
        parameters=count_text(result.parameters) if result.parameters else UNKNOWN,
        input=f"{result.size_px} px",
        extraction=seconds_text(result.seconds.extract),
        is_stored=result.views_per_second is None,
        training=seconds_text(result.seconds.train),
    )


def _combined_rows(comparison: Comparison, metrics: Sequence[str], start: float) -> tuple[Row, ...]:
    """Write out the ensemble, at the cost of its members, and the nested pick."""
    rows = []
    if comparison.ensemble is not None:
        members = [r for r in comparison.backbones if r.name in comparison.ensemble.members]
        counted = [result.parameters for result in members]
        rows.append(
            Row(
                title=ensemble_title(comparison.ensemble),
                note="",
                is_verified=True,
                cells=_cells(comparison.ensemble.evaluation, metrics, start),
                parameters=count_text(sum(counted)) if all(counted) else UNKNOWN,
                input="",
                extraction=seconds_text(sum(result.seconds.extract for result in members)),
                is_stored=all(result.views_per_second is None for result in members),
                training=seconds_text(sum(result.seconds.train for result in members)),
            )
        )
    if comparison.pick is not None:
        rows.append(
            Row(
                title=PICK_TITLE,
                note=pick_note(comparison, comparison.pick),
                is_verified=True,
                cells=_cells(comparison.pick.evaluation, metrics, start),
                parameters="",
                input="",
                extraction="",
                is_stored=False,
                training="",
            )
        )
    return tuple(rows)


def _cells(evaluation: Evaluation, metrics: Sequence[str], start: float) -> tuple[Cell, ...]:
    cells = []
    for metric in metrics:
        if metric not in evaluation.metrics:
            cells.append(Cell(metric_title(metric), "–", "", "", None))
            continue
        spread = evaluation.repeats.get(metric)
        one_repeat = "" if spread is None else spread_text(metric, spread)
        cells.append(make_cell(metric, evaluation.metrics[metric], start, one_repeat=one_repeat))
    return tuple(cells)


@dataclass(frozen=True)
class PairRow:
    """One pair of backbones.

    Attributes:
        a: Title of the first.
        b: Title of the second.
        accuracy: Of `a` less that of `b`, in points.
        auroc: Likewise.
        mcnemar: p of the calls, by patients; where it differs by films, that as well.
        adjusted: The same after Holm's correction.
        delong: p of the AUROC, likewise.
        adjusted_delong: The same after Holm's correction.
        tied: Neither shows a difference.
        needed: How many films would; empty where none are known to.
    """

    a: str
    b: str
    accuracy: str
    auroc: str
    mcnemar: str
    adjusted: str
    delong: str
    adjusted_delong: str
    tied: bool
    needed: str


def make_pairs(comparison: Comparison) -> tuple[PairRow, ...]:
    """Write out every pair of backbones."""
    titles = {result.name: result.title for result in comparison.backbones}
    return tuple(
        PairRow(
            a=titles[pair.a],
            b=titles[pair.b],
            accuracy=difference_text("accuracy", pair.accuracy_difference),
            auroc=difference_text("auroc", pair.auroc_difference),
            mcnemar=_both_p_text(pair.mcnemar_p, pair.mcnemar_p_films),
            adjusted=p_text(pair.adjusted_p),
            delong=_both_p_text(pair.delong_p, pair.delong_p_films),
            adjusted_delong=p_text(pair.adjusted_delong_p),
            tied=pair.tied,
            needed="" if pair.films_needed is None else needed_text(pair.films_needed),
        )
        for pair in comparison.comparisons
    )


def _both_p_text(by_groups: float, by_films: float | None) -> str:
    """Write the p by patients, and that by films where both are known and read differently."""
    text = p_text(by_groups)
    if by_films is None or p_text(by_films) == text:
        return text
    return f"{text} by patients, {p_text(by_films)} by films"


NAIVE = "films_as_independent"

CHECKS: Mapping[str, str] = {
    "wilson": "Wilson",
    "delong": "DeLong",
    NAIVE: "as if films were independent",
    "heads_as_given": "as if heads were given, not trained on folds",
}

_SHOWN_FIRST = ("accuracy", "sensitivity", "specificity", "auroc")


@dataclass(frozen=True)
class CheckedFigure:
    """One figure, its interval, and the same interval by other methods.

    Attributes:
        title: Whose figure it is.
        metric: Which one.
        figure: With the interval that the report shows.
        checks: The other intervals, one per method asked for; empty where there is none.
    """

    title: str
    metric: str
    figure: str
    checks: tuple[str, ...]


def clustering_text(comparison: Comparison, result: BackboneResult) -> str:
    """Say why intervals are wider than naive ones; empty where every film stands alone.

    Args:
        comparison: A finished study.
        result: The backbone whose figures make the example.
    """
    metrics = result.evaluation.metrics
    known = [m for m in (*_SHOWN_FIRST, *metrics) if NAIVE in getattr(metrics.get(m), "also", {})]
    if not known:
        return ""
    subjects = _subjects(comparison, result)

    def written(metric: str) -> tuple[str, str]:
        estimate = metrics[metric]
        naive = _with_bounds(estimate, estimate.also[NAIVE])
        return metric_interval(metric, estimate), metric_interval(metric, naive)

    # The example is one where it shows in print; chance may let a single interval come out alike.
    shows = [m for m in known if _widening(metrics[m]) > 0 and len(set(written(m))) == 2]
    if not shows:
        return (
            f"Films of one patient are alike, and the intervals allow for it; with {subjects}, it "
            "hardly widens them."
        )
    metric = shows[0]
    estimate, (_, naive) = metrics[metric], written(metric)
    return (
        f"Films of one patient are alike, so {subjects} tell less than as many films of different "
        f"people, and the intervals are wider than naive ones: {metric_word(metric)} of "
        f"{result.title} "
        f"{metric_text(metric, estimate)} instead of {naive}."
    )


def checked_methods(comparison: Comparison) -> tuple[str, ...]:
    """List by which other methods any figure of the report was bounded."""
    found = {
        method
        for _, evaluation in _judged(comparison)
        for estimate in evaluation.metrics.values()
        for method in estimate.also
    }
    return tuple(sorted(found, key=lambda method: (_place(method), method)))


def checked_figures(comparison: Comparison, methods: Sequence[str]) -> tuple[CheckedFigure, ...]:
    """Set every interval beside those that other methods give.

    Args:
        comparison: A finished study.
        methods: What `checked_methods` returned.
    """
    return tuple(
        CheckedFigure(
            title=title,
            metric=metric_title(metric),
            figure=metric_text(metric, estimate),
            checks=tuple(
                metric_interval(metric, _with_bounds(estimate, estimate.also[method]))
                if method in estimate.also
                else ""
                for method in methods
            ),
        )
        for title, evaluation in _judged(comparison)
        for metric, estimate in evaluation.metrics.items()
        if estimate.also
    )


def check_title(method: str) -> str:
    """Head the column of a method."""
    return CHECKS.get(method, method.replace("_", " "))


def _judged(comparison: Comparison) -> list[tuple[str, Evaluation]]:
    judged = [(result.title, result.evaluation) for result in comparison.backbones]
    if comparison.ensemble is not None:
        judged.append((ensemble_title(comparison.ensemble), comparison.ensemble.evaluation))
    if comparison.pick is not None:
        judged.append((PICK_TITLE, comparison.pick.evaluation))
    return judged


def _subjects(comparison: Comparison, result: BackboneResult) -> str:
    """Write `160 films of 80 patients`, or of groups where patients are not known of all."""
    rows = result.evaluation.films
    patients = [comparison.cohort.films[row].patient for row in rows]
    n_groups = len(np.unique(comparison.folds.groups[rows]))
    if None not in patients and len(set(patients)) == n_groups:
        return f"{len(rows):,} films of {n_groups:,} patients"
    return f"{len(rows):,} films in {n_groups:,} groups that belong together"


def _widening(estimate: Estimate) -> float:
    naive = estimate.also[NAIVE]
    return (estimate.high - estimate.low) - (naive.high - naive.low)


def _with_bounds(estimate: Estimate, interval: Interval) -> Estimate:
    return Estimate(estimate.value, interval.low, interval.high, estimate.method)


def _place(method: str) -> int:
    known = list(CHECKS)
    return known.index(method) if method in known else len(known)


_OPEN_PAIRS_AT_MOST = 6


@section("answer", place=30)
def view_answer(comparison: Comparison) -> dict[str, Any]:
    """Put the answer into words: who leads, and what may be quoted for it.

    Where a backbone was chosen among several, the figures are those of the choice made
    anew in every fold: the leader's own were looked at to put it first.

    Args:
        comparison: A finished study.
    """
    best, leader, pick = comparison.backbones[0], find_leader(comparison), comparison.pick
    evaluation = (leader or best).evaluation if pick is None else pick.evaluation
    others = [name for name in comparison.cohort.classes if name != comparison.positive]
    return {
        "leader": leader,
        "right": int(np.trace(evaluation.confusion_matrix)),
        "tested": len(evaluation.films),
        "chosen": "" if pick is None or leader is None else chosen_text(pick, leader.name),
        "choices": 0 if pick is None else len(pick.times_chosen),
        "figures": [
            (
                metric_title(metric),
                metric_value(metric, evaluation.metrics[metric].value),
                metric_interval(metric, evaluation.metrics[metric]),
            )
            for metric in headline_metrics(comparison)
        ],
        "standing": standing_text(comparison, leader or best),
        "subjects": subjects_text(comparison),
        "sensitivity": sensitivity_gloss(comparison.positive),
        "specificity": specificity_gloss(comparison.positive, others),
    }


@section("standings", place=40)
def view_standings(comparison: Comparison) -> dict[str, Any]:
    """Write out the table of all backbones, by tier, and every pair of them.

    Args:
        comparison: A finished study.
    """
    metrics, further = headline_metrics(comparison), further_metrics(comparison)
    pairs = make_pairs(comparison)
    example = find_leader(comparison) or comparison.backbones[0]
    return {
        "counting": counting_text(comparison),
        "clustering": clustering_text(comparison, example),
        "tiers": tiers_text(comparison),
        "titles": [metric_title(metric) for metric in metrics],
        "blocks": make_blocks(comparison, metrics),
        "start": scale_start(comparison, metrics),
        "further_titles": [metric_title(metric) for metric in further],
        "further_rows": [row for block in make_blocks(comparison, further) for row in block.rows]
        if further
        else [],
        "further_note": further_text(comparison),
        "pairs": pairs,
        "are_pairs_open": len(pairs) <= _OPEN_PAIRS_AT_MOST,
        "has_needed": any(pair.needed for pair in pairs),
    }


def find_leader(comparison: Comparison) -> BackboneResult | None:
    """Find who leads: who ran on other weights than the published ones leads nothing."""
    return next((r for r in comparison.backbones if r.weights.is_verified), None)


_NAMED_AT_MOST = 6

SAME_FILMS_NOTE = (
    "Validation and test are the same films here, since the recipe was published so. The curves "
    "and the table look at one set, so choices made on the curves flatter the table."
)


def standing_text(comparison: Comparison, best: BackboneResult) -> str:
    """Say whether the backbone put first is really ahead of the others that may be judged."""
    titles = {r.name: r.title for r in comparison.backbones if r.weights.is_verified}
    tied: list[str] = []
    behind: list[str] = []
    for pair in comparison.comparisons:
        other = pair.b if pair.a == best.name else pair.a
        if best.name in (pair.a, pair.b) and other in titles:
            (tied if pair.tied else behind).append(titles[other])
    if not tied and not behind:
        alone = len(comparison.backbones) == 1
        return f"It was the only one {'compared' if alone else 'on its published weights'}."
    if not behind:
        number = {1: "the other one", 2: "both others"}.get(len(tied), f"all {len(tied)} others")
        return f"It is statistically tied with {number}: these films show no difference."
    if not tied:
        return f"The films show a difference from {_named(behind)}, after correction."
    return (
        f"It is statistically tied with {_named(tied)}; the films show a difference from "
        f"{_named(behind)}, after correction for the number of pairs."
    )


def _named(titles: Sequence[str]) -> str:
    """Name a few backbones, and count many."""
    return joined(titles) if len(titles) <= _NAMED_AT_MOST else f"{len(titles)} others"


def counting_text(comparison: Comparison) -> str:
    """Say how the films were called, and what the two kinds of uncertainty are."""
    repeats = comparison.recipe.repeats
    if comparison.recipe.folds == 0 and repeats == 1:
        called = "Each test film is called once, by its score from the head of the single split."
    elif repeats == 1:
        called = "Each film is called once, by its score from the one head that did not see it."
    else:
        called = (
            f"Each film is called once, by the mean of its out-of-fold scores over the "
            f"{repeats} repeats: {repeats} heads together, usually a little better than one."
        )
    interval = "The brackets hold the 95 % interval: how far the figure would move with other films"
    if repeats == 1:
        return f"{called} {interval}."
    return (
        f"{called} {interval}. The small print is one repeat alone, mean ± standard deviation "
        f"over the repeats: how far the figure moves when the folds are drawn anew on the same "
        f"films. The spread over repeats is not sampling uncertainty."
    )


def subjects_text(comparison: Comparison) -> str:
    """Say how many films, and of how many people, stand behind the figures."""
    rows = comparison.backbones[0].evaluation.films
    return f"{films_text(len(rows))} {people_text(comparison.cohort, rows.tolist())}"


def sensitivity_gloss(positive: str) -> str:
    """Say what sensitivity is and what a low one does."""
    missed = f"{positive} films" if is_without_disease(positive) else "the diseased"
    return (
        f"Sensitivity is the share of {positive} films that are called {positive}. "
        f"A low sensitivity misses {missed}."
    )


def specificity_gloss(positive: str, others: Sequence[str]) -> str:
    """Say what specificity is and what a low one does."""
    is_plain = all(map(is_without_disease, others)) and not is_without_disease(positive)
    mistaken = "calls the healthy ill" if is_plain else f"calls other films {positive}"
    return (
        f"Specificity is the share of the other films ({joined(others)}) that are called "
        f"not {positive}. A low specificity {mistaken}."
    )
