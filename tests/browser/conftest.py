"""A real server, a real browser, and a page that may not misbehave unseen.

The browser is Debian's Chromium, or the one that HILUM_TEST_CHROMIUM names. Nothing is
downloaded.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from served_bundles import served

from tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def address(bundle: Path) -> Iterator[str]:
    with served(bundle, files=5) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = os.environ.get("HILUM_TEST_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium: `make test-browser` installs it, or set HILUM_TEST_CHROMIUM")
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and what it did that nobody would see.

    Attributes:
        page: The page.
        home: Address that all requests must go to.
        requests: Method and path of each.
        complaints: Errors and warnings in the console, and requests that go elsewhere.
        expected: Beginnings of complaints that a test provokes.
    """

    page: Page
    home: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def watch(self) -> None:
        self.page.on("request", lambda request: self._note_request(request.method, request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )

    def _note_request(self, method: str, url: str) -> None:
        if url.startswith(("data:", "blob:")):
            return
        self.requests.append(f"{method} {urlsplit(url).path}")
        if not url.startswith(self.home):
            self.complaints.append(f"request elsewhere: {url}")

    def check(self) -> None:
        left = [said for said in self.complaints if not said.startswith(self.expected or ("\0",))]
        assert left == []


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens the page in a fresh browser profile; what it did is judged at the end."""
    all_watched = []

    def open_page(address: str, *, waits: str = "#intake", **how: Any) -> Watched:
        context = browser.new_context(**{"reduced_motion": "reduce", **how})
        watched = Watched(context.new_page(), address)
        watched.page.set_default_timeout(15_000)
        watched.watch()
        all_watched.append(watched)
        watched.page.goto(address)
        watched.page.wait_for_selector(f"{waits}:visible")
        return watched

    yield open_page
    for watched in all_watched:
        watched.page.context.close()
        watched.check()
