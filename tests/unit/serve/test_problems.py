from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest

from hilum.classifier.classifier import Classifier
from hilum.serve.settings import ServeLimits, ServeSettings
from served import Served, serving
from tiny_bundle import as_png, tiny_film, write_tiny_bundle

FILM = as_png(tiny_film(0.8))
TOKEN = "a-token-for-tests"
LIMITS = ServeLimits(
    file_bytes=100_000,
    files=3,
    request_bytes=250_000,
    held_bytes=240_000,
    body_grace_seconds=0.6,
    body_bytes_per_second=1_000_000,
)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder = tmp_path_factory.mktemp("refusals") / "bundle"
    return Classifier.load(write_tiny_bundle(folder), streams=2)


@pytest.fixture(scope="module")
def served(classifier: Classifier) -> Iterator[Served]:
    with serving(classifier, ServeSettings(limits=LIMITS)) as running:
        yield running


@pytest.fixture(scope="module")
def locked(classifier: Classifier) -> Iterator[Served]:
    settings = ServeSettings(token=TOKEN, host_names=frozenset({"films.example.org"}))
    with serving(classifier, settings) as running:
        running.client.headers["Host"] = "films.example.org:443"
        yield running


def check(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["fix"]


def form(*parts: bytes, boundary: bytes = b"edge", end: bytes = b"--edge--\r\n") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


def film_part(film: bytes = FILM, field: bytes = b"files") -> bytes:
    disposition = b'Content-Disposition: form-data; name="' + field + b'"; filename="a"\r\n\r\n'
    return disposition + film


def post(
    served: Served, body: bytes, kind: str = "multipart/form-data; boundary=edge", **more: str
):  # type: ignore[no-untyped-def]
    return served.client.post("/v1/predict", content=body, headers={"Content-Type": kind} | more)


def test_a_form_written_by_hand_is_read(served: Served) -> None:
    assert post(served, form(film_part(), film_part())).status_code == 200
    quoted = 'multipart/form-data; charset=utf-8; boundary="edge"'
    assert post(served, form(film_part()), quoted).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=" + "x" * 71, 400),
        ("application/x-www-form-urlencoded", 415),
        ("application/json", 415),
        ("", 415),
    ],
)
def test_what_is_no_form_is_refused(served: Served, kind: str, status: int) -> None:
    check(post(served, b"a=1&" * 20_000, kind), status, "FORM")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of the kind",
        form(film_part())[:-12],
        form(film_part(), end=b""),
        form(b"no header"),
        form(b"X-A: 1\r\n" * 20 + film_part()),
        form(b"X-A: " + b"a" * 5000 + b"\r\n" + film_part()),
    ],
    ids=["empty", "text", "cut", "no end", "no header", "many headers", "long header"],
)
def test_a_malformed_form_is_refused(served: Served, body: bytes) -> None:
    check(post(served, body), 400, "FORM")


def test_fields_that_nobody_asked_for_are_refused(served: Served) -> None:
    check(post(served, form(film_part(field=b"other"))), 422, "FIELD")
    check(
        post(served, form(b'Content-Disposition: form-data; name="files"\r\n\r\nx')), 422, "FIELD"
    )
    sly = b'Content-Disposition: form-data; name="x"; filename="; name=\\"files\\""\r\n\r\nx'
    check(post(served, form(sly)), 422, "FIELD")
    check(post(served, b"--edge--\r\n"), 422, "FIELD")


def test_a_thousand_parts_are_too_many(served: Served) -> None:
    check(post(served, form(*[film_part(b"x")] * 1000)), 413, "FILES")


def test_large_files_and_bodies_are_refused_while_they_come(served: Served) -> None:
    check(post(served, form(film_part(bytes(100_001)))), 413, "SIZE")
    check(post(served, form(*[film_part(bytes(90_000))] * 3)), 413, "SIZE")
    chunks = iter([b"--edge\r\n" + film_part(), *[bytes(30_000)] * 20])
    answer = served.client.post(
        "/v1/predict",
        content=chunks,  # no Content-Length
        headers={"Content-Type": "multipart/form-data; boundary=edge"},
    )
    check(answer, 413, "SIZE")


