"""The verdict: whether a cohort carries the claim, by written rules.

The rules and their reasons stand in `docs/verdict.md`; the thresholds stand here, once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hilum.auditing.baselines import SUBJECTS, Baseline
from hilum.evaluation import Estimate

Headline = Literal["supported", "limited", "withheld"]
Weight = Literal["withholds", "limits", "describes"]


@dataclass(frozen=True)
class VerdictRules:
    """Every threshold of the verdict.

    Attributes:
        withholding_share: A baseline that reaches this share of the model's
            discrimination withholds the headline.
        limiting_share: One that reaches this share limits it.
        chance_margin: A baseline whose interval lies wholly above this AUROC is clearly
            above chance.
        significance: A baseline is below the model if the one-sided p of the paired test
            is below this.
        least_bound: Sensitivity and specificity whose intervals begin below this are
            not known well enough.
        contradicted_share: Films recognised as changed copies of films of another class
            limit the headline from this share of all films on: recognition may err, and
            fewer wrong labels move no figure.
    """

    withholding_share: float = 0.8
    limiting_share: float = 0.4
    chance_margin: float = 0.55
    significance: float = 0.05
    least_bound: float = 0.8
    contradicted_share: float = 0.01


RULES = VerdictRules()
_SHOW_DISEASE = frozenset({"centre", "lungs"})


@dataclass(frozen=True)
class Reason:
    """One reason of a verdict.

    Attributes:
        cause: What stands behind it, such as `metadata`, `frame`, `leaks` or `patients`.
        weight: What it does to the headline.
        text: One or two sentences for a clinician.
    """

    cause: str
    weight: Weight
    text: str


@dataclass(frozen=True)
class Verdict:
    """Whether the cohort carries the claim.

    Attributes:
        headline: `supported`, `limited` or `withheld`.
        grounds: The reasons, the weightiest first.
    """

    headline: Headline
    grounds: tuple[Reason, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons in words."""
        return tuple(reason.text for reason in self.grounds)


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a verdict is given on.

    Attributes:
        positive: The class that the model is said to recognise.
        model: Title of the model whose figures are headlined.
        auroc: Its AUROC.
        sensitivity: Its sensitivity; if it is chosen, that of a model chosen anew for each film.
        specificity: Likewise.
        is_chosen: It was chosen among several.
        baselines: What predicts the label without the disease.
        source_association: Cramér's V of source and class; NaN where sources are unknown.
        n_leaks: Groups that stand on both sides of some split.
        n_conflicts: Films that stand in the cohort under two labels, pixel by pixel the same.
        n_likely_conflicts: Films that are changed copies of films under another label.
        n_without_patient: Films whose patient is unknown.
        n_films: Films in all.
        has_probes: Frame, centre and blur were tried.
        validates_on_test: Validation and test are the same films.
        unverified: Titles of the models that did not run on their published weights.
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
    is_chosen: bool = False
    unverified: Sequence[str] = ()


def give_verdict(circumstances: Circumstances, rules: VerdictRules = RULES) -> Verdict:
    """Apply the rules: what withholds outweighs what limits, and that what supports."""
    reasons = [
        *_judge_model(circumstances),
        *_judge_baselines(circumstances, rules),
        *_judge_split(circumstances),
        *_judge_knowledge(circumstances, rules),
    ]
    order: list[Weight] = ["withholds", "limits", "describes"]
    # Figures under a wrong name come before everything that may be said of them.
    grounds = tuple(
        sorted(reasons, key=lambda reason: (reason.cause != "weights", order.index(reason.weight)))
    )
    weights = {reason.weight for reason in grounds}
    if "withholds" in weights:
        return Verdict("withheld", grounds)
    return Verdict("limited" if "limits" in weights else "supported", grounds)


