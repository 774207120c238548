"""What every page says alike: glosses, names, and how figures are written."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hilum.cohort import Cohort, is_without_disease
from hilum.evaluation import Estimate, Spread
from hilum.studies import BackboneNames, BackboneResult, Comparison, Naming

NOT_DEFINED = "not defined"


UNKNOWN = "unknown"


_TITLES = {
    "auroc": "AUROC",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
    "f1": "F1",
    "brier_score": "Brier score",
    "mcc": "Matthews correlation",
}


_NO_SHARES = (
    "auroc", "average_precision", "brier", "mcc", "matthews", "kappa", "loss", "calibration",
)  # fmt: skip


def metric_title(metric: str) -> str:
    """Write a metric's name as a heading: `macro_auroc` becomes `Macro AUROC`."""
    if metric in _TITLES:
        return _TITLES[metric]
    words = " ".join("AUROC" if word == "auroc" else word for word in metric.split("_"))
    return words[:1].upper() + words[1:]


def metric_word(metric: str) -> str:
    """Write a metric's name within a sentence: `accuracy`, `AUROC`, `macro AUROC`."""
    first, *others = metric_title(metric).split()
    # An abbreviation keeps its capitals; so does a name such as Brier's.
    is_plain = first[1:].islower() and first not in ("Brier", "Matthews")
    return " ".join([first.lower() if is_plain else first, *others])


def metric_is_share(metric: str) -> bool:
    """Tell whether a metric is a share of films, and so written in percent."""
    return not any(part in metric for part in _NO_SHARES)


def metric_value(metric: str, value: float) -> str:
    """Write one figure: `97.5 %` for a share of films, `0.987` for anything else."""
    if not math.isfinite(value):
        return NOT_DEFINED
    return f"{100 * value:.1f} %" if metric_is_share(metric) else f"{value:.3f}"


def metric_interval(metric: str, estimate: Estimate) -> str:
    """Write an interval's bounds: `[93.7, 99.3]` or `[0.970, 0.997]`; empty where none is."""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return ""
    if metric_is_share(metric):
        return f"[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
    return f"[{estimate.low:.3f}, {estimate.high:.3f}]"


def metric_text(metric: str, estimate: Estimate) -> str:
    """Write a figure and its interval: `97.5 % [93.7, 99.3]`."""
    return f"{metric_value(metric, estimate.value)} {metric_interval(metric, estimate)}".strip()


def spread_text(metric: str, spread: Spread) -> str:
    """Write the mean and standard deviation over repeats: `97.1 ± 0.6 %`."""
    if not math.isfinite(spread.mean):
        return NOT_DEFINED
    if not math.isfinite(spread.sd):
        return metric_value(metric, spread.mean)
    if metric_is_share(metric):
        return f"{100 * spread.mean:.1f} ± {100 * spread.sd:.1f} %"
    return f"{spread.mean:.3f} ± {spread.sd:.3f}"


def p_text(p: float) -> str:
    """Write a p-value: three digits, and nothing smaller than `< 0.001`."""
    if not math.isfinite(p):
        return NOT_DEFINED
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def difference_text(metric: str, difference: float) -> str:
    """Write a signed difference: percentage points for shares of films."""
    if not math.isfinite(difference):
        return NOT_DEFINED
    text = f"{100 * difference:+.1f}" if metric_is_share(metric) else f"{difference:+.3f}"
    return text.replace("-", "−")


def count_text(count: int) -> str:
    """Write a large count briefly: `4.65 M`, `38 k`, `412`."""
    if count >= 1_000_000:
        millions = count / 1e6
        return f"{millions:.3g} M" if millions < 1000 else f"{millions:,.0f} M"
    return f"{count / 1e3:.3g} k" if count >= 10_000 else f"{count:,}"


def seconds_text(seconds: float) -> str:
    """Write a time for people: `0.4 s`, `38 s`, `4 min 10 s`, `2 h 05 min`."""
    if not math.isfinite(seconds):
        return NOT_DEFINED
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def bytes_text(size: int | None) -> str:
    """Write a size in bytes: `812 MB`, `2.4 GB`; None is unknown."""
    if size is None:
        return UNKNOWN
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def films_text(count: int) -> str:
    """Write a number of films: `1 film`, `160 films`."""
    return f"{count:,} film" if count == 1 else f"{count:,} films"


UNVERIFIED = "unverified weights"


UNVERIFIED_MARK = f" ({UNVERIFIED})"
"""What ends the title of a backbone that did not run on its published weights."""


_NAMED_AT_MOST = 6


VERDICT_TITLES = {
    "supported": "The cohort supports this result",
    "limited": "Read this result with care",
    "withheld": "The headline is withheld",
}


