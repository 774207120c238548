from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from make_comparison import CANARY, make_thumbnail
from make_naming import make_naming
from test_html import Outline

from hilum.report.naming import LESSON, films_named, headline_texts, render_naming, save_naming
from hilum.runs.documents import to_json
from hilum.runs.naming import describe_naming
from hilum.runs.tables import imagenet_table
from hilum.studies.naming import Naming


@pytest.fixture(scope="module")
def naming() -> Naming:
    return make_naming()


@pytest.fixture(scope="module")
def page(naming: Naming) -> str:
    return render_naming(naming, {film.film_id: make_thumbnail() for film in films_named(naming)})


def test_the_page_stands_alone(page: str) -> None:
    outline = Outline(page)
    assert "http:" not in page
    assert "https:" not in page
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(outline.tags)
    for _, name, value in outline.attributes:
        if name in {"src", "href"}:
            assert value.startswith("data:image/jpeg;base64,")
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_names_things_and_teaches(page: str, naming: Naming) -> None:
    words = Outline(page).words()
    title = naming.backbones[0].title
    for label in naming.cohort.classes:
        assert f"{label} films most often for “isopod” (50 % of them)" in words
    assert f"{title} takes" in words
    assert "fountain 30.0 % 25 %" in words
    assert "fountain, 50 %" in words  # under a film
    assert "It has no radiograph, and none of the 1,000 is a lung." in words
    assert LESSON[1] in words
    assert "Research use only" in words


def test_unverified_weights_stand_in_title_and_headline() -> None:
    page = render_naming(make_naming(is_verified=False), {})
    assert "(unverified weights) · Hilum</title>" in page
    words = Outline(page).words()
    assert "did not run on the published weights" in words
    assert (
        headline_texts(make_naming(is_verified=False))[0]
        .split(" takes ")[0]
        .endswith("(unverified weights)")
    )
    verified = render_naming(make_naming(), {})
    assert "nverified weights" not in verified


def test_neither_page_nor_results_name_people_or_places(page: str, naming: Naming) -> None:
    results = to_json(describe_naming(naming, LESSON))
    paths = [film.path for film in naming.cohort.films]
    paths += [exclusion.path for exclusion in naming.cohort.excluded]
    for text in (page, results):
        assert CANARY not in text
        assert not [path for path in paths if str(path) in text or path.name in text]


def test_results_say_all_that_was_found(naming: Naming) -> None:
    results = json.loads(to_json(describe_naming(naming, LESSON)))
    assert results["schema"] == "hilum.naming/1"
    assert results["cohort"]["n"] == len(naming.cohort)
    (backbone,) = results["backbones"]
    assert [names["label"] for names in backbone["per_class"]] == list(naming.cohort.classes)
    assert backbone["per_class"][0]["top"][0] == {
        "class": "fountain", "index": 562, "probability": 0.3, "share_first": 0.25,
    }  # fmt: skip
    assert backbone["per_class"][0]["commonest"]["class"] == "isopod"
    assert [film["film_id"] for film in backbone["films"]] == [
        film.film_id for film in naming.cohort.films
    ]
    assert backbone["films"][0]["top"][1] == {"class": "isopod", "probability": 0.25}


def test_the_table_has_five_rows_per_film_and_backbone(naming: Naming) -> None:
    rows = list(csv.DictReader(io.StringIO(imagenet_table(naming))))
    assert list(rows[0]) == [
        "film_id", "path", "label", "backbone", "rank", "class", "probability",
    ]  # fmt: skip
    assert len(rows) == 5 * len(naming.cohort)
    assert [row["rank"] for row in rows[:6]] == ["1", "2", "3", "4", "5", "1"]
    assert (rows[1]["class"], float(rows[1]["probability"])) == ("isopod", 0.25)


def test_a_run_folder_appears_whole_and_replaces_an_older_run(
    naming: Naming, tmp_path: Path
) -> None:
    for _ in range(2):
        save_naming(naming, tmp_path / "run", cache_dir=tmp_path / "cache")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "report.html", "results.json", "imagenet.csv", "excluded.csv", "provenance.json",
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert CANARY not in (tmp_path / "run" / "provenance.json").read_text()
