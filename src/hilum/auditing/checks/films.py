"""Checks of the films: can each be read, is it a frontal chest film, and how well was it made?"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from hilum.auditing.evidence import check
from hilum.auditing.findings import FILMS_LISTED, Finding, list_films, tell_number
from hilum.cohort import Cohort
from hilum.features import N_LEVELS, FilmTraits
from hilum.films import LEAST_SIDE_PX, LONGEST_ASPECT

LEAST_AFFINITY = 0.5
"""Cosine similarity of features with the most similar other film. Of 1,080 public films
none is below 0.65 and pictures of other things are at most at 0.43; in draws of 10 to 100
films, where neighbours are farther, up to one film in two hundred falls below 0.5."""

FAR_BELOW = 0.2
"""How far below the middle film a strange one is, for backbones whose films lie farther
from each other."""

LEAST_FILMS = 10
"""With fewer films, neighbours are too few to compare with."""

_LATERAL = frozenset({"l", "ll", "rl", "lat", "lateral", "left", "right", "lld", "rld"})
"""First words of views as DICOM and public tables write them."""

LEAST_CONTRAST = -0.1
"""Of the mediastinum and of the upper abdomen over the lungs, in standard deviations of the
picture. Of 1,080 public films none has both under 0.2, and the negatives of nearly all of
them have both under -0.1."""

COLOUR_NOTE = "colour"
"""What the reader says of a picture with colours; the check of colour tells it."""

CONSTANT_SHARE = 0.99
"""Of the pixels at one grey level. A film with a wide black border reaches one half."""

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
_OWN_FIGURES = re.compile(r"(, (?:scaled|constant)) (?:from|at) .*")


@check("readability", "Files that could not be read")
def check_readability(cohort: Cohort) -> list[Finding]:
    """Count the files that were meant to be films and could not be read.

    They take no part in the study. Where one class loses more of them, the cohort is changed by it.

    Caution: A file could not be read.
    What to do: Replace these files; `excluded.csv` names each of them and its reason.
    """
    lost = cohort.excluded
    if not lost:
        return []
    return [
        Finding(
            severity="warn",
            title=f"{tell_number(len(lost), 'file')} could not be read and took no part",
            evidence={
                "n_films": len(lost),
                "per_class": dict(Counter(exclusion.label for exclusion in lost)),
                "codes": dict(Counter(exclusion.code for exclusion in lost)),
                "films": [exclusion.film_id for exclusion in lost[:FILMS_LISTED]],
            },
            what_to_do="Replace them; excluded.csv names each file and its reason.",
        )
    ]


@check("domain", "Pictures that resemble no other film")
def check_domain(cohort: Cohort, affinity: Float[np.ndarray, " films"]) -> list[Finding]:
    """Find the pictures that resemble no other film of the cohort.

    They may show no chest at all. Films are compared by what the network sees in them; needs at
    least {LEAST_FILMS} films.

    Caution: The similarity to the most similar other film is under {LEAST_AFFINITY:g} (cosine of
        the features), and {FAR_BELOW:g} or more below that of the middle film.
    What to do: Look at them, and remove what is not a frontal chest film: photographs, slides,
        lateral films, other parts of the body.
    """
    if len(affinity) < LEAST_FILMS:
        return []
    limit = min(LEAST_AFFINITY, float(np.nanmedian(affinity)) - FAR_BELOW)
    rows = np.flatnonzero(affinity < limit)
    rows = rows[np.argsort(affinity[rows], kind="stable")]
    if not len(rows):
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'picture', 'resembles/resemble')} no other film of the "
                "cohort, and may show no chest"
            ),
            evidence={
                **list_films(cohort, rows.tolist()),
                "least_affinity": float(affinity[rows[0]]),
                "limit": limit,
            },
            what_to_do=(
                "Look at them, and remove what is no frontal chest film: photographs, slides, "
                "lateral films, other parts of the body."
            ),
        )
    ]


@check("lateral-films", "Lateral films")
def check_lateral_films(cohort: Cohort) -> list[Finding]:
    """Find the films whose view is lateral, as the table or the DICOM file says.

    Only that word is taken. How symmetrical a picture is does not tell lateral films from frontal
    ones with one arm in the picture, one lung gone or a tilted border.

    Caution: A film is a lateral one.
    What to do: Leave them out: what a network learns on frontal films does not hold for them.
    """
    rows = [row for row, film in enumerate(cohort.films) if film.view and _is_lateral(film.view)]
    if not rows:
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'film', 'is a lateral one/are lateral ones')}, as the "
                "table says"
            ),
            evidence=list_films(cohort, rows),
            what_to_do=(
                "Leave them out: what a network learns on frontal films does not hold for them."
            ),
        )
    ]


def _is_lateral(view: str) -> bool:
    words = view.lower().replace("-", " ").replace("_", " ").split()
    return bool(words) and (words[0] in _LATERAL or "lateral" in words)


@check("inverted", "Negatives")
def check_inverted(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Find the films on which lungs are bright and bone is dark.

    The lungs are compared with the mediastinum and the upper abdomen, at the places where a
    frontal film that fills its frame has them.

    Caution: Both dense places are clearly darker than the lungs.
    What to do: Look at them. Invert the grey levels of the negatives, and remove what is not a
        chest film.
    """
    contrast = _contrast(film_traits.pictures)
    rows = np.flatnonzero(contrast < LEAST_CONTRAST).tolist()
    if not rows:
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'film', 'seems to be a negative/seem to be negatives')}: "
                "bright where lungs are dark"
            ),
            evidence=list_films(cohort, rows),
            what_to_do=(
                "Look at them; invert the grey levels of those that are negatives, and remove "
                "what is no chest film."
            ),
        )
    ]


