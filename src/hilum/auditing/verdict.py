"""The verdict: whether a cohort carries the claim, by written rules.

It weighs everything that a run found out: what predicts the label without the disease, what is left
when small objects are taken away, where the evidence stands, leaks, precision, other cohorts,
left-out sources, subgroups, and every finding that a person should look at. The rules and their
reasons stand in `docs/verdict.md`; the thresholds stand here, once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median_low
from typing import TYPE_CHECKING, Literal

from hilum.auditing.baselines import SUBJECTS, Baseline, BaselineName, Weight
from hilum.evaluation import Estimate
from hilum.wording import counted, lowered, metric_text, percent_text, percents_interval

if TYPE_CHECKING:
    from hilum.auditing.findings import Finding
    from hilum.auditing.place import Place

Headline = Literal["supported", "limited", "withheld"]

SeenIn = Literal["lungs", "heart", "anywhere"]
"""Where the disease is to be seen, as the user says beforehand."""

_ORDER: tuple[Weight, ...] = ("withholds", "limits", "describes")
_HEADLINES: tuple[Headline, ...] = ("supported", "limited", "withheld")
_HEADLINE_OF: Mapping[Weight | None, Headline] = {
    "withholds": "withheld", "limits": "limited", "describes": "supported", None: "supported",
}  # fmt: skip

CONFIRMABLE = ("objects", "objectless", "place", "lungless", "lettering")
"""Reasons that a person who looks at the films can answer, and no test can."""


@dataclass(frozen=True)
class VerdictRules:
    """Every threshold of the verdict.

    Attributes:
        withholding_share: What holds no disease withholds the headline if it reaches this share
            of the model's discrimination.
        limiting_share: If it reaches this share, and is above chance, it limits it.
        objects_share: Thin objects that reach this share of it limit the headline.
        objects_caught: So do those that give away so many of the positive films at a specificity
            of 95 %. Fibrous or patchy disease gives away some.
        remaining_share: A film without small objects on which less than this share of it is left
            limits the headline.
        caught_share: What gives away so many of the positive films at a specificity of 95 % limits
            the headline, however little it tells of the others.
        chance_margin: A baseline whose interval lies wholly above this AUROC is clearly
            above chance.
        significance: A baseline is below the model if the one-sided p of the paired test
            is below this.
        least_balanced: If the interval of the mean of sensitivity and specificity begins below
            this, the calls are not known to be good enough.
        least_bound: Nor are they if either of the two may be below this.
        contradicted_share: Films recognised as changed copies of films of another class
            limit the headline from this share of all films on: recognition may err, and
            fewer wrong labels move no figure.
        lost_elsewhere: On other films, losing this share of the discrimination limits.
        gone_elsewhere: Losing this share withholds.
        one_place: Share of the evidence that one place holds on the average film, from which on
            it stands on one spot of all films.
        near: Figures this close to a threshold are told as near it.
    """

    withholding_share: float = 0.8
    limiting_share: float = 0.25
    objects_share: float = 0.8
    objects_caught: float = 0.6
    remaining_share: float = 0.5
    caught_share: float = 0.2
    chance_margin: float = 0.55
    significance: float = 0.05
    least_balanced: float = 0.75
    least_bound: float = 0.5
    contradicted_share: float = 0.01
    lost_elsewhere: float = 0.4
    gone_elsewhere: float = 0.8
    one_place: float = 0.42
    near: float = 0.03


RULES = VerdictRules()


@dataclass(frozen=True)
class Reason:
    """One reason of a verdict.

    Attributes:
        cause: What stands behind it, such as `metadata`, `frame`, `leaks` or `patients`.
        weight: What it does to the headline.
        text: One or two sentences for a clinician.
        confirmed: Who looked at the films and what they saw, where a person has answered it. The
            reason then weighs nothing and stays beside the verdict.
    """

    cause: str
    weight: Weight
    text: str
    confirmed: str = ""


@dataclass(frozen=True)
class Draw:
    """What one draw of the folds found; the verdict does not hang on a single one.

    Attributes:
        seed: Where it began.
        auroc: The model's.
        baselines: What predicts the label without the disease.
    """

    seed: int
    auroc: Estimate
    baselines: tuple[Baseline, ...]


@dataclass(frozen=True)
class Elsewhere:
    """How the model does on films that no head of it saw: another cohort's, or a source's.

    Attributes:
        kind: `external` or `source`.
        name: Of the cohort or source.
        n_films: Films that were scored.
        n_scarcest: Films of the side that has fewer.
        auroc: There; None where one side has no film.
        internal: The model's AUROC on the films of the study.
        drop: `internal` less `auroc`; None where that does not exist.
        lost_calls: Share of the sensitivity or specificity that is lost where only one side has
            films, and whether the interval of the drop lies above 0; None otherwise.
        side: `sensitivity` or `specificity`, with `lost_calls`.
    """

    kind: Literal["external", "source"]
    name: str
    n_films: int
    n_scarcest: int
    auroc: Estimate | None
    internal: Estimate
    drop: Estimate | None
    lost_calls: tuple[float, bool] | None = None
    side: str = ""


@dataclass(frozen=True)
class Unequal:
    """An attribute whose levels the model serves unequally, or within which it fails.

    Attributes:
        attribute: Such as `sex`.
        text: What was found, in words.
        weight: What it does to the headline.
    """

    attribute: str
    text: str
    weight: Weight


@dataclass(frozen=True)
class Scope:
    """On which films a verdict stands: said with it wherever it is shown.

    Attributes:
        n_sources: Sources of the study's films; 0 where unknown.
        n_sources_tested: Those that heads without them were tried on.
        external: Names of the other cohorts that were tried.
    """

    n_sources: int = 0
    n_sources_tested: int = 0
    external: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The end of a sentence: `on films of one source`."""
        sources = {0: "on films whose source is unknown", 1: "on films of one source"}.get(
            self.n_sources, f"on films of {self.n_sources} sources, each tested while it trained"
        )
        if self.n_sources_tested:
            sources = (
                f"on films of {self.n_sources} sources, {self.n_sources_tested} of them also left "
                "out of training"
            )
        return f"{sources}, and on films from elsewhere" if self.external else sources


