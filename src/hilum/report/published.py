"""What the check of a published table says, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from hilum.published import (
    MANNERS,
    Figure,
    Manner,
    Miss,
    Search,
    SetAudit,
    SetSize,
    TableCheck,
    printed_predictive_values,
)
from hilum.report.sections.standings import sensitivity_gloss, specificity_gloss
from hilum.wording import joined, p_text, printed_percent_text, range_text

MISS_MARK = "· "

ONE_SET_NOTE = (
    "This holds for one test set on which every model calls each film once. Figures that are "
    "means over folds or runs, or over several classes, need not fit any set."
)

FILMS_NOTE = (
    "Each film counts as a witness of its own. Several films of one patient would make "
    "these p too small, and the intervals too narrow."
)

_MANNER_TEXTS: dict[Manner, str] = {"rounding": "rounded", "truncation": "cut off"}

_NUMBERS = (
    "none", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip

_NEXT_SHOWN = 4


def reading_texts(check: TableCheck) -> list[str]:
    """Say in plain words what came out, a paragraph each, the main thing first."""
    if not check.is_reached:
        return [*_unreached_texts(check), *_miss_texts(check), _printed_text(check), ONE_SET_NOTE]
    first = check.audits[0]
    texts = [_asked_text(check) if check.asked else _search_text(check)]
    # With several sets in question, what follows is said of the smallest.
    size = f"{first.size.positives:,} + {first.size.negatives:,}"
    given = f"Taken to be {size}: " if check.n_reached > 1 and not check.asked else ""
    if first.pairs:
        texts.append(f"{given}{_pairs_text(first)}")
    texts.append(f"{given}{_predictive_text(first)}")
    texts.append(ONE_SET_NOTE)
    return texts


def gloss_texts() -> list[str]:
    """Say what sensitivity and specificity are, and what a low one does."""
    return [sensitivity_gloss("positive"), specificity_gloss("positive", ("negative",))]


def size_text(size: SetSize) -> str:
    """Write a test set: `14 positive + 18 negative films`."""
    return f"{size.positives:,} positive + {size.negatives:,} negative films"


def set_title(audit: SetAudit) -> str:
    """Write the heading of a test set's figures."""
    return f"{size_text(audit.size)}, figures {_MANNER_TEXTS[audit.manner]}"


def basis_text(check: TableCheck, audit: SetAudit) -> str:
    """Say from which figures the predictive values are made."""
    row = audit.rows[0]
    printed, _ = printed_predictive_values(check.table.rows[0], check.prevalence)
    tp, tn = range_text(row.counts.tp), range_text(row.counts.tn)
    text = (
        f"Made from the counts ({row.model}: sensitivity {tp}/{audit.size.positives}, "
        f"specificity {tn}/{audit.size.negatives}), not from the printed digits"
    )
    if printed is not None:
        text += f", which would give a PPV of {printed_percent_text(printed)} %"
    return (
        f"{text}. Brackets: at least 95 % for both shares together. The last prevalence is that "
        "of the test set itself, which is rarely that of any clinic."
    )


def _pairs_text(audit: SetAudit) -> str:
    """Say which pairs of rows differ, as far as the totals can tell."""
    n = len(audit.pairs)
    counts = {
        verdict: sum(pair.verdict == verdict for pair in audit.pairs)
        for verdict in ("tied", "differ", "cannot be told")
    }
    if counts["tied"] == n:
        smallest = p_text(min(pair.smallest_p for pair in audit.pairs))
        which = "The one pair of rows is" if n == 1 else f"All {n} pairs of rows are"
        return (
            f"{which} statistically tied. No pair of rows differs: even the smallest exact "
            f"McNemar p that the counts allow is {smallest}."
        )
    if n == 1:
        return (
            "The one pair of rows differs, whatever the films were on which it disagreed."
            if counts["differ"]
            else "Whether the two rows differ the totals do not tell: it takes the calls film by "
            "film."
        )
    return (
        f"Of {n} pairs of rows, {counts['tied']} are statistically tied, {counts['differ']} differ "
        f"whatever the films, and of {counts['cannot be told']} the totals do not tell: it takes "
        "the calls film by film."
    )


def _predictive_text(audit: SetAudit) -> str:
    """Say what a positive call of the first row means for a person."""
    row = audit.rows[0]
    values = row.predictive[0]
    start = f"At a prevalence of {printed_percent_text(values.prevalence)} %"
    if values.ppv is None:
        return f"{start}, nobody gets a positive call of {row.model}, as far as the figures tell."
    share = values.ppv
    people = f"{100 * share.lowest:.0f}"
    if f"{100 * share.highest:.0f}" != people:
        people += f" to {100 * share.highest:.0f}"
    return (
        f"{start}, of 100 people whom {row.model} calls positive, {people} have the disease and "
        f"the others are healthy; anything from {100 * share.interval.low:.0f} to "
        f"{100 * share.interval.high:.0f} would fit these films."
    )