def test_a_declared_size_is_refused_at_once(served: Served) -> None:
    head = (
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: 9000000000\r\n\r\n"
    )
    answer = served.raw(head)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code": "SIZE"' in answer


def test_lying_lengths_are_refused(served: Served) -> None:
    body = form(film_part())
    head = (
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: %d\r\n\r\n"
    )
    assert served.raw(head % (len(body) - 20) + body).startswith(b"HTTP/1.1 400 ")
    # More declared than sent: the server does not wait for ever.
    assert served.raw(head % (len(body) + 20) + body).startswith(b"HTTP/1.1 408 ")
    assert served.raw(head.replace(b"%d", b"-5") + body).startswith(b"HTTP/1.1 400 ")


def test_compressed_bodies_are_refused(served: Served) -> None:
    packed = gzip.compress(form(film_part()))
    check(post(served, packed, **{"Content-Encoding": "gzip"}), 415, "ENCODING")


def test_uploads_share_their_memory(served: Served) -> None:
    answer = post(served, form(*[film_part(bytes(81_000))] * 3))
    check(answer, 503, "OVERLOADED")
    assert answer.headers["retry-after"] == "1"
    assert served.client.get("/healthz").status_code == 200
    text = served.client.get("/metrics").text
    assert "hilum_upload_bytes 0.0" in text


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/predict/", "/docs/x", "/%00", "/é"])
def test_unknown_addresses_are_told_so(served: Served, path: str) -> None:
    check(served.client.get(path), 404, "NOT_FOUND")


def test_wrong_methods_are_told_so(served: Served) -> None:
    for method, path in (("GET", "/v1/predict"), ("POST", "/healthz"), ("OPTIONS", "/v1/predict")):
        answer = served.client.request(method, path)
        check(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"]


def test_parameters_are_checked(served: Served) -> None:
    answer = served.client.post("/v1/predict?show_refused=perhaps", files={"files": FILM})
    check(answer, 422, "PARAMETER")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_are_refused(served: Served, headers: dict[str, str]) -> None:
    answer = served.client.post("/v1/predict", files={"files": FILM}, headers=headers)
    check(answer, 403, "ORIGIN")
    check(served.client.get("/metrics", headers=headers), 403, "ORIGIN")
    assert served.client.get("/healthz", headers=headers).status_code == 200


def test_the_server_s_own_page_is_let_in(served: Served) -> None:
    headers = {"Origin": f"http://127.0.0.1:{served.port}", "Sec-Fetch-Site": "same-origin"}
    answer = served.client.post("/v1/predict", files={"files": FILM}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""]
)
def test_a_rebound_name_is_refused(served: Served, host: str) -> None:
    for path in ("/", "/docs", "/v1/model", "/nothing"):
        check(served.client.get(path, headers={"Host": host}), 421, "HOST")
    assert served.client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "[::1]:8000", "127.0.0.1"])
def test_names_of_this_machine_are_let_in(served: Served, host: str) -> None:
    assert served.client.get("/v1/model", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN]
)
def test_without_the_token_nothing_is_told(locked: Served, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (
        ("POST", "/v1/predict"), ("POST", "/v1/explain"), ("GET", "/v1/model"),
        ("GET", "/metrics"), ("GET", "/nothing"),
    ):  # fmt: skip
        answer = locked.client.request(method, path, headers=headers)
        check(answer, 401, "TOKEN")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
        assert locked.client.get(path, headers=headers).status_code == 200


def test_with_the_token_all_is_told(locked: Served) -> None:
    headers = {"Authorization": f"bearer {TOKEN}", "Origin": "https://films.example.org"}
    answer = locked.client.post("/v1/predict", files={"files": FILM}, headers=headers)
    assert answer.status_code == 200
    assert locked.client.get("/v1/model", headers=headers).status_code == 200
    assert TOKEN not in repr(ServeSettings(token=TOKEN))


def test_a_large_upload_without_token_still_gets_its_answer(locked: Served) -> None:
    answer = locked.client.post("/v1/predict", files={"files": bytes(3_000_000)})
    check(answer, 401, "TOKEN")
