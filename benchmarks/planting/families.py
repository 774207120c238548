"""The families that can be planted, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.planting import acquisition, disease, objects
from benchmarks.planting.chest import Chest

Paint = Callable[[np.ndarray, Chest, np.random.Generator, float], np.ndarray]
"""Paints on a film (grey levels 0 to 1, height x width) at a strength of 0 or more."""


@dataclass(frozen=True)
class Family:
    """One kind of thing that may tell the classes apart.

    Attributes:
        name: What it is called on the command line.
        group: What it belongs to: a kind of disease or of shortcut.
        nature: "disease", "shortcut" or "nothing".
        causes: What has to be named, "objects", "processing", "geometry", "attribute" or "order":
            the first, and beside it what would be true as well; empty for disease.
        place: Where on the film it stands.
        words: What a reader may call it; one of them is right.
        paint: How it gets onto a film; None where nothing does.
        column: The column of the table that goes with it.
        is_local: Whether it stands in one small place of a film.
        is_cropped: Whether all films of the cohort, of both classes, are cropped to the lungs.
    """

    name: str
    group: str
    nature: str
    causes: tuple[str, ...]
    place: str
    words: tuple[str, ...]
    paint: Paint | None
    column: str | None = None
    is_local: bool = False
    is_cropped: bool = False

    @property
    def expected(self) -> str:
        """What an honest verdict may say where this alone was planted, strong enough."""
        if self.nature != "disease":
            return "not supported"
        return "not withheld" if self.is_local or self.is_cropped else "supported"


def _disease(
    name: str, place: str, paint: Paint, *, is_local: bool = False, is_cropped: bool = False
) -> Family:
    return Family(
        name, "disease", "disease", (), place, (), paint,
        is_local=is_local, is_cropped=is_cropped,
    )  # fmt: skip


def _object(group: str, name: str, place: str, paint: Paint, *words: str) -> Family:
    return Family(name, group, "shortcut", ("objects",), place, words, paint, is_local=True)


def _processing(name: str, paint: Paint, *words: str) -> Family:
    return Family(name, name, "shortcut", ("processing",), "whole film", words, paint)


def _geometry(name: str, place: str, paint: Paint, *words: str) -> Family:
    return Family(name, name, "shortcut", ("geometry",), place, words, paint)


def _attribute(name: str, place: str, paint: Paint, *also: str) -> Family:
    return Family(name, name, "shortcut", ("attribute", *also), place, (name,), paint, name)


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("nothing", "control", "nothing", (), "nowhere", (), None),
        Family(
            "nothing-but-columns", "control", "nothing", (), "nowhere", (), None,
            "age sex view source",
        ),
        _disease("patchy", "both lungs, lower and outer", disease.patchy),
        _disease("patchy-cropped", "lungs", disease.patchy, is_cropped=True),
        _disease("reticular", "both lungs, lower and outer", disease.reticular),
        _disease("nodule", "anywhere in a lung", disease.nodule, is_local=True),
        _disease("effusion", "base of a lung", disease.effusion, is_local=True),
        _disease("large-heart", "heart", disease.large_heart, is_local=True),
        _disease("atelectasis", "base of a lung", disease.atelectasis, is_local=True),
        _object("writing", "writing-centre", "mediastinum", objects.writing_centre,
                "writing", "letters"),
        _object("writing", "writing-inside-edge", "12 % from an edge",
                objects.writing_inside_edge, "writing", "letters"),
        _object("writing", "writing-corner", "corner", objects.writing_corner,
                "writing", "letters"),
        _object("markers", "side-marker", "beside a shoulder", objects.side_marker,
                "marker", "letters"),
        _object("lines", "straight-line", "over the chest", objects.straight_line, "line"),
        _object("lines", "arrow", "over a lung", objects.arrow, "arrow"),
        _object("tubes", "endotracheal-tube", "trachea", objects.endotracheal_tube, "tube"),
        _object("tubes", "central-line", "neck and vena cava", objects.central_line,
                "line", "catheter"),
        _object("tubes", "nasogastric-tube", "oesophagus", objects.nasogastric_tube, "tube"),
        _object("electrodes", "electrodes", "over the chest", objects.electrodes, "electrodes"),
        _object("pacemaker", "pacemaker", "below a clavicle, and heart", objects.pacemaker,
                "pacemaker"),
        _object("clips", "surgical-clips", "mediastinum and hila", objects.surgical_clips,
                "clips"),
        _object("shadows", "breast-shadows", "lower lungs", objects.breast_shadows,
                "soft tissue"),
        _object("shadows", "clothing", "over the chest", objects.clothing, "clothes"),
        _processing("exposure", acquisition.exposure, "grey levels", "brightness", "exposure"),
        _processing("window", acquisition.window, "grey levels", "contrast"),
        _processing("local-contrast", acquisition.local_contrast, "local contrast"),
        _processing("equalisation", acquisition.equalisation, "grey levels", "histogram"),
        _processing("sharpening", acquisition.sharpening, "sharpness"),
        _processing("blur", acquisition.blur, "sharpness"),
        _processing("grain", acquisition.grain, "noise", "grain"),
        _processing("resolution", acquisition.resolution, "resolution", "sharpness"),
        _processing("compression", acquisition.compression, "compression", "JPEG"),
        _geometry("collimator", "edges", acquisition.collimator, "frame", "edges"),
        _geometry("black-borders", "edges", acquisition.black_borders, "frame", "borders"),
        _geometry("zoom", "whole film", acquisition.zoom, "crop", "size of the chest"),
        _geometry("tilt", "whole film", acquisition.tilt, "rotation"),
        _geometry("position", "whole film", acquisition.position, "position"),
        _attribute("age", "aortic arch, bones", acquisition.ageing),
        _attribute("sex", "lower lungs", objects.breast_shadows),
        _attribute("view", "whole film", acquisition.supine, "geometry", "processing"),
        _attribute("device", "whole film", acquisition.other_device, "processing"),
        _attribute("source", "whole film", acquisition.other_hospital, "geometry", "processing"),
        Family("order", "order", "shortcut", ("order", "processing"), "whole film",
               ("order", "drift"), acquisition.exposure),
    )
}  # fmt: skip
"""Every family, controls first, then disease, then shortcuts."""
