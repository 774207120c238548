"""Where the lungs, the heart and the midline of a frontal film stand, roughly.

Good enough to paint by, on adults and children, on films with black borders and without. A
template of two lungs is laid on a small copy of the film, in many sizes; grey levels then decide
near its edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image, ImageDraw
from scipy import fft, ndimage

CHEST_MM = 270.0
"""From the outer edge of one lung to that of the other in a grown person."""

_SIDE = 96
_PERIOD = 120  # room for the template to run a little off the film, and no more
_RIGHT_LUNG = (
    (-0.40, 0.00), (-0.60, 0.05), (-0.78, 0.22), (-0.91, 0.46), (-0.98, 0.72), (-0.99, 0.97),
    (-0.86, 0.89), (-0.62, 0.81), (-0.38, 0.81), (-0.20, 0.87), (-0.17, 0.62), (-0.18, 0.42),
    (-0.13, 0.25), (-0.19, 0.07),
)  # fmt: skip
_LEFT_LUNG = (
    (0.38, 0.00), (0.58, 0.05), (0.77, 0.22), (0.90, 0.46), (0.98, 0.72), (0.99, 0.99),
    (0.85, 0.93), (0.64, 0.88), (0.54, 0.80), (0.42, 0.66), (0.28, 0.54), (0.17, 0.42),
    (0.13, 0.25), (0.18, 0.07),
)  # fmt: skip
_WIDTHS = (0.52, 0.60, 0.68, 0.76, 0.84, 0.92)
_HEIGHTS = (0.42, 0.49, 0.56, 0.64, 0.72, 0.80)


@dataclass(frozen=True)
class Chest:
    """The chest on one film; pixels of that film, rows downwards.

    Attributes:
        lungs: Share of lung in each pixel, 0 to 1, height x width; both lungs.
        midline_px: Column of the spine.
        left_px: Outer edge of the lung on the film's left, which is the patient's right.
        right_px: Outer edge of the other lung.
        top_px: Row of the apices.
        bottom_px: Row of the costophrenic angles.
        contrast: How much denser soft tissue is than lung, in logits of the level.
        tissue: The logit of soft tissue beside and below the lungs.
    """

    lungs: np.ndarray
    midline_px: float
    left_px: float
    right_px: float
    top_px: float
    bottom_px: float
    contrast: float
    tissue: float

    @property
    def px_per_mm(self) -> float:
        return (self.right_px - self.left_px) / CHEST_MM

    @property
    def width_px(self) -> float:
        return self.right_px - self.left_px

    @property
    def height_px(self) -> float:
        return self.bottom_px - self.top_px

    def lung_box(self, margin_mm: float = 12) -> tuple[slice, slice]:
        """Give the rows and columns that hold the lungs, and a margin."""
        margin = margin_mm * self.px_per_mm
        spans = zip(
            (self.top_px - margin, self.left_px - margin),
            (self.bottom_px + margin, self.right_px + margin),
            self.lungs.shape,
            strict=True,
        )
        rows, columns = (
            slice(max(0, int(start)), min(size, int(stop) + 1)) for start, stop, size in spans
        )
        return rows, columns

    def crop(self, box: tuple[slice, slice]) -> Chest:
        """Give the same chest on a part of the film."""
        rows, columns = box
        return replace(
            self,
            lungs=self.lungs[box],
            midline_px=self.midline_px - columns.start,
            left_px=self.left_px - columns.start,
            right_px=self.right_px - columns.start,
            top_px=self.top_px - rows.start,
            bottom_px=self.bottom_px - rows.start,
        )

    def place(self, across: float, down: float) -> tuple[float, float]:
        """Turn chest coordinates into pixels (x, y).

        Args:
            across: -1 at the outer edge of the lung on the film's left, 0 at the midline, 1 at
                the other edge.
            down: 0 at the apices, 1 at the costophrenic angles.
        """
        reach = self.midline_px - self.left_px if across < 0 else self.right_px - self.midline_px
        return self.midline_px + across * reach, self.top_px + down * self.height_px

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Give every pixel's chest coordinates, as `place` counts them: across, down."""
        height, width = self.lungs.shape
        x = np.arange(width, dtype=np.float32) - self.midline_px
        across = np.where(
            x < 0, x / (self.midline_px - self.left_px), x / (self.right_px - self.midline_px)
        )
        down = (np.arange(height, dtype=np.float32) - self.top_px) / self.height_px
        return (
            np.broadcast_to(across.astype(np.float32), (height, width)),
            np.broadcast_to(down.astype(np.float32)[:, None], (height, width)),
        )

    def side(self, is_left: bool) -> np.ndarray:
        """Give the lung of one side of the film."""
        across, _ = self.grid()
        return self.lungs * ((across < 0) if is_left else (across >= 0))


