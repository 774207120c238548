"""The head keeps every promise that scikit-learn makes about an estimator."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from hilum.heads import HeadClassifier


@parametrize_with_checks([HeadClassifier()])
def test_head_classifier_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)
