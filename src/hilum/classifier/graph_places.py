"""Where a bundle's backbone is found, and the proof that it is the one it was trained on."""

from __future__ import annotations

from pathlib import Path

from hilum.backbones.model_files import check_model_file
from hilum.backbones.weights import hash_file
from hilum.classifier.records import BundleRecord
from hilum.errors import BundleError, HilumError, UntrustedModelError, WeightsError

_FILES = ("graph.xml", "graph.bin")


def hash_graph(folder: Path) -> dict[str, str]:
    """Hash the two files of a graph.

    Raises:
        OSError: One cannot be read.
    """
    return {name: hash_file(folder / name) for name in _FILES}


def find_graph(record: BundleRecord, included: Path, cache_dir: Path) -> Path:
    """Find the graph that a bundle's heads belong to, and prove it.

    A graph that the bundle only refers to is looked for in the cache, and compiled again
    from its weights if it is not there.

    Args:
        record: What the bundle says of itself.
        included: Where the graph lies if the bundle holds it.
        cache_dir: Hilum's cache folder.

    Returns:
        A folder that holds `graph.xml` and `graph.bin`.

    Raises:
        BundleError: The graph is nowhere.
        UntrustedModelError: It is another one, or its XML may do more than compute.
    """
    if record.graph.is_included:
        _prove(record, included, "The graph in the bundle")
        try:
            check_model_file(included / "graph.xml")
        except WeightsError as error:
            raise UntrustedModelError(error.message, fix=error.fix) from error
        return included
    folder = cache_dir / "graphs" / record.graph.key
    if not all((folder / name).is_file() for name in _FILES):
        folder = _compile_again(record, cache_dir)
    _prove(record, folder, "The compiled backbone in the cache")
    return folder


def _prove(record: BundleRecord, folder: Path, what: str) -> None:
    try:
        is_same = hash_graph(folder) == dict(record.graph.sha256)
    except OSError as error:
        raise BundleError(
            f"{what} is missing or cannot be read.",
            fix="Copy the whole bundle again, or make it again with `hilum train`.",
        ) from error
    if not is_same:
        raise UntrustedModelError(
            f"{what} is not the one that the heads were trained on.",
            fix="Copy the whole bundle again, or make it again with `hilum train`.",
        )


def _compile_again(record: BundleRecord, cache_dir: Path) -> Path:
    """Compile the referenced backbone, if this installation would make the very same graph."""
    from hilum.backbones.catalog import CATALOG
    from hilum.backbones.compiling import compile_backbone, graph_key
    from hilum.backbones.records import fed_differently
    from hilum.backbones.weights import Backbone, WeightsShelf

    wanted = record.backbone
    nowhere = BundleError(
        f"The bundle refers to {wanted.title} by hash, and the cache of this machine does not "
        f"have that graph ({record.graph.key}).",
        fix="Name the cache that has it with --cache-dir; or make the bundle again with "
        "`hilum train --standalone`, which puts the backbone into it.",
    )
    if wanted.name not in CATALOG:
        raise nowhere
    try:
        found = WeightsShelf(cache_dir).find(
            CATALOG[wanted.name], allows_unverified=not wanted.weights.get("is_verified", False)
        )
        fed = fed_differently(
            found.record,
            size_px=wanted.size_px,
            scaling=wanted.scaling,  # type: ignore[arg-type]
            pooling=wanted.pooling,  # type: ignore[arg-type]
        )
        backbone = Backbone(fed, found.weights)
        if f"{backbone.name}-{graph_key(backbone)}" != record.graph.key:
            raise nowhere
        return compile_backbone(backbone, cache_dir)
    except BundleError:
        raise
    except HilumError as error:
        raise BundleError(nowhere.message + f" {error.message}", fix=nowhere.fix) from error
