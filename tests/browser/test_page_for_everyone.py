"""The page by keyboard, on a phone, in the dark, read aloud, behind a token, and by itself."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from handing_films import drop
from playwright.sync_api import FileChooser, Page, expect
from served_bundles import served

from tiny_bundle import as_png, strange_film, tiny_film, write_tiny_bundle

pytestmark = pytest.mark.browser

DISEASE, NORMAL, STRANGE = as_png(tiny_film(0.8)), as_png(tiny_film(0.2)), as_png(strange_film())
LONG_NAME = "a" * 120 + ".png"

# The contrast of every text that is seen against what is painted behind it (WCAG 2.2, 1.4.3).
_CONTRASTS = """() => {
  const parse = (colour) => {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, k) => {
    const c = [r, g, b][k] / 255;
    return sum + weight * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      const [, , , alpha] = parse(colour);
      if (alpha === 255 && colour !== "rgba(0, 0, 0, 0)") return parse(colour);
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("noscript, :disabled")) continue;
    const one = light(parse(getComputedStyle(element).color)), other = light(ground(element));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""

_UNNAMED = """() => [...document.querySelectorAll("button, input, select, a, progress, img")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .filter((element) => {
    const told = [element.getAttribute("aria-label"), element.textContent,
      element.getAttribute("alt"), ...[...(element.labels ?? [])].map((one) => one.textContent)];
    const isQuiet = element.tagName === "IMG" && element.getAttribute("alt") === "";
    return !isQuiet && !told.some((text) => text?.trim());
  }).map((element) => element.outerHTML)"""


def look_at(page: Page, films: dict[str, bytes]) -> None:
    drop(page, films)
    place = "#answer" if len(films) == 1 else "#batch"
    page.wait_for_selector(f"{place}[aria-busy=false]:visible")


def wait_for(page: Page, is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not is_there():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def heading_levels(page: Page) -> list[int]:
    tags = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]"
        ".filter((one) => one.checkVisibility()).map((one) => one.tagName)"
    )
    return [int(tag[1]) for tag in tags]


def test_all_is_reached_by_the_keyboard_alone(opened: Callable, address: str) -> None:
    page = opened(address).page
    # Asked for long before: the browser must know of it when the key is pressed.
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#files")).to_be_focused()
    outline = page.evaluate(
        "getComputedStyle(document.querySelector('#files + label')).outlineStyle"
    )
    assert outline == "solid"
    page.keyboard.press("Space")
    wait_for(page, lambda: bool(choosers))
    choosers[0].set_files(
        [{"name": f"{k}.png", "mimeType": "image/png", "buffer": film}
         for k, film in enumerate((DISEASE, NORMAL, STRANGE))]
    )  # fmt: skip
    page.wait_for_selector("#batch[aria-busy=false]:visible")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "open":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer[aria-busy=false]:visible")
    expect(page.locator("#answer-title")).to_be_focused()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "opacity":
            break
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#heatmap")).to_have_css("opacity", "0.75")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName"))
    assert "BODY" in seen, "the keyboard is trapped"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(opened: Callable, address: str, scheme: str) -> None:
    page = opened(address, color_scheme=scheme).page
    design = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert design == {"light": "rgb(254, 254, 254)", "dark": "rgb(20, 23, 27)"}[scheme]
    page.locator("#card summary").click()
    for films in ({"a.png": DISEASE}, {"b.png": STRANGE}, {"c.png": NORMAL, "d.png": b""}):
        look_at(page, films)
        assert page.evaluate(_CONTRASTS) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_width_scrolls_sideways(opened: Callable, address: str, width: int) -> None:
    page = opened(address, viewport={"width": width, "height": 740}).page
    for films in ({LONG_NAME: DISEASE}, {"cat.png": STRANGE}, {LONG_NAME: NORMAL, "x": b"no"}):
        look_at(page, films)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_fingers_find_their_targets_on_a_phone(opened: Callable, address: str) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    page = opened(address, **phone).page
    look_at(page, {"one.png": DISEASE, "two.png": NORMAL})
    page.locator("#batch tbody .open").first.tap()
    page.wait_for_selector("#answer[aria-busy=false]:visible")
    low = page.evaluate(
        "[...document.querySelectorAll('button, .button, input[type=range]')]"
        ".filter((one) => one.checkVisibility())"
        ".filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
    )
    assert low == []


