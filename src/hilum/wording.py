"""How numbers are written for people: shares, areas, p values, differences, intervals, counts.

Terminal, report, model card and findings all write a number by a function of this module, so
that one figure reads alike everywhere. Three rules hold: a share of films is written in percent
and anything else as a fraction; what does not exist is `not defined`; and what is neither 0 nor 1
is not rounded to either where people act on it (`probability_text`, `prevalence_text`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hilum.evaluation import Estimate, Spread

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

_LEAST_PROBABILITY = 1e-7
_DIGITS_AT_MOST = 6


def metric_title(metric: str) -> str:
    """Write a metric's name as a heading: `macro_auroc` becomes `Macro AUROC`."""
    if metric in _TITLES:
        return _TITLES[metric]
    words = " ".join("AUROC" if word == "auroc" else word for word in metric.split("_"))
    return capitalised(words)


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
    return percent_text(value) if metric_is_share(metric) else f"{value:.3f}"


def metric_interval(metric: str, estimate: Estimate) -> str:
    """Write an interval's bounds: `[93.7, 99.3]` or `[0.970, 0.997]`; empty without bounds."""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return ""
    if metric_is_share(metric):
        return percents_interval(estimate.low, estimate.high)
    return interval_text(estimate.low, estimate.high)


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


def interval_text(low: float, high: float, digits: int = 3) -> str:
    """Write the bounds of an interval in brackets: `[0.970, 0.997]`."""
    return f"[{low:.{digits}f}, {high:.{digits}f}]"


def percents_interval(low: float, high: float, digits: int = 1) -> str:
    """Write the bounds of a share in percent, in brackets and without the sign: `[93.7, 99.3]`."""
    return interval_text(100 * low, 100 * high, digits)


def p_text(p: float) -> str:
    """Write a p-value: three digits, and nothing smaller than `< 0.001`."""
    if not math.isfinite(p):
        return NOT_DEFINED
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def signed_text(value: float, digits: int = 3, *, is_zero_signed: bool = True) -> str:
    """Write a difference with its sign, a real minus: `+0.013`, `−2.5`.

    Args:
        value: Of the difference.
        digits: After the point.
        is_zero_signed: What rounds to 0 keeps its sign; otherwise it is written without one.
    """
    text = f"{value:+.{digits}f}"
    if not is_zero_signed and not float(text):
        return text[1:]
    return text.replace("-", "−")


def difference_text(metric: str, difference: float, *, is_zero_signed: bool = True) -> str:
    """Write a signed difference of two figures: percentage points for shares of films."""
    if not math.isfinite(difference):
        return NOT_DEFINED
    if metric_is_share(metric):
        return signed_text(100 * difference, 1, is_zero_signed=is_zero_signed)
    return signed_text(difference, is_zero_signed=is_zero_signed)


def points_text(difference: float) -> str:
    """Write a signed difference of two shares in percentage points: `−2.5`, `0.0`."""
    return signed_text(100 * difference, 1, is_zero_signed=False)


def percent_text(share: float, digits: int = 1) -> str:
    """Write a share in percent: `5.2 %`."""
    return f"{100 * share:.{digits}f} %"


def printed_percent_text(share: float) -> str:
    """Write a share in percent as tables print it, without the sign: `2`, `43.8`, `0.05`."""
    return f"{100 * share:.3g}"


def probability_text(probability: float) -> str:
    """Write a probability so that it is neither 0 nor 1 unless it is: `0.31`, `0.004`."""
    if math.isnan(probability):
        return NOT_DEFINED
    if probability > 1:  # a threshold that no film can reach
        return "more than 1"
    distance = min(probability, 1 - probability)
    if 0 < distance < _LEAST_PROBABILITY:
        return f"< {_LEAST_PROBABILITY:.7f}" if probability < 0.5 else "> 0.9999999"
    digits = 2 if distance <= 0 else max(2, math.ceil(-math.log10(distance)))
    return f"{probability:.{digits}f}"


def certainty_text(probability: float) -> str:
    """Write a film's probability in whole percent, for a picture of it; none is certain."""
    if probability < 0.005:
        return "below 0.5 %"
    if probability > 0.995:
        return "above 99.5 %"
    return percent_text(probability, 0)


def prevalence_text(prevalence: float) -> str:
    """Write a prevalence to two digits, or to one after the point from 10 % on.

    Returns:
        `0.1 %`, `1 %`, `47.5 %`, `50 %`; `99.99 %` where one digit would make it all.
    """
    if prevalence < 0.1:
        return f"{100 * prevalence:.2g} %"
    text = fine_percents(prevalence)[0]
    return f"{text.rstrip('0').rstrip('.')} %"


def fine_percents(*shares: float) -> tuple[str, ...]:
    """Write shares in percent, so finely that what is nearly all is not written as all.

    Returns:
        Each with the same number of digits: `97.5`, or `99.80` beside `99.98`.
    """
    digits = 1
    for share in shares:
        distance = 100 * min(share, 1 - share)
        if distance > 0:
            digits = max(digits, math.ceil(-math.log10(distance)))
    return tuple(f"{100 * share:.{min(digits, _DIGITS_AT_MOST)}f}" for share in shares)


def counted(count: int, noun: str, verbs: str = "", *, is_grouped: bool = True) -> str:
    """Write a count with its noun, as in `1 film` and `2,000 films`.

    Args:
        count: 0 or more.
        noun: In the singular.
        verbs: Follows the noun: the singular and the plural, as in `is/are`.
        is_grouped: Thousands are parted by commas.
    """
    one, _, several = verbs.partition("/")
    written = f"{count:,}" if is_grouped else f"{count}"
    return (f"{written} {noun} {one}" if count == 1 else f"{written} {noun}s {several}").rstrip()


def films_text(count: int) -> str:
    """Write a number of films: `1 film`, `2,000 films`."""
    return counted(count, "film")


def count_text(count: int) -> str:
    """Write a large count briefly: `4.65 M`, `38 k`, `412`."""
    if count >= 1_000_000:
        millions = count / 1e6
        return f"{millions:.3g} M" if millions < 1000 else f"{millions:,.0f} M"
    return f"{count / 1e3:.3g} k" if count >= 10_000 else f"{count:,}"


def range_text(counts: range) -> str:
    """Write the counts that are possible: `14`, or `13–15`."""
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"


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


def joined(names: Sequence[str], last: str = "and") -> str:
    """Write a list as people say it: `a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def lowered(text: str) -> str:
    """Begin a text with a small letter, and leave its other letters."""
    return f"{text[:1].lower()}{text[1:]}"


def capitalised(text: str) -> str:
    """Begin a text with a capital, and leave its other letters."""
    return f"{text[:1].upper()}{text[1:]}"
