from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from hilum.cli.explain import explain_command
from hilum.errors import CohortError, HilumError, OutputError
from hilum.report.explanation import place_pictures
from tiny_bundle import as_png, strange_film, tiny_film, write_tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("tiny") / "bundle")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "films" / "film.png"
    path.parent.mkdir()
    path.write_bytes(as_png(tiny_film(0.8, seed=2)))
    return path


def explain(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(explain_command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_one_film_becomes_one_picture(bundle: Path, film: Path, tmp_path: Path) -> None:
    out = tmp_path / "why.png"
    result = explain(bundle, film, "-o", out)
    assert result.exit_code == 0, result.output
    assert "Called Disease" in result.stdout
    assert "Research use only" in result.stdout
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000
    assert explain(bundle, film, "-o", out).exit_code == 0  # its own picture may go


def test_a_film_is_never_written_over(bundle: Path, film: Path) -> None:
    before = film.read_bytes()
    result = explain(bundle, film, "-o", film)
    assert isinstance(result.exception, OutputError)
    assert film.read_bytes() == before


def test_many_films_are_told_and_drawn(bundle: Path, film: Path, tmp_path: Path) -> None:
    (film.parent / "strange.png").write_bytes(as_png(strange_film()))
    (film.parent / "broken.png").write_bytes(film.read_bytes()[:200])
    out = tmp_path / "pictures"
    result = explain(bundle, film.parent, "-o", out, "--json", "--sanity", "--occlusion", "-q")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    (explained,) = told["films"]
    assert explained["path"] == str(film)
    assert Path(explained["picture"]) == out / "film.png"
    assert [path.name for path in out.iterdir()] == ["film.png"]
    cells = np.array(explained["exact"]["cells"])
    assert cells.shape == (8, 8)
    assert cells.sum() == pytest.approx(
        explained["exact"]["log_odds"] - explained["exact"]["baseline"], abs=1e-5
    )
    assert explained["share"]["region"] == "centre"
    assert -1 <= explained["occlusion"]["rank_correlation"] <= 1
    assert explained["sanity"]["draws"] == 20
    assert sorted(fault["code"] for fault in told["failed"]) == ["CORRUPT", "REFUSED"]


def test_a_refused_film_is_shown_on_request_and_marked(bundle: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.png"
    strange.write_bytes(as_png(strange_film()))
    result = explain(bundle, strange, "-o", tmp_path / "why.png", "--show-refused")
    assert result.exit_code == 0
    assert "Refused" in result.stdout
    assert (tmp_path / "why.png").is_file()


def test_masks_count_the_lungs(bundle: Path, film: Path, tmp_path: Path) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[10:50, 10:30] = 255
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "film.png").write_bytes(as_png(mask))
    told = json.loads(explain(bundle, film, "--json", "--masks", tmp_path / "masks").stdout)
    (explained,) = told["films"]
    assert explained["share"]["region"] == "lungs"
    assert explained["share"]["area"] == pytest.approx(800 / 4096)
    assert explained["picture"] is None
    missing = explain(bundle, film, "--masks", tmp_path / "nowhere")
    assert isinstance(missing.exception, CohortError)


def test_an_unknown_class_is_refused_before_anything(bundle: Path, film: Path) -> None:
    result = explain(bundle, film, "--class", "Gout")
    assert isinstance(result.exception, HilumError)
    assert result.exception.code == "EXPLANATION"


def test_pictures_find_places_of_their_own(tmp_path: Path) -> None:
    films = [Path("a/x.png"), Path("b/x.dcm"), Path("c/..=cmd() .png"), Path("d/…")]
    places = place_pictures(films, tmp_path / "out")
    assert [place.name for place in places] == ["x.png", "x-2.png", "cmd.png", "film.png"]
    with pytest.raises(OutputError, match="one file"):
        place_pictures(films, tmp_path / "out.png")
