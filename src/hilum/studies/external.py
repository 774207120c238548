"""External validation: do the heads of this cohort know the disease on films from elsewhere?

Films are admitted before any head is trained, so that whatever stands against them is said
at once; they are scored when the heads are done. Nothing is fitted on them: heads,
calibration and threshold are those of the study.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from hilum.auditing.portraits import Portraits
from hilum.auditing.twins import find_twins, join_twins
from hilum.backbones.weights import Backbone
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort
from hilum.errors import CohortError
from hilum.evaluation.calibration import average_calibrated
from hilum.evaluation.decisions import Decisions
from hilum.evaluation.operating import apply_elsewhere
from hilum.evaluation.results import Evaluation
from hilum.features.views import rotated_views
from hilum.studies.comparison import BackboneResult, Ensemble
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Groundwork, Survey
from hilum.studies.scrutiny import check_labels_agree
from hilum.studies.transfer import ExternalValidation, Transfer
from hilum.studies.transferring import measure_transfer

_UPRIGHT = rotated_views(0, seed=0)

ENSEMBLE = "ensemble"
"""Name of the transfer of the average of all verified backbones."""


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
            f"The external films of '{external.name}' have classes that this study does not "
            f"have: {', '.join(unknown)}. Its classes are {', '.join(cohort.classes)}.",
            fix="Map them, once per class: "
            + " ".join(f'--label "{label}=…"' for label in cohort.classes)
            + ", the labels there behind the equals sign.",
        )
    check_labels_agree(external)
    contents = {film.sha256 for film in cohort.films}
    if all(film.sha256 in contents for film in external.films):
        raise _all_known(cohort, external)


def admit_external(
    survey: Survey, external: Cohort, backbones: Sequence[Backbone], workshop: Workshop
) -> Admission:
    """Look at films from elsewhere, and leave out those that stand in the study as well.

    A film is left out where the study has the same file, the same pixels, or a copy that
    was resized, cropped, recompressed, mirrored or turned. Every backbone's features of the
    films that stay are computed and stored, of the upright view alone.

    Args:
        survey: The films of the study, whose features are stored.
        external: The other films.
        backbones: Those of the study, fed as there.
        workshop: Where features are computed.

    Raises:
        CohortError: As `check_external`; or a class has no film that can be read.
    """
    started = time.perf_counter()
    cohort = survey.cohort
    check_external(cohort, external)
    looked_at, portraits = workshop.look_at(external)
    read, _ = workshop.extract_all(looked_at, backbones, _UPRIGHT)
    left = {film.film_id for film in read.films}
    kept = [row for row, film in enumerate(looked_at.films) if film.film_id in left]

    workshop.watcher.begin("Copies among the external films", "films")
    clusters = _find_copies(survey, read, portraits.of(np.array(kept)), backbones, workshop)
    known = set(clusters[: len(cohort)]) - {None}
    of_external = clusters[len(cohort) :]
    new = [row for row, cluster in enumerate(of_external) if cluster not in known]
    n_known = len(read) - len(new)
    workshop.watcher.end(f"{n_known} of {len(read)} films stand in this cohort and are left out")
    if not new:
        raise _all_known(cohort, external)
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


def validate_externally(
    ground: Groundwork,
    admission: Admission,
    backbones: Sequence[Backbone],
    results: Sequence[BackboneResult],
    workshop: Workshop,
    *,
    ensemble: Ensemble | None = None,
) -> ExternalValidation:
    """Score films from elsewhere by the heads of a study.

    Every head scores every film, and the heads' scores are averaged; the class with the
    highest mean is called. The operating point is applied to the mean of the calibrated
    probabilities, each head having its own calibrator.

    Args:
        ground: What the study stands on.
        admission: The films.
        backbones: Those of the study, fed as there.
        results: One for each of `backbones`, in their order; their heads kept their weights.
        workshop: Where features are found.
        ensemble: The average of several of them on the films of the study.

    Returns:
        One transfer per backbone in the order of `results`, and that of the ensemble last.

    Raises:
        ValueError: A result's heads did not keep their weights.
    """
    started = time.perf_counter()
    films = admission.cohort.films
    scores = {
        result.name: _score(result, workshop.recall(films, backbone, _UPRIGHT).values[:, 0])
        for backbone, result in zip(backbones, results, strict=True)
    }
    transfers = [
        _transfer(
            ground,
            admission,
            result.name,
            scores[result.name],
            result.evaluation,
            result.decisions,
        )
        for result in results
    ]
    if ensemble is not None:
        of_members = np.mean([scores[name] for name in ensemble.members], axis=0)
        transfers.append(
            _transfer(
                ground, admission, ENSEMBLE, of_members, ensemble.evaluation, ensemble.decisions
            )
        )
    return ExternalValidation(
        cohort=admission.cohort,
        n_known=admission.n_known,
        n_shared_patients=admission.n_shared_patients,
        transfers=tuple(transfers),
        seconds=admission.seconds + time.perf_counter() - started,
    )


def _transfer(
    ground: Groundwork,
    admission: Admission,
    name: str,
    head_scores: Float[np.ndarray, "heads films classes"],
    here: Evaluation,
    decisions: Decisions | None,
) -> Transfer:
    classes, positive = ground.cohort.classes, ground.positive_index
    y_true = np.array([classes.index(film.label) for film in admission.cohort.films])
    point = None
    if decisions is not None:
        probabilities = average_calibrated(decisions.calibrators, head_scores)
        point = apply_elsewhere(
            decisions.operating_point,
            probabilities[:, positive],
            y_true == positive,
            admission.groups,
        )
    return measure_transfer(
        name,
        head_scores.mean(axis=0),
        y_true,
        admission.groups,
        here.metrics,
        positive=positive,
        rng=ground.rng(),
        operating_point=point,
    )


def _score(
    result: BackboneResult, features: Float[np.ndarray, "films width"]
) -> Float[np.ndarray, "heads films classes"]:
    if not result.heads.weights:
        raise ValueError(f"the heads of {result.name} did not keep their weights")
    scores = [head.predict_scores(features) for head in result.heads.weights]
    return np.stack(scores).astype(np.float64)


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
        workshop.recall(films, guide, _UPRIGHT).values,
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
        f"All {len(external)} external films of '{external.name}' stand in '{cohort.name}' as "
        "well, so they can test nothing.",
        fix="Give films that come from elsewhere.",
    )
