from __future__ import annotations

import pytest

from hilum.studies.results import Comparison
from unit.report.make_comparison import make_comparison


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    return make_comparison(separation=1.6)
