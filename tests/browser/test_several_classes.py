"""The page of a classifier that knows three classes, and of one that shows no heat-map."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from handing_films import drop
from playwright.sync_api import Page, Route, expect

from tiny_bundle import as_png, tiny_film

pytestmark = pytest.mark.browser

DISEASE, NORMAL = as_png(tiny_film(0.8)), as_png(tiny_film(0.2))
THREE = {"Disease": 0.22, "Normal": 0.13, "Pneumonia": 0.65}


def with_three_classes(page: Page, asked: list[str]) -> None:
    """Let the real answers speak of three classes."""

    def change(route: Route) -> None:
        asked.append(route.request.url)
        told: dict[str, Any] = route.fetch().json()
        if "classes" in told:
            told["classes"] = list(THREE)
        for film in [told.get("prediction"), *told.get("films", [])]:
            if film:
                film.update(probabilities=THREE, call="Pneumonia")
        route.fulfill(body=json.dumps(told), content_type="application/json")

    page.route("**/v1/*", change)
    page.reload()
    page.wait_for_selector("#intake:visible")


def test_three_classes_all_have_a_bar(opened: Callable, address: str) -> None:
    page = opened(address).page
    with_three_classes(page, [])
    expect(page.locator("#title")).to_have_text("Disease, Normal or Pneumonia")
    drop(page, {"one.png": NORMAL})
    expect(page.locator("#answer-title")).to_have_text("Called Pneumonia")
    expect(page.locator("#answer-body .lead")).to_have_text(
        "The probability of Disease is 0.22, below the operating point 0.40. "
        "Of the others, Pneumonia is the most probable: 0.65."
    )
    expect(page.locator("#answer-body .others li")).to_have_text(["Pneumonia0.65", "Normal0.13"])


def test_the_table_has_a_column_for_each_class(opened: Callable, address: str) -> None:
    page = opened(address).page
    with_three_classes(page, [])
    drop(page, {"one.png": NORMAL, "two.png": DISEASE})
    page.wait_for_selector("#batch[aria-busy=false]:visible")
    heads = page.locator("#batch thead th").all_inner_texts()
    assert [head for head in heads if head.startswith("Probability")] == [
        "Probability of Disease", "Probability of Normal", "Probability of Pneumonia",
    ]  # fmt: skip
    expect(page.locator("#batch-title")).to_have_text("2 films: 0 called Disease, 2 not")


def test_reasons_for_each_class_may_be_asked_for(opened: Callable, address: str) -> None:
    page = opened(address).page
    asked: list[str] = []
    with_three_classes(page, asked)
    drop(page, {"one.png": NORMAL})
    page.wait_for_selector("#answer[aria-busy=false]:visible")
    page.locator("#label").focus()
    page.locator("#label").select_option("Normal")
    expect(page.locator("#heatmap-caption")).to_have_text("What speaks for or against Normal")
    expect(page.locator("#label")).to_be_focused()
    assert "label=Normal" in asked[-1]


def test_an_answer_stands_without_a_heatmap(opened: Callable, address: str) -> None:
    watched = opened(address)
    watched.expected = ("Failed to load resource",)
    page = watched.page
    problem = {"code": "EXPLANATION", "detail": "The backbone shows no feature map.", "fix": ""}
    page.route("**/v1/explain*", lambda route: route.fulfill(status=422, body=json.dumps(problem)))
    drop(page, {"one.png": DISEASE})
    expect(page.locator("#answer-title")).to_have_text("Called Disease")
    expect(page.locator("#answer-body")).to_contain_text("No heat-map: The backbone shows no")
    expect(page.locator("#pictures")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 640, 1280])
def test_names_of_any_length_stay_within_the_page(
    opened: Callable, address: str, width: int
) -> None:
    page = opened(address, viewport={"width": width, "height": 800}).page
    long = "<b>" + "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3
    renamed = {long: 0.9, "Normal": 0.1}

    def rename(route: Route) -> None:
        path, _, _ = route.request.url.partition("?")  # the server knows no such label
        told: dict[str, Any] = route.fetch(url=path).json()
        if "classes" in told:
            told.update(classes=list(renamed), positive=long)
        for film in [told.get("prediction"), *told.get("films", [])]:
            if film:
                film.update(probabilities=renamed, call=long)
        told["label"] = long
        route.fulfill(body=json.dumps(told), content_type="application/json")

    page.route("**/v1/*", rename)
    page.reload()
    page.wait_for_selector("#intake:visible")
    name = "a" * 300
    drop(page, {name: DISEASE})
    expect(page.locator("#answer-title")).to_have_text(f"Called {long}")
    expect(page.locator("#heatmap")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    drop(page, {f"{k}{name}": NORMAL for k in range(2)})
    page.wait_for_selector("#batch[aria-busy=false]:visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
