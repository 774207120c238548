from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from make_comparison import make_comparison, with_nasty_names

from every import every
from hilum.report import drawing as palette, drawing as svg
from hilum.report.drawing import figure_stem
from hilum.report.figures import draw_all, figures_of
from hilum.studies.results import Comparison


@pytest.fixture(scope="module")
def figures(comparison: Comparison) -> dict[str, str]:
    return draw_all(figures_of(comparison))


def test_every_backbone_has_its_pictures(figures: dict[str, str], comparison: Comparison) -> None:
    kinds = ("accuracy", "loss", "confusion")
    expected = {figure_stem(kind, r.name) for kind in kinds for r in comparison.backbones}
    assert set(figures) == expected | {"roc", "forest", "shortcuts"}


def test_the_same_comparison_gives_the_same_bytes(figures: dict[str, str]) -> None:
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "path"}):
        assert draw_all(figures_of(make_comparison(separation=1.6))) == figures


def test_drawing_leaves_the_settings_of_others_alone(comparison: Comparison) -> None:
    with mpl.rc_context({"font.size": 17.0}):
        draw_all(figures_of(comparison))
        assert mpl.rcParams["font.size"] == 17.0


def test_pictures_are_whole_documents_with_a_title_and_text(figures: dict[str, str]) -> None:
    for picture in every(figures.values()):
        root = ET.fromstring(picture)
        assert root[0].tag.endswith("title")
        assert root[0].text
        assert "<text" in picture
        assert "base64" not in picture


def test_pictures_fetch_nothing_and_name_no_date(figures: dict[str, str]) -> None:
    for picture in every(figures.values()):
        without_namespaces = re.sub(r'xmlns(:\w+)?="[^"]*"', "", picture)
        assert "http" not in without_namespaces
        assert "<metadata" not in picture
        assert "<!DOCTYPE" not in picture


def test_every_colour_has_its_dark_counterpart(figures: dict[str, str]) -> None:
    dark = {colour.light: colour.dark for colour in palette.COLOURS}
    for picture in every(figures.values()):
        assert "@media (prefers-color-scheme: dark)" in picture
        body = picture.partition("</style>")[2]
        for part, value in set(re.findall(r"(fill|stroke): (#[0-9a-f]{6})", body)):
            rule = f'[style*="{part}: {value}"]{{{part}:{dark[value]} !important}}'
            assert rule in picture


def test_inside_a_page_colours_come_from_the_page(figures: dict[str, str]) -> None:
    for stem, picture in every(figures.items()):
        inlined = svg.inline(picture, "p-", "what is shown")
        assert not re.search(r"#[0-9a-f]{6}\b", re.sub(r'(url\(|href=")#[^")]*', "", inlined))
        assert "var(--ink)" in inlined, stem
        assert "<style" not in inlined
        assert 'aria-label="what is shown"' in inlined


def test_references_inside_a_page_find_their_prefixed_ids(figures: dict[str, str]) -> None:
    inlined = svg.inline(figures["roc"], "p-", "")
    ids = set(re.findall(r'\bid="([^"]+)"', inlined))
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', inlined))
    assert used
    assert used == ids
    assert all(name.startswith("p-") for name in ids)


def test_names_are_shown_as_they_are() -> None:
    figures = draw_all(figures_of(with_nasty_names(make_comparison())))
    first = next(picture for stem, picture in figures.items() if stem.startswith("confusion"))
    texts = [
        element.text for element in ET.fromstring(first).iter() if element.tag.endswith("text")
    ]
    assert "<b>x</b>" in texts
    assert '"$y$" & \N{REPLACEMENT CHARACTER}' in texts


def test_glyphs_that_the_measuring_font_lacks_raise_no_warning() -> None:
    comparison = make_comparison(("新冠肺炎", "正常"))
    picture = draw_all(figures_of(comparison))["confusion-efficientnet-lite0"]
    assert "新冠肺炎" in picture


def test_undefined_figures_still_give_pictures(comparison: Comparison) -> None:
    best = comparison.backbones[0]
    metrics = {
        name: replace(estimate, value=np.nan, low=np.nan, high=np.nan)
        for name, estimate in best.evaluation.metrics.items()
    }
    blank = replace(best, evaluation=replace(best.evaluation, metrics=metrics))
    figures = draw_all(figures_of(replace(comparison, backbones=(blank,))))
    assert "not defined" in figures["roc"]


def test_a_file_stem_is_safe_whatever_the_name() -> None:
    assert figure_stem("loss", "../a b\\c") == "loss-a-b-c"
    assert figure_stem("roc") == "roc"
