from __future__ import annotations

import base64
import io
import json
import logging
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from every import every
from hilum.classifier.classifier import Classifier
from hilum.serve import answers as schemas
from hilum.serve.settings import ServeSettings
from served import Served, serving
from tiny_bundle import as_png, strange_film, tiny_film, write_tiny_bundle

ILL, WELL, STRANGE = as_png(tiny_film(0.8)), as_png(tiny_film(0.2)), as_png(strange_film())


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder = tmp_path_factory.mktemp("answers") / "bundle"
    return Classifier.load(write_tiny_bundle(folder), streams=2)


@pytest.fixture(scope="module")
def served(classifier: Classifier) -> Iterator[Served]:
    with serving(classifier, ServeSettings(logs_access=True)) as running:
        yield running


def test_films_are_answered_as_the_classifier_answers(
    served: Served, classifier: Classifier
) -> None:
    answer = served.predict(ILL, WELL)
    assert answer.status_code == 200
    told = schemas.Predictions.model_validate(answer.json())
    assert told.failed == []
    for film, image in zip(told.films, (ILL, WELL), strict=True):
        wanted = classifier.predict(image)
        assert film.call == wanted.call
        assert film.in_domain
        assert film.probabilities == pytest.approx(dict(wanted.probabilities), rel=1e-5)
        assert film.distance == pytest.approx(wanted.distance, abs=1e-6)
        assert film.distance_limit == pytest.approx(classifier.guard.threshold)
    assert [film.call for film in told.films] == ["Disease", "Normal"]


def test_a_strange_film_is_refused_and_shown_on_request(served: Served) -> None:
    (refused,) = served.predict(STRANGE).json()["films"]
    assert (refused["in_domain"], refused["call"], refused["probabilities"]) == (False, None, None)
    (shown,) = served.predict(STRANGE, show_refused="true").json()["films"]
    assert shown["call"] is None
    assert sum(shown["probabilities"].values()) == pytest.approx(1)


def test_bad_films_are_listed_and_the_rest_is_answered(served: Served) -> None:
    answer = served.predict(b"", ILL, b"<html>", ILL[:200])
    assert answer.status_code == 200
    told = answer.json()
    assert [film["index"] for film in told["films"]] == [1]
    assert [(f["index"], f["code"], f["status"]) for f in told["failed"]] == [
        (0, "EMPTY", 422), (2, "TYPE", 415), (3, "CORRUPT", 422),
    ]  # fmt: skip
    assert all(fault["message"] and fault["fix"] for fault in every(told["failed"]))


@pytest.mark.parametrize(
    ("film", "status", "code"),
    [
        (b"", 422, "EMPTY"),
        (b"<!doctype html><html></html>", 415, "TYPE"),
        (b"%PDF-1.7", 415, "TYPE"),
        (b"MZ" + bytes(100), 415, "TYPE"),
        (ILL[:-40], 422, "CORRUPT"),
        (as_png(np.full((64, 64), 7, np.uint8)), 422, "UNFIT"),
        (as_png(tiny_film(0.8)[:20, :20]), 422, "UNFIT"),
    ],
)
def test_the_only_film_s_fault_is_the_answer(
    served: Served, film: bytes, status: int, code: str
) -> None:
    answer = served.predict(film)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = schemas.ProblemDocument.model_validate(answer.json())
    assert (problem.status, problem.code) == (status, code)
    assert problem.type == f"urn:hilum:problem:{code.lower()}"


def test_a_picture_with_too_many_pixels_is_refused_by_its_header(served: Served) -> None:
    header = bytearray(ILL)
    header[16:24] = (50_000).to_bytes(4, "big") * 2
    import zlib

    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    answer = served.predict(bytes(header))
    assert (answer.status_code, answer.json()["code"]) == (413, "SIZE")


def test_an_explanation_holds_film_and_heatmap(served: Served, classifier: Classifier) -> None:
    answer = served.client.post("/v1/explain", files={"file": ("ZZPHI^CANARY.png", ILL)})
    assert answer.status_code == 200
    told = schemas.Explained.model_validate(answer.json())
    assert told.label == "Disease"
    assert told.prediction.call == "Disease"
    film, heatmap = (
        Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
        for url in (told.film, told.heatmap)
    )
    assert (film.mode, heatmap.mode) == ("L", "RGBA")
    assert film.size == heatmap.size == (64, 64)
    assert np.array_equal(np.asarray(film), tiny_film(0.8))
    assert told.cells == [8, 8]
    other = served.client.post("/v1/explain?label=Normal", files={"file": ("x", ILL)}).json()
    assert (other["label"], other["prediction"]["call"]) == ("Normal", "Disease")


def test_a_strange_film_has_no_heatmap_unless_it_is_asked_for(served: Served) -> None:
    told = served.client.post("/v1/explain", files={"file": ("x", STRANGE)}).json()
    schemas.Explained.model_validate(told)
    assert told["prediction"]["in_domain"] is False
    assert [told["heatmap"], told["share_central"], told["prediction"]["probabilities"]] == [
        None
    ] * 3
    assert told["film"].startswith("data:image/png;base64,")
    asked = served.client.post("/v1/explain?show_refused=true", files={"file": ("x", STRANGE)})
    assert asked.json()["heatmap"].startswith("data:image/png;base64,")
    assert asked.json()["prediction"]["call"] is None