def _contrast(pictures: UInt8[np.ndarray, "films side side"]) -> Float[np.ndarray, " films"]:
    """Brightness of what is dense less that of the lungs; of two dense places the better one."""
    # Every third pixel tells as much, in a ninth of the time and memory.
    pictures = pictures[:, ::3, ::3]
    lungs, mediastinum, abdomen = _places(pictures.shape[1])
    dark = pictures[:, lungs].mean(axis=1)
    dense = np.maximum(pictures[:, mediastinum].mean(axis=1), pictures[:, abdomen].mean(axis=1))
    spread = np.maximum(pictures.std(axis=(1, 2)), 1.0)
    contrast: Float[np.ndarray, " films"] = (dense - dark) / spread
    return contrast


def _places(
    side: int,
) -> tuple[
    Bool[np.ndarray, "side side"], Bool[np.ndarray, "side side"], Bool[np.ndarray, "side side"]
]:
    """Where a frontal film that fills its frame has lungs, mediastinum and upper abdomen."""
    y, x = np.mgrid[:side, :side] / (side - 1)
    from_the_middle = np.abs(x - 0.5)
    lungs = ((from_the_middle - 0.21) / 0.11) ** 2 + ((y - 0.42) / 0.24) ** 2 < 1
    mediastinum = (from_the_middle < 0.07) & (y > 0.35) & (y < 0.75)
    abdomen = (from_the_middle < 0.35) & (y > 0.8) & (y < 0.97)
    return lungs, mediastinum, abdomen


@check("colour", "Pictures in colour")
def check_colour(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Find the pictures with colours; a radiograph has none.

    Caution: A picture is in colour.
    What to do: Look at them: photographs of a screen, screenshots and films with coloured marks do
        not belong in the cohort.
    """
    rows = [row for row, traits in enumerate(film_traits.files) if COLOUR_NOTE in traits.notes]
    if not rows:
        return []
    return [
        Finding(
            severity="warn",
            title=f"{tell_number(len(rows), 'picture', 'is/are')} in colour: radiographs have none",
            evidence=list_films(cohort, rows),
            what_to_do=(
                "Look at them: photographs of a screen, screenshots and films with coloured "
                "marks do not belong in the cohort."
            ),
        )
    ]


@check("constant-films", "Empty films")
def check_constant_films(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Find the films whose pixels nearly all have the same grey level.

    Caution: {CONSTANT_SHARE:.0%} of the pixels or more have one grey level.
    What to do: Remove them, or export them again from their source.
    """
    rows = np.flatnonzero(film_traits.levels.max(axis=1) >= CONSTANT_SHARE).tolist()
    if not rows:
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'film', 'holds/hold')} no picture, but one grey level "
                "throughout"
            ),
            evidence=list_films(cohort, rows),
            what_to_do="Remove them, or export them again from their source.",
        )
    ]


