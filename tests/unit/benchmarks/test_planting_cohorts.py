"""Planted cohorts: the same bytes each time, nothing painted but what the truth says."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from benchmarks.planting.acquisition import crop_to_lungs
from benchmarks.planting.chest import Chest, find_chest
from benchmarks.planting.families import FAMILIES
from benchmarks.planting_cohorts import Truth, patient_of, plant, read_truth
from PIL import Image

from hilum.phantoms.cohort import draw_phantom
from hilum.phantoms.plan import plan_phantoms

N_FILMS, SIZE_PX = 12, 96


def plant_small(family: str, out: Path, **options: object) -> Truth:
    chosen = {"seed": 4, "n": N_FILMS, "size_px": SIZE_PX, **options}
    return plant(family, "phantoms", out, **chosen)  # type: ignore[arg-type]


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "films.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pixels_by_original(folder: Path, truth: Truth) -> dict[str, np.ndarray]:
    return {
        original: np.asarray(Image.open(folder / image))
        for image, original in truth.originals.items()
    }


@cache
def a_film() -> tuple[np.ndarray, Chest]:
    pixels = draw_phantom(plan_phantoms(4)[0]).pixels
    picture = Image.fromarray(pixels).convert("L").resize((160, 160))
    film = np.asarray(picture, np.float32) / 255
    return film, find_chest(film)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        plant_small("pacemaker", tmp_path / name, beside="patchy", share=0.5)
    files = [
        {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        for folder in (tmp_path / "one", tmp_path / "two")
    ]
    assert files[0] == files[1]
    assert len(files[0]) == N_FILMS + 2


def test_what_is_painted_is_what_the_truth_says(tmp_path: Path) -> None:
    """Half of the patients of one class, a fourth of the other; no pixel elsewhere."""
    truth = plant_small("electrodes", tmp_path / "painted", share=0.5, share_other=0.25)
    clean = plant_small("nothing", tmp_path / "clean")
    painted = pixels_by_original(tmp_path / "painted", truth)
    original = pixels_by_original(tmp_path / "clean", clean)
    told = {truth.originals[image] for image in truth.painted}
    changed = {name for name, film in painted.items() if (film != original[name]).any()}
    assert changed == told
    assert 0 < len(told) < N_FILMS

    patients: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in rows_of(tmp_path / "painted"):
        is_painted = row["image"] in truth.painted
        assert patients[row["label"]].setdefault(row["patient"], is_painted) == is_painted
    shares = {label: np.mean(list(found.values())) for label, found in patients.items()}
    n = {label: len(found) for label, found in patients.items()}
    assert shares == {
        "Finding": round(0.5 * n["Finding"]) / n["Finding"],
        "Normal": round(0.25 * n["Normal"]) / n["Normal"],
    }
    assert read_truth(tmp_path / "painted") == truth
    assert (truth.causes, truth.expected) == (("objects",), "not supported")


def test_labels_do_not_depend_on_the_family_and_no_patient_has_two(tmp_path: Path) -> None:
    """So a shortcut, a disease and nothing can be compared on one dealing."""
    labels = []
    for family in ("nothing", "patchy", "writing-corner"):
        truth = plant_small(family, tmp_path / family)
        rows = rows_of(tmp_path / family)
        labels.append({truth.originals[row["image"]]: row["label"] for row in rows})
        of_patient = {row["patient"]: row["label"] for row in rows}
        assert all(of_patient[row["patient"]] == row["label"] for row in rows)
    assert labels[0] == labels[1] == labels[2]
    counts = [list(labels[0].values()).count(label) for label in ("Finding", "Normal")]
    assert sum(counts) == N_FILMS
    assert abs(counts[0] - counts[1]) <= 3


def test_files_tell_nothing(tmp_path: Path) -> None:
    plant_small("resolution", tmp_path / "cohort")
    kinds = set()
    for file in (tmp_path / "cohort" / "films").iterdir():
        with Image.open(file) as picture:
            kinds.add((picture.format, picture.mode, picture.size))
    assert kinds == {("PNG", "L", (SIZE_PX, SIZE_PX))}


@pytest.mark.parametrize(
    ("family", "column"),
    [("age", "age"), ("sex", "sex"), ("view", "view"), ("device", "device"), ("source", "source")],
)
def test_an_attribute_goes_with_the_label_and_leaves_its_trace(
    tmp_path: Path, family: str, column: str
) -> None:
    truth = plant_small(family, tmp_path / family)
    cells: dict[str, list[str]] = defaultdict(list)
    for row in rows_of(tmp_path / family):
        cells[row["label"]].append(row[column])
    if column == "age":
        means = {label: np.mean([int(age) for age in ages]) for label, ages in cells.items()}
        assert means["Finding"] > means["Normal"] + 10
    else:
        usual = max(set(cells["Finding"]), key=cells["Finding"].count)
        assert cells["Finding"].count(usual) / len(cells["Finding"]) > 0.7
        assert cells["Normal"].count(usual) / len(cells["Normal"]) < 0.3
    assert truth.causes[0] == "attribute"
    assert set(truth.words) == {column}


def test_in_each_of_two_hospitals_another_mark_tells_the_class(tmp_path: Path) -> None:
    truth = plant_small("electrodes", tmp_path / "within", by_source="within", partner="arrow")
    for row in rows_of(tmp_path / "within"):
        mark = {"Hospital A": ["electrodes"], "Hospital B": ["arrow"]}[row["source"]]
        expected = mark if row["label"] == "Finding" else []
        assert truth.painted.get(row["image"], []) == expected
    assert {row["source"] for row in rows_of(tmp_path / "within")} == {"Hospital A", "Hospital B"}


def test_a_hospitals_own_mark_stands_on_all_its_films(tmp_path: Path) -> None:
    truth = plant_small("electrodes", tmp_path / "own", by_source="own", partner="arrow")
    sources: dict[str, list[str]] = defaultdict(list)
    for row in rows_of(tmp_path / "own"):
        mark = {"Hospital A": ["electrodes"], "Hospital B": ["arrow"]}[row["source"]]
        assert truth.painted[row["image"]] == mark
        sources[row["label"]].append(row["source"])
    assert sources["Finding"].count("Hospital A") > sources["Normal"].count("Hospital A")


def test_the_order_of_the_files_goes_with_the_label(tmp_path: Path) -> None:
    plant_small("order", tmp_path / "order")
    ranks = defaultdict(list)
    for rank, row in enumerate(rows_of(tmp_path / "order")):
        ranks[row["label"]].append(rank)
    assert np.mean(ranks["Finding"]) > np.mean(ranks["Normal"]) + 2


@pytest.mark.parametrize("name", [name for name, f in FAMILIES.items() if f.paint is not None])
def test_every_family_paints_levels_and_does_it_again(name: str) -> None:
    film, chest = a_film()
    before = film.copy()
    paint = FAMILIES[name].paint
    assert paint is not None
    first, again, other = (paint(film, chest, np.random.default_rng(k), 1.0) for k in (1, 1, 2))
    assert (film == before).all()
    assert first.shape == film.shape
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1 + 1e-6
    assert np.abs(first - film).max() > 4 / 255
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("name", ["patchy", "reticular", "nodule", "effusion"])
def test_disease_is_drawn_into_the_lungs_and_grows_with_its_strength(name: str) -> None:
    film, chest = a_film()
    paint = FAMILIES[name].paint
    assert paint is not None
    weak, strong = (
        np.abs(paint(film, chest, np.random.default_rng(3), s) - film) for s in (0.3, 1.0)
    )
    assert strong.sum() > 1.2 * weak.sum()
    across, down = chest.grid()
    beside = (np.abs(across) > 1.15) | (down < -0.1) | (down > 1.25)
    assert strong[beside].sum() < 0.01 * strong.sum()


def test_a_film_cropped_to_the_lungs_holds_lung_up_to_its_frame(tmp_path: Path) -> None:
    _, chest = a_film()
    lungs = crop_to_lungs(chest.lungs, chest, np.random.default_rng(0))
    frame = np.ones(lungs.shape, bool)
    frame[16:-16, 16:-16] = False
    assert lungs.mean() > chest.lungs.mean() + 0.2
    assert lungs[frame].mean() > 0.35
    truth = plant_small("patchy-cropped", tmp_path / "cropped")
    assert (truth.is_cropped, truth.expected) == (True, "not withheld")


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("00003490_010.png", "00003490"),
        ("NORMAL2-IM-0793-0001.jpeg", "0793"),
        ("IM-0660-0001-0001.jpeg", "0660"),
        ("Normal-992.png", "Normal-992"),
    ],
)
def test_the_patient_is_read_off_the_name(name: str, patient: str) -> None:
    assert patient_of(name) == patient


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dropsy is none of"):
        plant_small("dropsy", tmp_path / "x")
    with pytest.raises(ValueError, match="arrow is no disease"):
        plant_small("patchy", tmp_path / "x", beside="arrow")
    with pytest.raises(ValueError, match="columns of its own"):
        plant_small("age", tmp_path / "x", by_source="own")
    with pytest.raises(ValueError, match="patchy is no mark of a hospital"):
        plant_small("patchy", tmp_path / "x", by_source="within")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "film.png").touch()
    with pytest.raises(FileExistsError):
        plant_small("patchy", tmp_path / "full")


def test_the_chest_is_found_where_it_stands_on_a_shifted_film() -> None:
    film, chest = a_film()
    shift = 8
    moved = find_chest(np.pad(film, ((0, 0), (shift, 0)), mode="edge")[:, :-shift])
    assert moved.midline_px == pytest.approx(chest.midline_px + shift, abs=5)
    box = chest.lung_box()
    part = chest.crop(box)
    x, y = chest.place(0.5, 0.5)
    assert part.place(0.5, 0.5) == pytest.approx((x - box[1].start, y - box[0].start))
    assert replace(part, lungs=chest.lungs).contrast == chest.contrast
