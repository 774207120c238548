"""What a bundle says of itself: `classifier.json` as a frozen type, and back.

Every value is checked when it is read: a bundle may come from anybody.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypedDict, cast

from hilum.errors import BundleError, BundleVersionError
from hilum.evaluation import OperatingPolicy, PolicyKind

SCHEMA = "hilum.classifier/1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,120}")
_STUDY_PARTS = ("cohort", "metrics", "operating_point")
_REMAKE = "Make the bundle again with `hilum train`, or copy it again from where it came."

Figure = float | None
"""A number of a file; null where it cannot be computed."""


class IntervalJson(TypedDict):
    """Lower and upper bound, as fractions."""

    low: Figure
    high: Figure


class BoundedJson(TypedDict):
    """A figure with its interval."""

    value: Figure
    low: Figure
    high: Figure


class EstimateJson(BoundedJson):
    """One figure with its 95 % interval.

    Attributes:
        method: How the interval was made.
        also: Other intervals for the same figure, by method.
    """

    method: str
    also: dict[str, IntervalJson]


class PolicyJson(TypedDict):
    """By which rule a threshold is chosen on validation films; no target for `youden`."""

    kind: PolicyKind
    target: float | None


class WeightsJson(TypedDict):
    """Which pretrained weights stand behind a backbone.

    Attributes:
        origin: Where they come from, and what they were trained on.
        sha256: Hash of the file.
        licence: SPDX name.
        is_verified: The file is the one that the catalog expects.
    """

    origin: str
    sha256: str
    licence: str
    is_verified: bool


class StudyCohortJson(TypedDict):
    """The training films.

    Attributes:
        patients: Null where they are not known.
    """

    name: str
    n: int
    per_class: dict[str, int]
    patients: int | None
    groups: int


class StudyPointJson(TypedDict):
    """What the operating point did on films that the heads had not seen."""

    sensitivity: EstimateJson
    specificity: EstimateJson
    accuracy: EstimateJson
    n_validation: int
    promised: Figure


class StudyJson(TypedDict):
    """A study in short; all its figures stand in the bundle's `study.json`.

    Attributes:
        choice: How the backbone was chosen.
        metrics_of_choosing: Figures of choosing it; null where nothing was chosen.
    """

    cohort: StudyCohortJson
    recipe: str
    seed: int
    choice: str
    metrics: dict[str, EstimateJson]
    metrics_of_choosing: dict[str, EstimateJson] | None
    operating_point: StudyPointJson


@dataclass(frozen=True)
class FrozenBackbone:
    """The pretrained network under the heads.

    Attributes:
        name: What users type.
        title: What papers print; it says so where the weights are unverified.
        size_px: Side of the square picture that its graph takes.
        scaling: What happens to the grey levels, inside the graph.
        pooling: From the last feature map to the feature vector.
        feature_width: Length of that vector.
        weights: Its pretrained weights.
    """

    name: str
    title: str
    size_px: int
    scaling: str
    pooling: str
    feature_width: int
    weights: WeightsJson


@dataclass(frozen=True)
class GraphReference:
    """Which compiled graph the heads belong to.

    Attributes:
        key: Its folder's name in the cache.
        sha256: Hash of `graph.xml` and of `graph.bin`.
        is_included: It lies in the bundle; if not, the cache must have it.
    """

    key: str
    sha256: Mapping[str, str]
    is_included: bool


@dataclass(frozen=True)
class CohortVerdict:
    """Whether a cohort carries the claim, in the words that are shown wherever it is told.

    Attributes:
        headline: `supported`, `limited` or `withheld`.
        reasons: Those that weigh, the weightiest first; a sentence or two each.
        title: The headline with its scope: `Supported on films of one source`.
        text: What led to it, in a sentence or two.
        looked: What was tried, what was not and why, how many draws of the folds agree, and how
            near an edge the headline stands; a sentence each.
        cautions: What is told beside the verdict and weighs nothing.
        confirmed: What a person has answered: the reason, who looked, and what it is.
        quote: The one line to quote; empty where there is none.
        elsewhere: The result on films from elsewhere, or that there is none; empty where no figure
            is to be quoted.
        next_steps: What to do next.
    """

    headline: str
    reasons: tuple[str, ...]
    title: str = ""
    text: str = ""
    looked: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    quote: str = ""
    elsewhere: str = ""
    next_steps: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The title; of a study by an older version of Hilum, what is known of it."""
        return self.title or f"{self.headline.capitalize()}, as an older version of Hilum judged it"


