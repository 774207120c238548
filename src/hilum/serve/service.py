"""One classifier at work for many requests: reads, queues, answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from hilum.classifier import Classifier, ExplainedJson, FilmFailure, describe_film
from hilum.errors import FilmError, HilumError
from hilum.machine import usable_cores
from hilum.serve.answers import describe_films, describe_model, explain_upload
from hilum.serve.metrics import MEDIA_TYPE as METRICS_TYPE, Metrics
from hilum.serve.problems import Problem
from hilum.serve.queue import FilmQueue
from hilum.serve.settings import ServeSettings
from hilum.serve.uploads import HeldBytes, Wanted, read_films

_YES_AND_NO = {"true": True, "1": True, "false": False, "0": False}


class Service:
    """What the routes do.

    Attributes:
        metrics: What is counted.
        queue: Where films wait.
        is_ready: Requests are taken.
    """

    def __init__(self, classifier: Classifier, settings: ServeSettings) -> None:
        self._classifier = classifier
        self._limits = settings.limits
        self._distance_limit = float(classifier.guard.threshold)
        self._model = _json_bytes(describe_model(classifier, settings.limits))
        self._held = HeldBytes(settings.limits.held_bytes)
        self._films = Wanted("files", settings.limits.files)
        self.metrics = Metrics(
            waiting=lambda: self.queue.waiting, held_bytes=lambda: self._held.now
        )
        self.queue = FilmQueue(classifier, settings.limits, self.metrics, workers=usable_cores())
        self.is_ready = False

    def start(self) -> None:
        """Begin to take requests; call it in the event loop."""
        self.queue.start()
        self.is_ready = True

    def stop(self) -> None:
        """Take no more requests."""
        self.is_ready = False
        self.queue.stop()

    async def predict(self, request: Request) -> Response:
        """Answer for the films of a request."""
        shows_refused = _yes_or_no(request, "show_refused")
        self.queue.check_room()
        films = await self._read(request, self._films)
        try:
            answers = await self.queue.answer(films)
        finally:
            self._held.give_back(sum(map(len, films)))
        if len(answers) == 1 and isinstance(answers[0], FilmFailure):
            raise Problem.of_film(answers[0])
        told = describe_films(answers, self._distance_limit, shows_refused=shows_refused)
        return _json(told)

    async def explain(self, request: Request) -> Response:
        """Answer for one film, and show where its reasons lie."""
        classes = self._classifier.record.classes
        label = request.query_params.get("label", self._classifier.record.positive)
        if label not in classes:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "PARAMETER",
                "The classifier knows no class of the name given in `label`.",
                fix=f"It knows {', '.join(classes)}.",
            )
        shows_refused = _yes_or_no(request, "show_refused")
        self.queue.check_room_aside()
        (film,) = await self._read(request, Wanted("file", 1))
        try:
            explained = await self.queue.run_aside(
                lambda: explain_upload(self._classifier, film, label, shows_refused=shows_refused)
            )
        except FilmError as error:
            failure = FilmFailure.from_error(error)
            self.metrics.count_films([failure])
            raise Problem.of_film(failure) from None
        except HilumError as error:  # this classifier cannot explain
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, error.code, error.message, fix=error.fix
            ) from None
        finally:
            self._held.give_back(len(film))
        self.metrics.count_films([explained.prediction])
        prediction = describe_film(
            explained.prediction,
            shows_refused=shows_refused,
            distance_limit=self._distance_limit,
        )
        told: ExplainedJson = {"prediction": prediction, **explained.pictures}
        return _json(told)

    async def model(self, _: Request) -> Response:
        """Tell what the classifier is."""
        return Response(self._model, media_type="application/json")

    async def health(self, _: Request) -> Response:
        """Tell that the process lives."""
        return _json({"status": "ok"})

    async def readiness(self, _: Request) -> Response:
        """Tell whether requests are taken."""
        if self.is_ready:
            return _json({"status": "ready"})
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "NOT_READY",
            "The server is starting or stopping.",
            fix="Ask again in a moment.",
            headers={"Retry-After": "1"},
        )

    async def tell_metrics(self, _: Request) -> Response:
        """Tell what was counted, as Prometheus reads it."""
        return Response(self.metrics.text(), headers={"Content-Type": METRICS_TYPE})

    async def _read(self, request: Request, wanted: Wanted) -> list[bytes]:
        headers = request.scope["hilum.headers"]
        return await read_films(headers, request.receive, wanted, self._limits, self._held)


def _yes_or_no(request: Request, name: str) -> bool:
    if not request.scope["query_string"]:
        return False
    said = request.query_params.get(name, "false").lower()
    if said not in _YES_AND_NO:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "PARAMETER",
            f"The parameter `{name}` is neither true nor false.",
            fix=f"Use {name}=true or {name}=false.",
        )
    return _YES_AND_NO[said]


def _json(told: Mapping[str, object]) -> Response:
    return Response(_json_bytes(told), media_type="application/json")


def _json_bytes(told: Mapping[str, object]) -> bytes:
    # JSON has neither NaN nor infinity: better an error here than one in every reader.
    return json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
