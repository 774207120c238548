"""With its original classifier on top, the ported network still names what it sees."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embedded import EMBEDDED, embedded
from hilum.backbones.catalog import CATALOG, N_CLASSES, imagenet_classes, with_top
from hilum.backbones.compilation import compile_backbone
from hilum.backbones.engine import open_engine
from hilum.errors import WeightsError
from hilum.features.views import UPRIGHT, render_views
from hilum.films.film import decode_film

CATS = {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"}
BESIDE_A_UNIFORM = {"Windsor tie", "suit", "pickelhaube"}


@pytest.mark.films
@pytest.mark.parametrize("name", EMBEDDED)
def test_the_three_pictures_are_named(name: str, films_folder: Path, graph_cache: Path) -> None:
    backbone = embedded(name)
    engine = open_engine(backbone, graph_cache, "classes")
    assert engine.feature_width == N_CLASSES
    films = [
        decode_film((films_folder / "not-radiographs" / f"{picture}.bmp").read_bytes())
        for picture in ("cat", "grace_hopper", "sunflower")
    ]
    pictures = [render_views(film.pixels, (UPRIGHT,), engine.size_px)[0] for film in films]
    scores = np.array(list(engine.features(pictures)))
    assert np.allclose(scores.sum(axis=1), 1.0, atol=1e-5)
    things = imagenet_classes()
    cat, uniform, flower = ([things[k] for k in np.argsort(-row)[:5]] for row in scores)
    assert cat[0] in CATS
    assert len(CATS & set(cat)) >= 3
    assert uniform[0] == "military uniform"
    assert BESIDE_A_UNIFORM & set(uniform)
    assert flower[0] == "daisy"  # ImageNet has no sunflower; this is its nearest


def test_the_graph_with_the_classifier_stands_apart(graph_cache: Path) -> None:
    named = compile_backbone(embedded(), graph_cache, "classes")
    assert named != compile_backbone(embedded(), graph_cache)
    about = json.loads((named / "graph.json").read_text())
    assert about["output"] == "classes"
    assert about["width"] == N_CLASSES
    # The classifier's weights come on top of the frozen part's.
    assert about["parameters"] == embedded().record.parameters + (1280 + 1) * N_CLASSES


def test_there_are_a_thousand_names_and_each_is_one_of_its_own() -> None:
    things = imagenet_classes()
    assert len(things) == len({thing.lower() for thing in things}) == N_CLASSES
    assert all(thing == thing.strip() != "" for thing in things)
    known = {
        0: "tench", 134: "crane (bird)", 281: "tabby", 285: "Egyptian cat", 388: "giant panda",
        517: "crane (machine)", 638: "maillot", 639: "maillot (tank suit)",
        652: "military uniform", 906: "Windsor tie", 985: "daisy", 999: "toilet tissue",
    }  # fmt: skip
    assert {index: things[index] for index in known} == known


def test_what_sounds_like_anatomy_says_what_it_is() -> None:
    things = set(imagenet_classes())
    assert not {"chest", "organ", "hip", "ear", "nipple", "swab"} & things
    assert "chest (box)" in things


def test_the_top_comes_from_a_file_of_its_own_for_keras_networks() -> None:
    record = CATALOG["VGG16"]
    top = with_top(record)
    assert top.weights.file == "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    assert top.weights.digest != record.weights.digest
    assert (top.name, top.input) == (record.name, record.input)
    lite = CATALOG["efficientnet-lite0"]
    assert with_top(lite).weights == lite.weights


def test_a_network_without_classifier_says_so() -> None:
    record = replace(CATALOG["efficientnet-lite0"], title="mine.onnx", top_weights=None)
    with pytest.raises(WeightsError, match=r"mine\.onnx has no ImageNet classifier") as caught:
        with_top(record)
    assert "--head none" in caught.value.fix