@dataclass(frozen=True)
class Verdict:
    """Whether the cohort carries the claim.

    Attributes:
        headline: `supported`, `limited` or `withheld`.
        grounds: The reasons, the weightiest first.
        scope: On which films it stands.
        n_draws: Draws of the folds that were judged.
        n_agree: Those that would have led to the same headline.
        edge: Which figure stands nearest to a threshold that would change the headline, in
            words; empty where none is near.
        tried: What was looked at, in words.
        untried: What was not, and why.
    """

    headline: Headline
    grounds: tuple[Reason, ...] = ()
    scope: Scope = field(default_factory=Scope)
    n_draws: int = 0
    n_agree: int = 0
    edge: str = ""
    tried: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons in words."""
        return tuple(reason.text for reason in self.grounds)

    @property
    def confirmations(self) -> tuple[Reason, ...]:
        """The reasons that a person has answered."""
        return tuple(reason for reason in self.grounds if reason.confirmed)


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a verdict is given on.

    Attributes:
        positive: The class that the model is said to recognise.
        model: Title of the model whose figures are headlined.
        auroc: Its AUROC.
        sensitivity: Its sensitivity at the operating point that is handed on, by the highest score
            where there is none; if the model is chosen, that of a model chosen anew for each film.
        specificity: Likewise.
        at: Where the calls were made: `operating point` or `highest score`.
        is_chosen: It was chosen among several.
        baselines: What predicts the label without the disease.
        draws: The same by other draws of the folds; empty where only one was judged.
        place: Where the evidence stands; None where that was not measured.
        frame_holds_lung: The films are cropped so that their frame holds lung; None where unknown.
        seen_in: Where the disease is to be seen.
        source_association: Cramér's V of source and class; NaN where sources are unknown.
        n_leaks: Groups that stand on both sides of some split.
        n_conflicts: Films that stand in the cohort under two labels, pixel by pixel the same.
        n_likely_conflicts: Films that are changed copies of films under another label.
        n_without_patient: Films whose patient is unknown.
        n_films: Films in all.
        has_probes: Frame, centre and blur were tried.
        validates_on_test: Validation and test are the same films.
        unverified: Titles of the models that did not run on their published weights.
        elsewhere: The model on other cohorts and on left-out sources.
        unequal: What was found among subgroups.
        findings: What the checks say.
        collections: Networks that were trained on these films, in words.
        scope: On which films the study stands.
        confirmed: Causes that a person has answered, with who looked and what it is.
        untried: What was not looked at, and why.
    """

    positive: str
    model: str
    auroc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    baselines: Sequence[Baseline]
    source_association: float
    n_leaks: int
    n_conflicts: int
    n_likely_conflicts: int
    n_without_patient: int
    n_films: int
    has_probes: bool
    validates_on_test: bool
    at: Literal["operating point", "highest score"] = "highest score"
    is_chosen: bool = False
    draws: Sequence[Draw] = ()
    place: Place | None = None
    frame_holds_lung: bool | None = False
    seen_in: SeenIn = "anywhere"
    unverified: Sequence[str] = ()
    elsewhere: Sequence[Elsewhere] = ()
    unequal: Sequence[Unequal] = ()
    findings: Sequence[Finding] = ()
    collections: Sequence[str] = ()
    scope: Scope = field(default_factory=Scope)
    confirmed: Mapping[str, str] = field(default_factory=dict)
    untried: Sequence[str] = ()


