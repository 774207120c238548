"""Are there lung masks for enough films of every class to try the lungs by themselves?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.cohort.manifest import Cohort


def check_lung_masks(
    cohort: Cohort, masked: frozenset[str], baselines: Sequence[Baseline]
) -> list[Finding]:
    """Say how many films have a mask, and whether that was enough."""
    counts = Counter(film.label for film in cohort.films if film.film_id in masked)
    per_class = {label: counts[label] for label in cohort.classes}
    spread = ", ".join(f"{n} of {label}" for label, n in per_class.items())
    n_masked = sum(per_class.values())
    was_tried = any(baseline.name == "lungs" for baseline in baselines)
    evidence = {"films": n_masked, "of": len(cohort), "per_class": per_class}
    if was_tried:
        title = f"Lung masks are here for {n_masked} of {len(cohort)} films ({spread})"
        return [Finding("lung-masks", "note", title, evidence)]
    return [
        Finding(
            "lung-masks",
            "warn",
            f"The lungs could not be tried by themselves: lung masks are here for {n_masked} of "
            f"{len(cohort)} films only ({spread})",
            evidence,
            "Give masks for films of every class; masks for one class only would be a shortcut "
            "themselves.",
        )
    ]
