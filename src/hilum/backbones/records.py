"""What Hilum knows of a backbone, as data: the types of the catalog.

A record says what a network wants to be fed, where its pretrained weights come from
and how they are recognised. Nothing here touches a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hilum.errors import RecipeError

Scaling = Literal["tf", "caffe", "torch", "inside", "lite", "unit", "given"]
"""How grey levels 0 to 255 become what the network was trained on.

`tf`: x / 127.5 - 1. `caffe`: the ImageNet mean subtracted, channels in the order blue,
green, red. `torch`: x / 255, then the ImageNet mean and deviation. `inside`: the network
has layers of its own for it. `lite`: (x - 127) / 128. `unit`: x / 255 alone.
`given`: as the description beside a model file says.
"""

Pooling = Literal["average", "average-4x4"]
"""From the last feature map to a vector: the mean over all of it, or the means over its
whole 4 x 4 blocks, one after the other; what is left over at the edges is not read."""

BLOCK_CELLS = 4
"""Side of the blocks of `average-4x4`, in cells of the feature map."""

_TWO_BLOCKS_PX = 256
"""From here on a feature map has 8 x 8 cells."""


@dataclass(frozen=True)
class InputSpec:
    """What a backbone's graph wants to be fed.

    Attributes:
        size_px: Side of the square grey uint8 picture.
        scaling: What happens to the grey levels, inside the graph.
        resampling: How a film is brought to that size; the aspect ratio is not kept,
            as in the paper and its ancestor.
    """

    size_px: int
    scaling: Scaling
    resampling: str = "bilinear, antialiased"


@dataclass(frozen=True, kw_only=True)
class WeightsSource:
    """Where pretrained weights come from and how they are recognised.

    Attributes:
        file: The file's official name.
        digest: `sha256:` or `md5:` and the hex digits, whichever its publisher gives;
            empty where it gives none.
        size_bytes: Its size; of hosted files estimated from the number of weights.
        licence: SPDX name.
        trained_on: The data behind the weights.
    """

    file: str
    digest: str
    size_bytes: int
    licence: str
    trained_on: str


@dataclass(frozen=True, kw_only=True)
class PackagedWeights(WeightsSource):
    """Weights that an installed Python package carries.

    Attributes:
        package: The package's import name.
        folder: Where in the package the file lies.
    """

    package: str
    folder: str


@dataclass(frozen=True, kw_only=True)
class HostedWeights(WeightsSource):
    """Weights that their publisher offers for download.

    Attributes:
        address: The folder that the file is in, ending in a slash.
    """

    address: str


@dataclass(frozen=True, kw_only=True)
class ModelFileSpec:
    """How a model file is fed and read, as the JSON beside it says.

    Attributes:
        channels: 1 or 3; with 3 the grey picture is repeated.
        layout: Order of the input's axes.
        pixel_range: What the grey levels 0 and 255 become.
        mean: Subtracted after that; one number for each channel.
        std: Divided by after that; one number for each channel.
        output: Name of the output to take; None for the only one.
        take: How that output becomes one vector per film: `vector` (it is one already),
            `map` (a feature map in the input's layout, averaged), `first-token` or
            `mean-token` (batch x tokens x width).
        sha256: Hash of the model file that is meant; of an IR, of its XML and weights as
            if they were one file.
    """

    channels: Literal[1, 3]
    layout: Literal["NCHW", "NHWC"]
    pixel_range: tuple[float, float]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    output: str | None
    take: Literal["vector", "map", "first-token", "mean-token"]
    sha256: str


@dataclass(frozen=True, kw_only=True)
class OwnWeights(WeightsSource):
    """A model file that the user brings: network and weights in one.

    Attributes:
        path: The ONNX file, or the XML file of an OpenVINO IR.
        spec: How it is fed and read.
    """

    path: Path
    spec: ModelFileSpec


@dataclass(frozen=True)
class BackboneRecord:
    """One pretrained network.

    Attributes:
        name: What users type.
        title: What papers print.
        family: Which module builds it: `lite`, `keras` or `file`.
        input: What its graph wants.
        parameters: Weights of the frozen part, without the ImageNet classifier.
        feature_width: Length of the pooled feature vector.
        weights: Its pretrained weights.
        top_weights: Weights that hold the ImageNet classifier as well; None where the
            network has none.
        pooling: From the last feature map to the feature vector.
    """

    name: str
    title: str
    family: Literal["lite", "keras", "file"]
    input: InputSpec
    parameters: int
    feature_width: int
    weights: WeightsSource
    top_weights: WeightsSource | None = None
    pooling: Pooling = "average"


def fed_differently(
    record: BackboneRecord,
    *,
    size_px: int | None = None,
    scaling: Scaling | None = None,
    pooling: Pooling | None = None,
) -> BackboneRecord:
    """Return the backbone with another input or pooling; None keeps its own.

    A model file of the user's is what it is, and comes back unchanged.

    Raises:
        RecipeError: The pooling would make more than one block of so large an input, and
            features of another width than the record's.
    """
    if record.family == "file":
        return record
    spec = record.input
    if pooling == "average-4x4" and (size_px or spec.size_px) >= _TWO_BLOCKS_PX:
        raise RecipeError(
            f"4 x 4 pooling is for inputs below {_TWO_BLOCKS_PX} px.",
            fix="Use the average over the whole map, or 224 px.",
        )
    return replace(
        record,
        input=replace(spec, size_px=size_px or spec.size_px, scaling=scaling or spec.scaling),
        pooling=pooling or record.pooling,
    )