def give_verdict(circumstances: Circumstances, rules: VerdictRules = RULES) -> Verdict:
    """Apply the rules: what withholds outweighs what limits, and that what supports.

    What hangs on the draw of the folds (the model above chance, the weight of each baseline) is
    decided by the median over the draws.
    """
    given = circumstances
    fixed = [
        *_judge_weights(given),
        *_judge_split(given),
        *_judge_knowledge(given, rules),
        *_judge_elsewhere(given, rules),
        *_judge_findings(given),
    ]
    by_draw = _judge_draws(given, rules)
    sees = not _vote(["chance" in weights for weights in by_draw])
    reasons = [*fixed, *_judge_model(given, sees), *_explain(given, rules, sees)]
    answered = [_confirm(reason, given.confirmed) for reason in reasons]
    # Figures under a wrong name come before everything that may be said of them.
    grounds = tuple(
        sorted(
            answered, key=lambda reason: (reason.cause != "weights", _ORDER.index(reason.weight))
        )
    )
    headline = _headline(reason.weight for reason in grounds)
    least = _headline(
        _confirm(reason, given.confirmed).weight
        for reason in [*fixed, *_place_reason(given, rules, sees)]
    )
    n_agree = sum(
        max(least, _headline(_unanswered(weights, given.confirmed)), key=_HEADLINES.index)
        == headline
        for weights in by_draw
    )
    return Verdict(
        headline,
        grounds,
        scope=given.scope,
        n_draws=len(by_draw),
        n_agree=n_agree,
        edge=_nearest_edge(given, headline, rules),
        tried=_list_tried(given),
        untried=tuple(given.untried),
    )


def weigh_baselines(
    circumstances: Circumstances, rules: VerdictRules = RULES
) -> tuple[Baseline, ...]:
    """Put on each baseline what it does to the headline, by the median over the draws."""
    by_draw = _judge_draws(circumstances, rules)
    return tuple(
        replace(
            baseline,
            weight=_median([weights.get(baseline.name) for weights in by_draw])
            if any(baseline.name in weights for weights in by_draw)
            else weigh_baseline(baseline, model_sees=is_above_chance(circumstances.auroc)),
            is_weighed=True,
        )
        for baseline in circumstances.baselines
    )


