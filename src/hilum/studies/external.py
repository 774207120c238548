"""External validation: do the heads of this cohort know the disease on films from elsewhere?

Nothing is fitted on those films: heads, calibration and threshold are those of the study.
Which films may test them is settled before, in `admitting`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from hilum.backbones.weights import Backbone
from hilum.evaluation.calibration import calibrate
from hilum.evaluation.decisions import Decisions
from hilum.evaluation.operating import apply_elsewhere
from hilum.evaluation.results import Evaluation
from hilum.evaluation.scored_films import ScoredFilms
from hilum.studies.admitting import UPRIGHT, Admission
from hilum.studies.comparison import BackboneResult, Ensemble
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Groundwork
from hilum.studies.transfer import ExternalValidation, Transfer
from hilum.studies.transferring import measure_transfer

ENSEMBLE = "ensemble"
"""Name of the transfer of the average of all verified backbones."""


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
        result.name: _score(result, workshop.recall(films, backbone, UPRIGHT).values[:, 0])
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
    classes = ground.cohort.classes
    y_true = np.array([classes.index(film.label) for film in admission.cohort.films])
    films = ScoredFilms(
        films=np.arange(len(y_true)),
        y_true=y_true,
        scores=head_scores.mean(axis=0),
        groups=admission.groups,
        positive=ground.positive_index,
    )
    point = None
    if decisions is not None:
        pairs = zip(decisions.calibrators, head_scores, strict=True)
        calibrated = np.stack([calibrate(calibrator, scores) for calibrator, scores in pairs])
        point = apply_elsewhere(decisions.operating_point, films, calibrated[:, :, films.positive])
    return measure_transfer(name, films, here.metrics, rng=ground.rng(), operating_point=point)


def _score(
    result: BackboneResult, features: Float[np.ndarray, "films width"]
) -> Float[np.ndarray, "heads films classes"]:
    if not result.heads.weights:
        raise ValueError(f"the heads of {result.name} did not keep their weights")
    scores = [head.predict_scores(features) for head in result.heads.weights]
    return np.stack(scores).astype(np.float64)
