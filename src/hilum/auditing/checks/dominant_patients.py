"""Does one patient make up much of a class?"""

from __future__ import annotations

from collections import defaultdict

from hilum.auditing.findings import Finding
from hilum.auditing.listing import FILMS_LISTED, list_films, list_groups, tell_number
from hilum.cohort.manifest import Cohort

DOMINANT_SHARE = 0.1
"""With a larger share of a class, one patient decides about its figures."""

LEAST_FILMS = 3
"""In a small class one or two films are a large share, and nobody dominates by them."""


def check_dominant_patients(cohort: Cohort) -> list[Finding]:
    """Find the patients who hold more than a tenth of the films of a class."""
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
            check="dominant-patients",
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
