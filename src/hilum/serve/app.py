"""The application: one classifier behind routes, a page, and one middleware for all of it.

What stands here, in this order: the application, its routes and how the OpenAPI document tells
them, the page's files, and the page `/docs`. The files are read once, and nothing that a sender
names ever becomes a path. `/docs` is the OpenAPI document as plain HTML, without a script or
an outside address.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import cache
from html import escape
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hilum.classifier import Classifier
from hilum.serve import answers
from hilum.serve.answers import Explained, Health, Model, Predictions, ProblemDocument
from hilum.serve.middleware import SENDER_LEFT, AccessControl, Middleware
from hilum.serve.problems import MEDIA_TYPE as PROBLEM_TYPE, Problem, of_http_exception
from hilum.serve.service import Service
from hilum.serve.settings import ServeLimits, ServeSettings
from hilum.serve.uploads import SenderLeftError
from hilum.version import __version__

_LOG = logging.getLogger("hilum.serve")

_DESCRIPTION = (
    "Answers for chest films, one classifier at a time. Research use only: no medical device, "
    "not for diagnosis. Films are never stored, and names of files never repeated."
)


def create_app(classifier: Classifier, settings: ServeSettings | None = None) -> FastAPI:
    """Make the application that serves a classifier.

    Args:
        classifier: Loaded with as many streams as there are cores, so that batches run side
            by side.
        settings: Whom it lets in and how much it takes on; `host` and `port` are for
            the server that runs it.

    Returns:
        An ASGI application; one event loop may run it once.
    """
    settings = settings or ServeSettings()
    service = Service(classifier, settings)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        try:
            service.start()
        except Exception as error:
            _LOG.debug("The service did not start:", exc_info=error)
            raise
        yield
        service.stop()

    app = FastAPI(
        title="Hilum",
        description=_DESCRIPTION,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=living,
        exception_handlers={
            Problem: _answer_problem,
            HTTPException: _answer_http_exception,
            SenderLeftError: _answer_nobody,
        },
    )
    app.include_router(make_router(service, settings.limits))
    app.add_middleware(
        Middleware,
        access_control=AccessControl(settings),
        metrics=service.metrics,
        settings=settings,
    )
    _add_pages(app)
    # FastAPI describes models of a route's answers; problems are those of its refusals.
    described = app.openapi()["components"]["schemas"]
    described[ProblemDocument.__name__] = ProblemDocument.model_json_schema()
    return app


async def _answer_problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


async def _answer_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return of_http_exception(error).response()


async def _answer_nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=SENDER_LEFT)


class PlainRoute(APIRoute):
    """A route that is documented as FastAPI's are, and handed the bare request.

    Nothing is left for FastAPI to validate: bodies are read within limits of our own, and
    its machinery would cost more than reading a small film does.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint itself."""
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


def make_router(service: Service, limits: ServeLimits) -> APIRouter:
    """Make the routes that a service answers on."""
    router = APIRouter(route_class=PlainRoute)
    router.add_api_route(
        "/v1/predict",
        service.predict,
        methods=["POST"],
        summary="Answer for films",
        description="Send films as files of a multipart form. A film outside the domain is "
        "refused: it is not like the training films, and no class is called. Films that "
        "cannot be read are listed under `failed`; if it is the only one, its fault is the "
        "answer. Names of files are never repeated: `index` is the place in the request.",
        response_model=Predictions,
        responses=_problems(400, 401, 403, 408, 413, 415, 421, 422, 503),
        openapi_extra={
            "parameters": [_SHOW_REFUSED],
            "requestBody": _form("files", limits.files),
        },
        tags=["films"],
    )
    router.add_api_route(
        "/v1/explain",
        service.explain,
        methods=["POST"],
        summary="Show where the reasons lie",
        description="Send one film. The heat-map shows what in it speaks for a class. A film "
        "outside the domain has none: nothing is said of it that could have reasons.",
        response_model=Explained,
        responses=_problems(400, 401, 403, 408, 413, 415, 421, 422, 503),
        openapi_extra={
            "parameters": [
                {
                    "name": "label",
                    "in": "query",
                    "schema": {"type": "string"},
                    "description": "The class whose reasons are shown; the positive one if "
                    "not given.",
                },
                _SHOW_REFUSED,
            ],
            "requestBody": _form("file", 1),
        },
        tags=["films"],
    )
    router.add_api_route(
        "/v1/model",
        service.model,
        summary="Tell what the classifier is",
        response_model=Model,
        responses=_problems(401, 403, 421),
        tags=["model"],
    )
    router.add_api_route(
        "/healthz",
        service.health,
        summary="Tell that the process lives",
        response_model=Health,
        tags=["server"],
    )
    router.add_api_route(
        "/readyz",
        service.readiness,
        summary="Tell whether requests are taken",
        response_model=Health,
        responses=_problems(503),
        tags=["server"],
    )
    # Some balancers ask without wanting the answer's body.
    for path, probe in (("/healthz", service.health), ("/readyz", service.readiness)):
        router.add_api_route(path, probe, methods=["HEAD"], include_in_schema=False)
    router.add_api_route(
        "/metrics",
        service.tell_metrics,
        summary="Tell what was counted, as Prometheus reads it",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **_problems(401, 403, 421),
        },
        tags=["server"],
    )
    return router


_SHOW_REFUSED = {
    "name": "show_refused",
    "in": "query",
    "schema": {"type": "boolean", "default": False},
    "description": "Give what is withheld of films outside the domain, too; it means nothing.",
}


def _form(field: str, most: int) -> dict[str, Any]:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    several = {"type": "array", "items": file, "minItems": 1, "maxItems": most}
    schema = {
        "type": "object",
        "properties": {field: several if most > 1 else file},
        "required": [field],
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


_WHY = {
    400: "The request is malformed.",
    401: "The request carries no valid token.",
    403: "A web page of another site sent the request.",
    408: "The body came too slowly.",
    413: "A file, a picture, or the request is too large, or there are too many files.",
    415: "The request is no multipart form, is compressed, or its only file is no film.",
    421: "The server does not go by the name that the request gives in `Host`.",
    422: "The only film cannot be read, or a field or parameter is not as it must be.",
    503: "The server has as much to do as it takes on; ask again after `Retry-After` seconds.",
}


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {
        status: {"description": _WHY[status], "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in statuses
    }


def _add_pages(app: FastAPI) -> None:
    """Add what people look at; the API's own description leaves it out."""
    page = PageFiles()

    async def docs(_: Request) -> Response:
        return Response(draw_docs(app.openapi()), media_type="text/html")

    async def style(_: Request) -> Response:
        return Response(docs_style(), media_type="text/css")

    async def description(_: Request) -> Response:
        return JSONResponse(app.openapi())

    app.add_route("/", page.page)
    app.add_route("/static/{name}", page.file)
    app.add_route("/docs", docs)
    app.add_route("/docs.css", style)
    app.add_route("/openapi.json", description)


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


