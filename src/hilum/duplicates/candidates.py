"""Which films of a cohort might be copies of one another, and how they would lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int, UInt8

from hilum.duplicates.alignment import move, sample
from hilum.machine import map_in_threads

_AROUND_PX = 4.0
"""Standard deviation, in pixels, of the surroundings that settle a place's contrast."""

_FLOOR = 1.0
"""Grey levels of contrast below which there is nothing but noise."""


@dataclass(frozen=True)
class Band:
    """Which sizes of detail are kept, as standard deviations in pixels of the detail.

    Attributes:
        fine_px: What is smoothed away as noise.
        coarse_px: What is taken away as shading.
    """

    fine_px: float
    coarse_px: float


BROAD = Band(0.7, 2.5)
"""Enough to be drawn to the right place from a few pixels away."""

MIDDLE = Band(0.7, 2.0)
"""Sharp enough to be placed to a tenth of a pixel, broad enough to outlive compression."""

NARROW = Band(0.6, 1.5)
"""Fine edges alone: they tell two films of one patient from one film."""


def local_detail(
    pictures: UInt8[np.ndarray, "films side side"], side_px: int, band: Band = BROAD
) -> Float32[np.ndarray, "films size size"]:
    """Keep the edges of pictures, at an even contrast.

    Args:
        pictures: Films as small squares.
        side_px: Side of the detail; at most the pictures' own.
        band: Which sizes of detail are kept.

    Returns:
        About 0 on average and 1 in spread, wherever there is contrast.
    """
    grey = pictures.astype(np.float32)
    fine = _smooth(pictures.shape[1], side_px, band.fine_px)
    coarse = _smooth(pictures.shape[1], side_px, band.coarse_px)
    around = _smooth(side_px, side_px, _AROUND_PX)
    edges = fine @ grey @ fine.T - coarse @ grey @ coarse.T
    contrast = np.sqrt(around @ (edges * edges) @ around.T)
    return np.asarray(edges / (contrast + _FLOOR), np.float32)


@lru_cache(maxsize=16)
def _smooth(from_px: int, to_px: int, sigma_px: float) -> Float32[np.ndarray, "to from"]:
    """A Gaussian and a change of size, as one matrix; edges weigh what is inside."""
    step = from_px / to_px
    centres = (np.arange(to_px) + 0.5) * step - 0.5
    distance = (np.arange(from_px)[None, :] - centres[:, None]) / (sigma_px * step)
    weights = np.exp(-0.5 * distance**2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


_ANGLES_DEGREES = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)

_CROPPED = 0.9
"""Share of each side that a cropped copy keeps."""

_CROP_SHIFTS = (-0.075, 0.0, 0.075)
_MIRROR = np.diag([-1.0, 1.0])


def rough_poses(
    shapes: Float32[np.ndarray, "films 2"],
) -> Float32[np.ndarray, "films poses 2 3"]:
    """List, for each film, how another one might be found in it.

    The other was turned within its canvas, or on a canvas that grew with the turn, and so
    became this film; or it was cropped from this film. The mirrored poses are not listed.

    Args:
        shapes: Width and height of each film, in any unit.

    Returns:
        Maps from places in the other film to places in this one.
    """
    poses = [_turned(shapes, angle, has_grown=False) for angle in _ANGLES_DEGREES]
    poses += [_turned(shapes, angle, has_grown=True) for angle in _ANGLES_DEGREES if angle]
    for x in _CROP_SHIFTS:
        for y in _CROP_SHIFTS:
            cropped = np.array([[_CROPPED, 0, x], [0, _CROPPED, y]])
            poses.append(np.broadcast_to(cropped, (len(shapes), 2, 3)))
    return np.stack(poses, axis=1).astype(np.float32)


def mirror_first(maps: Float32[np.ndarray, "pairs 2 3"]) -> Float32[np.ndarray, "pairs 2 3"]:
    """Mirror, left to right, the films that the maps start from."""
    return maps * np.array([-1, 1, 1], np.float32)


def read_pose(
    linear: Float32[np.ndarray, "2 2"],
    first_shape: Float32[np.ndarray, " 2"],
    second_shape: Float32[np.ndarray, " 2"],
) -> tuple[bool, float]:
    """Tell whether a map between pictures mirrors, and by how much it turns the film.

    Args:
        linear: The map without its shift.
        first_shape: Width and height of the film that the map starts from.
        second_shape: Of the film that it leads to.

    Returns:
        Whether it mirrors left to right; and the angle by which it then turns, in degrees,
        counter-clockwise positive.
    """
    of_film = np.diag(second_shape) @ linear @ np.diag(1 / first_shape)
    is_mirrored = bool(np.linalg.det(of_film) < 0)
    if is_mirrored:
        of_film = of_film @ _MIRROR
    # The nearest rotation: what it stretches or squashes is left aside.
    left, _, right = np.linalg.svd(of_film)
    turn = left @ right
    return is_mirrored, math.degrees(math.atan2(turn[0, 1] - turn[1, 0], turn[0, 0] + turn[1, 1]))