def test_everything_has_a_name_and_headings_skip_no_level(opened: Callable, address: str) -> None:
    page = opened(address).page
    for films in ({"a.png": DISEASE}, {"b.png": STRANGE}, {"c.png": NORMAL, "d.png": b""}):
        look_at(page, films)
        assert page.evaluate(_UNNAMED) == []
        levels = heading_levels(page)
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_withheld_verdict_stands_beside_every_answer(opened: Callable, tmp_path: Path) -> None:
    with served(write_tiny_bundle(tmp_path / "doubted", headline="withheld")) as address:
        page = opened(address).page
        expect(page.locator("#verdict-title")).to_have_text("Withheld on films of one source")
        expect(page.locator("#verdict-quote")).to_be_hidden()
        expect(page.locator("#verdict-elsewhere")).to_be_hidden()
        expect(page.locator("#about-withheld")).to_be_visible()
        look_at(page, {"one.png": DISEASE})
        expect(page.locator("#answer-body .reminder")).to_contain_text("withheld")
        look_at(page, {"two.png": DISEASE, "three.png": NORMAL})
        expect(page.locator("#batch-reminder")).to_contain_text("withheld")


def test_the_token_is_asked_for_and_kept_in_the_tab(opened: Callable, bundle: Path) -> None:
    with served(bundle, token="open-sesame") as address:
        watched = opened(address, waits="#token")
        watched.expected = ("Failed to load resource",)
        page = watched.page
        expect(page.locator("#token-field")).to_be_focused()
        expect(page.locator("#token-field")).to_have_attribute("type", "password")
        expect(page.locator("#intake")).to_be_hidden()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#token-said")).to_contain_text("not the server’s token")
        page.keyboard.type("open-sesame")
        page.keyboard.press("Enter")
        expect(page.locator("#title")).to_have_text("Disease or Normal")
        look_at(page, {"one.png": DISEASE})
        expect(page.locator("#answer-title")).to_have_text("Called Disease")
        page.reload()
        page.wait_for_selector("#intake:visible")
        expect(page.locator("#token")).to_be_hidden()
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        assert "open-sesame" not in page.content()


def test_the_page_comes_whole_from_its_own_server(opened: Callable, address: str) -> None:
    watched = opened(address)
    look_at(watched.page, {"one.png": DISEASE})
    look_at(watched.page, {"two.png": NORMAL, "three.png": STRANGE})
    files = {request for request in watched.requests if request.startswith("GET")}
    assert {"GET /", "GET /v1/model", "GET /static/page.css"} <= files
    allowed = re.compile(r"(GET /(static/[a-z.]+|v1/model)?|POST /v1/(explain|predict))")
    assert [one for one in watched.requests if not allowed.fullmatch(one)] == []


def test_words_tell_near_numbers_apart(opened: Callable, address: str) -> None:
    page = opened(address).page
    told = page.evaluate(
        """async () => {
          const { beside, nameText, ofHundred, probabilityText } = await import("/static/words.js");
          return [beside(0.3096, 0.31), beside(0.83, 0.31), beside(0.5, 0.0042),
            probabilityText(0.9999), probabilityText(0.001), ofHundred(0.998), ofHundred(0.964),
            nameText("film\\u202egnp.exe\\n 1é.png")];
        }"""
    )
    assert told == [
        ["0.3096", "0.3100"], ["0.83", "0.31"], ["0.50", "0.0042"],
        "> 0.99", "< 0.01", "more than 99 of 100", "96 of 100",
        "film\ufffdgnp.exe\ufffd 1é.png",
    ]  # fmt: skip
