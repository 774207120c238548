"""Checks of the patients: who was filmed, how often, and is it known?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from hilum.auditing.baselines import LeakWorth
from hilum.auditing.evidence import check
from hilum.auditing.findings import (
    FILMS_LISTED,
    Finding,
    list_estimate,
    list_films,
    list_groups,
    list_pairs,
    tell_number,
    tell_per_class,
)
from hilum.cohort import Cohort
from hilum.duplicates import Duplicate, DuplicateKind

DOMINANT_SHARE = 0.1
"""With a larger share of a class, one patient decides about its figures."""

LEAST_FILMS = 3
"""In a small class one or two films are a large share, but no patient dominates by them."""

_IN_WORDS: Mapping[DuplicateKind, str] = {
    "bytes": "the same file, byte for byte",
    "pixels": "the same pixels in two files",
    "copy": "copies (resized, recompressed, cropped or changed in contrast)",
    "mirrored": "mirrored copies",
    "rotated": "turned copies",
}


@check("patients", "How patients are known")
def check_patients(cohort: Cohort) -> list[Finding]:
    """Count the patients, the films of each, and the films whose patient is unknown.

    Films of one patient are kept on one side of every split, as far as patients are known.

    Caution: The patient of some film is unknown.
    Note: All patients are known.
    What to do: Fill the patient column of the table, or give a pattern of the file names
        (`--patient-pattern`).
    """
    unknown = [row for row, film in enumerate(cohort.films) if film.patient is None]
    if cohort.n_patients is None:
        return [
            Finding(
                severity="warn",
                title="Nothing tells which films belong to one patient",
                evidence={"n_films": len(cohort), "n_unknown": len(unknown)},
                what_to_do=(
                    "Give a CSV with a patient column, or a pattern of the file names "
                    "(--patient-pattern), if patients are known. Until then films of one patient "
                    "may stand on both sides of a split."
                ),
            )
        ]
    per_patient = Counter(film.patient for film in cohort.films if film.patient is not None)
    # How many patients have one film, how many have two, ...
    spread = Counter(per_patient.values())
    several = sum(count for films, count in spread.items() if films > 1)
    lacking = list_films(cohort, unknown)
    title = f"{tell_number(len(per_patient), 'patient', 'is/are')} known"
    title += f", {several} of them with several films" if several else ", each with one film"
    if unknown:
        title += (
            f"; of {tell_number(len(unknown), 'film')} the patient is unknown "
            f"({tell_per_class(lacking['per_class'])})"
        )
    if cohort.patients_from:
        title += f". Known for {'; '.join(cohort.patients_from)}"
    return [
        Finding(
            severity="warn" if unknown else "note",
            title=title,
            evidence={
                "n_patients": len(per_patient),
                "n_with_several_films": several,
                "known_from": list(cohort.patients_from),
                "patients_by_number_of_films": {
                    str(films): spread[films] for films in sorted(spread)
                },
                "unknown": lacking,
            },
            what_to_do=(
                "Fill the patient column, or give a pattern of the file names "
                "(--patient-pattern), for the rest."
                if unknown
                else ""
            ),
        )
    ]


@check("mixed-patients", "Patients in more than one class")
def check_mixed_patients(cohort: Cohort) -> list[Finding]:
    """Find the patients whose films lie in several classes.

    They may have fallen ill or recovered between two films, or one label is wrong. Either way a
    network that recognises the patient is misled, or rewarded for it.

    Caution: A patient has films in more than one class.
    What to do: Check the labels of these films. Keep those in which the patient was ill and well
        at different times, with every film of the patient on one side of a split.
    """
    of_patient: dict[str, list[int]] = defaultdict(list)
    for row, film in enumerate(cohort.films):
        if film.patient is not None:
            of_patient[film.patient].append(row)
    mixed = [
        rows for rows in of_patient.values() if len({cohort.films[row].label for row in rows}) > 1
    ]
    if not mixed:
        return []
    rows = sorted(row for of_one in mixed for row in of_one)
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(mixed), 'patient', 'stands/stand')} in more than one class, "
                f"with {len(rows)} films"
            ),
            evidence={
                "n_patients": len(mixed),
                **list_films(cohort, rows),
                "films_by_patient": list_groups(cohort, mixed),
            },
            what_to_do=(
                "Check the labels of these films. Keep those in which the patient was ill and "
                "well at different times, with every film of the patient on one side of a split."
            ),
        )
    ]


@check("dominant-patients", "One patient makes up much of a class")
def check_dominant_patients(cohort: Cohort) -> list[Finding]:
    """Find the patients who have a large share of the films of a class.

    Such a patient decides about the figures of the class.

    Caution: A patient has more than {DOMINANT_SHARE:.0%} of the films of a class, and at least
        {LEAST_FILMS} films in it.
    What to do: Keep one or two films of such a patient, or collect more patients.
    """
    of_patient: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, film in enumerate(cohort.films):
        if film.patient is not None:
            of_patient[film.label, film.patient].append(row)
    counts = cohort.n_per_class
    shares = {
        key: len(rows) / counts[key[0]]
        for key, rows in of_patient.items()
        if len(rows) >= LEAST_FILMS and len(rows) > DOMINANT_SHARE * counts[key[0]]
    }
    if not shares:
        return []
    in_order = sorted(shares, key=lambda key: -shares[key])
    label, _ = in_order[0]
    n_largest = len(of_patient[in_order[0]])
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(in_order), 'patient', 'makes/make')} up more than "
                f"{DOMINANT_SHARE:.0%} of a class; the largest share is "
                f"{shares[in_order[0]]:.0%} of {label} ({n_largest} of {counts[label]} films)"
            ),
            evidence={
                "n_patients": len(in_order),
                "shares": [
                    {"class": key[0], "share": shares[key]} for key in in_order[:FILMS_LISTED]
                ],
                **list_films(cohort, [row for key in in_order for row in of_patient[key]]),
                "films_by_patient": list_groups(cohort, [of_patient[key] for key in in_order]),
            },
            what_to_do="Keep one or two films of such a patient, or collect more patients.",
        )
    ]


@check("duplicate-patients", "One film under two patients")
def check_duplicate_patients(cohort: Cohort, duplicates: Sequence[Duplicate]) -> list[Finding]:
    """Find the copies of one film that name two different patients.

    The patients of this cohort are then not known reliably.

    Caution: Two copies of one film name different patients.
    What to do: Find out whose film it is. If patients are known from the file names, check that
        the pattern fits this collection.
    """
    at_odds = []
    for duplicate in duplicates:
        patients = {cohort.films[duplicate.first].patient, cohort.films[duplicate.second].patient}
        if len(patients - {None}) == 2:
            at_odds.append(duplicate)
    if not at_odds:
        return []
    rows = sorted({row for duplicate in at_odds for row in (duplicate.first, duplicate.second)})
    return [
        Finding(
            severity="warn",
            title=(
                f"One film under two patients: {tell_number(len(at_odds), 'pair')} of copies "
                f"among {len(rows)} films"
            ),
            evidence={
                "n_pairs": len(at_odds),
                **list_films(cohort, rows),
                "pairs": list_pairs(cohort, at_odds),
            },
            what_to_do=(
                "Find out whose film it is. If patients are told from file names, check that the "
                "pattern fits this collection."
            ),
        )
    ]


@check("duplicates", "Copies of one film")
def check_duplicates(cohort: Cohort, duplicates: Sequence[Duplicate]) -> list[Finding]:
    """Count the films that stand in the cohort more than once.

    Each way to be a copy has a finding of its own: the same file, the same pixels, a changed copy
    (resized, recompressed, cropped, other contrast), a mirrored copy, a turned copy. Hilum keeps
    copies on one side of every split.

    Note: A film stands in the cohort more than once.
    What to do: Keep one of each. As long as they stay, they must lie on one side of every split,
        in every study of these films.
    """
    findings = []
    for kind, words in _IN_WORDS.items():
        pairs = [duplicate for duplicate in duplicates if duplicate.kind == kind]
        if not pairs:
            continue
        rows = sorted({row for duplicate in pairs for row in (duplicate.first, duplicate.second)})
        findings.append(
            Finding(
                severity="note",
                title=f"{tell_number(len(pairs), 'pair')} of films: {words}",
                evidence={
                    "kind": kind,
                    "n_pairs": len(pairs),
                    "n_films": len(rows),
                    "per_class": list_films(cohort, rows)["per_class"],
                    "pairs": list_pairs(cohort, pairs),
                },
                what_to_do=(
                    "Keep one of each. As long as they stay, they must lie on one side of every "
                    "split."
                ),
            )
        )
    return findings


@check("leak-worth", "What a careless split would have gained")
def check_leak_worth(leak: LeakWorth) -> list[Finding]:
    """Say how much better the figures would look if films of one patient were split freely.

    The study runs a second time, with films dealt out one by one; the finding gives both AUROCs
    and their difference. It tells how far to trust other studies of such films.

    Note: Some films belong together: they show one patient, or are copies.
    What to do: Name the patients (a column of the table, or a file-name pattern) and keep each on
        one side of every split, in every study of these films.
    """
    gain = leak.gain
    change = f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
    belonging = (
        f"{leak.n_films} films in {tell_number(leak.n_groups, 'group')} belong together (one "
        "patient, or copies)"
    )
    if gain.low > 0:
        worth = (
            f"dealing them out one by one would have raised the AUROC from "
            f"{leak.grouped.value:.3f} to {leak.ungrouped.value:.3f} ({change})"
        )
    else:
        worth = (
            f"dealing them out one by one makes no clear difference here: AUROC "
            f"{leak.grouped.value:.3f} with groups kept together, {leak.ungrouped.value:.3f} "
            f"without ({change})"
        )
    return [
        Finding(
            severity="note",
            title=f"{belonging}; {worth}",
            evidence={
                "backbone": leak.backbone,
                "films": leak.n_films,
                "groups": leak.n_groups,
                "grouped_auroc": list_estimate(leak.grouped),
                "ungrouped_auroc": list_estimate(leak.ungrouped),
                "gain": list_estimate(gain),
            },
            what_to_do=(
                "Name the patients (a column of the table, or a file-name pattern) and keep "
                "each on one side of every split, in every study of these films."
                if gain.low > 0
                else ""
            ),
        )
    ]
