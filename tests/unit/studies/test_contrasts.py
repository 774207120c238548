"""Several recipes over the same films: figures that hang together, words that fit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from every import every
from fake_engine import GridEngine
from hilum.cohort.cohort import Cohort
from hilum.errors import CohortError, FoldsError, RecipeError
from hilum.evaluation.comparison import adjust_holm
from hilum.report import recipes as words
from hilum.report.recipes import render_recipes, worth_text
from hilum.runs.documents import to_json
from hilum.runs.recipes import describe_recipes
from hilum.studies.comparing import compare_with
from hilum.studies.contrasts import RecipeContrast, compare_recipes_with, contrast_recipes
from hilum.studies.extraction import open_context
from hilum.studies.options import CompareOptions, RecipesOptions
from hilum.studies.progress import Silence
from hilum.studies.recipes import find_recipe, find_recipes
from hilum.studies.results import Recipe

BACKBONES = ("efficientnet-lite0", "efficientnet-lite1")


class SquareEngine(GridEngine):
    """Takes squares of any side, and gives vectors as wide as the real ones."""

    def features(self, films):
        for film in films:
            side = film.shape[0] // 8
            cells = film[: 8 * side, : 8 * side].astype(np.float32).reshape(8, side, 8, side)
            grid = np.concatenate([cells.mean((1, 3)).ravel(), cells.std((1, 3)).ravel()])
            yield np.tile(grid, 10)


def opens(backbone, cache_dir, output) -> SquareEngine:
    engine = SquareEngine()
    engine.size_px = backbone.record.input.size_px
    engine.feature_width = backbone.record.feature_width
    return engine


def write_films(folder: Path, n_per_class: int, *, contrast: float, seed: int = 0) -> Path:
    """Noisy squares; those of class B are a little brighter on the left."""
    rng = np.random.default_rng(seed)
    for label in ("A", "B"):
        (folder / label).mkdir(parents=True)
        for i in range(n_per_class):
            grey = rng.normal(120, 25, (64, 64)) + rng.normal(0, 12)
            grey[:, :32] += contrast * (label == "B")
            pixels = np.clip(grey, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_films(tmp_path_factory.mktemp("films") / "films", 30, contrast=12)


def quick(names: Sequence[str]) -> tuple[Recipe, ...]:
    return find_recipes(
        names, folds=3 if "hilum" in names else None, repeats=2 if "hilum" in names else None,
        views=1, epochs=6,
    )  # fmt: skip


def run(films: Path, cache: Path, names: Sequence[str], **options) -> RecipeContrast:
    asked = RecipesOptions(
        quick(names), positive="B", backbones=BACKBONES, cache_dir=cache, **options
    )
    return compare_recipes_with(Cohort.from_folder(films), asked, open_context(asked, engine=opens))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def contrast(films: Path, cache: Path) -> RecipeContrast:
    return run(films, cache, ["paper", "hilum"])


def test_differences_follow_from_the_tables(contrast: RecipeContrast) -> None:
    paper, hilum = contrast.comparisons
    assert [d.backbone for d in contrast.differences] == [r.name for r in hilum.backbones]
    before = {r.name: r.evaluation.metrics for r in paper.backbones}
    for difference, result in zip(contrast.differences, hilum.backbones, strict=True):
        found, metrics = difference.accuracy, result.evaluation.metrics
        assert (difference.earlier, difference.later) == ("paper", "hilum")
        assert (found.tested_a, found.tested_b, found.shared) == (12, 60, 12)
        assert found.difference == pytest.approx(
            metrics["accuracy"].value - before[result.name]["accuracy"].value
        )
        assert difference.auroc == pytest.approx(
            metrics["auroc"].value - before[result.name]["auroc"].value
        )


def test_a_recipe_gives_the_figures_that_it_gives_alone(
    contrast: RecipeContrast, films: Path, cache: Path
) -> None:
    asked = CompareOptions(
        positive="B",
        recipe=quick(["paper", "hilum"])[1],
        backbones=BACKBONES,
        cache_dir=cache,
    )
    alone = compare_with(Cohort.from_folder(films), asked, open_context(asked, engine=opens))
    beside = contrast.comparisons[1]
    for a, b in every(zip(alone.backbones, beside.backbones, strict=True)):
        np.testing.assert_array_equal(a.heads.scores, b.heads.scores)
        assert a.evaluation.metrics == b.evaluation.metrics


def test_the_path_adds_up_to_the_difference(contrast: RecipeContrast) -> None:
    for k, difference in enumerate(contrast.differences):
        steps = [step.differences[k] for step in contrast.path]
        assert {step.backbone for step in steps} == {difference.backbone}
        total = sum(step.accuracy.difference for step in steps)
        assert total == pytest.approx(difference.accuracy.difference)
        assert sum(step.auroc for step in steps) == pytest.approx(difference.auroc)
    assert [step.has_same_films for step in contrast.path] == [False] + [True] * 4
    assert contrast.path[0].settings == ("Split", "Validation")


@pytest.mark.slow
def test_recipes_on_one_split_are_compared_film_by_film(films: Path, cache: Path) -> None:
    contrast = run(films, cache, ["pyimagesearch", "paper"])
    assert all(step.has_same_films for step in every(contrast.path))
    for difference in contrast.differences:
        assert difference.accuracy.draw == pytest.approx(0)
        text = words.worth_text(difference)
        assert "choice of films" not in text
        assert "On the same 12 films" in text


@pytest.mark.slow
def test_three_recipes_are_each_set_against_the_last(films: Path, cache: Path) -> None:
    contrast = run(films, cache, ["pyimagesearch", "paper", "hilum"], weighs_settings=False)
    assert contrast.path == ()
    assert [(d.earlier, d.later) for d in contrast.differences] == [
        ("pyimagesearch", "hilum"), ("pyimagesearch", "hilum"),
        ("paper", "hilum"), ("paper", "hilum"),
    ]  # fmt: skip
    assert [s.recipe for s in contrast.standings] == ["pyimagesearch", "paper", "hilum"]
    assert "What each setting is worth" not in render_recipes(contrast)


@pytest.mark.slow
def test_an_unreadable_film_leaves_every_recipe(tmp_path: Path, cache: Path) -> None:
    films = write_films(tmp_path / "films", 12, contrast=20, seed=3)
    whole = (films / "A" / "0.png").read_bytes()
    (films / "A" / "0.png").write_bytes(whole[: len(whole) // 2])
    contrast = run(films, cache, ["paper", "hilum"], weighs_settings=False)
    for comparison in every(contrast.comparisons):
        assert len(comparison.cohort) == 23
        assert [e.code for e in comparison.cohort.excluded] == ["CORRUPT"]


class Memory(Silence):
    def __init__(self) -> None:
        self.stages: list[str] = []
        self.progress: list[tuple[int, int]] = []

    def begin(self, stage: str, unit: str) -> None:
        self.stages.append(stage)
        self.progress = []

    def advance(self, done: int, total: int) -> None:
        self.progress.append((done, total))


def test_a_watcher_hears_which_recipe_runs_and_the_steps_of_the_path(
    films: Path, cache: Path
) -> None:
    memory = Memory()
    run(films, cache, ["paper", "hilum"], progress=memory)
    assert memory.stages[:2] == ["paper: Films", "paper: EfficientNet-Lite0: features"]
    assert memory.stages[-2].startswith("hilum: Shortcuts: other draws")
    assert sum(stage.endswith("Copies") for stage in memory.stages) == 1
    assert memory.stages[-1] == "What each setting is worth"
    done = [each for each, _ in memory.progress]
    assert done == sorted(done)
    assert memory.progress[-1] == (5, 5)
    assert len(done) > 5 * 2  # heard within the steps too, so that a run can be stopped


def test_mistakes_are_told_before_any_work(films: Path, tmp_path: Path) -> None:
    def refuse(*_):
        raise AssertionError("work had begun")

    def compare_recipes(cohort: Cohort, recipes: list, **options) -> RecipeContrast:
        asked = RecipesOptions(recipes, cache_dir=tmp_path, **{"positive": "B", **options})
        return compare_recipes_with(cohort, asked, open_context(asked, engine=refuse))

    cohort = Cohort.from_folder(films)
    with pytest.raises(RecipeError, match="each named once"):
        compare_recipes(cohort, ["paper"])
    with pytest.raises(RecipeError, match="each named once"):
        compare_recipes(cohort, ["paper", "paper"])
    named = replace(find_recipe("paper"), name="../paper")
    with pytest.raises(RecipeError, match="cannot be called"):
        compare_recipes(cohort, [named, "hilum"])
    with pytest.raises(RecipeError, match="seed is -1"):
        compare_recipes(cohort, ["paper", "hilum"], seed=-1)
    few = replace(cohort, films=(*cohort.films[:4], *cohort.films[-4:]))
    with pytest.raises(FoldsError, match="5 folds need"):
        compare_recipes(few, ["paper", "hilum"])
    with pytest.raises(CohortError):
        compare_recipes(cohort, ["paper", "hilum"], positive="C")


def test_comparisons_that_do_not_belong_together_are_refused(contrast: RecipeContrast) -> None:
    paper, hilum = contrast.comparisons
    fewer = replace(hilum.cohort, films=hilum.cohort.films[1:])
    for other, message in (
        (replace(hilum, cohort=fewer), "different films"),
        (replace(hilum, positive="A"), "different classes"),
        (replace(hilum, backbones=hilum.backbones[:1]), "different backbones"),
    ):
        with pytest.raises(ValueError, match=message):
            contrast_recipes([paper, other])
    with pytest.raises(ValueError, match="at least 2"):
        contrast_recipes([paper])


def test_the_page_and_the_data_tell_the_same(contrast: RecipeContrast) -> None:
    page, data = render_recipes(contrast), describe_recipes(contrast, word=worth_text)
    assert data["schema"] == "hilum.recipes/1"
    assert [recipe["folder"] for recipe in data["recipes"]] == ["paper", "hilum"]
    assert [recipe["validates_on_test"] for recipe in data["recipes"]] == [True, False]
    assert [row["setting"] for row in data["settings"]] == [s.title for s in contrast.settings]
    for difference in data["differences"]:
        assert difference["text"].replace("\N{NO-BREAK SPACE}", " ")[:40] in page
    assert "paper: validation and test are the same films" in page
    assert 'href="paper/report.html"' in page
    assert "<script" not in page
    assert page == render_recipes(contrast)
    told = to_json(data)
    assert all(film.path.name not in told for film in every(contrast.comparisons[0].cohort.films))


def test_what_the_calls_and_the_draw_are_worth_in_words(contrast: RecipeContrast) -> None:
    difference = contrast.differences[0]
    found = replace(
        difference.accuracy, right_a=31, tested_a=32, right_b=151, tested_b=160,
        difference=151 / 160 - 31 / 32, low=-0.07, high=0.065, shared=32,
        only_a=2, only_b=1, mcnemar_p=1.0, calls=-1 / 32, draw=151 / 160 - 30 / 32,
    )  # fmt: skip
    difference = replace(difference, accuracy=found, adjusted_p=1.0)
    text = words.worth_text(difference).replace("\N{NO-BREAK SPACE}", " ")
    assert text == (
        "96.9 % under paper (31 of 32 films), 94.4 % under hilum (151 of 160): 2.5 points fewer "
        "[−7.0, +6.5]. On the 32 films that both tested, paper alone is right on 2 and hilum "
        "alone on 1 (p = 1.000): the calls make −3.1 points, which may be chance, and "
        "the choice of films +0.6 points."
    )
    sure = words.worth_text(replace(difference, adjusted_p=0.01))
    assert "which is more than chance, and the choice" in sure
    even = replace(found, only_a=2, only_b=2, calls=0.0)
    assert "the calls make 0.0 points and the choice of films" in words.worth_text(
        replace(difference, accuracy=even)
    )
    alike = replace(found, only_a=0, only_b=0, calls=0.0, draw=found.difference)
    assert "the rest lies on films that only hilum tested" in words.worth_text(
        replace(difference, accuracy=alike)
    )
    apart = replace(found, shared=0, only_a=0, only_b=0)
    assert "no film in common" in words.worth_text(replace(difference, accuracy=apart))


def test_p_values_are_corrected_for_each_other(contrast: RecipeContrast) -> None:
    for family in (
        contrast.differences,
        [difference for step in contrast.path for difference in step.differences],
    ):
        adjusted = adjust_holm([d.accuracy.mcnemar_p for d in family])
        assert [d.adjusted_p for d in family] == adjusted
    assert "after Holm's correction" in words.CALLS_AND_DRAW_NOTE


def test_a_step_says_for_which_network_nothing_changed(contrast: RecipeContrast) -> None:
    step = contrast.path[-1]
    one, other = step.differences
    mixed = (replace(one, is_untouched=True), replace(other, is_untouched=False))
    text = words.settles_text(replace(step, differences=mixed))
    assert text.endswith(f"; nothing changed for {one.title}")
    none = tuple(replace(d, is_untouched=True) for d in step.differences)
    assert words.settles_text(replace(step, differences=none)) == "no score changed"


def test_each_recipe_has_its_width_though_they_test_as_many_films(
    contrast: RecipeContrast,
) -> None:
    alike = tuple(replace(standing, tested=12) for standing in contrast.standings)
    text = words.widths_text(replace(contrast, standings=alike))
    assert "under paper with 12 films" in text
    assert "under hilum with 12 films" in text