def weigh_baseline(
    baseline: Baseline,
    *,
    model_sees: bool,
    frame_holds_lung: bool | None = False,
    seen_in: SeenIn = "anywhere",
    rules: VerdictRules = RULES,
) -> Weight | None:
    """Say what a baseline does to the headline; None where it does nothing.

    Args:
        baseline: What predicts without the disease, or with less of it.
        model_sees: The model is above chance. If not, a baseline that is as good as the
            model is so by being as bad.
        frame_holds_lung: The frame of these films is known to hold lung.
        seen_in: Where the disease is to be seen.
        rules: The thresholds.
    """
    share = baseline.share.value
    is_clear = baseline.auroc.low > rules.chance_margin
    reaches = not math.isnan(share) and share >= rules.withholding_share
    match baseline.bearing:
        case "remaining":
            is_gone = share < rules.remaining_share and baseline.p_below < rules.significance
            return "limits" if model_sees and is_gone else None
        case "questionable":
            if not (model_sees and is_clear):
                return None
            if baseline.name == "lungless":
                if not reaches or seen_in == "heart":
                    return None
                return "withholds" if seen_in == "lungs" else "limits"
            stands_out = baseline.caught.value >= rules.objects_caught
            return "limits" if share >= rules.objects_share or stands_out else None
        case "descriptive":
            # That the centre and the lungs tell what the whole film tells is as it should be.
            is_telling = baseline.name in ("histogram", "blur")
            return "describes" if is_telling and model_sees and reaches and is_clear else None
        case "diseaseless":
            pass
    if not model_sees:
        return "withholds" if is_clear else None
    is_above = is_above_chance(baseline.auroc)
    if reaches or baseline.p_below >= rules.significance:
        may_hold_disease = (
            baseline.name in ("frame", "processing") and frame_holds_lung is not False
        )
        # One at chance beside a weak network is as good only for want of films.
        return "limits" if may_hold_disease or not is_above else "withholds"
    is_large = share >= rules.limiting_share or _gives_away(baseline, rules)
    return "limits" if is_above and is_large else None


def is_above_chance(auroc: Estimate) -> bool:
    """Tell whether a model's ranking is more than luck: its interval lies above one half."""
    return auroc.low > 0.5


def _gives_away(baseline: Baseline, rules: VerdictRules) -> bool:
    """Tell whether it names a part of the positive films for certain: the mark of one source."""
    caught = baseline.caught
    return caught.value >= rules.caught_share and caught.low > rules.caught_share / 2


def _judge_draws(
    given: Circumstances, rules: VerdictRules
) -> list[dict[BaselineName | str, Weight | None]]:
    draws = given.draws or (Draw(0, given.auroc, tuple(given.baselines)),)
    return [_judge_draw(given, draw, rules) for draw in draws]


def _judge_draw(
    given: Circumstances, draw: Draw, rules: VerdictRules
) -> dict[BaselineName | str, Weight | None]:
    """Weigh everything that hangs on one draw of the folds."""
    sees = is_above_chance(draw.auroc)
    weights: dict[BaselineName | str, Weight | None] = {
        baseline.name: weigh_baseline(
            baseline,
            model_sees=sees,
            frame_holds_lung=given.frame_holds_lung,
            seen_in=given.seen_in,
            rules=rules,
        )
        for baseline in draw.baselines
    }
    if given.source_association >= 1.0:
        weights["source"] = "withholds"
    if not sees:
        weights["chance"] = "withholds"
    if weights.get("processing") == "withholds":
        # Sharpness, noise and contrast change what stands out everywhere: no object need be there.
        weights["objects"] = None
    return weights


def _vote(answers: Sequence[bool]) -> bool:
    return 2 * sum(answers) > len(answers)


def _median(weights: Sequence[Weight | None]) -> Weight | None:
    """The weight in the middle; of two middle ones the heavier."""
    order: tuple[Weight | None, ...] = (*_ORDER, None)
    return order[median_low([order.index(weight) for weight in weights])]


def _unanswered(
    weights: Mapping[BaselineName | str, Weight | None], confirmed: Mapping[str, str]
) -> Iterator[Weight]:
    return (weight for cause, weight in weights.items() if weight and cause not in confirmed)


def _headline(weights: Iterator[Weight] | Sequence[Weight]) -> Headline:
    return max(
        (_HEADLINE_OF[weight] for weight in weights), key=_HEADLINES.index, default="supported"
    )


def _confirm(reason: Reason, confirmed: Mapping[str, str]) -> Reason:
    who = confirmed.get(reason.cause)
    if not who or reason.cause not in CONFIRMABLE or reason.weight != "limits":
        return reason
    return replace(reason, weight="describes", confirmed=who)


