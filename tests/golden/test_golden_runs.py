"""What Hilum writes, held against the documents that the repository keeps."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from golden.compare import compare_closely, read_golden
from golden.make import FROZEN, Workplace, first_steps, freeze, further_steps, make
from hilum.errors import RunError
from hilum.runs.reading import needs_attention, read_run
from schemas import validate

FIRST = ("compare/", "train-from/", "predict-json/")

NAMES = {
    "files/audit.json": "audit.json",
    "files/provenance.json": "provenance.json",
    "predict-json/": "predict --json",
    "predict-three-json/": "predict --json",
    "predict-show-refused/": "predict --json",
    "explain-json/": "explain --json",
    "serve/explain/": "/v1/explain",
    "serve/explain-refused/": "/v1/explain",
    "serve/predict/": "/v1/predict",
    "serve/predict-one/": "/v1/predict",
    "serve/predict-shown/": "/v1/predict",
    "serve/model/": "/v1/model",
    "serve-token/model/": "/v1/model",
    "serve-token/predict/": "/v1/predict",
}
"""Which document stands where, of those whose `schema` does not say it."""

NO_SCHEMA = ("serve/openapi/", "serve/health/", "serve/ready/", "backbones-", "export-onnx/stdout")
"""Documents of another standard, of one word, or for one command's reader alone."""


def are_the_same_films(frozen: dict[str, str], made: dict[str, str]) -> bool:
    """Tell whether the films are the frozen ones, byte for byte.

    Where a processor without AVX2, or of another kind, rounds one pixel of a phantom the other
    way, it is another film: it goes to another fold, and no number can be compared.
    """
    name = "compare/files/provenance.json"
    one, other = (json.loads(texts[name])["films_sha256"] for texts in (frozen, made))
    return bool(one == other)


def check(golden: Path, kept: Path, names: tuple[str, ...]) -> None:
    freeze(golden, kept)
    frozen = {n: text for n, text in read_golden(FROZEN).items() if n.startswith(names)}
    made = read_golden(kept)
    assert frozen
    differences = list(compare_closely(frozen, made, numbers=are_the_same_films(frozen, made)))
    assert not differences, "\n".join(differences[:40])


@pytest.mark.slow
def test_a_comparison_and_answers_come_out_as_they_were(tmp_path: Path) -> None:
    make(tmp_path / "golden", first_steps)
    check(tmp_path / "golden", tmp_path / "kept", FIRST)


@pytest.mark.slow
def test_everything_comes_out_as_it_was(tmp_path: Path) -> None:
    make(tmp_path / "golden", first_steps, further_steps)
    check(tmp_path / "golden", tmp_path / "kept", ("",))
    made = {path.relative_to(tmp_path / "kept") for path in (tmp_path / "kept").rglob("*.*")}
    assert made == {path.relative_to(FROZEN) for path in FROZEN.rglob("*.*")}


def test_frozen_documents_are_small_and_of_no_machine() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in FROZEN.rglob("*.*")}
    assert len(texts) > 30
    assert sum(map(len, texts.values())) < 900_000
    assert all(len(text) < 300_000 for text in texts.values())
    assert read_golden(FROZEN) == {
        path.relative_to(FROZEN).as_posix(): text for path, text in texts.items()
    }
    for word in (sys.prefix, "/tmp/", "/home/", "EPYC", "Intel", "x86_64"):
        assert not [path for path, text in texts.items() if word in text]


DOCUMENTS = sorted(
    name
    for path in FROZEN.rglob("*.json")
    if not (name := path.relative_to(FROZEN).as_posix()).startswith(NO_SCHEMA)
)


def test_documents_of_every_kind_are_frozen() -> None:
    assert len(DOCUMENTS) > 30
    assert all(any(place in name for name in DOCUMENTS) for place in NAMES)
    assert all(list(FROZEN.glob(f"{place}*")) for place in NO_SCHEMA)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_frozen_document_is_as_its_schema_says(name: str) -> None:
    text = (FROZEN / name).read_text(encoding="utf-8")
    kinds = [kind for place, kind in NAMES.items() if place in name]
    if json.loads(text).keys() >= {"type", "title", "status"}:
        kinds = ["problem"]
    validate(text, *kinds)


def test_findings_under_the_codes_of_older_versions_are_read() -> None:
    told = json.loads((FROZEN / "compare-faulty/files/audit.json").read_text(encoding="utf-8"))
    new = {"twins": "duplicates", "twin-patients": "duplicate-patients"}
    codes = {finding["check"] for finding in told["checks"]}
    assert {new.get(code, code) for code in codes} >= set(new.values())
    old = {code: former for former, code in new.items()}
    for finding in told["checks"]:
        finding["check"] = old.get(finding["check"], finding["check"])
    validate(told, "audit.json")


def test_a_frozen_run_is_read_as_any_old_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every later version reads this run, so that no run of a user's is lost."""
    run = FROZEN / "compare" / "files"
    assert needs_attention(run) is (
        json.loads((run / "results.json").read_text("utf-8"))["verdict"]["headline"] == "withheld"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"films/.*png' of the run cannot be read"):
        read_run(run)
    Workplace(tmp_path, tmp_path / "golden").run(
        "phantoms", "phantoms", "films", "--n", "40", "--seed", "0"
    )
    try:
        past = read_run(run)
    except RunError as error:
        if "has changed" not in str(error):
            raise
        pytest.skip("this processor rounds a pixel of a phantom the other way")
    assert (past.positive, past.seed, past.recipe.name) == ("Opacity", 0, "hilum")
    assert (len(past.cohort), past.cohort.classes) == (40, ("Normal", "Opacity"))
    assert (len(past.folds.splits), past.recipe.head.max_epochs) == (3, 8)
    (backbone,) = past.backbones
    assert backbone.name == "efficientnet-lite0"
    assert len(backbone.thresholds) == 3


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"n": 41, "value": 0.5, "title": "Frame"}, ["r.json/n: 40 and 41"]),
        ({"n": 40, "value": 0.50001, "title": "Frame"}, ["r.json/value: 0.5 and 0.50001"]),
        ({"n": 40, "value": 0.5000001, "title": "Frame"}, []),
        ({"n": 40, "value": 0.5, "title": "frame"}, ["r.json/title: 'Frame' and 'frame'"]),
        ({"n": 40, "value": 0.5}, ["r.json: keys ['title']"]),
    ],
)
def test_a_difference_is_told(other: dict[str, object], told: list[str]) -> None:
    frozen = json.dumps({"n": 40, "value": 0.5, "title": "Frame"})
    assert list(compare_closely({"r.json": frozen}, {"r.json": json.dumps(other)})) == told