def _miss_text(miss: Miss, figure: Figure, *, is_percent: bool) -> str:
    """Say which figure a test set cannot yield: `accuracy 91 …, the nearest is 90.0 % (27/30)`."""
    digits = max(len(figure.text.partition(".")[2].rstrip(" %")) + (-2 if not is_percent else 0), 0)
    share = f"{100 * miss.nearest / miss.trials:.{digits + 1}f} %"
    given = " with this sensitivity and specificity" if miss.metric == "accuracy" else ""
    return (
        f"{MISS_MARK}{miss.model}: {miss.metric} {miss.printed} cannot be had{given}; "
        f"the nearest is {share} ({miss.nearest}/{miss.trials})."
    )


def _miss_texts(check: TableCheck) -> list[str]:
    """Say for each row that is out of reach what fails."""
    rows = {row.model: row for row in check.table.rows}
    return [
        _miss_text(miss, getattr(rows[miss.model], miss.metric), is_percent=check.table.is_percent)
        for miss in check.misses
    ]


def _these_rows(check: TableCheck) -> str:
    n = len(check.table.rows)
    return "This one row" if n == 1 else f"These {_number_text(n)} rows"


def _number_text(n: int) -> str:
    return _NUMBERS[n] if n < len(_NUMBERS) else f"{n:,}"


def _asked_text(check: TableCheck) -> str:
    manners = [_MANNER_TEXTS[audit.manner] for audit in check.audits]
    size = size_text(check.audits[0].size)
    return (
        f"{_these_rows(check)} can come from {size}, if the figures were {joined(manners, 'or')}."
    )


def _search_text(check: TableCheck) -> str:
    subject = _these_rows(check)
    by_rounding, by_truncation = (check.searches[manner] for manner in MANNERS)
    if not by_rounding.n_reached:
        return (
            f"{subject} can come from {_found_text(by_truncation, check)}, but only if the figures "
            "were cut off: rounded, from none."
        )
    found = f"{subject} can come from {_found_text(by_rounding, check)}."
    if not by_truncation.n_reached:
        return f"{found} Had the figures been cut off instead of rounded: from none."
    size = by_truncation.smallest[0]
    return (
        f"{found} Had the figures been cut off instead of rounded: from "
        f"{by_truncation.n_reached:,}, the smallest {size.positives:,} + {size.negatives:,}."
    )


def _found_text(search: Search, check: TableCheck) -> str:
    first, *others = search.smallest
    if search.n_reached == 1:
        return f"exactly one test set of at most {check.max_films:,} films: {size_text(first)}"
    shown = ", ".join(f"{size.positives} + {size.negatives}" for size in others[:_NEXT_SHOWN])
    return (
        f"{search.n_reached:,} of the {search.n_tried:,} test sets of at most "
        f"{check.max_films:,} films; the smallest is {size_text(first)}, then {shown}"
    )


def _unreached_texts(check: TableCheck) -> list[str]:
    assert check.missed_at is not None
    n_rows = len(check.table.rows)
    rows = {1: "the one row", 2: "both rows"}.get(n_rows, f"all {_number_text(n_rows)} rows")
    reached = n_rows - len(check.misses)
    size = size_text(check.missed_at)
    if check.asked:
        texts = [f"No: {size} cannot yield {rows}, neither rounded nor cut off."]
        where = "Rounded, this set yields"
    else:
        texts = [
            f"No test set of at most {check.max_films:,} films yields {rows}, neither rounded nor "
            "cut off."
        ]
        texts += _never_texts(check.searches["rounding"].never_reached)
        where = f"The closest is {size}, which rounded yields"
    texts.append(f"{where} {_number_text(reached)} of {_number_text(n_rows)}; what fails:")
    return texts


def _printed_text(check: TableCheck) -> str:
    row = check.table.rows[0]
    ppv, _ = printed_predictive_values(row, check.prevalence)
    prevalence = printed_percent_text(check.prevalence)
    start = f"At a prevalence of {prevalence} %, {row.model}'s printed figures"
    if ppv is None:
        return f"{start} mean that nobody gets a positive call."
    return (
        f"{start} would mean that of 100 people called positive, {100 * ppv:.0f} have the disease."
    )


def _never_texts(models: Sequence[str]) -> list[str]:
    if not models:
        return []
    return [f"Even alone, and rounded, no such set yields the row of {joined(models)}."]
