"""The page's own files, read once: nothing that a sender names ever becomes a path."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from hilum.serve.problems import Problem

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".woff2": "font/woff2",
}


class PageFiles:
    """The files of the folder `page`, by name; `index.html` is the page itself."""

    def __init__(self) -> None:
        """Read all of them."""
        self._answers = {}
        for file in files("hilum.serve").joinpath("page").iterdir():
            suffix = "." + file.name.rpartition(".")[2]
            if suffix in _TYPES:
                self._answers[file.name] = (file.read_bytes(), _TYPES[suffix])

    async def page(self, request: Request) -> Response:
        """Give the page."""
        return self._give(request, "index.html")

    async def file(self, request: Request) -> Response:
        """Give one of its files."""
        return self._give(request, request.path_params["name"])

    def _give(self, request: Request, name: str) -> Response:
        if name not in self._answers:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "NOT_FOUND",
                "There is no such file.",
                fix="See /docs for what there is.",
            )
        content, kind = self._answers[name]
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        # Kept by browsers, and asked for again whether it is still the same.
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(content, headers=headers, media_type=kind)
