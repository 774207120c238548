"""Generated chest radiographs: anatomy, findings, films, and whole cohorts of them."""

from hilum.cohort.phantoms.cohort import (
    PHANTOMS_VERSION,
    PlannedPhantom,
    draw_phantom,
    plan_phantoms,
    write_phantoms,
)

__all__ = [
    "PHANTOMS_VERSION",
    "PlannedPhantom",
    "draw_phantom",
    "plan_phantoms",
    "write_phantoms",
]
