"""The films that benchmarks run on: the public ones where they are, else generated ones."""

from __future__ import annotations

import os
from pathlib import Path

from hilum.cohort.cohort import Cohort
from hilum.phantoms.cohort import write_phantoms


def public_folder() -> Path:
    """Where the public films are, if they are here."""
    return Path(os.environ.get("HILUM_SHARED_DATA", "../shared/data"))


def public_cohort(name: str) -> Cohort | None:
    """One of the public cohorts, or None where HILUM_SHARED_DATA leads nowhere."""
    folder = public_folder() / name
    return Cohort.from_folder(folder) if folder.is_dir() else None


def generated_cohort(folder: Path, n_films: int = 160) -> Cohort:
    """Phantoms, drawn anew."""
    return Cohort.from_csv(write_phantoms(folder, n_films=n_films))
