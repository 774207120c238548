from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest

from every import every
from hilum.classifier import CohortVerdict
from hilum.classifier.prediction import FilmFailure, Prediction, PreparedFilm
from hilum.errors import FilmCorruptError
from hilum.serve.metrics import Metrics
from hilum.serve.problems import OUR_FAULT, Problem
from hilum.serve.queue import LARGEST_BATCH, FilmQueue
from hilum.serve.settings import ServeLimits, ServeSettings
from served import Served, serving


@dataclass
class StandIn:
    """A classifier whose films are numbers; it can be held up, and can fail."""

    gate: threading.Event = field(default_factory=threading.Event)
    batches: list[int] = field(default_factory=list)
    slow: bytes = b"slow"

    def __post_init__(self) -> None:
        self.graph = SimpleNamespace(look=self.look, size_px=2)

    def prepare(self, film: bytes) -> PreparedFilm:
        if film == self.slow:
            time.sleep(1.5)
        if film == b"corrupt":
            raise FilmCorruptError("cut", fix="copy")
        if film == b"bug":
            raise RuntimeError("ZZPHI^CANARY")
        square = np.full((2, 2), len(film), np.uint8)
        return PreparedFilm(square, square, (film.decode(),))

    def look(self, squares: np.ndarray) -> SimpleNamespace:
        if squares.any():  # black films are those that warm up
            self.batches.append(len(squares))
            assert self.gate.wait(10)
        return SimpleNamespace(features=squares[:, 0, :1].astype(float))

    def judge(self, features: np.ndarray, notes: list[tuple[str, ...]]) -> list[Prediction]:
        return [
            Prediction({"A": float(row[0])}, "A", True, 0.0, said)
            for row, said in zip(features, notes, strict=True)
        ]


def with_line(
    stand_in: StandIn,
    work: Callable[[FilmQueue], Awaitable[Any]],
    limits: ServeLimits | None = None,
) -> Any:
    """Run work on a line that starts and ends with it."""

    async def run() -> Any:
        metrics = Metrics(waiting=lambda: 0, held_bytes=lambda: 0)
        line = FilmQueue(stand_in, limits or ServeLimits(), metrics, workers=2)  # type: ignore[arg-type]
        line.start()
        try:
            done = await work(line)
            assert line.waiting == 0
            return done
        finally:
            line.stop()

    return asyncio.run(run())


def opened() -> StandIn:
    stand_in = StandIn()
    stand_in.gate.set()
    return stand_in


def test_each_film_gets_its_own_answer_in_order() -> None:
    films = [str(k).encode() for k in range(40)]
    answers = with_line(opened(), lambda line: line.answer(films))
    assert [answer.notes for answer in answers] == [(str(k),) for k in range(40)]


def test_films_of_different_requests_go_together() -> None:
    stand_in = StandIn()

    async def work(line: FilmQueue) -> list[Any]:
        asking = [asyncio.ensure_future(line.answer([b"%d" % k])) for k in range(20)]
        await asyncio.sleep(0.2)
        stand_in.gate.set()
        return await asyncio.gather(*asking)

    answers = with_line(stand_in, work)
    assert [answer.notes for (answer,) in answers] == [(str(k),) for k in range(20)]
    assert max(stand_in.batches) == LARGEST_BATCH
    assert len(stand_in.batches) < 20


def test_a_bad_film_spoils_no_other() -> None:
    answers = with_line(opened(), lambda line: line.answer([b"a", b"corrupt", b"b"]))
    assert isinstance(answers[1], FilmFailure)
    assert answers[1].code == "CORRUPT"
    assert [answer.notes for answer in (answers[0], answers[2])] == [("a",), ("b",)]


def test_there_is_room_for_so_many_and_no_more() -> None:
    stand_in = StandIn()

    async def work(line: FilmQueue) -> None:
        asking = asyncio.ensure_future(line.answer([b"x"] * 6))
        await asyncio.sleep(0.05)
        assert line.waiting == 6
        line.check_room(2)
        with pytest.raises(Problem) as refused:
            await line.answer([b"y"] * 3)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
        stand_in.gate.set()
        assert len(await asking) == 6
        assert len(await line.answer([b"y"] * 8)) == 8

    with_line(stand_in, work, ServeLimits(waiting_films=8))


