"""Generated chest radiographs: anatomy, findings, films, whole cohorts, and faults on request."""

from hilum.cohort.phantoms.cohort import (
    PHANTOMS_VERSION,
    draw_phantom,
    find_marker,
    write_phantoms,
)
from hilum.cohort.phantoms.planning import PlannedPhantom, plan_phantoms
from hilum.cohort.phantoms.plants import Plants, describe_plants, parse_plants

__all__ = [
    "PHANTOMS_VERSION",
    "PlannedPhantom",
    "Plants",
    "describe_plants",
    "draw_phantom",
    "find_marker",
    "parse_plants",
    "plan_phantoms",
    "write_phantoms",
]
