"""The page's files as they lie there: of one family with the report, and nothing from outside."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from hilum.report.drawing import css_variables

PAGE = Path(str(files("hilum.serve") / "page"))
SOURCES = sorted(path for path in PAGE.iterdir() if path.is_file())
BY_NAME = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)


def test_the_page_wears_the_colours_of_the_report() -> None:
    css = (PAGE / "page.css").read_text("utf-8")
    assert f":root {{ {css_variables(is_dark=False)} }}" in css
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {css_variables(is_dark=True)} }} }}"
    assert dark in css


@BY_NAME
def test_nothing_leads_outside(path: Path) -> None:
    text = path.read_text("utf-8")
    outside = re.sub(r'xmlns="[^"]+"', "", text)
    assert not re.search(r"https?:|//[a-z]+\.[a-z]{2}|@import|url\(", outside)


@BY_NAME
def test_nothing_is_read_as_code_or_markup(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.suffix == ".js":
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\("
        assert not re.search(forbidden, text)
        assert not re.search(r"localStorage|indexedDB|document\.cookie|caches\.", text)
    if path.suffix == ".html":
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text)


@BY_NAME
def test_every_file_that_is_named_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    named = re.findall(r'(?:from "\./|(?:src|href)="static/)([^"]+)"', text)
    assert all((PAGE / name).is_file() for name in named)
    if path.name == "index.html":
        assert set(named) == {"page.css", "page.js", "icon.svg"}


def test_every_element_that_a_script_asks_for_is_on_the_page() -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', (PAGE / "index.html").read_text("utf-8")))
    scripts = "".join(path.read_text("utf-8") for path in SOURCES if path.suffix == ".js")
    asked = set(re.findall(r'byId\("([^"]+)"\)', scripts))
    assert asked <= ids
