"""Are some films burnt out, mostly black, or faint?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from hilum.auditing.checks.constant_films import CONSTANT_SHARE
from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.portraits import N_LEVELS, Portraits
from hilum.cohort.manifest import Cohort

BURNT_OUT_SHARE = 0.1
"""Of the film in its six brightest levels. Letters and the mediastinum stay under 7 %;
above 10 % of 1,080 public films the abdomen, and often the heart, are plain white."""

BLACK_SHARE = 0.4
"""Of the film in its six darkest levels. Air beside the patient and collimation reach 39 %
in public films; beyond, the chest is a small thing in a black picture."""

LEAST_RANGE = 1 / 3
"""Of the 256 levels, between the darkest and the brightest 1 % of the pixels. Most films use
four fifths; where it is less than a third, the film is a grey haze."""

COMMON_SHARE = 0.05
"""Of a class. Fewer such films are a blemish; more of them may be how the class is told."""

_EDGE_LEVELS = 6
_TAIL = 0.01


@dataclass(frozen=True)
class _Fault:
    words: str
    what_to_do: str


_FAULTS: Mapping[str, _Fault] = {
    "burnt-out": _Fault(
        f"burnt out: more than {BURNT_OUT_SHARE:.0%} of the picture is plain white",
        "Export them again with a wider window, if the originals are at hand.",
    ),
    "black": _Fault(
        f"mostly black: {BLACK_SHARE:.0%} of the picture or more is without any light",
        "Cut the black borders off, in all classes alike.",
    ),
    "faint": _Fault(
        "faint: they use less than a third of the grey levels",
        "Export them again with a narrower window, if the originals are at hand.",
    ),
}


def check_exposure(cohort: Cohort, portraits: Portraits) -> list[Finding]:
    """Find badly exposed films, one finding for each way to be so."""
    findings = []
    counts = cohort.n_per_class
    for name, is_so in _find_faults(portraits.levels).items():
        listed = list_films(cohort, np.flatnonzero(is_so).tolist())
        if not listed["n_films"]:
            continue
        is_common = any(
            count > COMMON_SHARE * counts[label] for label, count in listed["per_class"].items()
        )
        findings.append(
            Finding(
                check="exposure",
                severity="warn" if is_common else "note",
                title=f"{tell_number(listed['n_films'], 'film', 'is/are')} {_FAULTS[name].words}",
                evidence={"kind": name, **listed},
                what_to_do=_FAULTS[name].what_to_do,
            )
        )
    return findings


def _find_faults(
    levels: Float32[np.ndarray, "films 256"],
) -> dict[str, Bool[np.ndarray, " films"]]:
    """Tell which films have each fault; empty ones have none of these."""
    below = np.cumsum(levels, axis=1, dtype=np.float64)
    darkest = (below >= _TAIL).argmax(axis=1)
    brightest = (below >= 1 - _TAIL).argmax(axis=1)
    has_picture = levels.max(axis=1) < CONSTANT_SHARE
    return {
        "burnt-out": has_picture & (levels[:, -_EDGE_LEVELS:].sum(axis=1) > BURNT_OUT_SHARE),
        "black": has_picture & (levels[:, :_EDGE_LEVELS].sum(axis=1) >= BLACK_SHARE),
        "faint": has_picture & (brightest - darkest < LEAST_RANGE * N_LEVELS),
    }
