"""How figures are written: percent with one digit, areas with three, sizes for people."""

from __future__ import annotations

import math

from hilum.evaluation.results import Estimate, Spread

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
