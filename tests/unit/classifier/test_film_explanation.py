from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino
import pytest
from PIL import Image

from hilum.classifier.answers import describe_explanation
from hilum.classifier.classifier import Classifier
from hilum.classifier.explain.checks import N_TILES, check_sanity, occlude, rank_correlation
from hilum.classifier.explain.explanation import (
    ExplanationOptions,
    cover_of_cells,
    explain_film,
    share_in_centre,
    share_in_lungs,
)
from hilum.classifier.explain.references import (
    FILMS_PER_CLASS,
    ReferenceMaps,
    choose_reference_films,
    make_references,
)
from hilum.classifier.graph import FeatureGraph
from hilum.errors import ExplanationError
from hilum.report.explanation import SOFTWARE, draw_explanation, word_explanation
from hilum.wording import certainty_text
from tiny_bundle import (
    CELLS,
    CHANNELS,
    SIZE_PX,
    strange_film,
    tiny_film,
    write_tiny_bundle,
    write_tiny_graph,
)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return Classifier.load(write_tiny_bundle(tmp_path_factory.mktemp("tiny") / "bundle"))


def references_of(classifier: Classifier) -> ReferenceMaps:
    films = [(tiny_film(0.8 if k % 2 == 0 else 0.2, seed=k), k % 2) for k in range(20)]
    return make_references(classifier.graph, films, 2)


def film_with_a_bright_corner() -> np.ndarray:
    film = tiny_film(0.2, seed=1)
    film[:16, :16] = 250  # in the top left, two cells wide
    return film


