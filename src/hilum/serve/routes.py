"""What there is to ask, and how the OpenAPI document tells it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from hilum.serve.problems import MEDIA_TYPE as PROBLEM_TYPE
from hilum.serve.schemas import Explained, Health, Model, Predictions, ProblemDocument
from hilum.serve.service import Service
from hilum.serve.settings import ServeLimits

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
_SHOW_REFUSED = {
    "name": "show_refused",
    "in": "query",
    "schema": {"type": "boolean", "default": False},
    "description": "Give what is withheld of films outside the domain, too; it means nothing.",
}


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


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {
        status: {"description": _WHY[status], "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in statuses
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
