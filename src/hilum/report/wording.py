"""What the report says in words: the glosses, the answer, the verdict.

Sensitivity and specificity are easily swapped, and have been in print. The two
glosses here are the only ones in the report.
"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.heads.recipe import HeadRecipe
from hilum.report.formatting import films_text
from hilum.studies.comparison import Comparison, Recipe

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
}
SAME_FILMS_NOTE = (
    "Validation and test are the same films here, as in the published recipe. The curves and "
    "the table look at one set, so choices made on the curves flatter the table."
)


def sensitivity_gloss(positive: str) -> str:
    """Say what sensitivity is and what a low one does."""
    return (
        f"Sensitivity is the share of {positive} films that are called {positive}. "
        f"A low sensitivity misses the diseased."
    )


def specificity_gloss(positive: str, others: Sequence[str]) -> str:
    """Say what specificity is and what a low one does."""
    return (
        f"Specificity is the share of the other films ({joined(others)}) that are called "
        f"not {positive}. A low specificity calls the healthy ill."
    )


def joined(names: Sequence[str], last: str = "and") -> str:
    """Write a list as people say it: `a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def standing_text(comparison: Comparison) -> str:
    """Say whether the first backbone is really ahead of the others."""
    titles = {result.name: result.title for result in comparison.backbones}
    best = comparison.backbones[0]
    tied: list[str] = []
    behind: list[str] = []
    for pair in comparison.comparisons:
        if best.name in (pair.a, pair.b):
            other = titles[pair.b if pair.a == best.name else pair.a]
            (tied if pair.tied else behind).append(other)
    if not tied and not behind:
        return "It was the only one compared."
    if not behind:
        number = {1: "the other one", 2: "both others"}.get(len(tied), f"all {len(tied)} others")
        return f"It is statistically tied with {number}: these films show no difference."
    if not tied:
        return f"The films show a difference from {joined(behind)}, after correction."
    return (
        f"It is statistically tied with {joined(tied)}; the films show a difference from "
        f"{joined(behind)}, after correction for the number of pairs."
    )


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
    return f"{films_text(len(rows))} {people_text(comparison, rows.tolist())}"


def people_text(comparison: Comparison, rows: Sequence[int]) -> str:
    """Say of how many patients the films of some rows are, as far as that is known."""
    patients = [comparison.cohort.films[row].patient for row in rows]
    known = {patient for patient in patients if patient is not None}
    unnamed = patients.count(None)
    if not known:
        return "of an unknown number of patients"
    people = "1 patient" if len(known) == 1 else f"{len(known):,} patients"
    return f"of {people}" if not unnamed else f"of {people} and {unnamed:,} films of unknown people"


def folds_text(recipe: Recipe) -> str:
    """Say how the films were split."""
    if recipe.folds == 0:
        return "one split, 80 % to train and 20 % to test"
    times = "once" if recipe.repeats == 1 else f"drawn {recipe.repeats} times"
    return f"{recipe.folds} folds, {times}"


def views_text(recipe: Recipe) -> str:
    """Say which views of a film a head could train on."""
    if recipe.rotated_views == 0:
        return "upright only"
    copies = "copy" if recipe.rotated_views == 1 else "copies"
    return f"upright and {recipe.rotated_views} rotated {copies} in training; upright in testing"


def head_text(head: HeadRecipe) -> str:
    """Describe the trainable part in one sentence."""
    parts = [
        f"dense {head.hidden_units} ReLU, dropout {head.dropout:g}, dense softmax",
        f"Adam {head.learning_rate:g}"
        + (f" with decay {head.learning_rate_decay:g}" if head.learning_rate_decay else ""),
        f"batch {head.batch_size}",
        f"at most {head.max_epochs} epochs"
        + (
            f", stops after {head.patience_epochs} without a lower validation loss"
            if head.patience_epochs is not None
            else ""
        ),
        "best validation epoch kept" if head.keeps_best_epoch else "last epoch kept",
        "features standardised on the training films" if head.standardises else "features as is",
        "classes balanced in the loss" if head.balances_classes else "classes not balanced",
    ]
    return "; ".join(parts)
