"""Do copies of one film name two different patients?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.pairs import list_pairs
from hilum.auditing.twins import Twin
from hilum.cohort.manifest import Cohort


def check_twin_patients(cohort: Cohort, twins: Sequence[Twin]) -> list[Finding]:
    """Find the copies whose patients are known and differ: patients are not told reliably."""
    at_odds = []
    for twin in twins:
        patients = {cohort.films[twin.first].patient, cohort.films[twin.second].patient}
        if len(patients - {None}) == 2:
            at_odds.append(twin)
    if not at_odds:
        return []
    rows = sorted({row for twin in at_odds for row in (twin.first, twin.second)})
    return [
        Finding(
            check="twin-patients",
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