def _judge_model(given: Circumstances, model_sees: bool) -> Iterator[Reason]:
    if not model_sees:
        reached = metric_text("auroc", given.auroc)
        yield Reason(
            "chance",
            "withholds",
            f"{given.model} ranks films no better than chance (AUROC {reached}), so "
            "there is nothing to claim.",
        )


def _judge_weights(given: Circumstances) -> Iterator[Reason]:
    if given.unverified:
        yield Reason(
            "weights",
            "limits",
            f"Unverified weights: {', '.join(given.unverified)} did not run on the published "
            "weights, so no figure under such a name says anything of the network.",
        )
    for text in given.collections:
        yield Reason("collection", "limits", text)


def _explain(given: Circumstances, rules: VerdictRules, model_sees: bool) -> Iterator[Reason]:
    """Say what the baselines and the place of the evidence do to the headline."""
    if given.source_association >= 1.0:
        yield Reason(
            "source",
            "withholds",
            f"No source holds both {given.positive} and other films, so {given.positive} cannot "
            "be told from where the films came from. More films of this kind would not help; "
            "films of both kinds from one source would.",
        )
    for baseline in weigh_baselines(given, rules):
        weight = baseline.weight
        if weight is None or (baseline.name == "source" and given.source_association >= 1.0):
            continue
        text = _baseline_text(baseline, weight, given, rules, model_sees)
        yield Reason(baseline.name, weight, text)
    yield from _place_reason(given, rules, model_sees)


def _place_reason(given: Circumstances, rules: VerdictRules, model_sees: bool) -> Iterator[Reason]:
    place = given.place
    if place is None or not model_sees or place.share < rules.one_place:
        return
    share = percent_text(place.share, 0)
    yield Reason(
        "place",
        "limits",
        f"On the average film of {given.positive}, {share} of the evidence stands on one spot, the "
        f"same on all films, {place.where}. A device, a tube or lettering stands so; so may a "
        "disease that has one place. Look at the spots that the report shows.",
    )


def _baseline_text(
    baseline: Baseline,
    weight: Weight,
    given: Circumstances,
    rules: VerdictRules,
    model_sees: bool,
) -> str:
    alone, model = metric_text("auroc", baseline.auroc), f"{baseline.model_auroc.value:.3f}"
    seen = SUBJECTS[baseline.name]
    if baseline.bearing == "remaining":
        return (
            f"Without small objects (writing, markers, lines, tubes; nodules, too) the network "
            f"reaches AUROC {alone}, against {model} on the whole films. What it goes by is small: "
            "look whether it is the disease."
        )
    if baseline.name == "objects":
        return (
            f"{seen} tells {given.positive} with AUROC {alone}, against {model}; "
            f"{percent_text(baseline.caught.value)} of its films stand out by that alone. Small "
            "bright things may be the disease, such as calcified nodules: look at them."
        )
    if baseline.name == "lungless":
        return (
            f"{seen} predicts {given.positive} with AUROC {alone}, against {model}: the network "
            "does not need the lungs."
            + ("" if given.seen_in == "lungs" else " Say where the disease is to be seen.")
        )
    if weight == "describes":
        return (
            f"{seen} predicts {given.positive} with AUROC {alone}, against {model}: the network "
            "may have learned no more than that."
        )
    if not is_above_chance(baseline.auroc) and model_sees:
        return (
            f"These films cannot show that {given.model} (AUROC {model}) does better than "
            f"{lowered(seen)} which reaches AUROC {alone}: there are too few of them."
        )
    if weight == "limits" and baseline.share.value >= rules.withholding_share:
        why = (
            "These films are cropped so that their frame holds lung, so it may show the disease."
            if given.frame_holds_lung
            else "The lungs were found on too few films to say how much of them the frame holds."
        )
        return f"{seen} predicts {given.positive} with AUROC {alone}, against {model}. {why}"
    if weight == "limits":
        caught = (
            f" {percent_text(baseline.caught.value)} of the films of {given.positive} stand out by "
            "it alone."
            if _gives_away(baseline, rules)
            else ""
        )
        return (
            f"{seen} predicts {given.positive} with AUROC {alone}, "
            f"{percent_text(baseline.share.value, 0)} of what {given.model} ({model}) reaches "
            f"above chance.{caught} Part of its figure may come from there."
        )
    if not model_sees:
        return f"{seen} predicts {given.positive} with AUROC {alone}, where the network fails."
    return (
        f"{seen} predicts {given.positive} with AUROC {alone}; {given.model} reaches {model} with "
        "the whole film. Nothing here shows that the disease was seen."
    )


