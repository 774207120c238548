"""Candidates: pairs of films that may be copies of one another, each in its likely pose.

Two searches give candidates; alignment decides about them. The coarse detail of a film, sampled
in each pose that a copy may have, is compared with that of all others. And features of a backbone
are alike for copies, whatever was done to them, though for turned copies hardly more than for two
films of one kind.

Copies may differ in exposure, window, gamma and compression; their edges stay in place. So films
are compared by their edges: a band of sizes is kept, and scaled by the contrast around it.

A pose is an affine map between the square pictures of two films. A film of any shape is drawn as
a square, so a turn of the film becomes a turn and a shear of its picture. Places are written as x
to the right and y downwards, from -1 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int, UInt8

from hilum.duplicates.alignment import apply_maps, sample
from hilum.machine import map_in_threads

_AROUND_PX = 4.0
"""Standard deviation, in pixels, of the surroundings whose contrast scales a place."""

_FLOOR = 1.0
"""Contrast, in grey levels, below which detail is only noise."""

_ANGLES_DEGREES = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)

_CROPPED = 0.9
"""Share of each side that a cropped copy keeps."""

_CROP_SHIFTS = (-0.075, 0.0, 0.075)
_MIRROR = np.diag([-1.0, 1.0])
_DETAIL_PX = 48

_GRID_SIDE, _DISC_RADIUS = 16, 0.85
"""A descriptor samples coarse detail on a grid of so many places a side, in a disc this large."""

_N_DIRECTIONS = 96
"""Principal directions that a descriptor keeps; the others cost time and tell little."""

_BASIS_FILMS = 2000
"""Films, at most, from which these directions are computed."""

_BLOCK_FILMS, _TILE_FILMS = 128, 1024
"""Films that are compared at once, with so many others."""

_BY_DETAIL, _BY_FEATURES = 3, 2
"""Candidates that each search gives per film."""


@dataclass(frozen=True)
class Band:
    """Sizes of detail that are kept, as standard deviations in pixels of the detail.

    Attributes:
        fine_px: Finer detail is smoothed away as noise.
        coarse_px: Coarser detail is subtracted as shading.
    """

    fine_px: float
    coarse_px: float


BROAD = Band(0.7, 2.5)
"""For the first steps: pulls a map to its place from a few pixels away."""

MIDDLE = Band(0.7, 2.0)
"""For shifts: sharp to a tenth of a pixel, broad enough to survive compression."""

NARROW = Band(0.6, 1.5)
"""For the decision: fine edges distinguish a copy from another film of the same patient."""


@dataclass(frozen=True)
class FilmPairs:
    """Pairs of films, with the map from each first film to the second.

    Attributes:
        first: Row of the film that stays.
        second: Row of the film that is laid onto it.
        maps: From places in the first film to places in the second.
        similarities: Under that map: of candidates, the cosine similarity of coarse detail; of
            copies, the correlation of fine edges.
    """

    first: Int[np.ndarray, " pairs"]
    second: Int[np.ndarray, " pairs"]
    maps: Float32[np.ndarray, "pairs 2 3"]
    similarities: Float32[np.ndarray, " pairs"]

    def of(self, kept: np.ndarray) -> FilmPairs:
        """Keep some of the pairs."""
        return FilmPairs(
            self.first[kept], self.second[kept], self.maps[kept], self.similarities[kept]
        )

    @classmethod
    def join(cls, parts: Sequence[FilmPairs]) -> FilmPairs:
        """Put pairs one after the other."""
        return cls(
            np.concatenate([part.first for part in parts]),
            np.concatenate([part.second for part in parts]),
            np.concatenate([part.maps for part in parts]),
            np.concatenate([part.similarities for part in parts]),
        )


def find_candidates(
    pictures: UInt8[np.ndarray, "films side side"],
    shapes: Float32[np.ndarray, "films 2"],
    features: Float32[np.ndarray, "films width"],
) -> FilmPairs:
    """Find the few films that are most like each film.

    Args:
        pictures: Films as small squares.
        shapes: Width and height of each film.
        features: Features of each upright film.

    Returns:
        Each pair once, in the order of its rows, in its most likely pose.
    """
    n = len(pictures)
    descriptors = _Descriptors(pictures)
    unit_features = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)

    def search(start: int) -> FilmPairs:
        rows = np.arange(start, min(start + _BLOCK_FILMS, n))
        poses = rough_poses(shapes[rows])
        queries = descriptors.in_poses(pictures[rows], poses)
        neighbours = np.concatenate(
            [
                _nearest_by_descriptor(rows, queries, descriptors.gallery),
                _nearest_by_features(rows, unit_features),
            ],
            axis=1,
        )
        return _in_best_pose(rows, neighbours, poses, queries, descriptors.gallery)

    return _merge(map_in_threads(search, range(0, n, _BLOCK_FILMS)))


class _Descriptors:
    """Descriptors of films: their coarse detail within a disc, in few numbers.

    Attributes:
        gallery: Descriptors of all films, upright, and then of all mirrored.
    """

    def __init__(self, pictures: UInt8[np.ndarray, "films side side"]) -> None:
        along = ((np.arange(_GRID_SIDE) + 0.5) * 2 / _GRID_SIDE - 1).astype(np.float32)
        x, y = np.meshgrid(along, along)
        is_in_disc = x**2 + y**2 <= 1
        self._places = _DISC_RADIUS * np.stack([x[is_in_disc], y[is_in_disc]], axis=1)
        number = np.zeros(is_in_disc.shape, np.int64)
        number[is_in_disc] = np.arange(is_in_disc.sum())
        mirror = number[:, ::-1][is_in_disc]

        n = len(pictures)
        as_is = np.eye(2, 3, dtype=np.float32)[None, None]
        upright = np.concatenate(
            [
                self._sample(block, np.repeat(as_is, len(block), axis=0))[:, 0]
                for block in np.split(pictures, range(_BLOCK_FILMS, n, _BLOCK_FILMS))
            ]
        )
        known = upright[:: -(-n // _BASIS_FILMS)]
        known = np.concatenate([known, known[:, mirror]])
        self._mean = known.mean(axis=0)
        _, directions = np.linalg.eigh(np.cov(known - self._mean, rowvar=False))
        self._basis = directions[:, ::-1][:, :_N_DIRECTIONS].astype(np.float32)
        self.gallery = np.stack([self._project(upright), self._project(upright[:, mirror])])

    def in_poses(
        self,
        pictures: UInt8[np.ndarray, "films side side"],
        poses: Float32[np.ndarray, "films poses 2 3"],
    ) -> Float32[np.ndarray, "poses films kept"]:
        """Describe the films that would have become these in each pose."""
        described = self._project(self._sample(pictures, poses))
        return np.ascontiguousarray(described.transpose(1, 0, 2))

    def _sample(
        self,
        pictures: UInt8[np.ndarray, "films side side"],
        poses: Float32[np.ndarray, "films poses 2 3"],
    ) -> Float32[np.ndarray, "films poses places"]:
        n, n_poses = poses.shape[:2]
        details = local_detail(pictures, _DETAIL_PX)
        rows = np.repeat(np.arange(n), n_poses)
        sampled = sample(details, rows, apply_maps(poses.reshape(-1, 2, 3), self._places))
        return sampled.reshape(n, n_poses, -1)

    def _project(
        self, sampled: Float32[np.ndarray, "... places"]
    ) -> Float32[np.ndarray, "... kept"]:
        short = (sampled - self._mean) @ self._basis
        return np.asarray(short / np.maximum(np.linalg.norm(short, axis=-1, keepdims=True), 1e-6))


def _nearest_by_descriptor(
    rows: Int[np.ndarray, " block"],
    queries: Float32[np.ndarray, "poses block kept"],
    gallery: Float32[np.ndarray, "2 films kept"],
) -> Int[np.ndarray, "block neighbours"]:
    similarity = np.empty((len(rows), gallery.shape[1]), np.float32)
    for start in range(0, gallery.shape[1], _TILE_FILMS):
        tile = similarity[:, start : start + _TILE_FILMS]
        tile[:] = -1
        for side in gallery[:, start : start + _TILE_FILMS]:
            for query in queries:
                np.maximum(tile, query @ side.T, out=tile)
    return _most_similar(similarity, rows, _BY_DETAIL)


def _nearest_by_features(
    rows: Int[np.ndarray, " block"], unit_features: Float32[np.ndarray, "films width"]
) -> Int[np.ndarray, "block neighbours"]:
    return _most_similar(unit_features[rows] @ unit_features.T, rows, _BY_FEATURES)


def _most_similar(
    similarity: Float32[np.ndarray, "block films"], rows: Int[np.ndarray, " block"], n_kept: int
) -> Int[np.ndarray, "block neighbours"]:
    similarity[np.arange(len(rows)), rows] = -np.inf  # leaves out the film itself
    n_kept = min(n_kept, similarity.shape[1] - 1)
    return np.argpartition(similarity, -n_kept, axis=1)[:, -n_kept:]


def _in_best_pose(
    rows: Int[np.ndarray, " block"],
    neighbours: Int[np.ndarray, "block neighbours"],
    poses: Float32[np.ndarray, "block poses 2 3"],
    queries: Float32[np.ndarray, "poses block kept"],
    gallery: Float32[np.ndarray, "2 films kept"],
) -> FilmPairs:
    """Pair each film with its neighbours, each in the pose that fits best."""
    block = np.repeat(np.arange(len(rows)), neighbours.shape[1])
    first = neighbours.ravel()
    similarities = np.einsum("pnk,snk->nsp", queries[:, block], gallery[:, first])
    best = similarities.reshape(len(first), -1).argmax(axis=1)
    side, pose = np.divmod(best, len(queries))
    maps = poses[block, pose]
    maps = np.where(side[:, None, None] == 1, mirror_first(maps), maps)
    return FilmPairs(first, rows[block], maps, similarities[np.arange(len(first)), side, pose])


def _merge(blocks: list[FilmPairs]) -> FilmPairs:
    """Join candidates; of a pair that both its films found, keep the pose that fits better."""
    found = FilmPairs.join(blocks)
    low = np.minimum(found.first, found.second)
    high = np.maximum(found.first, found.second)
    found = found.of(order := np.lexsort((-found.similarities, high, low)))
    pairs = np.stack([low[order], high[order]])
    is_new = np.ones(len(order), bool)
    is_new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    return found.of(is_new)


def rough_poses(
    shapes: Float32[np.ndarray, "films 2"],
) -> Float32[np.ndarray, "films poses 2 3"]:
    """List, for each film, the poses in which another one may appear in it.

    The other film was turned, within its canvas or on a canvas that grew with the turn, and so
    became this one; or it was cropped from this one. Mirrored poses are left out.

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