def _turned(
    shapes: Float32[np.ndarray, "films 2"], angle_degrees: float, *, has_grown: bool
) -> Float32[np.ndarray, "films 2 3"]:
    turn = math.radians(angle_degrees)
    cosine, sine = math.cos(turn), math.sin(turn)
    across, down = shapes.T.astype(np.float64)
    width, height = across, down
    if has_grown:
        # across = width * cosine + height * |sine|, and down likewise, solved for both.
        width = np.maximum(across * cosine - down * abs(sine), 0.1 * across)
        height = np.maximum(down * cosine - across * abs(sine), 0.1 * down)
        shrunk = math.cos(2 * turn)
        width, height = width / shrunk, height / shrunk
    none = np.zeros_like(across)
    rows = [
        [width * cosine / across, height * sine / across, none],
        [-width * sine / down, height * cosine / down, none],
    ]
    return np.array(rows).transpose(2, 0, 1).astype(np.float32)


_DETAIL_PX = 48
_GRID = 16

_REACH = 0.85
"""Coarse detail is read on a grid of so many places a side, within a disc of this radius."""

_KEPT = 96
"""Directions in which films differ most; the others cost time and tell little."""

_BASIS_FILMS = 2000
_BLOCK_FILMS = 128
_TILE_FILMS = 1024
_BY_DETAIL = 3

_BY_FEATURES = 2
"""Candidates per film."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of films that are worth aligning.

    Attributes:
        first: Row of the film that stays.
        second: Row of the film that is laid onto it.
        maps: Roughly, from places in the first to places in the second.
        affinities: Cosine similarity of their coarse detail in that pose.
    """

    first: Int[np.ndarray, " pairs"]
    second: Int[np.ndarray, " pairs"]
    maps: Float32[np.ndarray, "pairs 2 3"]
    affinities: Float32[np.ndarray, " pairs"]

    def of(self, kept: np.ndarray) -> Candidates:
        """Keep some of the pairs."""
        return Candidates(
            self.first[kept], self.second[kept], self.maps[kept], self.affinities[kept]
        )


def propose_pairs(
    pictures: UInt8[np.ndarray, "films side side"],
    shapes: Float32[np.ndarray, "films 2"],
    features: Float32[np.ndarray, "films width"],
) -> Candidates:
    """Find for every film the few others that are most like it.

    Args:
        pictures: Films as small squares.
        shapes: Width and height of each film.
        features: Of each upright film.

    Returns:
        Each pair once, in the order of its rows.
    """
    n = len(pictures)
    sketches = _Sketches(pictures)
    looks = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)

    def propose(start: int) -> Candidates:
        rows = np.arange(start, min(start + _BLOCK_FILMS, n))
        poses = rough_poses(shapes[rows])
        queries = sketches.of(pictures[rows], poses)
        neighbours = np.concatenate(
            [_most_alike_sketches(rows, queries, sketches.gallery), _most_alike_looks(rows, looks)],
            axis=1,
        )
        return _in_best_pose(rows, neighbours, poses, queries, sketches.gallery)

    return _each_once(map_in_threads(propose, range(0, n, _BLOCK_FILMS)))