def _judge_split(given: Circumstances) -> Iterator[Reason]:
    if given.n_leaks:
        yield Reason(
            "leaks",
            "withholds",
            "Films of one patient, or copies of one film, stand in training and in test "
            f"({given.n_leaks} times). A network that recognises them is called right.",
        )
    if given.validates_on_test:
        yield Reason(
            "validation",
            "limits",
            "Validation and test are the same films, so the curves and the table share one set.",
        )


def _judge_knowledge(given: Circumstances, rules: VerdictRules) -> Iterator[Reason]:
    likely = given.n_likely_conflicts
    n_conflicts = given.n_conflicts + likely * (likely >= rules.contradicted_share * given.n_films)
    if n_conflicts:
        yield Reason(
            "labels",
            "limits",
            f"{n_conflicts} films stand in the cohort under two labels; at least one of "
            "each is wrong.",
        )
    if given.n_without_patient:
        all_of_them = given.n_without_patient == given.n_films
        yield Reason(
            "patients",
            "limits",
            ("Patients are unknown" if all_of_them else
             f"The patient of {given.n_without_patient} of {given.n_films} films is unknown")
            + ": films of one patient may stand on both sides of a split.",
        )  # fmt: skip
    yield from _judge_precision(given, rules)
    if not given.has_probes:
        yield Reason(
            "probes",
            "limits",
            "This run did not try whether the frame of the films predicts the label.",
        )


def _judge_precision(given: Circumstances, rules: VerdictRules) -> Iterator[Reason]:
    """Ask whether the calls are known to be good enough, where they are made."""
    judged = "the network chosen anew for every film" if given.is_chosen else given.model
    at = " at the operating point" * (given.at == "operating point")
    sensitivity, specificity = given.sensitivity, given.specificity
    balanced = _balance(sensitivity, specificity)
    if balanced.low < rules.least_balanced:
        yield Reason(
            "precision",
            "limits",
            f"The sensitivity of {judged}{at} is {_percents(sensitivity)}, its specificity "
            f"{_percents(specificity)}: their mean may be as low as "
            f"{percent_text(balanced.low, 0)}.",
        )
        return
    for name, estimate in (("sensitivity", sensitivity), ("specificity", specificity)):
        if estimate.low < rules.least_bound:
            yield Reason(
                "precision",
                "limits",
                f"The {name} of {judged}{at} is {percent_text(estimate.value, 0)}, and may be as "
                f"low as {percent_text(estimate.low, 0)}.",
            )


def _balance(sensitivity: Estimate, specificity: Estimate) -> Estimate:
    """Bound the mean of sensitivity and specificity, which different films tell.

    Source: Zou and Donner (2008), Statistics in Medicine 27:1693-1702, for the interval.
    """
    value = (sensitivity.value + specificity.value) / 2
    down = math.hypot(sensitivity.value - sensitivity.low, specificity.value - specificity.low)
    up = math.hypot(sensitivity.high - sensitivity.value, specificity.high - specificity.value)
    return Estimate(value, value - down / 2, value + up / 2, "from the two intervals")


LEAST_ELSEWHERE = 10
"""Films of the scarcer side: on fewer, an interval that reaches one half says nothing."""


def _judge_elsewhere(given: Circumstances, rules: VerdictRules) -> Iterator[Reason]:
    """Judge how much is left on other cohorts, and on sources that took no part in training."""
    for other in given.elsewhere:
        where = (
            f"on the films of {other.name}, another cohort,"
            if other.kind == "external"
            else f"on the films of {other.name}, a source that was left out of training,"
        )
        weight, what = _weigh_elsewhere(other, rules)
        if weight is not None:
            yield Reason(other.kind, weight, f"{given.model} reaches {what.format(where=where)}")


