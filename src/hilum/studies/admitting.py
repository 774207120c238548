"""Admission of films from elsewhere: which of them may test the heads of a study.

It comes before any head is trained, so that whatever stands against the films is said at
once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from hilum.auditing.portraits import Portraits
from hilum.auditing.twins import find_twins, join_twins
from hilum.backbones.weights import Backbone
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort
from hilum.errors import CohortError
from hilum.features.views import rotated_views
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Survey
from hilum.studies.scrutiny import check_labels_agree
from hilum.studies.watching import Named

UPRIGHT = rotated_views(0, seed=0)
"""The one view under which films from elsewhere are scored."""


@dataclass(frozen=True)
class Admission:
    """Films from elsewhere that the heads may be tried on.

    Attributes:
        cohort: The films, without those that stand in the study's cohort as well.
        groups: Group of each film; films of one group are alike.
        n_known: Films that were left out, as they stand in the study's cohort.
        n_shared_patients: Patients named alike in both cohorts; None where one of them
            knows no patients.
        seconds: Wall-clock time, that of the features included.
    """

    cohort: Cohort
    groups: Int[np.ndarray, " films"]
    n_known: int
    n_shared_patients: int | None
    seconds: float


def check_external(cohort: Cohort, external: Cohort) -> None:
    """Refuse, before any work, films from elsewhere that can test nothing.

    Args:
        cohort: The films of the study.
        external: The others.

    Raises:
        CohortError: They have a class that the study does not have, one file stands in two
            of their classes, or all of them are films of the study, byte for byte.
    """
    unknown = [label for label in external.classes if label not in cohort.classes]
    if unknown:
        raise CohortError(
            f"The external cohort '{external.name}' has classes that this study does not "
            f"have: {', '.join(unknown)}. Its classes are {', '.join(cohort.classes)}.",
            fix="Map them, once per class: "
            + " ".join(f'--label "{label}=…"' for label in cohort.classes)
            + ", the labels there behind the equals sign.",
        )
    try:
        check_labels_agree(external)
    except CohortError as error:
        raise CohortError(
            f"In the external cohort '{external.name}': {error.message}", fix=error.fix
        ) from error
    contents = {film.sha256 for film in cohort.films}
    if all(film.sha256 in contents for film in external.films):
        raise _all_known(cohort, external)


def look_ahead(external: Cohort, workshop: Workshop) -> None:
    """Look at films from elsewhere before the work begins, so that unreadable ones stop it then.

    Args:
        external: The films.
        workshop: Where they are looked at; what is seen is stored.

    Raises:
        CohortError: No film of them can be read.
    """
    named = replace(workshop, watcher=Named("External", workshop.watcher))
    named.look_at(replace(external, is_external=True))


def admit_external(
    survey: Survey, external: Cohort, backbones: Sequence[Backbone], workshop: Workshop
) -> Admission:
    """Look at films from elsewhere, and leave out those that stand in the study as well.

    A film is left out where the study has the same file, the same pixels, or a copy that
    was resized, cropped, recompressed, mirrored or turned. Every backbone's features of the
    films that stay are computed and stored, of the upright view alone. A class none of whose
    films can be read is dropped.

    Args:
        survey: The films of the study, whose features are stored.
        external: The other films.
        backbones: Those of the study, fed as there.
        workshop: Where features are computed.

    Raises:
        CohortError: As `check_external`; or no film can be read.
    """
    started = time.perf_counter()
    cohort = survey.cohort
    check_external(cohort, external)
    workshop = replace(workshop, watcher=Named("External", workshop.watcher))
    looked_at, portraits = workshop.look_at(replace(external, is_external=True))
    read, _ = workshop.extract_all(looked_at, backbones, UPRIGHT)
    left = {film.film_id for film in read.films}
    kept = [row for row, film in enumerate(looked_at.films) if film.film_id in left]

    workshop.watcher.begin("Copies", "films")
    clusters = _find_copies(survey, read, portraits.of(np.array(kept)), backbones, workshop)
    known = set(clusters[: len(cohort)]) - {None}
    of_external = clusters[len(cohort) :]
    new = [row for row, cluster in enumerate(of_external) if cluster not in known]
    n_known = len(read) - len(new)
    workshop.watcher.end(f"{n_known} of {len(read)} films stand in this cohort and are left out")
    if not new:
        raise _all_known(cohort, read)
    films = tuple(read.films[row] for row in new)
    labels = {film.label for film in films}
    admitted = replace(
        read, films=films, classes=tuple(label for label in read.classes if label in labels)
    )
    return Admission(
        cohort=admitted,
        groups=group_films(admitted, [of_external[row] for row in new]),
        n_known=n_known,
        n_shared_patients=_count_shared_patients(cohort, admitted),
        seconds=time.perf_counter() - started,
    )


def _find_copies(
    survey: Survey,
    external: Cohort,
    portraits: Portraits,
    backbones: Sequence[Backbone],
    workshop: Workshop,
) -> list[int | None]:
    """Give every film of both cohorts, the study's first, its cluster of copies."""
    films = (*survey.cohort.films, *external.films)
    guide = min(backbones, key=lambda backbone: backbone.record.parameters)
    own = survey.portraits
    twins = find_twins(
        films,
        Portraits(
            (*own.traits, *portraits.traits),
            np.concatenate([own.levels, portraits.levels]),
            np.concatenate([own.pictures, portraits.pictures]),
        ),
        workshop.recall(films, guide, UPRIGHT).values,
        n_known=len(survey.cohort),
    )
    return join_twins(twins, len(films))


def _count_shared_patients(cohort: Cohort, external: Cohort) -> int | None:
    if cohort.n_patients is None or external.n_patients is None:
        return None
    here, there = ({film.patient for film in side.films} for side in (cohort, external))
    return len((here & there) - {None})


def _all_known(cohort: Cohort, external: Cohort) -> CohortError:
    return CohortError(
        f"All {len(external)} films of the external cohort '{external.name}' stand in "
        f"'{cohort.name}' as well, so they can test nothing.",
        fix="Give films that come from elsewhere.",
    )