def mirror_first(maps: Float32[np.ndarray, "pairs 2 3"]) -> Float32[np.ndarray, "pairs 2 3"]:
    """Mirror the films that the maps start from, left to right."""
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
        second_shape: Those of the film that it leads to.

    Returns:
        Whether it mirrors left to right; and the angle by which it then turns, in degrees,
        counter-clockwise positive.
    """
    of_film = np.diag(second_shape) @ linear @ np.diag(1 / first_shape)
    is_mirrored = bool(np.linalg.det(of_film) < 0)
    if is_mirrored:
        of_film = of_film @ _MIRROR
    # The nearest rotation, without stretching.
    left, _, right = np.linalg.svd(of_film)
    turn = left @ right
    return is_mirrored, math.degrees(math.atan2(turn[0, 1] - turn[1, 0], turn[0, 0] + turn[1, 1]))


def local_detail(
    pictures: UInt8[np.ndarray, "films side side"], side_px: int, band: Band = BROAD
) -> Float32[np.ndarray, "films size size"]:
    """Keep the edges of pictures, at an even contrast.

    Args:
        pictures: Films as small squares.
        side_px: Side of the detail; at most that of the pictures.
        band: Sizes of detail that are kept.

    Returns:
        Detail with mean 0 and spread 1, roughly, where the picture has contrast.
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
    """Return a Gaussian and a change of size as one matrix, normalised at the edges."""
    step = from_px / to_px
    centres = (np.arange(to_px) + 0.5) * step - 0.5
    distance = (np.arange(from_px)[None, :] - centres[:, None]) / (sigma_px * step)
    weights = np.exp(-0.5 * distance**2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
