"""Every refusal and fault as RFC 9457 tells it: `application/problem+json`, never a trace.

Source: RFC 9457, Problem Details for HTTP APIs (2023).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import Response

from hilum.classifier import FilmFailure, ProblemJson

MEDIA_TYPE = "application/problem+json"

OUR_FAULT = FilmFailure(
    "INTERNAL",
    "This is a fault of Hilum or of the machine.",
    "The server's log says more when it runs with --debug.",
)

_STATUS_OF_FILM = {
    "TYPE": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "SIZE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "INTERNAL": HTTPStatus.INTERNAL_SERVER_ERROR,
}

_FIXES = {
    404: "See /docs for what there is.",
    405: "See /docs for which method each address takes.",
}


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """A request that is not answered as asked, with what its sender should know.

    Attributes:
        status: HTTP status.
        code: Stable name of the kind of fault.
        detail: What happened.
        fix: What to do.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        fix: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.code = code
        self.detail = detail
        self.fix = fix
        self.headers = dict(headers or {})

    @classmethod
    def of_film(cls, failure: FilmFailure) -> Problem:
        """Tell why the one film of a request has no answer."""
        return cls(film_status(failure.code), failure.code, failure.message, fix=failure.fix)

    @property
    def document(self) -> ProblemJson:
        """The problem as JSON tells it."""
        return {
            "type": f"urn:hilum:problem:{self.code.lower()}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "fix": self.fix,
        }

    @property
    def body(self) -> bytes:
        """The document, written."""
        return json.dumps(self.document, ensure_ascii=False).encode()

    def response(self) -> Response:
        """The answer to send."""
        return Response(self.body, self.status, self.headers, MEDIA_TYPE)


def film_status(code: str) -> int:
    """Return the HTTP status of a film's fault, by its code."""
    return int(_STATUS_OF_FILM.get(code, HTTPStatus.UNPROCESSABLE_ENTITY))


def overloaded(detail: str, *, retry_after_seconds: int = 1) -> Problem:
    """Make the answer to one request too many."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "OVERLOADED",
        detail,
        fix="Send it again in a moment.",
        headers={"Retry-After": str(retry_after_seconds)},
    )


def internal() -> Problem:
    """Make the answer where the fault is ours; what happened goes to the log alone."""
    return Problem.of_film(OUR_FAULT)


def of_http_exception(error: HTTPException) -> Problem:
    """Tell an error of the framework's own, such as 404 or 405."""
    status = HTTPStatus(error.status_code)
    return Problem(
        status,
        status.name,
        f"{status.description or status.phrase}.".replace("..", "."),
        fix=_FIXES.get(status, "See /docs."),
        headers=error.headers,
    )