def test_references_are_means_and_leave_the_explained_class_out(classifier: Classifier) -> None:
    references = references_of(classifier)
    assert references.class_maps.shape == (2, CELLS, CELLS, CHANNELS)
    assert references.n_films.tolist() == [10, 10]
    dark = np.stack([tiny_film(0.2, seed=k) for k in range(1, 20, 2)])
    maps = classifier.graph.look(dark, maps=True).maps
    assert maps is not None
    np.testing.assert_allclose(references.against(0), maps.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(references.against(1), references.class_maps[0], atol=1e-6)
    with pytest.raises(ValueError, match="every class"):
        make_references(classifier.graph, [(tiny_film(0.5), 1)], 2)


def test_of_a_large_class_some_films_are_enough() -> None:
    y = np.repeat([0, 1, 2], [3 * FILMS_PER_CLASS, 5, FILMS_PER_CLASS])
    rows = choose_reference_films(y, np.random.default_rng(0))
    assert np.bincount(y[rows]).tolist() == [FILMS_PER_CLASS, 5, FILMS_PER_CLASS]
    assert np.all(np.diff(rows) > 0)


def test_the_map_lies_on_what_was_added(classifier: Classifier) -> None:
    classifier.references = references_of(classifier)
    explanation = explain_film(
        classifier, film_with_a_bright_corner(), options=ExplanationOptions(has_occlusion=True)
    )
    exact = explanation.exact
    assert exact is not None
    assert exact.has_reference
    assert exact.contributions[:2, :2].sum() > 0.4 * np.maximum(exact.contributions, 0).sum()
    row, column = np.unravel_index(exact.contributions.argmax(), exact.contributions.shape)
    assert max(row, column) < 2
    occlusion = explanation.occlusion
    assert occlusion is not None
    row, column = np.unravel_index(occlusion.drops.argmax(), occlusion.drops.shape)
    assert max(row, column) <= 4
    assert explanation.agreement is not None
    assert explanation.share.region == "centre"
    assert exact.log_odds - exact.baseline == pytest.approx(exact.contributions.sum())


def test_the_answer_is_that_of_predict(classifier: Classifier) -> None:
    film = tiny_film(0.7, seed=5)
    explanation = explain_film(classifier, film, "Normal")
    assert explanation.label == "Normal"
    assert explanation.prediction == classifier.predict(film)
    np.testing.assert_array_equal(explanation.pixels, film)


def test_an_unknown_class_is_refused(classifier: Classifier) -> None:
    with pytest.raises(ExplanationError, match="knows no class 'Gout'"):
        explain_film(classifier, tiny_film(0.5), "Gout")


def test_without_a_feature_map_only_covered_patches_explain(
    classifier: Classifier, tmp_path: Path
) -> None:
    other = Classifier.__new__(Classifier)
    other.__dict__ |= classifier.__dict__
    other.graph = graph_without_a_map(tmp_path)
    film = film_with_a_bright_corner()
    with pytest.raises(ExplanationError, match="no feature map") as caught:
        explain_film(other, film)
    assert "--occlusion" in caught.value.fix
    explanation = explain_film(
        other, film, options=ExplanationOptions(has_occlusion=True, has_sanity=True)
    )
    assert explanation.exact is None
    assert explanation.sanity is None
    assert explanation.agreement is None
    assert explanation.contributions.shape == (N_TILES, N_TILES)
    words = word_explanation(explanation, classifier.record)
    assert "covering the place" in words.remarks[0]


def graph_without_a_map(folder: Path) -> FeatureGraph:
    """A backbone that yields features alone, as some model files do."""
    model = openvino.Core().read_model(write_tiny_graph(folder / "whole") / "graph.xml")
    model.remove_result(model.get_results()[1])
    (folder / "features").mkdir()
    openvino.serialize(model, folder / "features" / "graph.xml")
    return FeatureGraph(folder / "features", size_px=SIZE_PX, width=CHANNELS)


def test_covering_tells_its_progress_and_nothing_falls_on_a_flat_film(
    classifier: Classifier,
) -> None:
    told: list[tuple[int, int]] = []
    flat = np.full((SIZE_PX, SIZE_PX), 120, np.uint8)
    covered = occlude(
        classifier.graph, classifier.heads, flat, 0, on_progress=lambda *at: told.append(at)
    )
    assert told[-1] == (169, 169)
    np.testing.assert_allclose(covered.drops, 0, atol=1e-4)


def test_shuffled_heads_give_another_map(classifier: Classifier) -> None:
    seen = classifier.graph.look(film_with_a_bright_corner()[np.newaxis], maps=True)
    assert seen.maps is not None
    checks = [
        check_sanity(
            classifier.heads, seen.maps[0], 0, pooling="average", reference=reference,
            rng=np.random.default_rng(0),
        )
        for reference in (None, references_of(classifier).against(0))
    ]  # fmt: skip
    for check in checks:
        assert len(np.unique(check.correlations)) > 10
        assert np.all(np.abs(check.correlations) <= 1)
        assert check.correlations.mean() < 0.9


def test_rank_correlation_of_maps_of_other_sizes() -> None:
    coarse = np.arange(9.0).reshape(3, 3)
    fine = np.kron(coarse, np.ones((4, 4))) ** 3
    assert rank_correlation(coarse, fine) == pytest.approx(1)
    assert rank_correlation(coarse, -coarse) == pytest.approx(-1)
    assert rank_correlation(coarse, np.zeros((3, 3))) == 0


def test_picture_words_and_figures(classifier: Classifier, tmp_path: Path) -> None:
    classifier.references = references_of(classifier)
    options = ExplanationOptions(has_occlusion=True, has_sanity=True)
    explanation = explain_film(classifier, tiny_film(0.8, seed=3), options=options)
    words = word_explanation(explanation, classifier.record)
    assert (
        words.headline
        == f"Disease: {certainty_text(max(explanation.prediction.probabilities.values()))}"
    )
    assert words.call == "Called Disease: at or above the operating point (40 % for Disease)."
    said = " ".join(words.remarks)
    for part in (
        "add up to",
        "average training film",
        "central 36 %",
        "covered patches",
        "forgotten",
    ):
        assert part in said
    assert words.limits.startswith("8 x 8 cells")
    assert words.limits.endswith("Research use only.")
    (tmp_path / "a.png").write_bytes(draw_explanation(explanation, words))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.info["Software"] == SOFTWARE
        assert picture.width > 2 * picture.height
    figures = describe_explanation(explanation)
    assert sum(map(sum, figures["exact"]["cells"])) == pytest.approx(
        figures["exact"]["log_odds"] - figures["exact"]["baseline"]
    )
    assert figures["sanity"]["draws"] == 20


def test_a_refused_film_is_called_nothing(classifier: Classifier) -> None:
    words = word_explanation(explain_film(classifier, strange_film()), classifier.record)
    assert words.is_refused
    assert words.call.startswith("Refused")


def test_words_never_contradict_the_probability_beside_them(classifier: Classifier) -> None:
    """With three classes the heads' mean log-odds may stay below what the probability reaches."""
    explanation = classifier.explain(tiny_film(0.2, seed=1))
    said = word_explanation(explanation, classifier.record).call
    assert said == "Called Normal: below the operating point (40 % for Disease)."
    prediction = replace(explanation.prediction, probabilities={"Disease": 0.5, "Normal": 0.5})
    said = word_explanation(replace(explanation, prediction=prediction), classifier.record).call
    assert "the heads' mean log-odds are below the operating point" in said


def test_an_even_map_has_the_share_of_the_area() -> None:
    share = share_in_centre(np.full((7, 9), 0.3))
    assert share.area == pytest.approx(0.36)
    assert share.speaking_for == pytest.approx(0.36)
    assert share.speaking_against is None


def test_for_and_against_are_counted_apart() -> None:
    cells = np.zeros((5, 5))
    cells[2, 2], cells[0, 0], cells[0, 4] = 3.0, 1.0, -2.0
    share = share_in_centre(cells)
    assert share.speaking_for == pytest.approx(0.75)
    assert share.speaking_against == 0.0


def test_lungs_count_by_the_part_of_each_cell_that_they_cover() -> None:
    lungs = np.zeros((40, 60), bool)
    lungs[:, :30] = True
    lungs[:10] = False
    cells = np.zeros((2, 2))
    cells[0, 0] = 4.0
    share = share_in_lungs(cells, lungs)
    assert share.region == "lungs"
    assert share.area == pytest.approx(0.375)
    assert share.speaking_for == pytest.approx(0.5)


def test_cover_averages_whole_and_broken_cells() -> None:
    region = np.zeros((10, 10), bool)
    region[:5] = True
    np.testing.assert_allclose(cover_of_cells(region, (3, 1))[:, 0], [1, 0.5, 0], atol=1e-6)
