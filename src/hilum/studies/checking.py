"""What this version checks of a cohort before its numbers are believed.

Few checks stand here yet: readability, identical films, patients. The verdict can
therefore be `limited` at best: whether the heads see the disease or an artefact of
how the films were collected is not tested.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from hilum.cohort.manifest import Cohort
from hilum.errors import CohortError
from hilum.studies.comparison import Finding, Recipe, Verdict


def check_labels_agree(cohort: Cohort) -> None:
    """Refuse a cohort in which one and the same film stands in two classes.

    Raises:
        CohortError: It does; the films are named.
    """
    by_content = defaultdict(list)
    for film in cohort.films:
        by_content[film.sha256].append(film)
    clashes = [films for films in by_content.values() if len({f.label for f in films}) > 1]
    if clashes:
        pairs = "\n  ".join(
            " = ".join(f"{film.path.name} ({film.label})" for film in films)
            for films in clashes[:10]
        )
        raise CohortError(
            f"{len(clashes)} film(s) stand in two classes, byte for byte the same:\n  {pairs}\n",
            fix="Remove each from the class that it does not belong to.",
        )


def check_cohort(cohort: Cohort) -> tuple[Finding, ...]:
    """Run the checks that need no pixels."""
    return (*_readability(cohort), *_identical_films(cohort), *_patients(cohort))


def give_verdict(cohort: Cohort, recipe: Recipe) -> Verdict:
    """Say how far the headline numbers carry, and why no further."""
    reasons = [
        "This run did not test for shortcuts: the source, the format or the edge of the films "
        "may predict the label without the disease."
    ]
    if cohort.n_patients is None:
        reasons.append(
            "Patients are unknown: films of one patient may stand on both sides of a split."
        )
    if recipe.folds == 0:
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
    by_content = defaultdict(list)
    for film in cohort.films:
        by_content[film.sha256].append(film.film_id)
    copies = [film_ids for film_ids in by_content.values() if len(film_ids) > 1]
    if not copies:
        return []
    return [
        Finding(
            check="identical-films",
            severity="note",
            title=f"{sum(map(len, copies))} films are {len(copies)} films in identical copies.",
            evidence={"films": copies},
            what_to_do="Copies were kept on one side of every split; removing them is cleaner.",
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
