"""Bodies come in piece by piece, and are held to the limits whatever they declare."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hilum.serve.problems import Problem
from hilum.serve.settings import ServeLimits
from hilum.serve.uploads import (
    HeldBytes,
    SenderLeftError,
    Wanted,
    check_declared,
    read_films,
    receive_body,
)

LIMITS = ServeLimits(file_bytes=1000, files=4, request_bytes=6000, held_bytes=6000)


def part(film: bytes, *more_headers: bytes, edge: bytes = b"edge") -> bytes:
    headers = (b'Content-Disposition: form-data; name="files"; filename="a"', *more_headers)
    return b"--" + edge + b"\r\n" + b"\r\n".join((*headers, b"", film)) + b"\r\n"


def read(
    pieces: list[bytes], *, ends: bool = True, n_files: int = 4, edge: bytes = b"edge"
) -> tuple[list[bytes] | Exception, int]:
    """Read films from a body that comes in pieces, or be refused; also tells what stays held."""
    headers = {b"content-type": b"multipart/form-data; boundary=" + edge}
    waiting = list(pieces)

    async def receive() -> dict[str, object]:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": True}
        return {"type": "http.request" if ends else "http.disconnect", "body": b""}

    held = HeldBytes(LIMITS.held_bytes)
    try:
        films = asyncio.run(read_films(headers, receive, Wanted("files", n_files), LIMITS, held))
    except (Problem, SenderLeftError) as refusal:
        return refusal, held.now
    return films, held.now


def cut(body: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})
    return [body[a:b] for a, b in pairwise(marks)]


FILMS = st.binary(max_size=300) | st.sampled_from([b"\r\n--edg", b"\r\r\n--", b"--edge--"])


@given(
    films=st.lists(FILMS, min_size=1, max_size=4),
    places=st.lists(st.integers(0, 3000), max_size=12),
)
def test_films_come_out_as_they_went_in_however_they_are_cut(
    films: list[bytes], places: list[int]
) -> None:
    body = b"".join(map(part, films)) + b"--edge--\r\n"
    assert read(cut(body, places)) == (films, sum(map(len, films)))


@given(
    place=st.integers(0, 400),
    byte=st.integers(0, 255),
    places=st.lists(st.integers(0, 400), max_size=4),
)
def test_damaged_forms_are_refused_or_read_and_never_crash(
    place: int, byte: int, places: list[int]
) -> None:
    body = bytearray(part(b"a" * 50) + part(b"b" * 50) + b"--edge--\r\n")
    body[place % len(body)] = byte
    answer, held = read(cut(bytes(body), places))
    if isinstance(answer, Problem):
        assert 400 <= answer.status < 500
        assert held == 0
    else:
        assert isinstance(answer, list)
        assert held == sum(map(len, answer))


def refusal(pieces: list[bytes], **options: Any) -> Problem:
    answer, held = read(pieces, **options)
    assert isinstance(answer, Problem)
    assert held == 0
    return answer


@pytest.mark.parametrize("length", [1, 70])
def test_a_boundary_has_1_to_70_characters(length: int) -> None:
    edge = b"x" * length
    body = part(b"film", edge=edge) + b"--" + edge + b"--"
    assert read([body], edge=edge) == ([b"film"], 4)
    for other in (b"", b"x" * 71):
        refused = refusal([part(b"film", edge=other) + b"--" + other + b"--"], edge=other)
        assert "no usable boundary" in refused.detail


@pytest.mark.parametrize(("n_files", "told"), [(1, "1 file."), (3, "3 files.")])
def test_a_film_more_than_wanted_is_refused_and_told(n_files: int, told: str) -> None:
    films = [b"a"] * n_files
    body = [*map(part, films), b"--edge--"]
    assert read(body, n_files=n_files) == (films, n_files)
    refused = refusal([part(b"a"), *body], n_files=n_files)
    assert (refused.status, refused.code) == (413, "FILES")
    assert refused.detail == f"The request holds more than {told}"


def test_a_part_has_at_most_8_headers_of_4096_bytes() -> None:
    for more, is_refused in (
        ([b"X: y"] * 7, False), ([b"X: y"] * 8, True),
        ([b"X: " + b"y" * 4093], False), ([b"X: " + b"y" * 4094], True),
    ):  # fmt: skip
        body = [part(b"film", *more), b"--edge--"]
        if is_refused:
            assert refusal(body).status == 400
        else:
            assert read(body) == ([b"film"], 4)


@pytest.mark.parametrize(("length", "is_refused"), [(1000, False), (1001, True)])
def test_a_film_of_just_the_limit_is_taken_whole(length: int, is_refused: bool) -> None:
    body = [part(b"a" * length)[:-500], part(b"a" * length)[-500:], b"--edge--"]
    if is_refused:
        assert "A file is larger than the 0.001 MB allowed" in refusal(body).detail
    else:
        assert read(body) == ([b"a" * 1000], 1000)


def test_who_leaves_is_noticed_and_nothing_stays_held() -> None:
    answer, held = read([part(b"a" * 900)], ends=False)
    assert isinstance(answer, SenderLeftError)
    assert held == 0


def test_films_are_gone_as_soon_as_nobody_holds_them() -> None:
    gc.collect()
    gc.disable()
    try:
        films, _ = read([part(b"film"), b"--edge--"])
        left = [type(known).__name__ for known in gc.get_objects()]
    finally:
        gc.enable()
    assert films == [b"film"]
    assert "_Form" not in left


BODY_LIMITS = ServeLimits(request_bytes=1000, held_bytes=5000)


def receive(
    pieces: list[bytes],
    limits: ServeLimits = BODY_LIMITS,
    *,
    held: HeldBytes | None = None,
    pauses_seconds: tuple[float, ...] = (),
) -> tuple[int | Problem, list[bytes], int]:
    """Receive a streamed body; tells its length or the refusal, what was taken, what is held."""
    waiting, pauses, taken = list(pieces), list(pauses_seconds), []
    held = held or HeldBytes(limits.held_bytes)

    async def next_piece() -> dict[str, object]:
        if pauses:
            await asyncio.sleep(pauses.pop(0))
        return {
            "type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting),
        }  # fmt: skip

    try:
        answer: int | Problem = asyncio.run(receive_body(next_piece, limits, held, taken.append))
    except Problem as refusal:
        answer = refusal
    return answer, taken, held.now


@pytest.mark.parametrize("pieces", [[b"a" * 1000], [b"a" * 400, b"b" * 600], [b"a"] * 1000])
def test_a_streamed_body_of_just_the_limit_is_taken_whole(pieces: list[bytes]) -> None:
    assert receive(pieces) == (1000, pieces, 1000)


@pytest.mark.parametrize("pieces", [[b"a" * 1001], [b"a" * 400, b"b" * 601], [b"a"] * 1001])
def test_one_byte_more_is_refused_and_nothing_stays_held(pieces: list[bytes]) -> None:
    answer, taken, held = receive(pieces)
    assert isinstance(answer, Problem)
    assert (answer.status, answer.code, held) == (413, "SIZE", 0)
    assert "larger than the 0.001 MB allowed" in answer.detail
    assert taken == pieces[:-1]


@pytest.mark.parametrize(("declared", "is_refused"), [(b"1000", False), (b"1001", True)])
def test_a_declared_length_is_held_to_the_same_limit(declared: bytes, is_refused: bool) -> None:
    headers = {b"content-length": declared}
    if not is_refused:
        check_declared(headers, BODY_LIMITS)
        return
    with pytest.raises(Problem, match=r"larger than the 0\.001 MB") as refusal:
        check_declared(headers, BODY_LIMITS)
    assert refusal.value.status == 413


def test_all_uploads_together_fill_the_memory_and_no_more() -> None:
    held = HeldBytes(1500)
    held.take(500)
    assert receive([b"a" * 1000], held=held) == (1000, [b"a" * 1000], 1500)
    answer, taken, left = receive([b"", b"a"], held=held)
    assert isinstance(answer, Problem)
    assert (answer.status, taken, left) == (503, [b""], 1500)
    held.give_back(1500)
    assert held.now == 0


def test_a_body_may_be_as_slow_as_the_pace_and_no_slower() -> None:
    # 500 bytes at 1,000 a second buy half a second beyond the grace.
    limits = replace(BODY_LIMITS, body_grace_seconds=0.2, body_bytes_per_second=1000)
    pieces = [b"a" * 500, b"b" * 10]
    assert receive(pieces, limits, pauses_seconds=(0.0, 0.4))[0] == 510
    answer, _, held = receive(pieces, limits, pauses_seconds=(0.0, 1.2))
    assert isinstance(answer, Problem)
    assert (answer.status, answer.code, held) == (408, "SLOW", 0)
    faster = replace(limits, body_bytes_per_second=100_000)
    answer, _, _ = receive(pieces, faster, pauses_seconds=(0.0, 0.4))
    assert isinstance(answer, Problem)


def test_the_servers_own_limits_are_these() -> None:
    assert ServeLimits() == ServeLimits(
        file_bytes=50 * 10**6,
        files=32,
        request_bytes=200 * 10**6,
        held_bytes=600 * 10**6,
        waiting_films=64,
        explanations=16,
        film_seconds=10,
        head_seconds=10,
        head_bytes=2**15,
        body_grace_seconds=20,
        body_bytes_per_second=50_000,
        idle_seconds=30,
        answer_look_seconds=20,
        answer_bytes_per_second=1000,
        connections=256,
        pipelined=32,
        stopping_seconds=15,
    )
