"""Small pictures of films for the report and the web page."""

from __future__ import annotations

import io

from PIL import Image

from hilum.cohort.reading import FilmImage


def thumbnail(image: FilmImage, longest_side_px: int = 192) -> bytes:
    """Shrink a film for display; a smaller film keeps its size.

    Args:
        image: The film.
        longest_side_px: Longer side of the result, which keeps the proportions of
            the stored film.

    Returns:
        A grey JPEG file without any metadata.
    """
    shrink = min(1.0, longest_side_px / max(image.width_px, image.height_px))
    size = [max(1, round(side * shrink)) for side in (image.width_px, image.height_px)]
    small = Image.fromarray(image.pixels).resize((size[0], size[1]), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80)
    return file.getvalue()
