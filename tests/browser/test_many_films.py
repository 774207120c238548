"""Many films on the page: the table, its order, its CSV, and the way from film to film."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from handing_films import drop
from playwright.sync_api import Page, Route, expect

from tiny_bundle import as_png, strange_film, tiny_film

pytestmark = pytest.mark.browser

DISEASE, NORMAL, STRANGE = as_png(tiny_film(0.8)), as_png(tiny_film(0.2)), as_png(strange_film())
FILMS = {
    "film 10.png": DISEASE,
    "film 2.png": NORMAL,
    '=cmd("x"), a film.png': as_png(tiny_film(0.7)),
    "cat.png": STRANGE,
    "broken.png": DISEASE[: len(DISEASE) // 2],
    "film 30.png": as_png(tiny_film(0.3)),
    "-1+2.png": NORMAL,
}
"""Seven, where the server takes five in one request."""


def hand_all(page: Page) -> None:
    drop(page, FILMS)
    page.wait_for_selector("#batch[aria-busy=false]:visible")


def names(page: Page) -> list[str]:
    return page.locator("#batch tbody .open").all_inner_texts()


def read_csv(page: Page, folder: Path) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "hilum-films.csv"
    download.value.save_as(folder / "films.csv")
    return list(csv.DictReader(io.StringIO((folder / "films.csv").read_text("utf-8"))))


def test_many_films_are_counted_and_listed(opened: Callable, address: str) -> None:
    watched = opened(address)
    page = watched.page
    hand_all(page)
    expect(page.locator("#batch-title")).to_have_text(
        "7 films: 2 called Disease, 3 not, 1 refused, 1 could not be read"
    )
    assert names(page) == list(FILMS)
    expect(page.locator("#batch tbody td.call")).to_have_text(
        ["Disease", "Normal", "Disease", "refused", "not read", "Normal", "Normal"]
    )
    expect(page.locator("#batch tbody tr").nth(4)).to_contain_text("ends before the picture")
    expect(page.locator("#progress")).to_be_hidden()
    assert watched.requests.count("POST /v1/predict") == 2


def test_the_csv_holds_every_film_and_no_formula(
    opened: Callable, address: str, tmp_path: Path
) -> None:
    page = opened(address).page
    hand_all(page)
    rows = read_csv(page, tmp_path)
    assert [row["film"] for row in rows] == [
        "'" + name if name[0] in "=-" else name for name in FILMS
    ]
    first, _, _, refused, broken, *_ = rows
    assert first["call"] == "Disease"
    total = float(first["probability_Disease"]) + float(first["probability_Normal"])
    assert total == pytest.approx(1, abs=1e-6)
    assert first["operating_point"] == "0.4"
    assert (refused["call"], refused["probability_Disease"], refused["in_domain"]) == (
        "", "", "false",
    )  # fmt: skip
    assert float(refused["distance"]) > float(refused["distance_limit"])
    assert (broken["code"], broken["call"]) == ("CORRUPT", "")


def test_the_table_sorts_and_says_so(opened: Callable, address: str, tmp_path: Path) -> None:
    page = opened(address).page
    hand_all(page)
    page.get_by_role("button", name="Film", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Film")
    assert [name for name in names(page) if name.startswith("film")] == [
        "film 2.png", "film 10.png", "film 30.png",
    ]  # fmt: skip
    page.get_by_role("button", name="Probability of Disease").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Probability of Disease")
    assert set(names(page)[:2]) == {"film 10.png", '=cmd("x"), a film.png'}
    assert set(names(page)[5:]) == {"cat.png", "broken.png"}, "what has no number comes last"
    listed = [row["film"].removeprefix("'") for row in read_csv(page, tmp_path)]
    assert listed == names(page), "the file is in the order of the table"


def test_a_row_opens_its_film_and_leads_to_the_next(opened: Callable, address: str) -> None:
    page = opened(address).page
    hand_all(page)
    page.locator("#batch tbody tr").nth(1).locator("td.call").click()
    page.wait_for_selector("#answer[aria-busy=false]:visible")
    expect(page.locator("#answer-name")).to_have_text("film 2.png")
    expect(page.locator("#walk-place")).to_have_text("2 of 7")
    expect(page.locator("#heatmap")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#answer-name")).to_have_text('=cmd("x"), a film.png')
    page.get_by_role("button", name="All films").click()
    expect(page.locator("#answer")).to_be_hidden()
    assert page.evaluate("document.activeElement.textContent") == '=cmd("x"), a film.png'


def test_a_film_that_comes_later_joins_the_others(opened: Callable, address: str) -> None:
    page = opened(address).page
    drop(page, {"one.png": DISEASE})
    page.wait_for_selector("#answer[aria-busy=false]:visible")
    expect(page.locator("#walk")).to_be_hidden()
    drop(page, {"two.png": NORMAL})
    expect(page.locator("#walk-place")).to_have_text("2 of 2")
    page.wait_for_selector("#answer[aria-busy=false]:visible")
    page.get_by_role("button", name="All films").click()
    expect(page.locator("#batch-title")).to_have_text("2 films: 1 called Disease, 1 not")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#batch")).to_be_hidden()
    expect(page.locator("#status")).to_have_text("All films are forgotten.")


def test_a_busy_server_is_asked_again(opened: Callable, address: str) -> None:
    watched = opened(address)
    watched.expected = ("Failed to load resource",)
    page = watched.page
    refusals = [503, 503]

    def answer(route: Route) -> None:
        if not refusals:
            return route.continue_()
        body = {"detail": "The server has as many films in line as it takes on.", "fix": ""}
        return route.fulfill(
            status=refusals.pop(), headers={"Retry-After": "0.2"}, body=json.dumps(body)
        )

    page.route("**/v1/predict*", answer)
    hand_all(page)
    expect(page.locator("#batch-title")).to_contain_text("2 called Disease, 3 not")
    assert watched.requests.count("POST /v1/predict") == 4


def test_films_that_no_server_answers_can_be_sent_again(opened: Callable, address: str) -> None:
    watched = opened(address)
    watched.expected = ("Failed to load resource",)
    page = watched.page
    page.route("**/v1/predict*", lambda route: route.abort())
    hand_all(page)
    expect(page.locator("#batch-title")).to_have_text(
        "7 films: 0 called Disease, 0 not, 7 not answered yet"
    )
    expect(page.locator("#batch tbody tr").first).to_contain_text("The server does not answer.")
    page.unroute("**/v1/predict*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#batch-title")).to_contain_text("2 called Disease, 3 not, 1 refused")
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_a_stopped_batch_keeps_what_was_answered(opened: Callable, address: str) -> None:
    watched = opened(address)
    watched.expected = ("Failed to load resource",)
    page = watched.page
    asked = []

    def answer_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route("**/v1/predict*", answer_the_first)
    drop(page, FILMS)
    expect(page.locator("#progress-text")).to_have_text("Reading films 6 to 7 of 7")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#batch-title")).to_contain_text("2 not answered yet")
    expect(page.locator("#batch tbody td.call").first).to_have_text("Disease")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_folder_may_be_dropped(opened: Callable, address: str, tmp_path: Path) -> None:
    page = opened(address).page
    folder = tmp_path / "films"
    (folder / "later").mkdir(parents=True)
    (folder / "film 10.png").write_bytes(DISEASE)
    (folder / "film 2.png").write_bytes(NORMAL)
    (folder / ".hidden").write_bytes(b"")
    (folder / "later" / "film 3.png").write_bytes(NORMAL)
    hand = page.context.new_cdp_session(page)
    box = page.locator(".zone").bounding_box()
    assert box is not None
    where = {"x": box["x"] + 9, "y": box["y"] + 9}
    # What the browser is told when a hand drags a folder from the desktop.
    carried = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, **where, "data": carried})
        if kind == "dragOver":
            expect(page.locator("body.dropping")).to_have_count(1)
    page.wait_for_selector("#batch[aria-busy=false]:visible")
    assert names(page) == ["film 2.png", "film 10.png", "film 3.png"]
    expect(page.locator("body.dropping")).to_have_count(0)


def test_films_that_are_cleared_while_they_wait_are_never_sent(
    opened: Callable, address: str
) -> None:
    watched = opened(address)
    page = watched.page
    held: list[Route] = []
    page.route("**/v1/predict", lambda route: held.append(route))
    lots = [{f"{lot} {k}.png": FILMS["film 2.png"] for k in range(2)} for lot in ("a", "b", "c")]
    for lot in lots:
        drop(page, lot)
    expect(page.locator("#batch tbody tr")).to_have_count(6)
    expect(page.locator("#progress")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.locator("#status")).to_have_text("All films are forgotten.")
    page.wait_for_timeout(300)
    assert watched.requests.count("POST /v1/predict") == len(held) == 1
    expect(page.locator("#status")).to_have_text("All films are forgotten.")
