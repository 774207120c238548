"""Several recipes on disk: whole, told alike everywhere, replaced by runs of either kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from make_comparison import CANARY, make_comparison, with_nasty_names

from hilum.auditing.verdict import Verdict
from hilum.errors import OutputError
from hilum.report import recipes as recipes_wording
from hilum.report.comparison import save_run
from hilum.report.recipes import render_recipes, save_recipes
from hilum.report.sections.verdict import UNVERIFIED_MARK
from hilum.report.terminal import tell_recipes
from hilum.runs.place import check_run_folder
from hilum.runs.recipes import describe_recipes
from hilum.studies.contrasts import RecipeContrast, contrast_recipes
from hilum.studies.recipes import steps_between
from hilum.studies.results import Comparison, Unavailable
from unit.report.make_assessment import make_external


def make_contrast(
    *, is_nasty: bool = False, headline: str = "limited", backbones: int = 1
) -> RecipeContrast:
    common = {"separation": 1.4, "backbones": backbones}
    paper = make_comparison(is_paper=True, headline="limited", **common)
    hilum = make_comparison(headline=headline, seed=8, **common)
    if is_nasty:
        paper, hilum = with_nasty_names(paper), with_nasty_names(hilum)
    (first, *_) = steps_between([paper.recipe, hilum.recipe])
    return contrast_recipes([paper, hilum], [(first, paper, hilum)])


def test_a_run_of_either_kind_replaces_the_other(tmp_path: Path) -> None:
    out, cache = tmp_path / "run", tmp_path / "cache"
    save_run(make_comparison(backbones=1), out, cache_dir=cache)
    save_recipes(make_contrast(), out, cache_dir=cache)
    assert {path.name for path in out.iterdir()} == {
        "report.html", "results.json", "paper", "hilum",
    }  # fmt: skip
    assert (out / "paper" / "figures" / "roc.svg").is_file()
    save_recipes(make_contrast(), out, cache_dir=cache)
    save_run(make_comparison(backbones=1), out, cache_dir=cache)
    assert not (out / "paper").exists()
    assert [path.name for path in tmp_path.iterdir() if path != cache] == ["run"]


@pytest.mark.parametrize("place", ["mine.txt", "paper/mine.txt", "other/results.json"])
def test_what_no_run_wrote_keeps_its_folder(tmp_path: Path, place: str) -> None:
    out = tmp_path / "run"
    save_recipes(make_contrast(), out, cache_dir=tmp_path / "cache")
    (out / place).parent.mkdir(exist_ok=True)
    (out / place).write_text("mine")
    with pytest.raises(OutputError, match=f"such as '{place.partition('/')[0]}"):
        check_run_folder(out)
    assert (out / place).read_text() == "mine"


def test_a_folder_is_not_replaced_on_the_word_of_a_broken_result(tmp_path: Path) -> None:
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / "report.html").touch()
    for text in ("", "[]", "{}", '{"schema": "hilum.recipes/1"}', "\xff", "[" * 100_000):
        (tmp_path / "results.json").write_text(text, encoding="latin-1")
        with pytest.raises(OutputError, match="no run wrote"):
            check_run_folder(tmp_path)


def test_a_run_inside_a_run_is_not_swept_away(tmp_path: Path) -> None:
    out, cache = tmp_path / "run", tmp_path / "cache"
    save_run(make_comparison(backbones=1), out, cache_dir=cache)
    save_run(make_comparison(backbones=1), out / "paper", cache_dir=cache)
    with pytest.raises(OutputError, match="'paper'"):
        save_recipes(make_contrast(), out, cache_dir=cache)


def test_names_stand_only_where_films_are_named_on_purpose(tmp_path: Path) -> None:
    out = tmp_path / "run"
    save_recipes(make_contrast(is_nasty=True), out, cache_dir=tmp_path / "cache")
    holding = {
        path.name
        for path in out.rglob("*")
        if path.is_file() and CANARY in path.read_text(encoding="utf-8")
    }
    assert holding == {"predictions.csv", "folds.csv", "excluded.csv"}


class Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_safe_and_leads_to_each_report() -> None:
    page = render_recipes(make_contrast(is_nasty=True))
    parsed = Page(page)
    assert parsed.open == []
    assert not {"script", "i", "img"} & {tag for tag, _ in parsed.tags}
    links = [attributes["href"] for tag, attributes in parsed.tags if tag == "a"]
    assert links == ["paper/report.html", "hilum/report.html"]
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert "://" not in page


def test_a_withheld_headline_is_withheld_here_too() -> None:
    page = render_recipes(make_contrast(headline="withheld", backbones=3))
    assert 'class="verdict withheld"' in page
    assert "Under hilum no network is put first" in page
    assert "Under paper, EfficientNet" in page
    assert "hilum: The frame of the film, its outermost 10 %" in page


def test_the_result_names_what_differs(tmp_path: Path) -> None:
    out = tmp_path / "run"
    contrast = save_recipes(make_contrast(), out, cache_dir=tmp_path / "cache")
    results = json.loads((out / "results.json").read_text())
    assert [row["setting"] for row in results["settings"]] == [s.title for s in contrast.settings]
    assert results["recipes"][0]["straddling_groups"] == len(
        contrast.comparisons[0].folds.straddling_groups
    )
    assert "patients or copied films stand in training and in test" in (
        out / "report.html"
    ).read_text(encoding="utf-8")
    alone = replace(contrast, comparisons=contrast.comparisons[::-1])
    assert repr(alone).startswith("Recipe hilum: Comparison of 1 backbones")


def test_a_refused_file_is_told_outright_and_not_among_the_absent() -> None:
    contrast = make_contrast()
    refused = Unavailable("vgg19", "vgg19.h5 is damaged.", is_refused=True)
    first, last = contrast.comparisons
    last = replace(last, unavailable=(*last.unavailable, refused))
    page = render_recipes(replace(contrast, comparisons=(first, last)))
    assert "<strong>vgg19 was refused.</strong> vgg19.h5 is damaged." in page
    assert "Not compared: 1 backbone<" in page


def test_the_page_says_what_films_that_belong_together_do_to_the_interval() -> None:
    contrast = make_contrast()
    note = "count once in p, yet each for itself in the interval"
    assert note in render_recipes(contrast)
    first, last = contrast.comparisons
    apart = replace(last, folds=replace(last.folds, groups=np.arange(len(last.cohort))))
    assert note not in render_recipes(replace(contrast, comparisons=(first, apart)))


def test_the_terminal_tells_titles_as_they_are_and_refused_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    contrast = make_contrast()
    refused = Unavailable("vgg19", "vgg19.h5 is [damaged].", is_refused=True)
    comparisons = [
        replace(
            comparison,
            backbones=tuple(
                replace(
                    result,
                    title="Net [/b] (unverified weights)",
                    weights=replace(result.weights, is_verified=False),
                )
                for result in comparison.backbones
            ),
            unavailable=(refused,),
        )
        for comparison in contrast.comparisons
    ]
    tell_recipes(contrast_recipes(comparisons))
    told = capsys.readouterr().out
    assert told.startswith("Unverified weights. Net [/b] did not run on the published weights.")
    assert "Refused: vgg19.h5 is [damaged]." in told
    assert "came first" not in told
    assert "after Holm's correction" in told


def without_published_weights(contrast: RecipeContrast, names: Sequence[str]) -> RecipeContrast:
    """The same contrast as if some networks had run on other weights."""

    def marked(comparison: Comparison) -> Comparison:
        return replace(
            comparison,
            backbones=tuple(
                replace(
                    result,
                    title=f"{result.title}{UNVERIFIED_MARK}",
                    weights=replace(result.weights, is_verified=False),
                )
                if result.name in names
                else result
                for result in comparison.backbones
            ),
        )

    before, after = map(marked, contrast.comparisons)
    (step, *_) = steps_between([before.recipe, after.recipe])
    return contrast_recipes([before, after], [(step, before, after)])


def test_no_network_leads_where_none_ran_on_its_published_weights() -> None:
    contrast = make_contrast(backbones=2)
    names = [result.name for result in contrast.comparisons[0].backbones]
    unverified = without_published_weights(contrast, names)
    assert [standing.first for standing in unverified.standings] == [None, None]
    page, data = (
        render_recipes(unverified),
        describe_recipes(unverified, word=recipes_wording.worth_text),
    )
    assert "came first" not in page
    assert "was the only one" not in page
    assert "Under hilum no network is put first: none ran on its published weights." in page
    assert '<span class="tag bad">unverified weights</span>' in page
    assert "(unverified weights)" in page.partition("</title>")[0]
    assert "No network here ran on its published weights." in page
    assert "mean over networks none of which ran on its published weights" in page
    assert page.count('<tr role="row" class="unverified">') == 4
    assert [row["weights"]["is_verified"] for row in data["backbones"]] == [False, False]
    assert [recipe["first"] for recipe in data["recipes"]] == [None, None]


@pytest.mark.parametrize("n_verified", [1, 2])
def test_networks_on_other_weights_neither_lead_nor_count(n_verified: int) -> None:
    contrast = make_contrast(backbones=n_verified + 1)
    best, *others = contrast.comparisons[-1].backbones
    mixed = without_published_weights(contrast, [best.name])
    assert mixed.standings[-1].first == others[0].title
    for standing in mixed.standings:
        ranked = {standing.first, *standing.tied, *standing.behind}
        assert ranked == {result.title for result in others}
        assert standing.unverified == (f"{best.title}{UNVERIFIED_MARK}",)
    (step,) = mixed.path
    changes = [d.accuracy.difference for d in step.differences if d.backbone != best.name]
    assert step.accuracy_change == pytest.approx(sum(changes) / n_verified)
    page = render_recipes(mixed)
    assert ("of the networks on their published weights" in page) == (n_verified > 1)
    assert ("was the only one on its published weights" in page) == (n_verified == 1)
    assert "mean over the networks on their published weights" in page
    assert page.count('<tr role="row" class="unverified">') == 2
    assert '<h2 id="verdict">Unverified weights. ' in page


def test_every_recipe_says_how_it_does_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    contrast = make_contrast()
    assert not recipes_wording.external_texts(contrast)
    contrast = replace(
        contrast,
        comparisons=tuple(replace(c, external=make_external(c)) for c in contrast.comparisons),
    )
    first, second = recipes_wording.external_texts(contrast)
    assert first.startswith("Elsewhere, under paper: EfficientNet-Lite0 is worse there: AUROC")
    assert second.startswith("Elsewhere, under hilum: EfficientNet-Lite0 is worse there: AUROC")
    page = render_recipes(contrast)
    assert first in page
    assert second in page
    tell_recipes(contrast)
    told = " ".join(capsys.readouterr().out.split())
    assert first in told
    withheld = [replace(c, audit=replace(c.audit, verdict=w)) for c, w in _withheld(contrast)]
    assert not recipes_wording.external_texts(replace(contrast, comparisons=tuple(withheld)))


def _withheld(contrast: RecipeContrast) -> list[tuple[Comparison, Verdict]]:
    return [(c, replace(c.verdict, headline="withheld")) for c in contrast.comparisons]
