from __future__ import annotations

import asyncio
import gc
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hilum.serve.problems import Problem
from hilum.serve.settings import ServeLimits
from hilum.serve.uploads import HeldBytes, SenderLeftError, Wanted, read_films

HEADERS = {b"content-type": b"multipart/form-data; boundary=edge"}
LIMITS = ServeLimits(file_bytes=1000, files=4, request_bytes=6000, held_bytes=6000)


def part(film: bytes) -> bytes:
    head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    return head + film + b"\r\n"


def read(pieces: list[bytes], *, ends: bool = True) -> tuple[list[bytes] | Exception, int]:
    """Read films from a body that comes in pieces, or be refused; also tells what stays held."""
    waiting = list(pieces)

    async def receive() -> dict[str, object]:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": True}
        return {"type": "http.request" if ends else "http.disconnect", "body": b""}

    held = HeldBytes(LIMITS.held_bytes)
    try:
        films = asyncio.run(read_films(HEADERS, receive, Wanted("files", 4), LIMITS, held))
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
