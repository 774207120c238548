"""Several recipes on disk: whole, told alike everywhere, replaced by runs of either kind."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from make_comparison import CANARY, make_comparison, with_nasty_names

from hilum.errors import OutputError
from hilum.report.recipes_folder import save_recipes
from hilum.report.recipes_html import render_recipes
from hilum.report.run_folder import check_run_folder, save_run
from hilum.studies.contrasting import RecipeContrast, contrast_recipes
from hilum.studies.recipe_settings import lay_path


def make_contrast(
    *, is_nasty: bool = False, headline: str = "limited", backbones: int = 1
) -> RecipeContrast:
    common = {"separation": 1.4, "backbones": backbones}
    paper = make_comparison(is_paper=True, headline="limited", **common)
    hilum = make_comparison(headline=headline, seed=8, **common)
    if is_nasty:
        paper, hilum = with_nasty_names(paper), with_nasty_names(hilum)
    (first, *_) = lay_path([paper.recipe, hilum.recipe])
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
    with pytest.raises(OutputError, match=f"such as '{place.partition('/')[0]}'"):
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
    assert "hilum: The frame of the film alone tells the classes apart" in page


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
