"""What this version checks of a cohort before its numbers are believed.

Few checks stand here yet: readability, identical films, patients. The verdict can
therefore be `limited` at best: whether the heads see the disease or an artefact of
how the films were collected is not tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hilum.cohort.grouping import conflicting_labels, identical_films
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds
from hilum.errors import CohortError
from hilum.studies.comparison import BackboneResult, Finding, Verdict


def check_labels_agree(cohort: Cohort) -> None:
    """Refuse a cohort in which one and the same film stands in two classes.

    Raises:
        CohortError: It does; the films are named.
    """
    clashes = conflicting_labels(cohort)
    if clashes:
        pairs = "\n  ".join(
            " = ".join(f"{film.path.name} ({film.label})" for film in clash)
            for clash in clashes[:10]
        )
        raise CohortError(
            f"Films that stand in two classes, byte for byte the same: {len(clashes)}\n  {pairs}\n",
            fix="Remove each from the class that it does not belong to.",
        )


def check_cohort(cohort: Cohort, folds: Folds) -> tuple[Finding, ...]:
    """Run the checks that need no pixels."""
    return (
        *_readability(cohort),
        *_identical_films(cohort),
        *_patients(cohort),
        *_leaks(cohort, folds),
    )


def give_verdict(cohort: Cohort, folds: Folds, backbones: Sequence[BackboneResult]) -> Verdict:
    """Say how far the headline numbers carry, and why no further."""
    unverified = [result.name for result in backbones if not result.weights.is_verified]
    reasons = [
        f"Unverified weights: {', '.join(unverified)} did not run on the published weights, so "
        "no figure under such a name says anything of the network."
    ] * bool(unverified)
    reasons += [
        "This run did not test for shortcuts: the source, the format or the edge of the films "
        "may predict the label without the disease."
    ]
    if cohort.n_patients is None:
        reasons.append(
            "Patients are unknown: films of one patient may stand on both sides of a split."
        )
    n_leaks = len(folds.straddling_groups)
    if n_leaks:
        reasons.append(
            "The split is by film, and films of the same patient, or copies of one film, stand "
            f"in training and in test: {n_leaks} times."
        )
    if folds.validates_on_test:
        reasons.append(
            "Validation and test are the same films, so the curves and the table share one set."
        )
    return Verdict("limited", tuple(reasons))


def _readability(cohort: Cohort) -> list[Finding]:
    if not cohort.excluded:
        return []
    codes = Counter(exclusion.code for exclusion in cohort.excluded)
    return [
        Finding(
            check="readability",
            severity="warn",
            title=f"{len(cohort.excluded)} file(s) could not be read and took no part.",
            evidence={"codes": dict(codes), "films": [e.film_id for e in cohort.excluded]},
            what_to_do="Replace them; excluded.csv names each file and its reason.",
        )
    ]


def _identical_films(cohort: Cohort) -> list[Finding]:
    copies = [[film.film_id for film in films] for films in identical_films(cohort)]
    if not copies:
        return []
    return [
        Finding(
            check="identical-films",
            severity="note",
            title=f"{sum(map(len, copies))} films are {len(copies)} films in identical copies.",
            evidence={"films": copies},
            what_to_do="Keep one of each.",
        )
    ]


def _patients(cohort: Cohort) -> list[Finding]:
    if cohort.n_patients is None:
        return [
            Finding(
                check="patients",
                severity="warn",
                title="Nothing tells which films belong to one patient.",
                evidence={"films": len(cohort)},
                what_to_do="Give a CSV with a patient column, if patients are known.",
            )
        ]
    unknown = sum(film.patient is None for film in cohort.films)
    per_patient = Counter(film.patient for film in cohort.films if film.patient is not None)
    several = sum(count > 1 for count in per_patient.values())
    return [
        Finding(
            check="patients",
            severity="warn" if unknown else "note",
            title=f"{cohort.n_patients} patients are known, {several} of them with several films"
            + (f"; of {unknown} films the patient is unknown." if unknown else "."),
            evidence={"patients": cohort.n_patients, "several": several, "unknown": unknown},
            what_to_do="Fill the patient column." if unknown else "",
        )
    ]


def _leaks(cohort: Cohort, folds: Folds) -> list[Finding]:
    leaking = folds.straddling_groups
    if not len(leaking):
        return []
    films = [cohort.films[row].film_id for row in np.flatnonzero(np.isin(folds.groups, leaking))]
    return [
        Finding(
            check="leaks",
            severity="warn",
            title=f"{len(leaking)} patients or copied films stand in training and in test.",
            evidence={"groups": len(leaking), "films": films},
            what_to_do="Use --recipe hilum, which keeps them on one side of every split.",
        )
    ]