class _Sketches:
    """The coarse detail of films within a disc, in few numbers.

    Attributes:
        gallery: Of all films, upright, and then all mirrored.
    """

    def __init__(self, pictures: UInt8[np.ndarray, "films side side"]) -> None:
        along = ((np.arange(_GRID) + 0.5) * 2 / _GRID - 1).astype(np.float32)
        x, y = np.meshgrid(along, along)
        is_in_disc = x**2 + y**2 <= 1
        self._places = _REACH * np.stack([x[is_in_disc], y[is_in_disc]], axis=1)
        number = np.zeros(is_in_disc.shape, np.int64)
        number[is_in_disc] = np.arange(is_in_disc.sum())
        mirror = number[:, ::-1][is_in_disc]

        n = len(pictures)
        as_is = np.eye(2, 3, dtype=np.float32)[None, None]
        upright = np.concatenate(
            [
                self._read(block, np.repeat(as_is, len(block), axis=0))[:, 0]
                for block in np.split(pictures, range(_BLOCK_FILMS, n, _BLOCK_FILMS))
            ]
        )
        known = upright[:: -(-n // _BASIS_FILMS)]
        known = np.concatenate([known, known[:, mirror]])
        self._mean = known.mean(axis=0)
        _, directions = np.linalg.eigh(np.cov(known - self._mean, rowvar=False))
        self._basis = directions[:, ::-1][:, :_KEPT].astype(np.float32)
        self.gallery = np.stack([self._shorten(upright), self._shorten(upright[:, mirror])])

    def of(
        self,
        pictures: UInt8[np.ndarray, "films side side"],
        poses: Float32[np.ndarray, "films poses 2 3"],
    ) -> Float32[np.ndarray, "poses films kept"]:
        """Sketch what other films would be, had they become these in each pose."""
        read = self._shorten(self._read(pictures, poses))
        return np.ascontiguousarray(read.transpose(1, 0, 2))

    def _read(
        self,
        pictures: UInt8[np.ndarray, "films side side"],
        poses: Float32[np.ndarray, "films poses 2 3"],
    ) -> Float32[np.ndarray, "films poses places"]:
        n, n_poses = poses.shape[:2]
        details = local_detail(pictures, _DETAIL_PX)
        rows = np.repeat(np.arange(n), n_poses)
        read = sample(details, rows, move(poses.reshape(-1, 2, 3), self._places))
        return read.reshape(n, n_poses, -1)

    def _shorten(self, read: Float32[np.ndarray, "... places"]) -> Float32[np.ndarray, "... kept"]:
        short = (read - self._mean) @ self._basis
        return np.asarray(short / np.maximum(np.linalg.norm(short, axis=-1, keepdims=True), 1e-6))


def _most_alike_sketches(
    rows: Int[np.ndarray, " block"],
    queries: Float32[np.ndarray, "poses block kept"],
    gallery: Float32[np.ndarray, "2 films kept"],
) -> Int[np.ndarray, "block neighbours"]:
    affinity = np.empty((len(rows), gallery.shape[1]), np.float32)
    for start in range(0, gallery.shape[1], _TILE_FILMS):
        tile = affinity[:, start : start + _TILE_FILMS]
        tile[:] = -1
        for side in gallery[:, start : start + _TILE_FILMS]:
            for query in queries:
                np.maximum(tile, query @ side.T, out=tile)
    return _highest(affinity, rows, _BY_DETAIL)


def _most_alike_looks(
    rows: Int[np.ndarray, " block"], looks: Float32[np.ndarray, "films width"]
) -> Int[np.ndarray, "block neighbours"]:
    return _highest(looks[rows] @ looks.T, rows, _BY_FEATURES)


def _highest(
    affinity: Float32[np.ndarray, "block films"], rows: Int[np.ndarray, " block"], n_kept: int
) -> Int[np.ndarray, "block neighbours"]:
    affinity[np.arange(len(rows)), rows] = -np.inf  # a film is no neighbour of itself
    n_kept = min(n_kept, affinity.shape[1] - 1)
    return np.argpartition(affinity, -n_kept, axis=1)[:, -n_kept:]


def _in_best_pose(
    rows: Int[np.ndarray, " block"],
    neighbours: Int[np.ndarray, "block neighbours"],
    poses: Float32[np.ndarray, "block poses 2 3"],
    queries: Float32[np.ndarray, "poses block kept"],
    gallery: Float32[np.ndarray, "2 films kept"],
) -> Candidates:
    """Find how each neighbour lies best in the film that it is a neighbour of."""
    block = np.repeat(np.arange(len(rows)), neighbours.shape[1])
    first = neighbours.ravel()
    affinities = np.einsum("pnk,snk->nsp", queries[:, block], gallery[:, first])
    best = affinities.reshape(len(first), -1).argmax(axis=1)
    side, pose = np.divmod(best, len(queries))
    maps = poses[block, pose]
    maps = np.where(side[:, None, None] == 1, mirror_first(maps), maps)
    return Candidates(first, rows[block], maps, affinities[np.arange(len(first)), side, pose])


def _each_once(blocks: list[Candidates]) -> Candidates:
    """Of a pair that both its films propose, keep the pose that fits better."""
    found = Candidates(
        np.concatenate([block.first for block in blocks]),
        np.concatenate([block.second for block in blocks]),
        np.concatenate([block.maps for block in blocks]),
        np.concatenate([block.affinities for block in blocks]),
    )
    low = np.minimum(found.first, found.second)
    high = np.maximum(found.first, found.second)
    found = found.of(order := np.lexsort((-found.affinities, high, low)))
    pairs = np.stack([low[order], high[order]])
    is_new = np.ones(len(order), bool)
    is_new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    return found.of(is_new)
