"""Checks of the cohort: can figures on these films and this split be believed at all?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilum.auditing.evidence import check
from hilum.auditing.findings import Finding, list_films, list_groups, list_pairs, tell_number
from hilum.cohort import Cohort
from hilum.duplicates import Duplicate, join_duplicates
from hilum.folds import Folds, group_films

LEAST_GROUPS = 20
"""Were all of 20 recognised, the true share may still be as low as 83 % (Clopper-Pearson)."""

UNEVEN_RATIO = 10.0
"""From here on accuracy says little: to call every film by the larger class is 91 % right."""

HOPELESS_RATIO = 100.0
"""From here on a whole fold holds a handful of films of the smaller class, if any."""


@check("conflicting-labels", "One film under two labels")
def check_conflicting_labels(cohort: Cohort, duplicates: Sequence[Duplicate]) -> list[Finding]:
    """Find copies of one film that stand in two classes.

    At least one label of each pair is wrong. Copies are found even where they were resized,
    recompressed, cropped, turned or mirrored.

    Problem: Two copies of one film have different labels.
    What to do: Look at each pair, find out which label is right, and remove the other film.
        Remove both where nobody knows.
    """
    clashes = [
        duplicate
        for duplicate in duplicates
        if cohort.films[duplicate.first].label != cohort.films[duplicate.second].label
    ]
    if not clashes:
        return []
    rows = sorted({row for duplicate in clashes for row in (duplicate.first, duplicate.second)})
    return [
        Finding(
            severity="fail",
            title=(
                f"One film under two labels: {tell_number(len(clashes), 'pair')} of copies among "
                f"{len(rows)} films"
            ),
            evidence={
                "n_pairs": len(clashes),
                **list_films(cohort, rows),
                "pairs": list_pairs(cohort, clashes),
            },
            what_to_do=(
                "Look at each pair, find out which label is right, and remove the other film; "
                "remove both where nobody knows."
            ),
        )
    ]


@check("leaks", "Films that belong together, in training and in test")
def check_leaks(cohort: Cohort, folds: Folds) -> list[Finding]:
    """Find the patients, and the copies of one film, that both train a network and test it.

    A network that recognises the patient is then called right, so its figures come out too high.
    The recipe `hilum` never splits so; recipes that copy a published study may.

    Problem: Films of one patient, or copies of one film, stand in training and in test.
    What to do: Use `--recipe hilum`, which keeps them on one side of every split.
    """
    of_group: dict[int, list[int]] = {group: [] for group in folds.straddling_groups.tolist()}
    if not of_group:
        return []
    rows = np.flatnonzero(np.isin(folds.groups, list(of_group))).tolist()
    for row in rows:
        of_group[int(folds.groups[row])].append(row)
    groups = list(of_group.values())
    return [
        Finding(
            severity="fail",
            title=(
                f"{tell_number(len(groups), 'set', 'stands/stand')} in training and in test: films "
                f"of one patient, or copies of one film ({len(rows)} films in all)"
            ),
            evidence={
                "n_groups": len(groups),
                **list_films(cohort, rows),
                "films_by_group": list_groups(cohort, groups),
            },
            what_to_do="Use --recipe hilum, which keeps them on one side of every split.",
        )
    ]


@check("class-size", "Too few patients in a class")
def check_class_size(cohort: Cohort, duplicates: Sequence[Duplicate]) -> list[Finding]:
    """Count the patients of each class.

    Copies of one film count once. A film whose patient is unknown counts as a patient.

    Problem: All films of a class show one patient, or are copies of one film.
    Caution: A class has fewer than {LEAST_GROUPS} patients.
    What to do: Collect films of more patients, or leave the class out. With so few, intervals
        stay wide however well a network does.
    Source: Clopper and Pearson (1934), Biometrika 26:404-413.
    """
    groups = group_films(cohort, join_duplicates(duplicates, len(cohort)))
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


@check("class-balance", "Uneven classes")
def check_class_balance(cohort: Cohort) -> list[Finding]:
    """Compare the number of films in the largest class with that in the smallest.

    Where classes are uneven, accuracy says little: calling every film by the largest class is
    nearly always right.

    Problem: The largest class has {HOPELESS_RATIO:.0f} times the films of the smallest, or more.
    Caution: The largest class has {UNEVEN_RATIO:.0f} times the films of the smallest, or more.
    What to do: Collect more films of the smallest class, or draw fewer of the largest at random.
        Read sensitivity and specificity instead of the accuracy.
    """
    counts = cohort.n_per_class
    largest, smallest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    ratio = counts[largest] / max(1, counts[smallest])
    if ratio < UNEVEN_RATIO:
        return []
    return [
        Finding(
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


def _and(labels: Sequence[str]) -> str:
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
