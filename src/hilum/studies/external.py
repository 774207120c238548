"""External validation: another cohort's films under the heads of a study.

Nothing is fitted on these films: heads, calibration and threshold are those of the study. Cohorts
that can test nothing are refused before any work. Films that stand in the study as well,
copies included, are left out: they would test what the heads were trained on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from hilum.backbones import Backbone
from hilum.cohort import Cohort, Film
from hilum.duplicates import find_duplicates, join_duplicates
from hilum.errors import CohortError
from hilum.evaluation import (
    Estimate,
    OperatingPoint,
    ScoredFilms,
    apply_externally,
    calibrate,
    count_confusion,
    external_metrics,
    measure_drop,
    pool_externally,
    recalibrate,
    trace_roc,
    weigh_calls,
)
from hilum.features import FilmTraits, rotated_views
from hilum.folds import group_films
from hilum.studies.auditing import check_labels_agree
from hilum.studies.extraction import StudyContext
from hilum.studies.preparation import StudyDesign, Survey
from hilum.studies.progress import Prefixed
from hilum.studies.results import BackboneResult, Ensemble, ExternalFigures, ExternalValidation

PREVALENCE_FREE = ("sensitivity", "specificity", "auroc")
"""Figures that do not depend on how the classes are mixed, so that a drop of them means one."""

UPRIGHT = rotated_views(0, seed=0)
"""The one view under which external films are scored."""

ENSEMBLE = "ensemble"
"""Name of the average of all verified backbones."""


@dataclass(frozen=True)
class ExternalFilms:
    """External films that the heads may be tried on.

    Attributes:
        cohort: The films, without those that stand in the study's cohort as well.
        groups: Group of each film; films of one group are alike.
        n_known: Films that were left out, as they stand in the study's cohort.
        n_shared_patients: Patients named alike in both cohorts; None where one of them
            knows no patients.
        n_of_shared_patients: Their films, which were left out.
        seconds: Wall-clock time, that of the features included.
    """

    cohort: Cohort
    groups: Int[np.ndarray, " films"]
    n_known: int
    n_shared_patients: int | None
    n_of_shared_patients: int
    seconds: float


def check_external(cohort: Cohort, external: Cohort) -> None:
    """Refuse, before any work, external films that can test nothing.

    Args:
        cohort: The films of the study.
        external: The external films.

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


def check_readable(external: Cohort, context: StudyContext) -> None:
    """Read the external films before the work begins, so that unreadable ones stop it then.

    Args:
        external: The films.
        context: Where they are read; what they tell is stored.

    Raises:
        CohortError: None of the films can be read.
    """
    named = replace(context, watcher=Prefixed("External", context.watcher))
    named.measure_traits(replace(external, is_external=True))


def prepare_external(
    survey: Survey, external: Cohort, backbones: Sequence[Backbone], context: StudyContext
) -> ExternalFilms:
    """Read external films, and leave out those that stand in the study as well.

    A film is left out where the study has the same file, the same pixels, or a copy that
    was resized, cropped, recompressed, mirrored or turned; and where its patient is named as one
    of the study is, unless nearly all are. Every backbone's features of the
    films that stay are computed and stored, of the upright view alone. A class none of whose
    films can be read is dropped.

    Args:
        survey: The films of the study, whose features are stored.
        external: The external films.
        backbones: Those of the study, fed as there.
        context: Where features are computed.

    Raises:
        CohortError: As `check_external`; or no film can be read.
    """
    started = time.perf_counter()
    cohort = survey.cohort
    check_external(cohort, external)
    context = replace(context, watcher=Prefixed("External", context.watcher))
    measured, film_traits = context.measure_traits(replace(external, is_external=True))
    read, _ = context.store_features(measured, backbones, UPRIGHT)
    left = {film.film_id for film in read.films}
    kept = [row for row, film in enumerate(measured.films) if film.film_id in left]

    context.watcher.begin("Copies", "films")
    clusters = _find_copies(survey, read, film_traits.of(np.array(kept)), backbones, context)
    known = set(clusters[: len(cohort)]) - {None}
    of_external = clusters[len(cohort) :]
    new = [row for row, cluster in enumerate(of_external) if cluster not in known]
    n_known = len(read) - len(new)
    context.watcher.end(f"{n_known} of {len(read)} films stand in this cohort and are left out")
    if not new:
        raise _all_known(cohort, read)
    shared = _shared_patients(cohort, [read.films[row] for row in new])
    apart = [row for row in new if read.films[row].patient not in (shared or ())]
    # Where all are named alike, both cohorts number their patients in one way: names tell nothing.
    n_of_shared = len(new) - len(apart) if len(apart) >= _LEAST_APART * len(new) else 0
    new = apart if n_of_shared else new
    films = tuple(read.films[row] for row in new)
    labels = {film.label for film in films}
    admitted = replace(
        read, films=films, classes=tuple(label for label in read.classes if label in labels)
    )
    return ExternalFilms(
        cohort=admitted,
        groups=group_films(admitted, [of_external[row] for row in new]),
        n_known=n_known,
        n_shared_patients=None if shared is None else len(shared),
        n_of_shared_patients=n_of_shared,
        seconds=time.perf_counter() - started,
    )


def _find_copies(
    survey: Survey,
    external: Cohort,
    film_traits: FilmTraits,
    backbones: Sequence[Backbone],
    context: StudyContext,
) -> list[int | None]:
    """Give every film of both cohorts, the study's first, its cluster of copies."""
    films = (*survey.cohort.films, *external.films)
    guide = min(backbones, key=lambda backbone: backbone.record.parameters)
    own = survey.film_traits
    duplicates = find_duplicates(
        films,
        own.joined(film_traits),
        context.load_features(films, guide, UPRIGHT).values,
        n_known=len(survey.cohort),
    )
    return join_duplicates(duplicates, len(films))


