"""Does each class come from enough people?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.findings import Finding
from hilum.auditing.twins import Twin, join_twins
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort

LEAST_GROUPS = 20
"""Were all of 20 recognised, the true share may still be as low as 83 % (Clopper-Pearson)."""


def check_class_size(cohort: Cohort, twins: Sequence[Twin]) -> list[Finding]:
    """Count the patients of each class; a film counts for itself where its patient is unknown."""
    groups = group_films(cohort, join_twins(twins, len(cohort)))
    per_class: dict[str, set[int]] = {label: set() for label in cohort.classes}
    for film, group in zip(cohort.films, groups.tolist(), strict=True):
        per_class[film.label].add(group)
    n_groups = {label: len(members) for label, members in per_class.items()}
    evidence = {"groups_per_class": n_groups, "films_per_class": dict(cohort.n_per_class)}
    findings = []
    lone = [label for label, count in n_groups.items() if count <= 1]
    few = [label for label, count in n_groups.items() if 1 < count < LEAST_GROUPS]
    if lone:
        findings.append(
            Finding(
                check="class-size",
                severity="fail",
                title=(
                    f"All films of {_and(lone)} show one patient each, or are copies of one "
                    "film: what is learned is this patient"
                ),
                evidence=evidence,
                what_to_do=f"Collect films of more patients, or leave {_and(lone)} out.",
            )
        )
    if few:
        told = _and([f"{label} ({n_groups[label]})" for label in few])
        findings.append(
            Finding(
                check="class-size",
                severity="warn",
                title=f"Fewer than {LEAST_GROUPS} patients or unrelated films: {told}",
                evidence=evidence,
                what_to_do=(
                    "Collect more patients; intervals stay wide however well a network does on "
                    "so few."
                ),
            )
        )
    return findings


def _and(labels: Sequence[str]) -> str:
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
