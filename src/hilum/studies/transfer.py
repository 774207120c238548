"""Whether what was learned here holds elsewhere: the frozen results.

Another cohort is scored by the heads of this one (`external`); and where films of this
cohort come from several sources, each source is tested by heads that saw none of its
films (`by_source`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hilum.cohort.manifest import Cohort
from hilum.evaluation.decisions import OperatingPoint
from hilum.evaluation.results import Confusion, Estimate, RocCurve


@dataclass(frozen=True)
class Transfer:
    """One backbone's figures on films from elsewhere.

    Attributes:
        name: The backbone's catalog name; `ensemble` for the average of all backbones.
        metrics: sensitivity and specificity there, each where its side has films; accuracy,
            auroc and average_precision where both sides have.
        drops: For sensitivity, specificity and auroc, the figure here less the figure there,
            with its interval: above 0 where it is worse there. The others hang on how the
            classes are mixed, so that their difference is no drop.
        confusion: Of the calls by the highest score.
        roc: None where one side has no films.
        operating_point: The threshold that was fixed here, applied there; None where none was
            fixed.
    """

    name: str
    metrics: Mapping[str, Estimate]
    drops: Mapping[str, Estimate]
    confusion: Confusion
    roc: RocCurve | None
    operating_point: OperatingPoint | None


@dataclass(frozen=True)
class ExternalValidation:
    """The heads of this cohort on the films of another.

    Attributes:
        cohort: The other cohort: the films that were scored.
        n_known: Films of it that were left out, as they stand in this cohort as well:
            identical files, or copies.
        n_shared_patients: Patients named alike in both cohorts, None where that cannot be
            told; their films stay and are counted.
        transfers: One per backbone, in the order of the comparison.
        seconds: Wall-clock time.
    """

    cohort: Cohort
    n_known: int
    n_shared_patients: int | None
    transfers: tuple[Transfer, ...]
    seconds: float


@dataclass(frozen=True)
class SourceTest:
    """One source's films under heads that were trained on all others.

    Attributes:
        source: As the table names it.
        n_films: Its films.
        n_positives: Those of the positive class.
        why_untested: One sentence where it could not be tested, such as that the other
            sources hold no positive film; empty where it was.
        transfers: One per backbone, in the order of the comparison; empty where untested.
            Their drops are from the figures on the folds of the study, and the thresholds of
            their operating points were fixed on films of the other sources.
    """

    source: str
    n_films: int
    n_positives: int
    why_untested: str
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True)
class SourceValidation:
    """Leave one source out, for every source.

    Attributes:
        tests: One per source, the largest first.
        seconds: Wall-clock time.
    """

    tests: tuple[SourceTest, ...]
    seconds: float
