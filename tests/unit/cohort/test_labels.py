"""What one collection calls its classes is brought to what another calls them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hilum.cohort.labels import fit_to_classes, fit_to_own, name_classes
from hilum.errors import CohortError

DARKCOVIDNET = {"COVID": ["Covid-19"], "Normal": ["No_findings"]}


def test_without_a_map_every_label_means_itself() -> None:
    assert name_classes(None, ["a", "b"], where="row") == {"a": "a", "b": "b"}
    assert name_classes({}, ["a"], where="row") == {"a": "a"}


def test_a_map_names_only_what_it_maps() -> None:
    class_of = name_classes({"A": ["a", "b"], "C": ["c"]}, ["a", "b", "c", "d"], where="row")
    assert class_of == {"a": "A", "b": "A", "c": "C"}
    with pytest.raises(CohortError, match="No subfolder has the label 'x'"):
        name_classes({"A": ["x"]}, ["a", "b"], where="subfolder")


def test_a_map_that_does_not_speak_of_a_cohort_leaves_it_as_it_is() -> None:
    assert fit_to_own(DARKCOVIDNET, ["COVID", "Normal", "Lung_Opacity"]) is None
    assert fit_to_own({}, ["COVID", "Normal"]) is None


def test_a_class_that_is_mapped_elsewhere_only_keeps_its_own_name() -> None:
    labels = {"COVID": ["COVID", "COVID-ARDS", "Covid-19"], "Normal": ["No_findings"]}
    fitted = fit_to_own(labels, ["COVID", "COVID-ARDS", "Normal", "Lung_Opacity"])
    assert fitted == {"COVID": ["COVID", "COVID-ARDS"], "Normal": ["Normal"]}
    # Not where its name is another class's label.
    assert fit_to_own({"A": ["x"], "B": ["A"]}, ["A", "C"]) == {"B": ["A"]}


def test_another_cohort_is_mapped_to_the_classes_of_the_study() -> None:
    found = ["Covid-19", "No_findings", "Pneumonia"]
    assert fit_to_classes(DARKCOVIDNET, found, ["COVID", "Normal"], name="x") == DARKCOVIDNET
    fitted = fit_to_classes(DARKCOVIDNET, ["Covid-19", "Normal"], ["COVID", "Normal"], name="x")
    assert fitted == {"COVID": ["Covid-19"], "Normal": ["Normal"]}
    fitted = fit_to_classes(DARKCOVIDNET, ["Covid-19", "COVID"], ["COVID", "Normal"], name="x")
    assert fitted == {"COVID": ["Covid-19", "COVID"]}


def test_another_cohort_without_any_class_is_one_message() -> None:
    with pytest.raises(CohortError) as caught:
        fit_to_classes({}, ["Covid-19", "No_findings"], ["COVID", "Normal"], name="dark")
    text = str(caught.value)
    assert "'Covid-19', 'No_findings'" in text
    assert '--label "COVID=LABEL|LABEL" --label "Normal=LABEL|LABEL"' in text


LABELS = st.sampled_from("abcdef")


@given(
    owner=st.dictionaries(LABELS, st.sampled_from("abxy")),
    found=st.sets(LABELS, min_size=1),
    classes=st.sets(st.sampled_from("abxy"), min_size=1),
)
def test_no_label_ever_means_two_classes(
    owner: dict[str, str], found: set[str], classes: set[str]
) -> None:
    labels: dict[str, list[str]] = {}
    for label, name in owner.items():
        labels.setdefault(name, []).append(label)
    maps = [fit_to_own(labels, found) or {}]
    try:
        maps.append(fit_to_classes(labels, found, sorted(classes), name="x"))
    except CohortError:
        assert not {owner.get(label, label) for label in found} & classes
    for fitted in maps:
        meant = [label for of_class in fitted.values() for label in of_class]
        assert len(meant) == len(set(meant))
        assert set(meant) <= found
        # Every label goes where the user sent it; the others only to their own name.
        assert all(owner.get(m, m) == name for name, of_class in fitted.items() for m in of_class)
