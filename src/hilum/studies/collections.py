"""Public collections of chest films: whether a network was trained on the films of a study.

A network that has seen a film may know it again, so that what it reaches on it says little of films
that it has not seen. What a network was trained on stands in its record; which collection films
come from, the user says, or their files' names do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hilum.cohort import Cohort
from hilum.studies.results import BackboneResult
from hilum.wording import joined


@dataclass(frozen=True)
class Collection:
    """One public collection.

    Attributes:
        name: What people call it.
        spelled: Finds it in a text, in lower case.
        files: Matches the path of a film as the collection names its files, to the end of the
            name; None where its names are like those of others.
    """

    name: str
    spelled: re.Pattern[str]
    files: re.Pattern[str] | None = None


def _collection(name: str, spelled: str, files: str = "") -> Collection:
    return Collection(name, re.compile(spelled), re.compile(files, re.ASCII) if files else None)


COLLECTIONS = (
    _collection(
        "NIH ChestX-ray14", r"\bnih\b|chest-?x-?ray-?(14|8)\b", r"(^|/)000\d{5}_\d{3}\.\w+$"
    ),
    _collection("RSNA Pneumonia", r"\brsna\b"),
    _collection(
        "CheXpert", r"chexpert", r"(^|/)patient\d{5}/study\d+/view\d+_(frontal|lateral)\.\w+$"
    ),
    _collection("MIMIC-CXR", r"\bmimic", r"(^|/)[0-9a-f]{8}(-[0-9a-f]{8}){4}\.\w+$"),
    _collection("PadChest", r"pad-?chest", r"(^|/)\d{30,}_[\w-]+\.\w+$"),
    _collection("VinDr-CXR", r"\bvindr"),
    _collection("OpenI", r"\bopen-?i\b"),
    _collection("BIMCV-COVID19", r"\bbimcv", r"(^|/)sub-S\d+_ses-E\d+[\w-]*\.\w+(\.gz)?$"),
    _collection("the COVID-19 image data collection", r"covid-19 image data|ieee8023|\bcohen\b"),
    _collection("COVIDx", r"\bcovidx"),
    _collection(
        "the Kermany collection",
        r"kermany|p(a)?ediatric pneumonia",
        r"(^|/)person\d+_(virus|bacteria)_\d+\.\w+$",
    ),
    _collection("the Shenzhen set", r"shenzhen", r"(^|/)CHNCXR_\d{4}_[01]\.\w+$"),
    _collection("the Montgomery set", r"montgomery", r"(^|/)MCUCXR_\d{4}_[01]\.\w+$"),
    _collection("JSRT", r"\bjsrt\b", r"(^|/)JPC[LN]N\d{3}\.\w+$"),
)
"""Those whose films networks were trained on, and how each is recognised."""

_LEAST_SHARE = 0.05
"""Of a cohort's films whose names follow a collection's; one name may do so by chance."""


def tell_collections(
    cohort: Cohort, named: Sequence[str], results: Iterable[BackboneResult]
) -> list[str]:
    """Say of each network that was trained on films of this cohort, in a sentence.

    Args:
        cohort: The films.
        named: Collections that the user says they come from.
        results: The networks, with what they were trained on.
    """
    sentences = []
    from_names = _recognise(cohort)
    for result in results:
        trained_on = result.weights.origin.lower()
        said = [name for name in named if _is_in(name, trained_on)]
        found = [each.name for each in from_names if each.spelled.search(trained_on)]
        if said or found:
            shared = joined(list(dict.fromkeys([*said, *found])))
            why = "as you say" if said else "by their files' names"
            sentences.append(
                f"{result.title} was trained on {shared}, from which these films come, {why}: it "
                "may have seen them, so what it reaches here says little of new films."
            )
    return sentences


def _recognise(cohort: Cohort) -> list[Collection]:
    paths = [film.path.as_posix() for film in cohort.films]
    return [
        each
        for each in COLLECTIONS
        if each.files is not None
        and sum(each.files.search(path) is not None for path in paths) >= _LEAST_SHARE * len(paths)
    ]


def _is_in(name: str, trained_on: str) -> bool:
    """Tell whether a collection, as the user calls it, stands in what a network was trained on."""
    called = name.lower()
    known = [each for each in COLLECTIONS if each.spelled.search(called)]
    if known:
        return any(each.spelled.search(trained_on) for each in known)
    return bool(called) and _bare(called) in _bare(trained_on)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text)
