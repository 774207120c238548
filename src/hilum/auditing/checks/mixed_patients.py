"""Do some patients stand in more than one class?"""

from __future__ import annotations

from collections import defaultdict

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, list_groups, tell_number
from hilum.cohort.manifest import Cohort


def check_mixed_patients(cohort: Cohort) -> list[Finding]:
    """Find the patients whose films lie in several classes.

    They may have fallen ill or recovered between two films, or one label is wrong; either
    way a network that recognises the patient is misled, or rewarded for it.
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
            check="mixed-patients",
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