def weigh_baseline(
    baseline: Baseline, *, model_sees: bool, rules: VerdictRules = RULES
) -> Weight | None:
    """Say what a baseline does to the headline; None where it does nothing.

    Args:
        baseline: What predicts without the disease.
        model_sees: The model is above chance. If not, a baseline that is as good as the
            model is so by being as bad.
        rules: The thresholds.
    """
    is_clear = baseline.auroc.low > rules.chance_margin
    has_share = not math.isnan(baseline.share.value)
    withholds = has_share and baseline.share.value >= rules.withholding_share
    limits = is_clear or (has_share and baseline.share.value >= rules.limiting_share)
    if not baseline.can_withhold:
        # That the centre and the lungs tell what the whole film tells is as it should be.
        is_telling = baseline.name not in _SHOW_DISEASE
        return "describes" if is_telling and model_sees and withholds and is_clear else None
    if model_sees and (withholds or baseline.p_below >= rules.significance):
        return "withholds"
    if is_clear and not model_sees:
        return "withholds"
    return "limits" if limits and model_sees else None


def is_above_chance(auroc: Estimate) -> bool:
    """Tell whether a model's ranking is more than luck: its interval lies above one half."""
    return auroc.low > 0.5


def _judge_model(given: Circumstances) -> Iterator[Reason]:
    if not is_above_chance(given.auroc):
        yield Reason(
            "chance",
            "withholds",
            f"{given.model} ranks films no better than chance (AUROC {_auroc(given.auroc)}), so "
            "there is nothing to claim.",
        )
    if given.unverified:
        yield Reason(
            "weights",
            "limits",
            f"Unverified weights: {', '.join(given.unverified)} did not run on the published "
            "weights, so no figure under such a name says anything of the network.",
        )


def _judge_baselines(given: Circumstances, rules: VerdictRules) -> Iterator[Reason]:
    model_sees = is_above_chance(given.auroc)
    is_source_the_class = given.source_association >= 1.0
    if is_source_the_class:
        yield Reason(
            "source",
            "withholds",
            f"No source holds both {given.positive} and other films, so {given.positive} cannot "
            "be told from where the films came from. More films of this kind would not help; "
            "films of both kinds from one source would.",
        )
    for baseline in given.baselines:
        weight = weigh_baseline(baseline, model_sees=model_sees, rules=rules)
        if weight is None or (baseline.name == "source" and is_source_the_class):
            continue
        yield Reason(baseline.name, weight, _baseline_text(baseline, weight, given, rules))


def _baseline_text(
    baseline: Baseline, weight: Weight, given: Circumstances, rules: VerdictRules
) -> str:
    alone, model = _auroc(baseline.auroc), f"{baseline.model_auroc.value:.3f}"
    seen = SUBJECTS[baseline.name]
    if weight == "describes":
        return (
            f"{seen} predicts {given.positive} with AUROC {alone}, against {model}: the network "
            "may have learned no more than that."
        )
    if weight == "limits":
        return (
            f"{seen} predicts {given.positive} with AUROC {alone}, {baseline.share.value:.0%} of "
            f"what {given.model} ({model}) reaches above chance. Part of its figure may come from "
            "there."
        )
    if not is_above_chance(given.auroc):
        return f"{seen} predicts {given.positive} with AUROC {alone}, where the network fails."
    if not baseline.auroc.low > rules.chance_margin:
        return (
            f"These films cannot show that {given.model} (AUROC {model}) does better than "
            f"{_lowered(seen)} which reaches AUROC {alone}: there are too few of them."
        )
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
    judged = "the network chosen anew for every film" if given.is_chosen else given.model
    for name, estimate in (
        ("sensitivity", given.sensitivity),
        ("specificity", given.specificity),
    ):
        if estimate.low < rules.least_bound:
            yield Reason(
                "precision",
                "limits",
                f"The {name} of {judged} is {estimate.value:.0%}, and may be as low as "
                f"{estimate.low:.0%}.",
            )
    if not given.has_probes:
        yield Reason(
            "probes",
            "limits",
            "This run did not try whether the frame of the films predicts the label.",
        )


def _auroc(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]
