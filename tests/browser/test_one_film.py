"""One film on the page: dropped, chosen or pasted; called, refused or unreadable."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handing_films import choose, drop, paste
from playwright.sync_api import Page, expect

from tiny_bundle import as_png, strange_film, tiny_film

pytestmark = pytest.mark.browser

DISEASE, NORMAL, STRANGE = as_png(tiny_film(0.8)), as_png(tiny_film(0.2)), as_png(strange_film())
FAILED_LOAD = "Failed to load resource"


def heading(page: Page) -> str:
    page.wait_for_selector("#answer[aria-busy=false]:visible")
    return page.locator("#answer-title").inner_text()


def opacity(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.querySelector('#heatmap')).opacity")


def test_before_a_film_comes_the_page_says_what_to_expect(opened: Callable, address: str) -> None:
    page = opened(address).page
    expect(page).to_have_title("Disease or Normal · Hilum")
    expect(page.locator(".use")).to_have_text("Research use only. Not for diagnosis.")
    expect(page.locator("#verdict-title")).to_have_text("Limited on films of one source")
    expect(page.locator("#verdict-text")).to_contain_text("limited by unknown patients")
    expect(page.locator("#verdict-reasons li")).to_have_text(
        ["Patients are unknown.", "Few films."]
    )
    expect(page.locator("#verdict-next li")).to_have_text(
        ["Name the patient of every film: a column patient."]
    )
    expect(page.locator("#verdict-elsewhere")).to_have_text(
        "Elsewhere. Not tried on films from elsewhere."
    )
    expect(page.locator("#quote")).to_contain_text(
        "Sensitivity 90.0 % (95 % CI 80.0 to 95.0; 27 of 30)"
    )
    expect(page.locator("#point-call")).to_have_text(
        "A film is called Disease at a probability of 0.40 or more."
    )
    expect(page.locator("#point-reached")).to_contain_text(
        "it found 90 of 100 Disease films (sensitivity 0.90 [0.80, 0.95])"
    )
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.locator("#card .card h3")).to_have_text("A tiny classifier for tests")


def test_a_dropped_film_is_called_and_shown_with_its_reasons(
    opened: Callable, address: str
) -> None:
    watched = opened(address)
    page = watched.page
    drop(page, {"one.png": DISEASE})
    assert heading(page) == "Called Disease"
    expect(page.locator("#answer-name")).to_have_text("one.png")
    expect(page.locator("#answer-body .lead")).to_contain_text("above the operating point 0.40")
    expect(page.locator("#answer-body .reminder")).to_contain_text("reservations of the verdict")
    expect(page.locator("#status")).to_contain_text("Called Disease: ")
    assert page.evaluate("document.activeElement.id") == "answer-title"
    sizes = page.evaluate(
        "['film', 'film-below', 'heatmap'].map((id) => document.getElementById(id).naturalWidth)"
    )
    assert sizes == [64, 64, 64]
    expect(page.locator("#share")).to_contain_text("of what speaks for Disease lies in the central")
    places = page.evaluate(
        "['film-below', 'heatmap'].map((id) => {"
        " const box = document.getElementById(id).getBoundingClientRect();"
        " return [box.x, box.y, box.width, box.height]; })"
    )
    assert places[0] == pytest.approx(places[1], abs=0.6), "the heat-map lies beside its film"
    assert watched.requests.count("POST /v1/explain") == 1


def test_the_slider_fades_the_heatmap(opened: Callable, address: str) -> None:
    page = opened(address).page
    drop(page, {"one.png": DISEASE})
    heading(page)
    assert opacity(page) == "0.8"
    page.locator("#opacity").fill("25")
    assert opacity(page) == "0.25"
    expect(page.locator("#opacity-said")).to_have_text("25 %")
    page.locator("#opacity").press("Home")
    assert opacity(page) == "0"
    drop(page, {"two.png": NORMAL})
    page.wait_for_selector("#answer-name:text('two.png')")
    assert heading(page) == "Called Normal"
    assert opacity(page) == "0", "the next film keeps the reader's choice"


def test_a_negative_is_told_with_its_grounds(opened: Callable, address: str) -> None:
    page = opened(address).page
    choose(page, {"normal.png": NORMAL})
    assert heading(page) == "Called Normal"
    expect(page.locator("#answer-body .lead")).to_contain_text("The probability of Disease is ")
    expect(page.locator("#answer-body .lead")).to_contain_text("below the operating point 0.40.")
    expect(page.locator("#share")).to_be_empty()


def test_a_pasted_picture_is_answered(opened: Callable, address: str) -> None:
    page = opened(address).page
    paste(page, {"image.png": DISEASE})
    assert heading(page) == "Called Disease"


def test_what_is_no_film_is_refused_and_its_number_shown_on_request_alone(
    opened: Callable, address: str
) -> None:
    page = opened(address).page
    drop(page, {"cat.png": STRANGE})
    assert heading(page) == "Not like the training films"
    expect(page.locator("#answer-body .lead")).to_have_text("No class is called.")
    expect(page.locator("#answer-body")).to_contain_text("distance from the training films")
    expect(page.locator("#answer-body")).not_to_contain_text("probability of Disease")
    expect(page.locator("#laid")).to_be_hidden()
    page.get_by_role("button", name="Show the probability anyway").click()
    expect(page.locator("#answer-body")).to_contain_text("the number means nothing")
    expect(page.locator("#answer-body")).to_contain_text("probability of Disease")
    assert heading(page) == "Not like the training films"


def test_a_broken_file_says_what_is_wrong_and_what_to_do(opened: Callable, address: str) -> None:
    watched = opened(address)
    watched.expected = (FAILED_LOAD,)  # the browser's own word on the status 422
    page = watched.page
    drop(page, {"broken.png": DISEASE[: len(DISEASE) // 2]})
    assert heading(page) == "This film could not be read"
    expect(page.locator("#answer-body")).to_contain_text("ends before the picture does")
    expect(page.locator("#answer-body")).to_contain_text("export the film again")
    expect(page.locator("#answer-body code")).to_have_text("CORRUPT")
    expect(page.locator("#pictures")).to_be_hidden()


def test_a_file_that_is_too_large_is_never_sent(opened: Callable, address: str) -> None:
    watched = opened(address)
    page = watched.page
    page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(50_000_001)], "huge.tif"));
          const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
          document.dispatchEvent(drop);
        }"""
    )
    assert heading(page) == "This film could not be read"
    expect(page.locator("#answer-body")).to_contain_text("larger than the 50 MB")
    assert not any(request.startswith("POST") for request in watched.requests)


def test_names_are_text_and_stay_in_the_browser(opened: Callable, address: str) -> None:
    page = opened(address).page
    page.evaluate(
        """() => {
          const send = window.fetch;
          window.sent = [];
          window.fetch = (path, how) => {
            window.sent.push(...[...how.body.entries()].map(([field, file]) => [field, file.name]));
            return send(path, how);
          };
        }"""
    )
    name = "<img src=x onerror=alert(1)>ZZPHI^CANARY.png"
    drop(page, {name: DISEASE})
    heading(page)
    expect(page.locator("#answer-name")).to_have_text(name)
    assert page.locator("#answer-name img").count() == 0
    assert page.evaluate("window.sent") == [["file", "film"]]


def test_the_page_keeps_nothing(opened: Callable, address: str) -> None:
    page = opened(address).page
    drop(page, {"one.png": DISEASE})
    heading(page)
    kept = page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    page.reload()
    page.wait_for_selector("#intake:visible")
    expect(page.locator("#answer")).to_be_hidden()
