"""The application: one classifier behind routes, a page, and one front door for all of it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hilum.classifier.classifier import Classifier
from hilum.serve.docs_page import docs_style, draw_docs
from hilum.serve.front_door import SENDER_LEFT, FrontDoor
from hilum.serve.limits import SenderLeftError
from hilum.serve.page_files import PageFiles
from hilum.serve.problems import Problem, of_http_exception
from hilum.serve.routes import make_router
from hilum.serve.schemas import ProblemDocument
from hilum.serve.security import Doorkeeper
from hilum.serve.service import Service
from hilum.serve.settings import ServeSettings
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
        settings: Whom it lets in and how much it takes on; `host` and `port` are the
            matter of who runs it.

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
            Problem: _tell_problem,
            HTTPException: _tell_http_exception,
            SenderLeftError: _tell_nobody,
        },
    )
    app.include_router(make_router(service, settings.limits))
    app.add_middleware(
        FrontDoor, doorkeeper=Doorkeeper(settings), metrics=service.metrics, settings=settings
    )
    _add_pages(app)
    # Problems are no model of a route's answer, as FastAPI would have it, but of refusals.
    described = app.openapi()["components"]["schemas"]
    described[ProblemDocument.__name__] = ProblemDocument.model_json_schema()
    return app


def _add_pages(app: FastAPI) -> None:
    """Add what people look at, which is no part of the API's own description."""
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


async def _tell_problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


async def _tell_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return of_http_exception(error).response()


async def _tell_nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=SENDER_LEFT)
