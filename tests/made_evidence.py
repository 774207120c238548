"""Evidence made by hand: a cohort without a fault, and one with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hilum.auditing.baselines import BEARINGS, Baseline, BaselineName, LeakWorth
from hilum.auditing.evidence import Evidence
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Exclusion, Film
from hilum.duplicates.duplicates import Duplicate
from hilum.evaluation.results import Estimate
from hilum.features.objects import N_OBJECT_COUNTS
from hilum.features.processing import N_PROCESSING
from hilum.features.traits import N_LEVELS, PICTURE_PX, FileTraits, FilmTraits
from hilum.films.picture import Encoding
from hilum.folds.folds import Folds, Split, repeated_folds

CANARY = "ZZPHI"
"""Stands in every name that no finding may carry: of patients, of files, of folders."""

CLASSES = ("Normal", "Opacity")
GOOD_TRAITS = FileTraits("PNG", 512, 480, 90_000, Encoding(), (), "")


def make_cohort(labels: Sequence[str], **columns: Sequence[Any]) -> Cohort:
    """Films of these labels; further columns of `Film` by name."""
    films = tuple(
        Film(
            film_id=f"{row:012x}",
            path=Path(f"/{CANARY}/{CANARY}-{row}.png"),
            sha256=f"{row:064x}",
            label=label,
            **{name: column[row] for name, column in columns.items()},
        )
        for row, label in enumerate(labels)
    )
    return Cohort("made", films, tuple(sorted(set(labels))))


def two_classes(n_films: int = 60) -> list[str]:
    """Labels that alternate."""
    return [CLASSES[row % 2] for row in range(n_films)]


def draw_picture() -> np.ndarray:
    """A coarse frontal chest: dark lungs, bright between and below them, dark outside."""
    y, x = np.mgrid[:PICTURE_PX, :PICTURE_PX] / (PICTURE_PX - 1)
    body = (np.abs(x - 0.5) < 0.46) * 170
    lungs = ((np.abs(x - 0.5) - 0.21) / 0.14) ** 2 + ((y - 0.42) / 0.3) ** 2 < 1
    picture: np.ndarray = np.where(lungs, 60, body).astype(np.uint8)
    return picture


def make_film_traits(
    n_films: int,
    traits: Mapping[int, FileTraits] | None = None,
    levels: Mapping[int, np.ndarray] | None = None,
    pictures: Mapping[int, np.ndarray] | None = None,
) -> FilmTraits:
    """Well-made films, save those rows for which something else is given."""
    spread = np.zeros(N_LEVELS, np.float32)
    spread[10:240] = 1 / 230
    return FilmTraits(
        files=tuple(
            (traits or {}).get(row, replace(GOOD_TRAITS, pixels_sha256=f"{row:064x}"))
            for row in range(n_films)
        ),
        levels=np.array([(levels or {}).get(row, spread) for row in range(n_films)], np.float32),
        objects=np.zeros((n_films, N_OBJECT_COUNTS), np.float32),
        processing=np.zeros((n_films, N_PROCESSING), np.float32),
        lungs=np.tile(np.array([1, 0.05, 0], np.float32), (n_films, 1)),
        pictures=np.array([(pictures or {}).get(row, draw_picture()) for row in range(n_films)]),
    )


def make_baseline(name: BaselineName, auroc: float, p_below: float) -> Baseline:
    """One that reaches this AUROC beside a model with 0.9."""
    share = max(0.0, (auroc - 0.5) / 0.4)
    return Baseline(
        name=name,
        n_films=60,
        auroc=around(auroc),
        model_auroc=around(0.9),
        share=around(share),
        p_below=p_below,
        p_chance=0.5 if auroc <= 0.55 else 0.001,
        caught=around(0.06),
        details={},
        seconds=1.0,
    )


def around(value: float) -> Estimate:
    """An estimate with bounds a twentieth away."""
    return Estimate(value, value - 0.05, value + 0.05, "bootstrap")


def seal(evidence: Evidence) -> Evidence:
    """Make writing into any array of the evidence an error."""
    arrays = [evidence.affinity]
    if evidence.film_traits:
        arrays += [evidence.film_traits.levels, evidence.film_traits.pictures]
    if evidence.folds:
        arrays += [evidence.folds.groups]
    for array in arrays:
        if array is not None:
            array.flags.writeable = False
    return evidence


def clean_evidence(n_films: int = 60) -> Evidence:
    """A cohort in which nothing is wrong."""
    cohort = make_cohort(
        two_classes(n_films),
        patient=[f"{CANARY}^{row}" for row in range(n_films)],
        source=["A" if row // 2 % 2 else "B" for row in range(n_films)],
    )
    return seal(
        Evidence(
            positive="Opacity",
            cohort=replace(cohort, patients_from=("60 of 60 films: the patient column",)),
            film_traits=make_film_traits(n_films),
            duplicates=(),
            affinity=np.full(n_films, 0.85),
            folds=repeated_folds(cohort.y, np.arange(n_films), n_repeats=1, seed=0),
            baselines=tuple(
                make_baseline(name, 0.5, 0.001)
                for name in ("metadata", "source", "frame", "histogram", "centre", "blur", "lungs")
            ),
            masked=frozenset(film.film_id for film in cohort.films),
            leak=LeakWorth("made", 20, 8, around(0.8), around(0.8), around(0.0)),
        )
    )


def faulty_evidence(n_films: int = 160) -> Evidence:
    """A cohort with every fault that any check looks for.

    Every sixteenth is Normal, so that the classes are uneven; the patients of the first
    rows have many films, and stand in both classes.
    """
    labels = ["Normal" if row % 16 == 0 else "Opacity" for row in range(n_films)]
    cohort = make_cohort(
        labels,
        patient=[f"{CANARY}^{row // 40}" if row < 80 else None for row in range(n_films)],
        source=[f"hospital of {label}" for label in labels],
        view=["LATERAL" if row == 3 else "PA" for row in range(n_films)],
    )
    lost = Exclusion(
        "unopened", Path(f"/{CANARY}.png"), "Normal", "CORRUPT", f"{CANARY} ends.", "Export it."
    )
    empty, white, dark, faint = (np.zeros(N_LEVELS, np.float32) for _ in range(4))
    empty[0] = 1
    white[100:], dark[:6], dark[6:200] = 1 / 156, 0.1, 0.4 / 194
    white[255] += 0.2
    faint[100:130] = 1 / 30
    traits = {
        4: replace(GOOD_TRAITS, width_px=40, height_px=40),
        5: replace(GOOD_TRAITS, width_px=4000, height_px=300),
        6: replace(GOOD_TRAITS, notes=("colour",)),
        7: replace(GOOD_TRAITS, notes=("16 bit, scaled from 3 to 4095", "rotated by EXIF")),
        8: replace(GOOD_TRAITS, lettering=0.02),
        9: replace(GOOD_TRAITS, lettering=0.2),
        **{row: replace(GOOD_TRAITS, lettering=0.004) for row in range(0, n_films, 16)},
    }
    groups = np.array([row // 40 if row < 80 else row for row in range(n_films)])
    rows = np.arange(n_films)
    return seal(
        Evidence(
            positive="Opacity",
            cohort=replace(cohort, excluded=(lost,)),
            film_traits=make_film_traits(
                n_films,
                traits=traits,
                levels={10: empty, 11: white, 12: dark, 13: faint},
                pictures={14: 255 - draw_picture()},
            ),
            duplicates=(
                Duplicate(0, 1, "bytes", 0.0, 1.0),
                Duplicate(2, 3, "pixels", 0.0, 1.0),
                Duplicate(4, 45, "copy", 0.0, 0.98),
                Duplicate(6, 7, "mirrored", 0.0, 0.97),
                Duplicate(8, 9, "rotated", -7.5, 0.96),
            ),
            affinity=np.where(rows == 15, 0.3, 0.85),
            folds=Folds((Split(0, 0, rows[1::2], rows[::2], rows[::2]),), groups),
            baselines=tuple(
                make_baseline(name, 0.89 if BEARINGS[name] == "diseaseless" else 0.85, 0.4)
                for name in (
                    "metadata", "source", "frame", "processing", "objects", "histogram",
                    "centre", "blur", "lungs", "lungless",
                )
            ),
            masked=frozenset(film.film_id for film in cohort.films[1:40]),
            leak=LeakWorth("made", 80, 2, around(0.7), around(0.9), around(0.2)),
        )
    )  # fmt: skip
