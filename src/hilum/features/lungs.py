"""Lungs: where a frontal film shows them, found without a mask.

A small network of our own, run in NumPy, tells for each place how likely it shows lung. It was
fitted on generated films alone (`benchmarks/fit_lungs.py`): no film of a patient and no drawn mask
took part. It looks twice, at the whole film and then at the part that holds the lungs, and at the
mirror image of that part. Where the looks disagree, or the outline is not that of two lungs, the
finder says so, and its mask should not be used.

The lung is meant as anatomy: the part behind the heart and parts that disease has whitened
belong to it, the part below the domes of the diaphragm does not. A mask that left opacities out
would tell the diagnosis by its shape.

Deliberately absent: lateral films, lobes, and lungs that the film cuts off; see docs/lungs.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from safetensors.numpy import load_file
from scipy import ndimage
from scipy.spatial import ConvexHull

LUNGS_VERSION = 1
"""Raised whenever the same film gets another mask; part of the address of what is stored."""

MASK_PX = 256
"""Side of a mask, which covers the whole film whatever its aspect."""

INPUT_PX = 96
"""Side of the picture that the network sees."""

_CELLS, _CELL_PX = 32, 3
_MARGIN = 0.22
"""Of the lungs' height and width, left on each side at the second look."""

_SECOND_LOOK = 0.65
_SMOOTHING_PX = 1.5

_LEAST_LUNG = 0.03
"""Share of a film below which there are no lungs to look at closer."""

_LEAST_AGREEMENTS = (0.93, 0.9, 0.89)
_DISAGREEMENTS = (
    "the whole film and the part around the lungs show different lungs",
    "the film and its mirror image show different lungs",
    "the edges of the lungs are faint",
)
"""Least Dice between two looks, least Dice with the mirror image, least Dice that the network
itself expects; and what it means where they are not reached."""

_LEAST_RATIO = 0.4
_LEAST_HEIGHT = 0.8
"""Of the shorter lung, over the taller one's: a white base is easily taken for the abdomen."""

_LEAST_OVERLAP = 0.6
_LEAST_SOLIDITY = 0.8
"""Area of a lung over that of its convex outline."""

CUT_OFF = "the film cuts the lungs off"
"""The doubt about a film that is cropped into the lungs."""

_MOST_CUT_OFF = 0.3
"""Lung along the film's edge, over the length of one side."""

_Pictures = UInt8[np.ndarray, "pictures 96 96"]
_Maps = Float32[np.ndarray, "_ _ _ _"]


@dataclass(frozen=True)
class FoundLungs:
    """Where a film shows lung, and whether to believe it.

    Attributes:
        mask: True where there is lung; 256 x 256 over the whole film, whatever its aspect.
        confidence: 0 to 1; the least of the agreements that are asked for.
        doubts: Why the mask should not be used, in plain words; empty if it may.
    """

    mask: Bool[np.ndarray, "256 256"]
    confidence: float
    doubts: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        """Whether the mask may be used."""
        return not self.doubts