def test_decoding_that_takes_too_long_is_told() -> None:
    async def work(line: FilmQueue) -> None:
        started = time.monotonic()
        slow, quick = await asyncio.gather(line.answer([b"slow"]), line.answer([b"quick"]))
        assert slow[0].code == "TIME"
        assert quick[0].notes == ("quick",)
        assert time.monotonic() - started < 1.4
        while line.waiting:
            await asyncio.sleep(0.05)

    with_line(opened(), work, ServeLimits(film_seconds=0.3))


def test_a_fault_of_ours_costs_the_film_its_answer_and_no_other() -> None:
    async def work(line: FilmQueue) -> None:
        first, answered, last = await line.answer([b"bug", b"a", b"bug"])
        assert first == last == OUR_FAULT
        assert isinstance(answered, Prediction)
        assert line.waiting == 0

    with_line(opened(), work)


def test_work_aside_counts_as_a_film() -> None:
    async def work(line: FilmQueue) -> None:
        gate = threading.Event()
        asking = asyncio.ensure_future(line.run_aside(lambda: gate.wait(5)))
        await asyncio.sleep(0.05)
        with pytest.raises(Problem):
            await line.run_aside(lambda: None)
        gate.set()
        assert await asking is True
        with pytest.raises(ZeroDivisionError):
            await line.run_aside(lambda: 1 // 0)

    with_line(opened(), work, ServeLimits(waiting_films=1))


def test_explanations_leave_room_for_other_films() -> None:
    async def work(line: FilmQueue) -> None:
        gate = threading.Event()
        asking = [asyncio.ensure_future(line.run_aside(lambda: gate.wait(5))) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(Problem, match="explanations"):
            line.check_room_aside()
        with pytest.raises(Problem, match="explanations"):
            await line.run_aside(lambda: None)
        assert len(await line.answer([b"x"] * 5)) == 5
        gate.set()
        assert await asyncio.gather(*asking) == [True] * 3
        line.check_room_aside()

    with_line(opened(), work, ServeLimits(waiting_films=8, explanations=3))


def stand_in_behind_http() -> Any:
    """The stand-in with all that the application tells of a classifier."""
    stand_in: Any = StandIn()
    stand_in.guard = SimpleNamespace(threshold=1.0)
    stand_in.card = "card"
    stand_in.record = SimpleNamespace(
        classes=("A", "B"),
        positive="A",
        threshold=0.5,
        created="now",
        study={},
        policy=SimpleNamespace(kind="youden", target=None),
        backbone=SimpleNamespace(name="none", title="None", size_px=2),
        verdict=CohortVerdict(headline="withheld", reasons=()),
    )
    return stand_in


def test_overload_is_answered_and_health_stays_green() -> None:
    stand_in = stand_in_behind_http()
    limits = ServeLimits(waiting_films=8)
    with serving(stand_in, ServeSettings(limits=limits)) as served, ThreadPoolExecutor(40) as pool:
        asking = [pool.submit(served.predict, b"x") for _ in range(40)]
        while sum(future.done() for future in asking) < 32:
            assert served.client.get("/healthz").status_code == 200
            assert served.client.get("/readyz").status_code == 200
        refused = [future.result() for future in asking if future.done()]
        assert {answer.status_code for answer in refused} == {503}
        assert all(answer.headers["retry-after"] == "1" for answer in every(refused))
        assert {answer.json()["code"] for answer in refused} == {"OVERLOADED"}
        stand_in.gate.set()
        statuses = sorted(future.result().status_code for future in asking)
        assert statuses == [200] * 8 + [503] * 32
        assert served.predict(b"again").status_code == 200


def test_a_fault_of_ours_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    stand_in = stand_in_behind_http()
    stand_in.gate.set()
    with serving(stand_in) as served:
        answer = served.predict(b"bug")
        assert_internal(answer)
        assert served.predict(b"fine").status_code == 200
    told = [r.getMessage() for r in caplog.records if r.name.startswith("hilum")]
    assert told == ["A film failed: RuntimeError."]


def assert_internal(answer: Any) -> None:
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "INTERNAL"
    assert "CANARY" not in answer.text
    assert "Traceback" not in answer.text


def test_requests_under_way_are_answered_before_the_server_ends() -> None:
    stand_in = stand_in_behind_http()
    answers = []

    def ask(served: Served) -> None:
        address = f"http://127.0.0.1:{served.port}/v1/predict"
        answers.append(httpx.post(address, files={"files": b"x"}).status_code)

    with serving(stand_in) as served:
        thread = threading.Thread(target=ask, args=(served,))
        thread.start()
        while not stand_in.batches:
            time.sleep(0.01)
        threading.Timer(0.3, stand_in.gate.set).start()
    thread.join(10)
    assert answers == [200]
