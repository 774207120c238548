"""Where the evidence stands: on one spot of all films, or now here, now there, as disease does.

With average pooling a linear head's score is a sum over the cells of the last feature map, so that
the share of each place is known exactly. A pacemaker, a tube or lettering holds much of it on
the same spot of every film; opacities lie now here, now there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

_WINDOW_SHARE = 3 / 7
"""Side of the window that is called one place, over the side of the map: 3 of 7 cells."""

FILMS_SHOWN = 10
"""The films that are called most surely, whose strongest spots are shown."""

_THIRDS = (("upper", "middle", "lower"), ("left", "middle", "right"))


@dataclass(frozen=True)
class Box:
    """A part of a film, in fractions of its height and width from the upper left.

    Attributes:
        top: Where it begins.
        left: Where it begins.
        side: Its height over the film's, and its width over the film's.
    """

    top: float
    left: float
    side: float


@dataclass(frozen=True)
class Spot:
    """The strongest place of one film.

    Attributes:
        film_id: Which film.
        share: Of the film's evidence that lies there.
        box: Where it is.
    """

    film_id: str
    share: float
    box: Box


@dataclass(frozen=True)
class Place:
    """Where the evidence for the positive class stands on its films.

    Attributes:
        n_films: Films of the positive class that were looked at.
        share: Of the evidence, what the average film has on the one place that holds most over
            all films. A place as large holds 0.18 of evidence that lies anywhere.
        own_share: What the average film has on its own strongest place.
        box: The place that all films share.
        centre: The middle of the evidence there, down and across, in fractions of the film.
        spots: The strongest place of each of the films that are called most surely.
        seconds: What it cost.
    """

    n_films: int
    share: float
    own_share: float
    box: Box
    centre: tuple[float, float]
    spots: tuple[Spot, ...]
    seconds: float = 0.0

    @property
    def where(self) -> str:
        """The place in words, as a reader sees the film: `in the upper left of the film`."""
        down, across = (
            words[min(2, int(3 * part))] for words, part in zip(_THIRDS, self.centre, strict=True)
        )
        if down == across == "middle":
            return "in the middle of the film"
        return f"in the {down} {across} of the film"


def locate_evidence(
    evidence: Float[np.ndarray, "films rows columns"],
    is_positive: Bool[np.ndarray, " films"],
    film_ids: Sequence[str],
    *,
    seconds: float = 0.0,
) -> Place | None:
    """Find the places that speak for the positive class.

    Args:
        evidence: What each cell adds to each film's score, by a head that never saw the film.
        is_positive: Which films are of the positive class.
        film_ids: Of each film.
        seconds: What the evidence cost.

    Returns:
        None where a side has no film, or nothing on any film speaks for the class.
    """
    if not is_positive.any() or is_positive.all():
        return None
    # What films without the disease have at a cell is where a film of the class starts from.
    surplus = evidence[is_positive] - evidence[~is_positive].mean(axis=0)
    speaks = np.maximum(surplus, 0)
    totals = speaks.sum(axis=(1, 2))
    kept = totals > 0
    if not kept.any():
        return None
    cells = speaks[kept] / totals[kept, np.newaxis, np.newaxis]
    shares = _slide(cells)
    common = shares.mean(axis=0)
    box = _box(int(common.argmax()), cells.shape[1:])
    ids = [film_id for film_id, k in zip(np.array(film_ids)[is_positive], kept, strict=True) if k]
    surest = np.argsort(-surplus[kept].sum(axis=(1, 2)), kind="stable")[:FILMS_SHOWN]
    shape = evidence.shape[1:]
    return Place(
        n_films=int(kept.sum()),
        share=float(common.max()),
        own_share=float(shares.max(axis=(1, 2)).mean()),
        box=box,
        centre=_centre(cells.mean(axis=0), box),
        spots=tuple(
            Spot(str(ids[row]), float(shares[row].max()), _box(int(shares[row].argmax()), shape))
            for row in surest
        ),
        seconds=seconds,
    )


def _window(shape: tuple[int, ...]) -> int:
    return max(1, round(_WINDOW_SHARE * min(shape)))


def _slide(shares: Float[np.ndarray, "films rows columns"]) -> Float[np.ndarray, "films r c"]:
    """Sum the shares within the window at each of its places."""
    side = _window(shares.shape[1:])
    windows = np.lib.stride_tricks.sliding_window_view(shares, (side, side), axis=(1, 2))
    return np.asarray(windows.sum(axis=(3, 4)))


def _centre(cells: Float[np.ndarray, "rows columns"], box: Box) -> tuple[float, float]:
    """Find the middle of the evidence within a box."""
    rows, columns = cells.shape
    side = _window(cells.shape)
    top, left = round(box.top * rows), round(box.left * columns)
    part = cells[top : top + side, left : left + side]
    middles = np.arange(side) + 0.5
    down = float(part.sum(axis=1) @ middles / part.sum())
    across = float(part.sum(axis=0) @ middles / part.sum())
    return (top + down) / rows, (left + across) / columns


def _box(position: int, shape: tuple[int, ...]) -> Box:
    side = _window(shape)
    row, column = divmod(position, shape[1] - side + 1)
    return Box(row / shape[0], column / shape[1], side / shape[0])