def find_lungs(pixels: UInt8[np.ndarray, "height width"]) -> FoundLungs:
    """Find the lungs of a film.

    Args:
        pixels: An upright grey film of any size, bone white.

    Returns:
        The mask, how sure it is, and the doubts. The same pixels always give the same mask.
    """
    film = Image.fromarray(pixels).resize((MASK_PX, MASK_PX), Image.Resampling.BOX)
    first = _enlarge(_look(film.resize((INPUT_PX, INPUT_PX), Image.Resampling.BOX))[0])
    nothing = np.zeros((MASK_PX, MASK_PX), bool)
    seen = _two_largest(first > 0.5)
    if len(seen) < 2 or np.mean(np.any(seen, axis=0)) < _LEAST_LUNG:
        return FoundLungs(nothing, 0.0, ("two lungs are not found",))
    left, top, right, bottom = _box_around(np.any(seen, axis=0))
    part = film.resize(
        (INPUT_PX, INPUT_PX), Image.Resampling.BILINEAR, box=(left, top, right, bottom)
    )
    upright, mirrored = _look(part, part.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    mirrored = mirrored[:, ::-1]
    second = np.zeros_like(first)
    second[top:bottom, left:right] = _enlarge((upright + mirrored) / 2, right - left, bottom - top)
    likely = ndimage.gaussian_filter(
        first + _SECOND_LOOK * (second - first), _SMOOTHING_PX, mode="nearest"
    )
    lungs = [ndimage.binary_fill_holes(lung) for lung in _two_largest(likely > 0.5)]
    mask = np.any(lungs, axis=0) if lungs else nothing
    if len(lungs) < 2 or mask.mean() < _LEAST_LUNG:
        return FoundLungs(nothing, 0.0, ("two lungs are not found",))
    agreements = (
        dice(first > 0.5, second > 0.5),
        dice(upright > 0.5, mirrored > 0.5),
        _expected_dice(likely, mask),
    )
    doubts = [
        doubt
        for agreement, least, doubt in zip(
            agreements, _LEAST_AGREEMENTS, _DISAGREEMENTS, strict=True
        )
        if agreement < least
    ]
    return FoundLungs(mask, min(agreements), (*doubts, *_doubt_shape(lungs)))


def dice(
    first: Bool[np.ndarray, "height width"], second: Bool[np.ndarray, "height width"]
) -> float:
    """Measure how far two masks agree: twice what they share over the sum of both.

    Returns:
        0 to 1; 1 for two empty masks.

    Source: Dice (1945), Ecology 26:297-302.
    """
    either = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / either if either else 1.0


def prepare(pictures: _Pictures) -> Float32[np.ndarray, "pictures 32 32 20"]:
    """Make what the network sees of pictures.

    Per cell of 3 x 3 pixels: their grey levels between the film's darkest and brightest 2 %, the
    ranks of these levels among the film's pixels, and the cell's place.

    Args:
        pictures: Grey levels.

    Returns:
        Values near -1 to 1.
    """
    n = len(pictures)
    counts = np.stack([np.bincount(p.ravel(), minlength=256) for p in pictures])
    below = np.cumsum(counts, axis=1)
    size = pictures[0].size
    rank_of = ((below - counts / 2) / size * 2 - 1).astype(np.float32)
    darkest = (below < 0.02 * size).sum(axis=1)
    brightest = (below < 0.98 * size).sum(axis=1)
    span = np.maximum(brightest - darkest, 8)
    levels = (np.arange(256)[np.newaxis] - darkest[:, np.newaxis]) / span[:, np.newaxis]
    grey_of = (np.clip(levels, -0.3, 1.3) * 2 - 1).astype(np.float32)
    rows = np.arange(n)[:, np.newaxis, np.newaxis]
    down, across = np.mgrid[:_CELLS, :_CELLS].astype(np.float32) / (_CELLS - 1) * 2 - 1
    place = np.broadcast_to(np.stack([across, down], -1), (n, _CELLS, _CELLS, 2))
    return np.concatenate(
        [to_cells(grey_of[rows, pictures]), to_cells(rank_of[rows, pictures]), place], -1
    )


def to_cells(
    maps: Float32[np.ndarray, "pictures 96 96"],
) -> Float32[np.ndarray, "pictures 32 32 9"]:
    """Put the pixels of each cell into channels."""
    cells = maps.reshape(-1, _CELLS, _CELL_PX, _CELLS, _CELL_PX).transpose(0, 1, 3, 2, 4)
    return cells.reshape(-1, _CELLS, _CELLS, _CELL_PX**2)


def _from_cells(
    cells: Float32[np.ndarray, "pictures 32 32 9"],
) -> Float32[np.ndarray, "pictures 96 96"]:
    pixels = cells.reshape(-1, _CELLS, _CELLS, _CELL_PX, _CELL_PX).transpose(0, 1, 3, 2, 4)
    return pixels.reshape(-1, INPUT_PX, INPUT_PX)


def _look(*pictures: Image.Image) -> Float32[np.ndarray, "pictures 96 96"]:
    """Tell for each pixel how likely it shows lung, 0 to 1."""
    at32 = _layer("grid32", prepare(np.stack([np.asarray(picture) for picture in pictures])))
    at16 = _layer("grid16", _halve(at32))
    at8 = _layer("grid8", _halve(at16))
    at4 = _layer("grid4", _halve(at8))
    at4 = at4 + _layer("context", at4.mean(axis=(1, 2), keepdims=True))
    up8 = _layer("up8", _join(at4, at8))
    up16 = _layer("up16", _join(up8, at16))
    up32 = _layer("up32", _join(up16, at32))
    logits = _from_cells(_layer("out", up32, is_last=True))
    likely: Float32[np.ndarray, "pictures 96 96"] = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return likely


def _layer(name: str, maps: _Maps, *, is_last: bool = False) -> _Maps:
    """Convolve; what is negative becomes 0 but in the last layer."""
    kernel, bias = _load_weights()[name]
    n, height, width, channels = maps.shape
    side = kernel.shape[0]
    if side == 1:
        seen = maps
    else:
        padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
        seen = np.empty((n, height, width, side * side, channels), np.float32)
        for place in range(side * side):
            down, across = divmod(place, side)
            seen[:, :, :, place] = padded[:, down : down + height, across : across + width]
    columns = seen.reshape(n * height * width, -1)
    convolved: _Maps = (columns @ kernel.reshape(columns.shape[1], -1) + bias).reshape(
        n, height, width, -1
    )
    return convolved if is_last else np.maximum(convolved, 0)


def _halve(maps: _Maps) -> _Maps:
    n, height, width, channels = maps.shape
    halved: _Maps = maps.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
    return halved


def _join(coarse: _Maps, fine: _Maps) -> _Maps:
    return np.concatenate([coarse.repeat(2, axis=1).repeat(2, axis=2), fine], axis=-1)


@cache
def _load_weights() -> dict[str, tuple[Float32[np.ndarray, "*_"], Float32[np.ndarray, " _"]]]:
    """Load kernels, which are kept as bytes with a scale per output channel, and biases."""
    kept = load_file(Path(__file__).with_suffix(".safetensors"))
    names = [key.removesuffix(".bias") for key in kept if key.endswith(".bias")]
    return {
        name: (
            kept[f"{name}.kernel"].astype(np.float32) * kept[f"{name}.scale"],
            kept[f"{name}.bias"],
        )
        for name in names
    }


def _enlarge(
    likely: Float32[np.ndarray, "96 96"], width: int = MASK_PX, height: int = MASK_PX
) -> Float32[np.ndarray, "_ _"]:
    picture = Image.fromarray(likely).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _two_largest(is_lung: Bool[np.ndarray, "256 256"]) -> list[Bool[np.ndarray, "256 256"]]:
    """Split a mask into its pieces; return the two largest, the one further left first."""
    pieces, n_pieces = ndimage.label(is_lung)
    sizes = np.bincount(pieces.ravel(), minlength=n_pieces + 1)[1:]
    largest = [pieces == 1 + row for row in np.argsort(-sizes, kind="stable")[:2]]
    return sorted(largest, key=lambda piece: float(np.flatnonzero(piece.any(axis=0)).mean()))


def _box_around(is_lung: Bool[np.ndarray, "256 256"]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the part of the film to look at closer."""
    edges = []
    for axis in (0, 1):
        at = np.flatnonzero(is_lung.any(axis=axis))
        margin = _MARGIN * (at[-1] + 1 - at[0])
        edges.append((max(0, round(at[0] - margin)), min(MASK_PX, round(at[-1] + 1 + margin))))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom


def _doubt_shape(lungs: list[Bool[np.ndarray, "256 256"]]) -> list[str]:
    """Say what the outlines have that those of two whole lungs do not."""
    doubts = []
    areas = [int(lung.sum()) for lung in lungs]
    if min(areas) < _LEAST_RATIO * max(areas):
        doubts.append("one lung is much smaller than the other")
    rows = [np.flatnonzero(lung.any(axis=1)) for lung in lungs]
    columns = [np.flatnonzero(lung.any(axis=0)) for lung in lungs]
    heights = [len(row) for row in rows]
    if min(heights) < _LEAST_HEIGHT * max(heights):
        doubts.append("one lung ends much higher than the other")
    common = min(rows[0][-1], rows[1][-1]) - max(rows[0][0], rows[1][0])
    if common < _LEAST_OVERLAP * max(heights) or (
        columns[0].mean() > columns[1][0] or columns[1].mean() < columns[0][-1]
    ):
        doubts.append("the lungs do not stand side by side")
    if any(
        area < _LEAST_SOLIDITY * _hull_area(lung) for area, lung in zip(areas, lungs, strict=True)
    ):
        doubts.append("the outline of a lung has bays")
    mask = lungs[0] | lungs[1]
    on_edge = int(mask[[0, -1]].sum()) + int(mask[:, [0, -1]].sum())
    if on_edge > _MOST_CUT_OFF * MASK_PX:
        doubts.append(CUT_OFF)
    return doubts


def _hull_area(lung: Bool[np.ndarray, "256 256"]) -> float:
    """Measure the area of the smallest convex outline around a lung."""
    rows = np.flatnonzero(lung.any(axis=1))
    first = lung[rows].argmax(axis=1)
    last = MASK_PX - lung[rows, ::-1].argmax(axis=1)
    corners = [np.stack([x, y], -1) for x in (first, last) for y in (rows, rows + 1)]
    return float(ConvexHull(np.concatenate(corners)).volume)


def _expected_dice(
    likely: Float32[np.ndarray, "256 256"], mask: Bool[np.ndarray, "256 256"]
) -> float:
    """Tell what Dice the network itself expects of the mask."""
    return float(2 * likely[mask].sum() / (likely.sum() + mask.sum() + 1e-9))
