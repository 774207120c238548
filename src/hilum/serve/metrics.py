"""Counters and times for Prometheus, in a registry of their own.

Labels are routes, statuses and codes from closed lists: nothing that a sender chooses, no
file name and no address ever becomes a label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hilum.classifier import FilmFailure, Prediction

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_BATCHES = (1, 2, 4, 8)


class Metrics:
    """What one server counts."""

    def __init__(self, *, waiting: Callable[[], float], held_bytes: Callable[[], float]) -> None:
        """Set all counters to zero.

        Args:
            waiting: Tells how many films are between upload and answer.
            held_bytes: Tells how many bytes of uploads are in memory.
        """
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "hilum_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "hilum_request_seconds",
            "From a request's headers to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._films = Counter(
            "hilum_films", "Films, by what became of them.", ["outcome"], registry=self.registry
        )
        self._answered = self._films.labels("answered")
        self._outside = self._films.labels("outside_domain")
        self._failed = self._films.labels("failed")
        self._failures = Counter(
            "hilum_film_failures", "Films without an answer.", ["code"], registry=self.registry
        )
        self._batches = Histogram(
            "hilum_batch_films",
            "Films that went through the network together.",
            buckets=_BATCHES,
            registry=self.registry,
        )
        Gauge(
            "hilum_films_waiting", "Films between upload and answer.", registry=self.registry
        ).set_function(waiting)
        Gauge(
            "hilum_upload_bytes", "Bytes of uploads in memory.", registry=self.registry
        ).set_function(held_bytes)
        ProcessCollector(registry=self.registry)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_batch(self, n_films: int) -> None:
        """Count films that went through the network together."""
        self._batches.observe(n_films)

    def count_films(self, answers: Sequence[Prediction | FilmFailure]) -> None:
        """Count what became of films."""
        for answer in answers:
            if isinstance(answer, FilmFailure):
                self._failed.inc()
                self._failures.labels(answer.code).inc()
            elif answer.in_domain:
                self._answered.inc()
            else:
                self._outside.inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