VERDICT_TEXTS = {
    "supported": (
        "No check that was run speaks against it. That does not make it a clinical result: "
        "other hospitals, devices and patients may differ."
    ),
    "limited": "The figures stand, but something about the cohort may flatter them:",
    "withheld": (
        "This cohort cannot carry the claim, so the figures below must not be quoted as the "
        "ability to recognise the disease:"
    ),
}


EXCLUSION_REASONS = {
    "EMPTY": "The file holds no bytes.",
    "TYPE": "The content is not of a supported picture format.",
    "CORRUPT": "The file is damaged or ends early.",
    "FRAMES": "The file holds several pictures, and nothing says which one is meant.",
    "NONFINITE": "The pixels hold values that are no numbers.",
    "SIZE": "The file or its picture is too large.",
    "MISSING": "The file is not there or cannot be opened.",
    "LINK": "The file is a link that leads out of the folder, or nowhere.",
    "CHANGED": "The file changed while the study ran.",
    "DICOM": "The file is damaged as a DICOM file, or is none though its name says so.",
    "TAGVALUE": "What the DICOM file says about showing its grey levels makes no sense.",
    "PIXELMETA": "The DICOM file contradicts itself about how its pixels are stored.",
    "NOT_CXR": "The DICOM file holds something else than a plain radiograph.",
    "CODEC": "The pixels of the DICOM file are compressed.",
}


SAME_FILMS_NOTE = (
    "Validation and test are the same films here, since the recipe was published so. The curves "
    "and the table look at one set, so choices made on the curves flatter the table."
)


def unverified_text(comparison: Comparison | Naming) -> str:
    """Say which networks did not run on their published weights; empty if all did."""
    unverified = [result for result in comparison.backbones if not result.weights.is_verified]
    if not unverified:
        return ""
    if len(unverified) == len(comparison.backbones) > 1:
        return (
            "No network here ran on its published weights. The figures below say nothing of the "
            "networks whose names they bear."
        )
    who = joined([bare_title(result) for result in unverified])
    names, whose = (
        ("this name", "that network") if len(unverified) == 1 else ("these names", "those networks")
    )
    return (
        f"{who} did not run on the published weights. The figures below under {names} say "
        f"nothing of {whose}."
    )


def bare_title(result: BackboneResult | BackboneNames) -> str:
    """Write a backbone's title without the mark of its weights, for a text that gives it."""
    return result.title.removesuffix(UNVERIFIED_MARK)


def verdict_title(comparison: Comparison) -> str:
    """Write the verdict's headline; unverified weights stand in it before all else."""
    headline = comparison.verdict.headline
    title = VERDICT_TITLES.get(headline, headline)
    if _is_all_verified(comparison):
        return title
    return f"{UNVERIFIED.capitalize()}. {title}"


def verdict_text(comparison: Comparison) -> str:
    """Introduce the verdict's reasons."""
    headline = comparison.verdict.headline
    if headline == "limited" and not _is_all_verified(comparison):
        return (
            "Figures on unverified weights say nothing of the network, and something about the "
            "cohort may flatter all of them:"
        )
    return VERDICT_TEXTS.get(headline, "")


def _is_all_verified(comparison: Comparison) -> bool:
    return all(result.weights.is_verified for result in comparison.backbones)


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


def joined(names: Sequence[str], last: str = "and") -> str:
    """Write a list as people say it: `a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


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


def curves_text(comparison: Comparison) -> str:
    """Say how the training curves are to be read."""
    parts = []
    if len(comparison.folds.splits) > 1:
        parts.append("Lines are means over the heads, bands hold the middle 80 % of them.")
    if comparison.recipe.head.patience_epochs is not None:
        parts.append(
            "Heads stop early: the mean of an epoch is over the heads still training, and a curve "
            "ends where fewer than half of them are left."
        )
    kept = (
        "" if comparison.recipe.head.keeps_best_epoch else "; the last epoch was kept all the same"
    )
    parts.append(f"The dotted line marks the lowest validation loss (median epoch){kept}.")
    parts.append(
        "All backbones share one scale. Dropout is on while the training figures are taken and "
        "off for validation, which may put validation ahead at first."
    )
    return " ".join(parts)


def subjects_text(comparison: Comparison) -> str:
    """Say how many films, and of how many people, stand behind the figures."""
    rows = comparison.backbones[0].evaluation.films
    return f"{films_text(len(rows))} {people_text(comparison.cohort, rows.tolist())}"


def people_text(cohort: Cohort, rows: Sequence[int]) -> str:
    """Say of how many patients the films of some rows are, as far as that is known."""
    patients = [cohort.films[row].patient for row in rows]
    known = {patient for patient in patients if patient is not None}
    unnamed = patients.count(None)
    if not known:
        return "of an unknown number of patients"
    people = "1 patient" if len(known) == 1 else f"{len(known):,} patients"
    return f"of {people}" if not unnamed else f"of {people}, {unnamed:,} of unknown people"
