"""A network that was trained on the films of a study is named, by the user or the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.studies.collections import tell_collections
from hilum.studies.results import BackboneResult
from unit.report.make_comparison import make_comparison


def cohort_of(*names: str) -> Cohort:
    films = tuple(
        Film(f"{k:012x}", Path(name), f"{k:064x}", "Normal") for k, name in enumerate(names)
    )
    return Cohort(name="films", films=films, classes=("Normal",))


@pytest.fixture(scope="module")
def network() -> BackboneResult:
    return make_comparison(backbones=1).backbones[0]


def trained_on(network: BackboneResult, text: str) -> list[BackboneResult]:
    return [replace(network, weights=replace(network.weights, origin=f"weights.onnx, {text}"))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("images/00001234_001.png", "NIH ChestX-ray14, RSNA"),
        ("x/patient00123/study2/view1_frontal.jpg", "CheXpert and others"),
        ("02aa804e-bde0afdd-112c0b34-7bc16630-4e384014.jpg", "MIMIC-CXR 2.0"),
        ("person7_virus_12.jpeg", "the Kermany collection"),
        ("JPCLN001.png", "JSRT"),
        ("CHNCXR_0123_1.png", "Shenzhen, Montgomery"),
    ],
)
def test_a_collection_is_known_by_its_files_names(
    network: BackboneResult, name: str, text: str
) -> None:
    (told,) = tell_collections(cohort_of(name), (), trained_on(network, text))
    assert told.startswith(f"{network.title} was trained on ")
    assert "by their files' names" in told
    assert not tell_collections(cohort_of("film-1.png"), (), trained_on(network, text))
    assert not tell_collections(cohort_of(name), (), trained_on(network, "ImageNet-1k"))


def test_the_user_says_where_films_come_from_in_any_spelling(network: BackboneResult) -> None:
    films, told = cohort_of("a.png"), trained_on(network, "NIH ChestX-ray14 and Elsewhere Set 2")
    for named in ("NIH", "chestxray14", "ChestX-ray8", "elsewhere-set 2"):
        (sentence,) = tell_collections(films, [named], told)
        assert f"was trained on {named}, from which these films come, as you say" in sentence
    assert not tell_collections(films, ["PadChest"], told)
    assert not tell_collections(films, ["unihospital"], told)


def test_one_name_among_many_films_points_nowhere(network: BackboneResult) -> None:
    names = ["00001234_001.png", *(f"film-{k}.png" for k in range(40))]
    assert not tell_collections(cohort_of(*names), (), trained_on(network, "NIH ChestX-ray14"))
