from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.backbones.catalog import CATALOG, N_CLASSES, imagenet_classes
from hilum.cohort.cohort import Cohort
from hilum.errors import CohortError, UnknownBackboneError, WeightsError
from hilum.studies.extraction import open_context
from hilum.studies.naming import Naming, name_films_with
from hilum.studies.options import NamingOptions

THINGS = imagenet_classes()


class GreyNamer:
    """Takes a film for the thing whose number is its grey level, and a bit for the next."""

    size_px = 32
    feature_width = N_CLASSES
    map_shape = None

    def __init__(self) -> None:
        self.n_seen = 0

    def features(self, films: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for film in films:
            self.n_seen += 1
            scores = np.full(N_CLASSES, 0.2 / N_CLASSES, np.float32)
            level = round(float(film.mean()))
            scores[[level, level + 1]] += np.float32([0.6, 0.2])
            yield scores


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two films of grey 10 and one of 50 without disease; two of 100 with."""
    for label, levels in {"Normal": (10, 10, 50), "Opacity": (100, 100)}.items():
        (tmp_path / "films" / label).mkdir(parents=True)
        for number, level in enumerate(levels):
            # Of different sizes, so that equal greys are films of their own.
            film = Image.new("L", (40 + number, 40), level)
            film.save(tmp_path / "films" / label / f"{number}.png")
    return tmp_path / "films"


def ask(folder: Path, cache: Path, engine: GreyNamer, **options: object) -> Naming:
    asked = NamingOptions(cache_dir=cache, **{"backbones": ["efficientnet-lite0"], **options})
    context = open_context(asked, engine=lambda backbone, cache_dir, output: engine)
    return name_films_with(Cohort.from_folder(folder), asked, context)


def test_each_class_gets_its_five_things_by_mean_probability(folder: Path, tmp_path: Path) -> None:
    naming = ask(folder, tmp_path / "cache", GreyNamer())
    (backbone,) = naming.backbones
    normal, opacity = backbone.per_class
    base = 0.2 / N_CLASSES
    assert (normal.label, normal.n_films) == ("Normal", 3)
    assert [likeness.index for likeness in normal.top[:4]] == [10, 50, 11, 51]
    assert [likeness.probability for likeness in normal.top[:4]] == pytest.approx(
        [0.4 + base, 0.2 + base, 0.4 / 3 + base, 0.2 / 3 + base], rel=1e-5
    )
    assert [likeness.share_first for likeness in normal.top[:3]] == pytest.approx([2 / 3, 1 / 3, 0])
    assert len(normal.top) == len(opacity.top) == 5
    assert normal.commonest.thing == THINGS[10]
    assert normal.commonest.share_first == pytest.approx(2 / 3)
    assert (opacity.commonest.index, opacity.commonest.share_first) == (100, 1.0)


def test_each_film_gets_its_five_things(folder: Path, tmp_path: Path) -> None:
    naming = ask(folder, tmp_path / "cache", GreyNamer())
    (backbone,) = naming.backbones
    assert backbone.things.shape == backbone.probabilities.shape == (5, 5)
    levels = [10 if film.label == "Normal" else 100 for film in naming.cohort.films]
    levels[2] = 50
    assert backbone.things[:, 0].tolist() == levels
    assert backbone.things[:, 1].tolist() == [level + 1 for level in levels]
    assert np.all(np.diff(backbone.probabilities, axis=1) <= 0)
    assert backbone.size_px == CATALOG["efficientnet-lite0"].input.size_px
    assert backbone.weights.is_verified
    assert set(naming.provenance["graphs"]) == {"efficientnet-lite0"}


def test_every_film_is_asked_about_once_ever(folder: Path, tmp_path: Path) -> None:
    engine = GreyNamer()
    first = ask(folder, tmp_path / "cache", engine)
    assert engine.n_seen == 5
    again = ask(folder, tmp_path / "cache", engine)
    assert engine.n_seen == 5
    assert again.backbones[0].per_class == first.backbones[0].per_class


def test_films_that_cannot_be_read_are_listed_and_the_rest_goes_on(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "Normal" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"broken")
    naming = ask(folder, tmp_path / "cache", GreyNamer())
    assert [e.path.name for e in naming.cohort.excluded] == ["broken.png"]
    assert len(naming.cohort) == 5
    assert naming.backbones[0].per_class[0].n_films == 3


def test_a_class_without_any_readable_film_ends_the_study(folder: Path, tmp_path: Path) -> None:
    for film in (folder / "Opacity").iterdir():
        film.write_bytes(film.read_bytes()[:40])
    with pytest.raises(CohortError, match="No film of class 'Opacity' can be read"):
        ask(folder, tmp_path / "cache", GreyNamer())


def test_by_default_every_backbone_takes_part_whose_classifier_is_here(
    folder: Path, tmp_path: Path
) -> None:
    naming = ask(folder, tmp_path / "cache", GreyNamer(), backbones=None)
    names = [backbone.name for backbone in naming.backbones]
    assert names[:3] == ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]
    assert {*names, *(absent.name for absent in naming.unavailable)} == set(CATALOG)


def test_all_missing_classifiers_are_named_before_any_work(folder: Path, tmp_path: Path) -> None:
    engine, cache = GreyNamer(), tmp_path / "cache"
    with pytest.raises(WeightsError) as caught:
        ask(folder, cache, engine, backbones=["efficientnet-lite0", "VGG16", "Xception"])
    text = str(caught.value)
    assert "vgg16_weights_tf_dim_ordering_tf_kernels.h5" in text
    assert "xception_weights_tf_dim_ordering_tf_kernels.h5" in text
    assert "notop" not in text
    assert "fetch VGG16 Xception --with-top" in text
    assert engine.n_seen == 0
    with pytest.raises(UnknownBackboneError):
        ask(folder, cache, engine, backbones=["no such network"])


def test_a_file_of_another_hash_is_used_only_when_allowed_and_then_told(
    folder: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "vgg16_weights_tf_dim_ordering_tf_kernels.h5").write_bytes(b"\x89HDF\r\n\x1a\n...")
    options = {"backbones": ["VGG16"], "weights_dir": weights, "allows_unverified_weights": True}
    naming = ask(folder, tmp_path / "cache", GreyNamer(), **options)
    assert naming.backbones[0].title == "VGG16 (unverified weights)"
    assert naming.backbones[0].weights.origin == "unverified file"
