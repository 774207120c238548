"""A bundle's weights as safetensors: heads, the guard's films, what explanations compare with."""

from __future__ import annotations

import numpy as np

from hilum.classifier.guard import DomainGuard
from hilum.classifier.heads import HeadStack
from hilum.classifier.records import BundleRecord
from hilum.classifier.references import ReferenceMaps
from hilum.errors import UntrustedModelError

_MOST_HEADER_BYTES = 1_000_000
_COPY_AGAIN = "Copy the whole bundle again from where it came, or make it again with `hilum train`."


def write_weights(heads: HeadStack, guard: DomainGuard, references: ReferenceMaps | None) -> bytes:
    """Write all weights of a classifier."""
    from safetensors.numpy import save

    tensors = {
        "hidden_kernel": heads.hidden_kernel,
        "hidden_bias": heads.hidden_bias,
        "output_kernel": heads.output_kernel,
        "output_bias": heads.output_bias,
        "temperatures": heads.temperatures,
        "log_prior_ratios": heads.log_prior_ratios,
        "guard_features": guard.features,
    }
    if references is not None:
        tensors["reference_maps"] = references.class_maps
        tensors["reference_films"] = references.n_films.astype(np.float32)
    return bytes(save({name: np.ascontiguousarray(t) for name, t in tensors.items()}))


def read_weights(
    content: bytes, record: BundleRecord
) -> tuple[HeadStack, DomainGuard, ReferenceMaps | None]:
    """Read all weights of a classifier, and check that they fit together.

    Args:
        content: A safetensors file.
        record: What the bundle says of itself.

    Raises:
        UntrustedModelError: The file is none, or its tensors are not those of the record.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if len(content) < 8 or int.from_bytes(content[:8], "little") > _MOST_HEADER_BYTES:
        raise UntrustedModelError(
            "The header of the bundle's weights is larger than 1 MB.", fix=_COPY_AGAIN
        )
    try:
        tensors = load(content)
        _check_shapes(tensors, record)
    except (SafetensorError, LookupError, ValueError, TypeError) as error:
        raise UntrustedModelError(
            "The bundle's weights are not those that its classifier.json speaks of.",
            fix=_COPY_AGAIN,
        ) from error
    references = None
    if "reference_maps" in tensors:
        maps, films = tensors.pop("reference_maps"), tensors.pop("reference_films")
        references = ReferenceMaps(maps, np.rint(films).astype(np.int64))
    guard = DomainGuard(tensors.pop("guard_features"), record.neighbours, record.distance_limit)
    heads = HeadStack(**tensors, positive=record.positive_index, threshold=record.threshold)
    return heads, guard, references


def _check_shapes(tensors: dict[str, np.ndarray], record: BundleRecord) -> None:
    """Raise ValueError or KeyError where the tensors are not those of the record."""
    heads, width, classes = record.n_heads, record.backbone.feature_width, len(record.classes)
    hidden = tensors["hidden_bias"].shape[-1]
    n_guard = len(tensors["guard_features"])
    shapes: dict[str, tuple[int, ...]] = {
        "hidden_kernel": (heads, width, hidden),
        "hidden_bias": (heads, hidden),
        "output_kernel": (heads, hidden, classes),
        "output_bias": (heads, classes),
        "temperatures": (heads,),
        "log_prior_ratios": (heads, classes),
        "guard_features": (n_guard, width),
    }
    if "reference_maps" in tensors:
        cells = tensors["reference_maps"].shape[1:]
        if len(cells) != 3:
            raise ValueError("a map has rows, columns and channels")
        shapes |= {"reference_maps": (classes, *cells), "reference_films": (classes,)}
    if set(tensors) != set(shapes):
        raise ValueError("other tensors")
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tensor.dtype != np.float32 or tensor.shape != shape or not np.isfinite(tensor).all():
            raise ValueError(name)
    if n_guard < record.neighbours or tensors["temperatures"].min() <= 0:
        raise ValueError("too few films, or a temperature that cannot be")
    if "reference_films" in tensors and tensors["reference_films"].min() < 1:
        raise ValueError("a class without reference films")