@dataclass(frozen=True)
class BundleRecord:
    """All that a classifier knows of itself, but for its weights.

    Attributes:
        classes: Names, in the order of the probabilities.
        positive: The class that the operating point speaks of.
        backbone: The network under the heads.
        graph: Its compiled form.
        n_heads: Heads that are averaged.
        policy: By which rule the threshold was chosen.
        threshold: Calibrated probability of the positive class from which on it is called.
        neighbours: Of the domain guard.
        distance_limit: Largest distance inside the domain.
        verdict: On the training cohort.
        study: The study's figures in short.
        made_with: Versions of what made the bundle.
        created: When, in ISO 8601.
        files: SHA-256 of the bundle's further files, by name.
    """

    classes: tuple[str, ...]
    positive: str
    backbone: FrozenBackbone
    graph: GraphReference
    n_heads: int
    policy: OperatingPolicy
    threshold: float
    neighbours: int
    distance_limit: float
    verdict: CohortVerdict
    study: StudyJson
    made_with: Mapping[str, Any]
    created: str
    files: Mapping[str, str]

    @property
    def positive_index(self) -> int:
        """Index of the positive class."""
        return self.classes.index(self.positive)


def calling_text(record: BundleRecord, name: str) -> str:
    """Say from which probability on the positive class is called.

    With two classes the probability that is shown decides. With more it is the heads' mean
    log-odds, which lie below those of the probability shown where the heads waver between
    the other classes; so a film just above the threshold may not be called.

    Args:
        record: What the bundle says of itself.
        name: The positive class, as it may stand in the text.
    """
    rule = f"{name} is called from a probability of {record.threshold:.3f} on"
    if len(record.classes) == 2:
        return rule
    return (
        f"{rule}, by the heads' mean log-odds; where they waver between the other classes, that "
        "takes more than the probability shown"
    )


def write_record(record: BundleRecord) -> str:
    """Write the text of `classifier.json`."""
    return json.dumps({"schema": SCHEMA, **asdict(record)}, indent=1, ensure_ascii=False) + "\n"


def read_record(text: str, *, reads: Mapping[str, int]) -> BundleRecord:
    """Read the text of `classifier.json`.

    Args:
        text: The file's.
        reads: For each part of `made_with` that changes what a film looks like to the
            backbone, the version that is installed here.

    Raises:
        BundleError: A part is missing or wrong.
        BundleVersionError: It is of another schema, or films would be read or drawn
            otherwise than when the heads were trained.
    """
    try:
        told = parse_json(text)
        schema = told.pop("schema")
    except (ValueError, LookupError) as error:
        raise _damaged("it is no JSON of Hilum's") from error
    if schema != SCHEMA:
        raise BundleVersionError(
            f"The bundle is of schema {str(schema)[:40]!r}; this Hilum reads {SCHEMA!r}.",
            fix="Install the version of Hilum that made it, or train again with this one.",
        )
    _check_versions(told.get("made_with"), reads)
    try:
        record = _record(told)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _damaged("a part is missing or of the wrong kind") from error
    _check(record)
    return record


def parse_json(text: str) -> dict[str, Any]:
    """Parse a JSON object in which every name stands once and every number is finite.

    Raises:
        ValueError: The text is not such an object.
    """
    try:
        told = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(told, dict):
        raise ValueError("no object")
    return told


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name stands twice")
    return named


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("a number is not finite")
    return value


def _check_versions(made_with: Any, reads: Mapping[str, int]) -> None:
    if not isinstance(made_with, dict):
        raise _damaged("it does not say what made it")
    for part, here in reads.items():
        if made_with.get(part) != here:
            raise BundleVersionError(
                f"The bundle was made with version {str(made_with.get(part))[:20]} of how Hilum "
                f"handles films ({part}), and this is version {here}: the backbone would see "
                "other pixels.",
                fix=f"Install Hilum {str(made_with.get('hilum'))[:20]}, or train again with this "
                "one.",
            )


