"""The first screen of a report: all of it but the reasons is seen without scrolling."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hilum.studies.summary import summarise
from unit.report.make_assessment import make_assessed
from unit.report.make_comparison import render_page

pytestmark = pytest.mark.browser

HEADLINES = ("supported", "limited", "withheld")
SIZES = ((1280, 800), (390, 844))


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    written = {}
    for headline in HEADLINES:
        written[headline] = folder / f"{headline}.html"
        written[headline].write_text(render_page(make_assessed(headline)), encoding="utf-8")
    return written


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("headline", HEADLINES)
@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_nothing_but_the_reasons_needs_scrolling(
    page: Page, reports: dict[str, Path], headline: str, scheme: str
) -> None:
    if scheme == "print":
        page.emulate_media(media="print")
    else:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(reports[headline].as_uri())
    bottoms = page.evaluate(
        "[...document.querySelectorAll("
        "'.verdict > h2, .verdict > p:not(.use), .quote, .verdict > ol')]"
        ".map((part) => part.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) >= 4 - 1 * (headline == "withheld")
    assert max(bottoms) <= page.viewport_size["height"]  # type: ignore[index]
    if scheme != "print":  # paper is wider than a phone: tables are laid out in full there
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_line_to_quote_is_copied(browser: Browser, reports: dict[str, Path]) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(reports["limited"].as_uri())
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == summarise(make_assessed("limited")).quote
    page.goto(reports["withheld"].as_uri())
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    context.close()
