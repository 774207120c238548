"""What the report says in words of films from elsewhere: what was scored, and what was lost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hilum.evaluation.decisions import OperatingPoint
from hilum.evaluation.results import Estimate
from hilum.report.decisions_wording import aim_text
from hilum.report.formatting import (
    difference_text,
    films_text,
    metric_is_share,
    metric_text,
    metric_value,
    metric_word,
)
from hilum.report.wording import joined
from hilum.studies.transfer import ExternalValidation, SourceTest, Transfer

_NAMED_AT_MOST = 4
_SPOKEN_OF = ("auroc", "sensitivity", "specificity")


def external_subjects(external: ExternalValidation) -> str:
    """Say which films of the other cohort were scored, and by whom."""
    cohort = external.cohort
    classes = joined([f"{n:,} {label}" for label, n in cohort.n_per_class.items()])
    return (
        f"{films_text(len(cohort))} of {cohort.name} ({classes}) were scored by the heads of this "
        "cohort, which trained on none of them."
    )


def external_left_out(external: ExternalValidation) -> str:
    """Say which films of the other cohort stand here as well; empty where none is known to."""
    parts = []
    if external.n_known:
        were = "was" if external.n_known == 1 else "were"
        parts.append(
            f"{films_text(external.n_known)} of it {were} left out, for this cohort holds the same "
            "film or a copy."
        )
    if external.n_shared_patients:
        n = external.n_shared_patients
        named = "1 patient is" if n == 1 else f"{n:,} patients are"
        parts.append(
            f"{named} named alike in both cohorts; whether they are the same people is not known, "
            "so their films stay."
        )
    return " ".join(parts)


def not_scored_text(external: ExternalValidation) -> str:
    """Say which files there were not scored: `5 files could not be read; 1 film has another label`.

    Empty where all were.
    """
    n_unread, n_other = len(external.cohort.excluded), sum(external.cohort.left_out.values())
    parts = []
    if n_unread:
        parts.append(f"{n_unread:,} {'file' if n_unread == 1 else 'files'} could not be read")
    if n_other:
        labels = "has another label" if n_other == 1 else "have other labels"
        parts.append(f"{films_text(n_other)} {labels}")
    return f"Of what was given, {'; '.join(parts)}." if parts else ""


def heads_text(n_here: int, n_there: int) -> str:
    """Say that more heads are averaged there than here; empty where they are not more.

    Args:
        n_here: Heads that tested each film of the study.
        n_there: Heads that scored each film there.
    """
    if n_here >= n_there:
        return ""
    by = "the 1 head" if n_here == 1 else f"the {n_here} heads"
    return (
        f"Here a film is scored by {by} that tested it, there by all {n_there}. Averages of more "
        "heads tend to be a little better, so a drop may look smaller than it is."
    )


def missing_text(external: ExternalValidation, classes: Sequence[str]) -> str:
    """Say of which classes of the study no film there was scored; empty where of all some were."""
    missing = [label for label in classes if not external.cohort.n_per_class.get(label)]
    if not missing:
        return ""
    return (
        f"No film of {joined(missing, 'or')} was scored there, so only what the other films can "
        "tell is given."
    )


def drop_text(metric: str, drop: Estimate) -> str:
    """Write a drop and its interval: `+8.7 [+4.1, +13.3]` in points, or `+0.087 […]`."""
    text = difference_text(metric, drop.value)
    if not (math.isfinite(drop.low) and math.isfinite(drop.high)):
        return text
    return f"{text} [{difference_text(metric, drop.low)}, {difference_text(metric, drop.high)}]"


def is_worse(drop: Estimate) -> bool:
    """Tell whether a drop is shown: its whole interval lies above 0."""
    return drop.low > 0


def is_better(drop: Estimate) -> bool:
    """Tell whether a gain is shown: the whole interval of the drop lies below 0."""
    return drop.high < 0


def transfer_text(
    title: str, transfer: Transfer, here: Mapping[str, Estimate], *, where: str = "there"
) -> str:
    """Say in one sentence whether a backbone is worse elsewhere.

    It speaks of the AUROC, or where films of one side alone were scored, of the sensitivity
    or the specificity: an accuracy hangs on the mixture of classes, which differs there.

    Args:
        title: Of the backbone.
        transfer: Its figures there.
        here: Its figures here.
        where: Such as `there`.
    """
    metric = next((m for m in _SPOKEN_OF if m in transfer.drops), None)
    if metric is None:
        return ""
    drop, there = transfer.drops[metric], transfer.metrics[metric]
    change = (
        f"{metric_word(metric)} {metric_text(metric, there)} instead of "
        f"{metric_text(metric, here[metric])} here"
    )
    size = _points(metric, abs(drop.value))
    bounds = sorted((abs(drop.low), abs(drop.high)))
    between = f"[{_points(metric, bounds[0], bare=True)}, {_points(metric, bounds[1], bare=True)}]"
    if is_worse(drop):
        return f"{title} is worse {where}: {change}, a drop of {size} {between}."
    if is_better(drop):
        return f"{title} is better {where}: {change}, by {size} {between}."
    return (
        f"No drop is shown for {title} {where}: {change}. The interval of the drop, "
        f"{drop_text(metric, drop).partition(' ')[2]}, holds 0; a drop of "
        f"{_points(metric, max(drop.high, 0.0))} would be in keeping with these films."
    )


def applied_text(
    title: str, there: OperatingPoint, here: OperatingPoint | None, positive: str
) -> str:
    """Say what the threshold that was fixed here does there."""
    figures = [
        f"{name} {metric_text(name, figure)}"
        + ("" if here is None else f" (here {metric_text(name, getattr(here, name))})")
        for name in ("sensitivity", "specificity")
        if math.isfinite((figure := getattr(there, name)).value)
    ]
    aim = aim_text(there.policy, positive)
    return (
        f"With the threshold that was fixed here, on validation films, {aim}, {title} reaches "
        f"{joined(figures)} there. It was not fitted to the films there."
    )


def sources_text(title: str, tests: Sequence[SourceTest], name: str) -> str:
    """Say on how many sources a backbone is worse for not having seen them, and where most.

    Args:
        title: Of the backbone.
        tests: One per source.
        name: The backbone's catalog name.
    """
    found = [
        (test.source, transfer.drops["auroc"], transfer.metrics["auroc"])
        for test in tests
        for transfer in test.transfers
        if transfer.name == name and "auroc" in transfer.drops
    ]
    if not found:
        return (
            "No source holds films of both sides that could be tested, so nothing shows how the "
            "heads rank films of a source that they never saw."
        )
    worse = [source for source, drop, _ in found if is_worse(drop)]
    source, drop, there = max(found, key=lambda entry: entry[1].value)
    where = f"{source}: AUROC {metric_text('auroc', there)}, a drop of {drop_text('auroc', drop)}"
    if not worse:
        tested = "the one source" if len(found) == 1 else f"any of {len(found)} sources"
        text = f"No drop is shown for {title} on {tested} that its heads never saw"
        if drop.value <= 0:
            lowest, _, figure = min(found, key=lambda entry: entry[2].value)
            return (
                f"{text}: the AUROC is nowhere lower than under heads that saw films of the same "
                f"source. The lowest is {metric_text('auroc', figure)}, at {lowest}."
            )
        return f"{text}; the largest is at {where}."
    named = joined(worse) if len(worse) <= _NAMED_AT_MOST else f"{len(worse)} sources"
    return (
        f"{title} is worse on films of {named} when its heads never saw films from there "
        f"({len(worse)} of {len(found)} sources). The largest drop is at {where}."
    )


def _points(metric: str, size: float, *, bare: bool = False) -> str:
    if not metric_is_share(metric):
        return f"{size:.3f}"
    points = metric_value(metric, size).removesuffix(" %")
    return points if bare else f"{points} points"
