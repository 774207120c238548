from __future__ import annotations

import inspect
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from hilum.heads.estimator import HeadClassifier
from hilum.heads.recipe import HeadRecipe


def make_data(films=80, width=12):
    rng = np.random.default_rng(0)
    y = np.array(["normal", "pneumonia"])[np.arange(films) % 2]
    X = rng.standard_normal((films, width))  # noqa: N806
    X[:, 0] += 6 * (y == "pneumonia")
    return X, y


def test_defaults_are_those_of_the_recipe():
    options = {
        name: parameter.default
        for name, parameter in inspect.signature(HeadClassifier).parameters.items()
    }
    assert options.items() >= asdict(HeadRecipe()).items()


def test_works_in_a_pipeline_under_cross_validation():
    model = make_pipeline(Normalizer(), HeadClassifier(random_state=0, max_epochs=40))
    assert cross_val_score(model, *make_data(), cv=3).mean() > 0.9


def test_labels_and_history_are_kept():
    X, y = make_data()  # noqa: N806
    model = HeadClassifier(random_state=0, max_epochs=7).fit(X, y)
    assert list(model.classes_) == ["normal", "pneumonia"]
    assert model.history_.validation_loss.shape == (1, 7)
    assert set(model.predict(X)) <= set(y)
    np.testing.assert_array_equal(
        model.predict_proba(X),
        HeadClassifier(random_state=0, max_epochs=7).fit(X, y).predict_proba(X),
    )


def test_without_a_validation_part_the_last_epoch_is_kept():
    model = HeadClassifier(validation_fraction=0.0, max_epochs=5, random_state=0).fit(*make_data())
    assert np.isnan(model.history_.validation_loss).all()
    assert model.history_.best_epoch[0] == 4


def test_a_single_class_is_refused():
    X, y = make_data()  # noqa: N806
    with pytest.raises(ValueError, match="one class"):
        HeadClassifier().fit(X[y == "normal"], y[y == "normal"])