@cache
def _template(width_px: int, height_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw both lungs, and what must be brighter than they: signs sum to zero."""
    margin = 6
    shape = (height_px + 2 * margin, width_px + 2 * margin)
    picture = Image.new("L", (shape[1] * 4, shape[0] * 4))
    draw = ImageDraw.Draw(picture)
    for outline in (_RIGHT_LUNG, _LEFT_LUNG):
        corners = [
            (4 * (margin + width_px * (0.5 + x / 2)), 4 * (margin + height_px * y))
            for x, y in outline
        ]
        draw.polygon(corners, fill=255)
    lungs = np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BOX), float) / 255
    near = ndimage.maximum_filter(lungs, 9) - lungs
    kernel = near / near.sum() - lungs / lungs.sum()
    return lungs, kernel / np.sqrt((kernel**2).sum())


@cache
def _spectrum(width_px: int, height_px: int) -> np.ndarray:
    _, kernel = _template(width_px, height_px)
    return np.conj(fft.rfft2(kernel.astype(np.float32), (_PERIOD, _PERIOD)))


def find_chest(film: np.ndarray) -> Chest:
    """Find the chest on a frontal film.

    Args:
        film: Grey levels from 0 to 1, height x width; air is dark.
    """
    small_levels = _shrink(film)
    small = _spread_levels(small_levels)
    best = (-np.inf, 0, 0, 0, 0)
    padded = np.zeros((_PERIOD, _PERIOD), np.float32)
    padded[:_SIDE, :_SIDE] = small - small.mean()
    film_spectrum = fft.rfft2(padded)
    row, column = np.mgrid[:_SIDE, :_SIDE]
    for width in (round(_SIDE * share) for share in _WIDTHS):
        for height in (round(_SIDE * share) for share in _HEIGHTS):
            if not 0.62 < height / width < 1.25:
                continue
            fit = fft.irfft2(film_spectrum * _spectrum(width, height), (_PERIOD, _PERIOD))
            fit = np.roll(fit, (12, 12), (0, 1))[: _SIDE + 12, : _SIDE + 12]
            fit = fit[: max(_SIDE - height + 8, 1), : max(_SIDE - width + 8, 1)]
            at = np.unravel_index(int(fit.argmax()), fit.shape)
            off_centre = (float(at[1]) - 6 + width / 2) / _SIDE - 0.5
            usual = np.exp(-0.5 * ((height / width - 0.86) / 0.25) ** 2)
            usual *= np.exp(-0.5 * (off_centre / 0.15) ** 2)
            score = float(fit[at]) * usual
            if score > best[0]:
                best = (score, int(at[1]) - 12 + 6, int(at[0]) - 12 + 6, width, height)
    _, left, top, width, height = best
    mask = np.zeros((_SIDE, _SIDE))
    lungs, _ = _template(width, height)
    y, x = row - (top - 6), column - (left - 6)
    inside = (y >= 0) & (x >= 0) & (y < lungs.shape[0]) & (x < lungs.shape[1])
    mask[inside] = lungs[y[inside], x[inside]]
    mask = _settle(small, mask)
    return _measure(small_levels, mask, film.shape, left, width)


def _shrink(film: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(np.round(255 * film).astype(np.uint8))
    return np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.BOX), float) / 255


def _spread_levels(small: np.ndarray) -> np.ndarray:
    """Even out the levels, with the air around the body as bright as the body."""
    dark = ndimage.gaussian_filter(small, 1) < 0.5 * np.median(small)
    pieces, _ = ndimage.label(np.pad(dark, 1, constant_values=True))
    outside = ndimage.binary_dilation((pieces == pieces[0, 0])[1:-1, 1:-1], iterations=1)
    # Lungs that touch the outside at a low threshold are kept: air is darker than they.
    outside &= small < max(0.12, 0.3 * float(np.median(small)))
    levels = np.sort(small[~outside])
    spread = np.searchsorted(levels, small) / max(levels.size, 1)
    spread[outside] = 0.7
    spread = ndimage.gaussian_filter(spread, 1)
    return spread - 0.6 * ndimage.gaussian_filter(spread, 14)


def _settle(small: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Let grey levels decide within a few pixels of the template's edge."""
    core, reach = ndimage.grey_erosion(mask, 7) > 0.5, ndimage.grey_dilation(mask, 3) > 0.5
    local = ndimage.gaussian_filter(small, 9)
    inside = float(np.median(small[mask > 0.5]))
    rim = reach & (mask < 0.5)
    edge = 0.5 * (inside + float(np.median(small[rim]))) if rim.any() else inside
    is_lung = (small < 0.5 * (edge + local)) & reach
    settled = ndimage.binary_opening(is_lung | core, iterations=1)
    settled = ndimage.binary_closing(settled, iterations=2)
    return ndimage.binary_fill_holes(settled | core).astype(float)


def _measure(
    levels: np.ndarray, mask: np.ndarray, shape: tuple[int, int], left: int, width: int
) -> Chest:
    """Read the landmarks off the small mask, and bring it to the film's size."""
    middle = left + width / 2
    columns = np.arange(_SIDE)
    halves = [mask * (columns < middle), mask * (columns >= middle)]
    scale_y, scale_x = shape[0] / _SIDE, shape[1] / _SIDE
    rows = mask.sum(1) > 1
    down = np.flatnonzero(rows)
    # A few stray pixels beside the chest are no edge of a lung.
    across = np.flatnonzero(mask.sum(0) > 0.15 * len(down))
    # The spine runs halfway between the lungs' inner edges in their upper half.
    upper = slice(int(down[0]) + len(down) // 6, int(down[0]) + len(down) // 2)
    inner = [
        (np.flatnonzero(first)[-1] + np.flatnonzero(second)[0]) / 2
        for first, second in zip(halves[0][upper], halves[1][upper], strict=True)
        if first.any() and second.any()
    ]
    # Soft tissue: between the lungs, and a hand's breadth below them.
    low, high = int(down[0]) + len(down) // 4, min(_SIDE, int(down[-1]) + len(down) // 6)
    box = (slice(low, high), slice(int(across[0]) + 2, int(across[-1]) - 1))
    logits = [
        float(np.log(level / (1 - level)))
        for level in np.clip(
            (np.median(levels[mask > 0.5]), np.median(levels[box][mask[box] < 0.5])), 0.06, 0.94
        )
    ]
    smooth = ndimage.gaussian_filter(mask, 0.8)
    picture = Image.fromarray(smooth.astype(np.float32))
    lungs = np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    return Chest(
        lungs=np.clip(lungs, 0, 1),
        midline_px=(0.5 + (float(np.median(inner)) if inner else middle)) * scale_x,
        left_px=float(across[0]) * scale_x,
        right_px=float(across[-1] + 1) * scale_x,
        top_px=float(down[0]) * scale_y,
        bottom_px=float(down[-1] + 1) * scale_y,
        contrast=float(np.clip(logits[1] - logits[0], 0.6, 2.2)),
        tissue=logits[1],
    )
