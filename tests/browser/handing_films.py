"""Handing films to the page as people do: by dropping, choosing and pasting."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page

# Films get into the page as base64; the event is the browser's own kind.
_SEND = """([kind, files]) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  if (kind === "paste") {
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
    return;
  }
  const zone = document.querySelector(".zone");
  for (const name of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true });
    zone.dispatchEvent(event);
  }
}"""


def drop(page: Page, films: Mapping[str, bytes]) -> None:
    """Drop files on the page."""
    page.evaluate(_SEND, ["drop", _packed(films)])


def paste(page: Page, films: Mapping[str, bytes]) -> None:
    """Paste files into the page."""
    page.evaluate(_SEND, ["paste", _packed(films)])


def choose(page: Page, films: Mapping[str, bytes]) -> None:
    """Choose files as the browser's own dialogue does."""
    files: list[Any] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": film}
        for name, film in films.items()
    ]
    page.set_input_files("#files", files)


def _packed(films: Mapping[str, bytes]) -> list[list[str]]:
    return [[name, base64.b64encode(film).decode()] for name, film in films.items()]
