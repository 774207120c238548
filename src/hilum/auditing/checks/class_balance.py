"""Do the classes have about as many films?"""

from __future__ import annotations

from hilum.auditing.findings import Finding
from hilum.cohort.manifest import Cohort

UNEVEN_RATIO = 10.0
"""From here on accuracy says little: to call every film by the larger class is 91 % right."""

HOPELESS_RATIO = 100.0
"""From here on a whole fold holds a handful of films of the smaller class, if any."""


def check_class_balance(cohort: Cohort) -> list[Finding]:
    """Compare the largest class with the smallest one."""
    counts = cohort.n_per_class
    largest, smallest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    ratio = counts[largest] / max(1, counts[smallest])
    if ratio < UNEVEN_RATIO:
        return []
    return [
        Finding(
            check="class-balance",
            severity="fail" if ratio >= HOPELESS_RATIO else "warn",
            title=(
                f"{ratio:.0f} films of {largest} stand against each of {smallest} "
                f"({counts[largest]} against {counts[smallest]})"
            ),
            evidence={"films_per_class": dict(counts), "ratio": ratio},
            what_to_do=(
                f"Collect more films of {smallest}, or draw fewer of {largest} at random. "
                "Read sensitivity and specificity, not the accuracy."
            ),
        )
    ]
