"""Is it known which films belong to one patient?"""

from __future__ import annotations

from collections import Counter

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number, tell_per_class
from hilum.cohort.manifest import Cohort


def check_patients(cohort: Cohort) -> list[Finding]:
    """Say how patients are known, how many films each has, and which films lack one."""
    unknown = [row for row, film in enumerate(cohort.films) if film.patient is None]
    if cohort.n_patients is None:
        return [
            Finding(
                check="patients",
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
            check="patients",
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