_LEAST_APART = 0.1
"""Share of the external films whose patients must be named otherwise, for those who are named alike
to be taken for the same people."""


def _shared_patients(cohort: Cohort, external: Sequence[Film]) -> frozenset[str] | None:
    """Find the patients that are named alike; None where one side knows none."""
    own, other = (
        {film.patient for film in films if film.patient is not None}
        for films in (cohort.films, external)
    )
    return frozenset(own & other) if own and other else None


def _all_known(cohort: Cohort, external: Cohort) -> CohortError:
    return CohortError(
        f"All {len(external)} films of the external cohort '{external.name}' stand in "
        f"'{cohort.name}' as well, so they can test nothing.",
        fix="Give films that come from elsewhere.",
    )


def validate_externally(
    design: StudyDesign,
    external: ExternalFilms,
    backbones: Sequence[Backbone],
    results: Sequence[BackboneResult],
    context: StudyContext,
    *,
    ensemble: Ensemble | None = None,
) -> ExternalValidation:
    """Score external films by the heads of a study.

    Every head scores every film, and the heads' scores are averaged; the class with the
    highest mean is called. The operating point is applied to the mean of the calibrated
    probabilities, each head having its own calibrator.

    Args:
        design: What the study stands on.
        external: The films.
        backbones: Those of the study, fed as there.
        results: One for each of `backbones`, in their order; their heads kept their weights.
        context: Where features are found.
        ensemble: The average of several of them on the films of the study.

    Returns:
        The figures of each backbone in the order of `results`, and those of the ensemble last.

    Raises:
        ValueError: A result's heads did not keep their weights.
    """
    started = time.perf_counter()
    films = external.cohort.films
    scores = {
        result.name: _score(result, context.load_features(films, backbone, UPRIGHT).values[:, 0])
        for backbone, result in zip(backbones, results, strict=True)
    }
    figures = [
        _figures(design, external, result, scores[result.name], result.name) for result in results
    ]
    if ensemble is not None:
        of_members = np.mean([scores[name] for name in ensemble.members], axis=0)
        figures.append(_figures(design, external, ensemble, of_members, ENSEMBLE))
    return ExternalValidation(
        cohort=external.cohort,
        n_known=external.n_known,
        n_shared_patients=external.n_shared_patients,
        n_of_shared_patients=external.n_of_shared_patients,
        transfers=tuple(figures),
        seconds=external.seconds + time.perf_counter() - started,
    )


def _figures(
    design: StudyDesign,
    external: ExternalFilms,
    internal: BackboneResult | Ensemble,
    head_scores: Float[np.ndarray, "heads films classes"],
    name: str,
) -> ExternalFigures:
    decisions = internal.decisions
    classes = design.cohort.classes
    y_true = np.array([classes.index(film.label) for film in external.cohort.films])
    films = ScoredFilms(
        films=np.arange(len(y_true)),
        y_true=y_true,
        scores=head_scores.mean(axis=0),
        groups=external.groups,
        positive=design.positive_index,
    )
    point = probabilities = None
    if decisions is not None:
        pairs = zip(decisions.calibrators, head_scores, strict=True)
        calibrated = np.stack([calibrate(calibrator, scores) for calibrator, scores in pairs])
        point = apply_externally(decisions.operating_point, films, calibrated[:, :, films.positive])
        probabilities = pool_externally(calibrated)
    return measure_external(
        name,
        films,
        internal.evaluation.metrics,
        rng=design.rng(),
        operating_point=point,
        probabilities=probabilities,
    )


def _score(
    result: BackboneResult, features: Float[np.ndarray, "films width"]
) -> Float[np.ndarray, "heads films classes"]:
    if not result.heads.weights:
        raise ValueError(f"the heads of {result.name} did not keep their weights")
    scores = [head.predict_scores(features) for head in result.heads.weights]
    return np.stack(scores).astype(np.float64)


def measure_external(
    name: str,
    films: ScoredFilms,
    internal: Mapping[str, Estimate],
    *,
    rng: np.random.Generator,
    operating_point: OperatingPoint | None = None,
    probabilities: Float[np.ndarray, "films classes"] | None = None,
) -> ExternalFigures:
    """Measure one backbone on external films, and compare with its figures in the study.

    Args:
        name: The backbone's.
        films: The external films, their scores averaged over the heads.
        internal: The figures on the films of the study.
        rng: Where the resamples come from.
        operating_point: The study's threshold, applied to the external films; None where none
            was fixed.
        probabilities: Calibrated probabilities of these films; None where nothing was calibrated.
    """
    metrics = external_metrics(films, rng=rng)
    is_positive = films.is_positive
    has_both_sides = bool(is_positive.any()) and not is_positive.all()
    return ExternalFigures(
        name=name,
        metrics=metrics,
        drops={
            metric: measure_drop(internal[metric], figure)
            for metric, figure in metrics.items()
            if metric in internal and metric in PREVALENCE_FREE
        },
        confusion=count_confusion(is_positive, films.is_called),
        roc=trace_roc(is_positive, films.y_score) if has_both_sides else None,
        operating_point=operating_point,
        recalibration=None
        if probabilities is None
        else recalibrate(replace(films, scores=probabilities)),
        net_benefit=weigh_calls(
            operating_point.sensitivity,
            operating_point.specificity,
            float(is_positive.mean()),
            operating_point.threshold,
        )
        if operating_point is not None and has_both_sides
        else None,
    )
