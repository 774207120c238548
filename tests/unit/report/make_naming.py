"""A made-up naming."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hilum.backbones.catalog import imagenet_classes
from hilum.studies.naming import BackboneNames, ClassNames, ImagenetMatch, Naming
from unit.report.make_comparison import make_comparison

THINGS = imagenet_classes()


def make_naming(*, is_verified: bool = True) -> Naming:
    """A naming with films, exclusions and absences as nasty as a comparison's."""
    comparison = make_comparison()
    cohort, result = comparison.cohort, comparison.backbones[0]
    top = tuple(
        ImagenetMatch(THINGS[index], index, probability, share)
        for index, probability, share in ((562, 0.3, 0.25), (126, 0.2, 0.5), (0, 0.01, 0.0),
                                          (1, 0.01, 0.0), (2, 0.01, 0.0))
    )  # fmt: skip
    backbone = BackboneNames(
        name=result.name,
        title=result.title + ("" if is_verified else " (unverified weights)"),
        size_px=224,
        weights=replace(result.weights, is_verified=is_verified),
        per_class=tuple(
            ClassNames(label, n_films, top, top[1]) for label, n_films in cohort.n_per_class.items()
        ),
        things=np.tile(np.array([562, 126, 0, 1, 2]), (len(cohort), 1)),
        probabilities=np.tile(np.float32([0.5, 0.25, 0.125, 0.0625, 0.03125]), (len(cohort), 1)),
    )
    return Naming(
        cohort=cohort,
        backbones=(backbone,),
        unavailable=comparison.unavailable,
        provenance=comparison.provenance,
        peak_rss_bytes=600_000_000,
    )