@check("tiny-films", "Films too small to show anything")
def check_tiny_films(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Find the films with a short side.

    Caution: A side is shorter than {LEAST_SIDE_PX} px.
    What to do: Replace these previews by the films themselves, or remove them.
    """
    sides = [min(traits.width_px, traits.height_px) for traits in film_traits.files]
    rows = [row for row, side in enumerate(sides) if side < LEAST_SIDE_PX]
    if not rows:
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'film', 'has/have')} a side under {LEAST_SIDE_PX} px; "
                f"the smallest is {min(sides)} px long"
            ),
            evidence={**list_films(cohort, rows), "smallest_side_px": min(sides)},
            what_to_do="Replace these previews by the films themselves, or remove them.",
        )
    ]


@check("aspect", "Films far longer than wide")
def check_aspect(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Find the films with one side far longer than the other; chest films are nearly square.

    Caution: One side is more than {LONGEST_ASPECT:g} times as long as the other.
    What to do: Look at them, and remove what is not a chest film.
    """
    aspects = [
        max(traits.width_px, traits.height_px) / max(1, min(traits.width_px, traits.height_px))
        for traits in film_traits.files
    ]
    rows = [row for row, aspect in enumerate(aspects) if aspect > LONGEST_ASPECT]
    if not rows:
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'picture', 'is/are')} more than {LONGEST_ASPECT:g} times "
                f"as long as wide, up to {max(aspects):.1f} times: no chest film is"
            ),
            evidence={**list_films(cohort, rows), "largest_aspect": max(aspects)},
            what_to_do="Look at them, and remove what is no chest film.",
        )
    ]


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


@check("exposure", "Films badly exposed")
def check_exposure(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Find the films that are burnt out, mostly black, or faint.

    Burnt out: more than {BURNT_OUT_SHARE:.0%} of the picture is plain white. Mostly black:
    {BLACK_SHARE:.0%} or more is without any light. Faint: less than a third of the grey levels is
    used.

    Caution: More than {COMMON_SHARE:.0%} of the films of a class are so; it may be how the class
        is recognised.
    Note: Fewer films are so.
    What to do: Export burnt-out films again with a wider window and faint ones with a narrower
        window, if the originals are at hand. Cut black borders off in all classes alike.
    """
    findings = []
    counts = cohort.n_per_class
    for name, is_so in _find_faults(film_traits.levels).items():
        listed = list_films(cohort, np.flatnonzero(is_so).tolist())
        if not listed["n_films"]:
            continue
        is_common = any(
            count > COMMON_SHARE * counts[label] for label, count in listed["per_class"].items()
        )
        findings.append(
            Finding(
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


@check("conversions", "Files that had to be converted")
def check_conversions(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Gather what the reader had to change before a file was a grey film.

    For example: another format than the name says, 16 bit scaled to 8, turned by its EXIF tag.
    Where one class is converted more often, the conversion may give the class away.

    Note: The reader noted something of a film.
    What to do: Look at one of each kind. If they belong to one class, export the films of all
        classes in the same way.
    """
    noted: dict[str, list[int]] = defaultdict(list)
    for row, traits in enumerate(film_traits.files):
        # Each deep film has a range of its own, which would make every note another one.
        kinds = {_OWN_FIGURES.sub(r"\1", note) for note in traits.notes}
        for kind in kinds - {COLOUR_NOTE}:
            noted[kind].append(row)
    if not noted:
        return []
    rows = sorted({row for of_kind in noted.values() for row in of_kind})
    in_order = sorted(noted, key=lambda kind: (-len(noted[kind]), kind))
    told = "; ".join(f"{kind}: {len(noted[kind])}" for kind in in_order)
    return [
        Finding(
            severity="note",
            title=f"The reader noted something of {tell_number(len(rows), 'film')} ({told})",
            evidence={
                "n_films": len(rows),
                "conversions": {kind: list_films(cohort, noted[kind]) for kind in in_order},
            },
            what_to_do=(
                "Look at one of each kind. If they belong to one class, export the films of all "
                "classes in the same way."
            ),
        )
    ]