def _record(told: dict[str, Any]) -> BundleRecord:
    graph, policy, verdict = told["graph"], told["policy"], told["verdict"]
    backbone = FrozenBackbone(**told["backbone"])
    for text in (
        backbone.name,
        backbone.title,
        backbone.scaling,
        backbone.pooling,
        *(backbone.weights[name] for name in ("origin", "sha256", "licence")),
    ):
        _text(text)
    return BundleRecord(
        classes=_texts(told["classes"]),
        positive=_text(told["positive"]),
        backbone=replace(
            backbone,
            size_px=int(backbone.size_px),
            feature_width=int(backbone.feature_width),
            weights=cast(WeightsJson, dict(backbone.weights)),
        ),
        graph=GraphReference(_text(graph["key"]), dict(graph["sha256"]), graph["is_included"]),
        n_heads=int(told["n_heads"]),
        policy=OperatingPolicy(policy["kind"], policy["target"]),
        threshold=float(told["threshold"]),
        neighbours=int(told["neighbours"]),
        distance_limit=float(told["distance_limit"]),
        verdict=_verdict(verdict),
        study=_study(told["study"]),
        made_with=dict(told["made_with"]),
        created=_text(told["created"]),
        files=dict(told["files"]),
    )


def _verdict(told: dict[str, Any]) -> CohortVerdict:
    """Read a verdict; older bundles hold its headline and reasons alone."""

    def text(name: str) -> str:
        return _text(told.get(name, ""))

    def texts(name: str) -> tuple[str, ...]:
        return _texts(told.get(name, []))

    return CohortVerdict(
        headline=_text(told["headline"]),
        reasons=_texts(told["reasons"]),
        title=text("title"),
        text=text("text"),
        quote=text("quote"),
        elsewhere=text("elsewhere"),
        looked=texts("looked"),
        cautions=texts("cautions"),
        confirmed=texts("confirmed"),
        next_steps=texts("next_steps"),
    )


def _study(told: dict[str, Any]) -> StudyJson:
    """Make sure of the parts that every answer has at hand; bundles may lack others."""
    return cast(StudyJson, {**told, **{name: dict(told[name]) for name in _STUDY_PARTS}})


def _texts(told: Any) -> tuple[str, ...]:
    if not isinstance(told, list):
        raise TypeError("no list")
    return tuple(_text(text) for text in told)


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError("no text")
    return told


def _check(record: BundleRecord) -> None:
    hashes = [*record.graph.sha256.values(), *record.files.values()]
    sound = (
        len(set(record.classes)) == len(record.classes) >= 2
        and record.positive in record.classes
        # As in a cohort: a name holds nothing that a terminal would obey.
        and all(map(_is_showable, (*record.classes, record.backbone.title)))
        and 1 <= record.n_heads <= 10_000
        and 1 <= record.backbone.feature_width <= 1_000_000
        and 32 <= record.backbone.size_px <= 4096
        and 0 < record.threshold < 1
        and record.neighbours >= 1
        and math.isfinite(record.distance_limit)
        and record.policy.kind in ("sensitivity", "specificity", "youden")
        and _is_share(record.policy.target)
        and isinstance(record.graph.is_included, bool)
        and isinstance(record.backbone.weights["is_verified"], bool)
        and record.verdict.headline in ("supported", "limited", "withheld")
        and set(record.graph.sha256) == {"graph.xml", "graph.bin"}
        and _KEY.fullmatch(record.graph.key) is not None
        and all(isinstance(sha, str) and _SHA256.fullmatch(sha) for sha in hashes)
    )
    if not sound:
        raise _damaged("a value in it cannot be")


def _is_showable(text: str) -> bool:
    return all(unicodedata.category(character)[0] != "C" for character in text)


def _is_share(target: Any) -> bool:
    return target is None or (isinstance(target, (int, float)) and 0 < target <= 1)


def _damaged(why: str) -> BundleError:
    return BundleError(f"The bundle's classifier.json cannot be used: {why}.", fix=_REMAKE)