def _weigh_elsewhere(other: Elsewhere, rules: VerdictRules) -> tuple[Weight | None, str]:
    if other.auroc is None:
        if other.lost_calls is None or other.n_films < LEAST_ELSEWHERE:
            return None, ""
        lost, is_lower = other.lost_calls
        if not is_lower or lost < rules.lost_elsewhere:
            return None, ""
        return (
            "withholds" if lost >= rules.gone_elsewhere else "limits",
            f"{percent_text(1 - lost, 0)} of its {other.side} {{where}}: it does not hold there.",
        )
    there = metric_text("auroc", other.auroc)
    reached = f"AUROC {there} {{where}} against {other.internal.value:.3f} here"
    if other.auroc.high < 0.5:
        return "withholds", f"{reached}: are the labels swapped there?"
    above = other.internal.value - 0.5
    lost = (other.internal.value - other.auroc.value) / above if above > 0 else 0.0
    is_lower = other.drop is not None and other.drop.low > 0
    if is_lower and lost >= rules.gone_elsewhere:
        return "withholds", f"{reached}: hardly anything of what it learned holds there."
    if other.auroc.low <= 0.5 and other.n_scarcest >= LEAST_ELSEWHERE:
        weight: Weight = "withholds" if is_lower or other.kind == "external" else "limits"
        return weight, f"{reached}: these films do not show that it is better than chance there."
    if other.auroc.low <= 0.5 and other.kind == "external":
        return "limits", f"{reached}: there are too few films to tell it from chance there."
    if is_lower and lost >= rules.lost_elsewhere:
        return "limits", f"{reached}: a large part of what it learned does not hold there."
    return None, ""


def _judge_findings(given: Circumstances) -> Iterator[Reason]:
    """Let no finding stand under a headline that denies it."""
    for each in given.unequal:
        yield Reason(each.attribute, each.weight, each.text)
    judged = {baseline.name for baseline in given.baselines} | {
        "leaks", "conflicting-labels", "patients", "source",
    }  # fmt: skip
    for finding in given.findings:
        if finding.severity == "note" or finding.check in judged:
            continue
        bears = finding.severity == "fail" or finding.check in _BEARING_CHECKS
        yield Reason(finding.check, "limits" if bears else "describes", f"{finding.title}.")


_BEARING_CHECKS = frozenset({"lettering", "lungs", "class-size", "mixed-patients"})
"""Cautions of these checks bear on the claim; those of the others are told beside it."""


def _nearest_edge(given: Circumstances, headline: Headline, rules: VerdictRules) -> str:
    """Say which figure, a little different, would have changed the headline."""
    balanced = _balance(given.sensitivity, given.specificity)
    edges = [
        (
            abs(balanced.low - rules.least_balanced),
            "the mean of sensitivity and specificity may be as low as "
            f"{percent_text(balanced.low)}, and the rule asks for "
            f"{percent_text(rules.least_balanced, 0)}",
        )
    ]
    for baseline in given.baselines:
        if baseline.bearing == "diseaseless" and not math.isnan(baseline.share.value):
            subject = lowered(SUBJECTS[baseline.name]).rstrip(",")
            edges += [
                (
                    abs(baseline.share.value - threshold),
                    f"{subject} reaches {percent_text(baseline.share.value, 0)} of the network's "
                    f"discrimination, and the rule changes at {percent_text(threshold, 0)}",
                )
                for threshold in (rules.limiting_share, rules.withholding_share)
            ]
    distance, text = min(edges, key=lambda edge: edge[0], default=(math.inf, ""))
    return text if distance < rules.near and headline != "withheld" else ""


def _list_tried(given: Circumstances) -> tuple[str, ...]:
    tried = [baseline.title.lower() for baseline in given.baselines]
    tried += ["place of the evidence"] * (given.place is not None)
    sources = [other for other in given.elsewhere if other.kind == "source"]
    external = [other for other in given.elsewhere if other.kind == "external"]
    if sources:
        tried.append(counted(len(sources), "left-out source"))
    return (*tried, *(f"films of {other.name}" for other in external))


def _percents(estimate: Estimate) -> str:
    interval = percents_interval(estimate.low, estimate.high, 0)
    return f"{percent_text(estimate.value, 0)} {interval}"
