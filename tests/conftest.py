"""What all tests share: one cache of compiled graphs, the public films where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Shapes and types stand in annotations; here they are held. Not for the heads: their own
# checks must be seen to refuse what does not fit, and scikit-learn passes them nonsense.
install_import_hook(
    [
        "hilum." + room
        for room in (
            "films",
            "cohort",
            "folds",
            "duplicates",
            "published",
            "backbones",
            "features",
            "evaluation",
            "auditing",
            "classifier",
            "studies",
        )
    ],
    "shape_checker.check",
)

# A loaded machine is no failing property.
settings.register_profile("hilum", deadline=None)
settings.load_profile("hilum")


@pytest.fixture(scope="session")
def graph_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for the whole session, so that each backbone is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def films_folder() -> Path:
    """The public films; tests that need them are skipped where they are absent."""
    folder = Path(os.environ.get("HILUM_SHARED_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no public films at {folder}; set HILUM_SHARED_DATA to their folder")
    return folder
