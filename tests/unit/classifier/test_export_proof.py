"""A file that answers otherwise than its bundle is found out."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.classifier.bundle import Bundle, read_bundle
from hilum.classifier.export.files import bundle_outputs, compare_outputs, draw_test_squares
from hilum.errors import ExportError
from tiny_bundle import write_tiny_bundle

Answers = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    return read_bundle(write_tiny_bundle(folder), folder / "no-cache")


@pytest.fixture(scope="module")
def expected(bundle: Bundle) -> Answers:
    return bundle_outputs(bundle, draw_test_squares(bundle.record.backbone.size_px), with_map=True)


def test_the_bundle_equals_itself(bundle: Bundle, expected: Answers) -> None:
    differences = compare_outputs(expected, expected, bundle)
    assert differences == dict.fromkeys(("probabilities", "log_odds", "distance", "map"), 0.0)


@pytest.mark.parametrize("name", ["probabilities", "log_odds", "distance", "map"])
@pytest.mark.parametrize("fault", [2e-4, np.nan])
def test_one_wrong_number_is_found(
    bundle: Bundle, expected: Answers, name: str, fault: float
) -> None:
    wrong = expected[name].copy()
    wrong.flat[-1] += fault * max(1.0, np.abs(wrong).max())
    with pytest.raises(ExportError, match=name):
        compare_outputs(expected | {name: wrong}, expected, bundle)


def test_another_call_is_found_where_it_is_clear(bundle: Bundle, expected: Answers) -> None:
    wrong = {"call": np.where(expected["call"] == 0, 1, 0)}
    with pytest.raises(ExportError, match="another class"):
        compare_outputs(expected | wrong, expected, bundle)
    at_the_limit = expected | {"distance": np.full_like(expected["distance"], 1e-9)}
    at_the_limit["distance"] += bundle.guard.threshold
    compare_outputs(at_the_limit | wrong, at_the_limit, bundle)


@pytest.mark.parametrize("size_px", [64, 224, 331])
def test_the_pictures_are_unlike(size_px: int) -> None:
    squares = draw_test_squares(size_px)
    assert squares.shape == (5, size_px, size_px, 1)
    flat = squares.reshape(5, -1).astype(float)
    assert (flat.std(axis=1) > 20).all()
    assert (np.corrcoef(flat) - np.eye(5) < 0.9).all()