def draw_docs(document: Mapping[str, Any]) -> str:
    """Draw the page.

    Args:
        document: The OpenAPI document of the application.
    """
    routes = [
        _route(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return _template().render(info=document["info"], routes=routes)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["prose"] = _prose
    return environment.get_template("docs.html.j2")


def _prose(text: str) -> Markup:
    """Escape a text; what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S704


def _route(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Gather what the page tells of one route."""
    responses = operation["responses"]
    example = _example(responses.get("200", {}))
    return {
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [
            (parameter["name"], parameter.get("description", ""))
            for parameter in operation.get("parameters", ())
        ],
        "command": _command(method, path, operation),
        "example": example and json.dumps(example, indent=2, ensure_ascii=False),
        "refusals": [
            (status, answer["description"])
            for status, answer in responses.items()
            if status != "200"
        ],
    }


def _command(method: str, path: str, operation: Mapping[str, Any]) -> str:
    words = ["curl"]
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "multipart/form-data":
            words += [f"-F {field}=@film.png" for field in body["schema"]["properties"]]
    if method not in ("get", "post"):
        words.append(f"-X {method.upper()}")
    return " ".join([*words, f"http://127.0.0.1:8000{path}"])


def _example(answer: Mapping[str, Any]) -> Any:
    """Find the example of an answer's type, its fields in the order in which they are told."""
    for body in answer.get("content", {}).values():
        name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if model := getattr(answers, name, None):
            return model.model_config["json_schema_extra"]["examples"][0]
    return None


def docs_style() -> str:
    """Give the stylesheet: a file of its own, since the pages' policy admits nothing inline."""
    return _read("docs.css")


def _read(name: str) -> str:
    return files("hilum.serve").joinpath("page", name).read_text(encoding="utf-8")