def test_an_unknown_label_and_a_bad_film_are_not_explained(served: Served) -> None:
    answer = served.client.post("/v1/explain?label=Cat", files={"file": ("x", ILL)})
    assert (answer.status_code, answer.json()["code"]) == (422, "PARAMETER")
    assert "Cat" not in answer.text
    answer = served.client.post("/v1/explain", files={"file": ("x", b"GIF89a")})
    assert (answer.status_code, answer.json()["code"]) == (415, "TYPE")


def test_the_model_tells_what_it_is(served: Served, classifier: Classifier) -> None:
    told = served.client.get("/v1/model").json()
    schemas.Model.model_validate(told)
    assert told["classes"] == ["Disease", "Normal"]
    assert told["verdict"]["headline"] == "limited"
    assert told["operating_point"]["policy"] == {"kind": "sensitivity", "target": 0.95}
    assert told["operating_point"]["sensitivity"] == {"value": 0.9, "low": 0.8, "high": 0.95}
    assert told["limits"] == {
        "file_bytes": 50_000_000, "files": 32, "request_bytes": 200_000_000, "megapixels": 50,
    }  # fmt: skip
    assert told["card"] == classifier.card
    assert told["research_use_only"] is True


def test_the_server_tells_how_it_fares(served: Served) -> None:
    served.predict(ILL, STRANGE, b"")
    assert served.client.get("/healthz").json() == {"status": "ok"}
    assert served.client.head("/healthz").status_code == 200
    assert served.client.get("/readyz").json() == {"status": "ready"}
    text = served.client.get("/metrics").text
    counted = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert float(counted['hilum_requests_total{route="/v1/predict",status="200"}']) >= 1
    assert float(counted['hilum_films_total{outcome="answered"}']) >= 1
    assert float(counted['hilum_films_total{outcome="outside_domain"}']) >= 1
    assert float(counted['hilum_film_failures_total{code="EMPTY"}']) >= 1
    assert counted["hilum_films_waiting"] == "0.0"
    assert counted["hilum_upload_bytes"] == "0.0"
    assert float(counted["hilum_batch_films_count"]) >= 1


def test_names_of_files_come_back_nowhere(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [
            served.predict(ILL),
            served.predict(b""),
            served.client.get("/ZZPHI^CANARY"),
            served.client.get("/static/ZZPHI^CANARY?ZZPHI^CANARY"),
            served.client.post("/v1/predict?show_refused=ZZPHI^CANARY"),
            served.client.post("/v1/predict", files={"ZZPHI^CANARY": ILL}),
            served.client.request("ZZPHI", "/healthz"),
            served.client.get("/metrics"),
        ]
    assert "ZZPHI" not in "".join(answer.text + str(answer.headers) for answer in answers)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("hilum")]
    assert "POST /v1/predict 200" in " ".join(ours)
    others = [
        r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))
    ]
    assert "ZZPHI" not in " ".join(others)


def test_every_answer_carries_the_headers(served: Served) -> None:
    for path in ("/", "/docs", "/healthz", "/nothing", "/metrics", "/v1/predict"):
        headers = served.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    assert served.predict(ILL).headers["cache-control"] == "no-store"


def test_the_openapi_examples_are_what_they_say(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/predict", "/v1/explain", "/v1/model", "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    n_checked = 0
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            TypeAdapter(getattr(schemas, name)).validate_python(example)
            n_checked += 1
    assert n_checked >= 5
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert referred <= set(document["components"]["schemas"])
    form = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    assert form["multipart/form-data"]["schema"]["properties"]["files"]["maxItems"] == 32


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def test_the_docs_need_nothing_from_outside(served: Served) -> None:
    page = served.client.get("/docs").text
    addresses = _Addresses()
    addresses.feed(page)
    assert addresses.found
    assert all(re.fullmatch(r"[a-z./]+", address) for address in every(addresses.found))
    assert not addresses.tags & {"script", "style", "iframe", "img"}
    assert "/v1/explain" in page
    assert served.client.get("/docs.css").headers["content-type"].startswith("text/css")


def test_the_page_and_its_files_are_given(served: Served) -> None:
    page = served.client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    addresses = _Addresses()
    addresses.feed(page.text)
    static = [address for address in addresses.found if address.startswith("static/")]
    assert static
    for address in static:
        answer = served.client.get("/" + address)
        assert answer.status_code == 200
        again = served.client.get("/" + address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    for path in ("/static/", "/static/..%2fapp.py", "/static/../app.py", "/static/nothing.js"):
        assert served.client.get(path).status_code == 404


def test_no_film_touches_the_disk(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    large = as_png(np.random.default_rng(0).integers(0, 256, (1500, 1500), dtype=np.uint8))
    assert len(large) > 2_000_000
    assert served.predict(large).json()["failed"] == []


def test_answers_are_json_without_nan(served: Served) -> None:
    def refuse(constant: str) -> Any:
        raise AssertionError(constant)

    json.loads(served.client.get("/v1/model").text, parse_constant=refuse)
