"""The queue in which films of all requests wait, are decoded, and go through the network together.

Decoding and the network let go of the interpreter, so both run in threads: as many decoders
as there are cores, and as many that each take what waits and run it as one batch. Nobody
waits for a batch to fill: under little load a film goes alone, under much load batches fill
by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

import numpy as np
from jaxtyping import UInt8

from hilum.classifier import Classifier, FilmFailure, Prediction
from hilum.errors import FilmError
from hilum.serve.metrics import Metrics
from hilum.serve.problems import OUR_FAULT, Problem, overloaded
from hilum.serve.settings import ServeLimits

_LOG = logging.getLogger("hilum.serve")

LARGEST_BATCH = 4
"""Larger ones gain nothing on a few cores, and let the first film wait for the last."""

_LOOK_AROUND_SECONDS = 0.5

_TOO_LONG = FilmFailure(
    "TIME",
    "Decoding the film takes longer than allowed.",
    "Export the film at a smaller size, or as PNG or JPEG.",
)

Answer = Prediction | FilmFailure
_T = TypeVar("_T")


class FilmQueue:
    """Takes films in, and answers each; starts and ends with the event loop that it serves."""

    def __init__(
        self, classifier: Classifier, limits: ServeLimits, metrics: Metrics, *, workers: int
    ) -> None:
        """Prepare a queue; nothing runs before `start`.

        Args:
            classifier: Answers.
            limits: How many films may wait, and how long decoding one may take.
            metrics: Told of batches and answers.
            workers: Threads that decode, and as many that run the network.
        """
        self._classifier = classifier
        self._limits = limits
        self._metrics = metrics
        self._uncoded: SimpleQueue[_Ticket | None] = SimpleQueue()
        self._prepared: SimpleQueue[_Ticket | None] = SimpleQueue()
        self._at_work: list[_Ticket | None] = [None] * workers
        self._threads = [
            *(Thread(target=self._decode, args=(k,), daemon=True) for k in range(workers)),
            *(Thread(target=self._answer, daemon=True) for _ in range(workers)),
        ]
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._aside_is_free = asyncio.Semaphore(1)
        self._n_aside = 0
        self.waiting = 0

    def start(self) -> None:
        """Start the threads; call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._warm_up()
        for thread in self._threads:
            thread.start()
        self._watch = self._loop.call_later(_LOOK_AROUND_SECONDS, self._look_around)

    def stop(self) -> None:
        """Let the threads end after what they are at."""
        self._watch.cancel()
        for k in range(len(self._threads)):
            (self._uncoded if k < len(self._at_work) else self._prepared).put(None)
        self._aside.shutdown(wait=False, cancel_futures=True)

    def check_room(self, n_films: int = 1) -> None:
        """Refuse films that find no room now.

        Raises:
            Problem: The queue is full.
        """
        if self.waiting + n_films > self._limits.waiting_films:
            raise overloaded("The server has as many films in line as it takes on.")

    def check_room_aside(self) -> None:
        """Refuse a film that goes aside, if it finds no room now.

        Raises:
            Problem: The queue is full.
        """
        self.check_room()
        if self._n_aside >= self._limits.explanations:
            raise overloaded("The server has as many explanations in line as it takes on.")

    async def answer(self, films: Sequence[bytes]) -> list[Answer]:
        """Answer films, in the order given.

        Raises:
            Problem: There is no room for all of them.
        """
        self.check_room(len(films))
        tickets = [_Ticket(data, self._loop.create_future()) for data in films]
        self.waiting += len(tickets)
        for ticket in tickets:
            self._uncoded.put(ticket)
        if len(tickets) == 1:
            return [await tickets[0].answer]
        return await asyncio.gather(*(ticket.answer for ticket in tickets))

    async def run_aside(self, work: Callable[[], _T]) -> _T:
        """Run work on one film that does not go through the queue, one at a time.

        Raises:
            Problem: There is no room, or it takes too long.
        """
        self.check_room_aside()
        self.waiting += 1
        self._n_aside += 1
        try:
            await self._aside_is_free.acquire()
            running = self._loop.run_in_executor(self._aside, work)
            running.add_done_callback(lambda _: self._aside_is_free.release())
            allowed = 3 * self._limits.film_seconds  # decoding, network and drawing
            return await asyncio.wait_for(asyncio.shield(running), allowed)
        except TimeoutError:
            raise Problem.of_film(_TOO_LONG) from None
        finally:
            self.waiting -= 1
            self._n_aside -= 1

    def _warm_up(self) -> None:
        """Run the network once for each size of batch, before several threads do.

        OpenVINO's Python layer sets itself up in its first call and lets go of the
        interpreter meanwhile: of two first calls at once, one waits for the other with the
        interpreter in its hands, and neither ever ends. And first calls are slow.
        """
        size = self._classifier.graph.size_px
        for n_films in range(1, LARGEST_BATCH + 1):
            seen = self._classifier.graph.look(np.zeros((n_films, size, size), np.uint8))
            self._classifier.judge(seen.features, [()] * n_films)

    def _decode(self, k: int) -> None:
        """Life of a decoding thread."""
        while ticket := self._uncoded.get():
            ticket.started = time.monotonic()
            self._at_work[k] = ticket
            try:
                film = self._classifier.prepare(ticket.data)
            except FilmError as error:
                self._deliver([ticket], [FilmFailure.from_error(error)])
            except BaseException as error:
                self._deliver([ticket], [error])
            else:
                ticket.square, ticket.notes = film.square, film.notes
                self._prepared.put(ticket)
                del film  # waiting, it would keep all its pixels
            finally:
                self._at_work[k] = None
                ticket.data = b""

    def _answer(self) -> None:
        """Life of a thread that runs the network."""
        while ticket := self._prepared.get():
            tickets, is_last = self._join(ticket)
            try:
                squares = np.stack([t.square for t in tickets if t.square is not None])
                seen = self._classifier.graph.look(squares)
                answers = self._classifier.judge(seen.features, [t.notes for t in tickets])
                self._deliver(tickets, answers)
            except BaseException as error:
                self._deliver(tickets, [error] * len(tickets))
            self._metrics.count_batch(len(tickets))
            if is_last:
                return

    def _join(self, ticket: _Ticket) -> tuple[list[_Ticket], bool]:
        """Take what else waits, up to a batch; also tell whether that was the end."""
        tickets = [ticket]
        try:
            while len(tickets) < LARGEST_BATCH:
                following = self._prepared.get_nowait()
                if following is None:
                    return tickets, True
                tickets.append(following)
        except Empty:
            pass
        return tickets, False

    def _deliver(
        self, tickets: Sequence[_Ticket], answers: Sequence[Answer | BaseException]
    ) -> None:
        """Hand answers to the event loop; one call for all of them."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._hand_over, tickets, answers)

    def _hand_over(
        self, tickets: Sequence[_Ticket], answers: Sequence[Answer | BaseException]
    ) -> None:
        """Answer those that still wait; in the event loop's thread."""
        self.waiting -= len(tickets)
        for ticket, answer in zip(tickets, answers, strict=True):
            if ticket.answer.done():
                continue
            if isinstance(answer, BaseException):
                # One film's bad luck: those beside it keep their answers.
                _LOG.error("A film failed: %s.", type(answer).__name__)
                _LOG.debug("Where:", exc_info=answer)
                answer = OUR_FAULT
            ticket.answer.set_result(answer)
            self._metrics.count_films([answer])

    def _look_around(self) -> None:
        """Answer for films whose decoding takes too long; the decoder ends in its own time."""
        latest = time.monotonic() - self._limits.film_seconds
        for ticket in self._at_work:
            if ticket is not None and ticket.started < latest and not ticket.answer.done():
                ticket.answer.set_result(_TOO_LONG)
                self._metrics.count_films([_TOO_LONG])
        self._watch = self._loop.call_later(_LOOK_AROUND_SECONDS, self._look_around)


@dataclass(eq=False, slots=True)
class _Ticket:
    """One film in the queue."""

    data: bytes
    answer: asyncio.Future[Answer]
    started: float = 0.0
    square: UInt8[np.ndarray, "size size"] | None = None
    notes: tuple[str, ...] = ()
