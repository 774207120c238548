"""One made-up comparison and its page, shared by the tests of the report."""

from __future__ import annotations

import pytest
from make_comparison import make_comparison, render_page

from hilum.studies.results import Comparison


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    return make_comparison(separation=1.6)


@pytest.fixture(scope="session")
def page(comparison: Comparison) -> str:
    return render_page(comparison)
