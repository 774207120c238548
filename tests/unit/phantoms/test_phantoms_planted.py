"""Planted faults are there, as many as were asked for, and nothing else has changed."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import rankdata
from typer.testing import CliRunner

from every import every
from hilum.cli.main import app
from hilum.cohort.cohort import Cohort
from hilum.errors import CohortError
from hilum.phantoms.cohort import draw_phantom, find_marker, write_phantoms
from hilum.phantoms.copies import copy_film, plan_copies
from hilum.phantoms.plan import Plants, parse_plants, plan_phantoms
from hilum.phantoms.shortcuts import PIXEL_SHORTCUTS, add_shortcut

N_FILMS = 16
EVERY_COPY = Plants(duplicates=8, rotated=3, relabelled=3, patients_in_both_classes=3)
# Mean grey of 4 x 4 fields of one film, as version 1 has drawn it from the beginning. Other
# processors round otherwise in the last place, so the film's hash would not do.
GOLDEN_IMAGE, GOLDEN_SHAPE = "Opacity/phantom-p0002-1.png", (560, 655)
GOLDEN_FIELDS = [
    [64.89, 119.14, 117.35, 58.66],
    [68.35, 98.04, 96.24, 70.47],
    [68.08, 123.83, 178.24, 68.42],
    [107.47, 209.79, 193.66, 81.38],
]


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.*"))
        if path.is_file()
    }


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as film:
        return np.asarray(film.convert("L")).astype(float)


def auroc(y_true: np.ndarray, y_score: np.ndarray) -> float:
    n_positive = int(y_true.sum())
    ranks = rankdata(y_score)[y_true == 1].sum() - n_positive * (n_positive + 1) / 2
    return float(ranks / (n_positive * (len(y_true) - n_positive)))


def in_frame(shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = round(0.1 * shape[0]), round(0.1 * shape[1])
    is_frame = np.ones(shape, bool)
    is_frame[rows:-rows, columns:-columns] = False
    return is_frame


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "plain"
    return write_phantoms(folder, n_films=N_FILMS, seed=2).parent


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "copied"
    return write_phantoms(folder, n_films=N_FILMS, seed=2, plants=EVERY_COPY).parent


@pytest.fixture(scope="module")
def shortcut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each shortcut, by its name."""
    home = tmp_path_factory.mktemp("planted")
    return {
        name: write_phantoms(home / name, n_films=12, seed=2, plants=parse_plants([name])).parent
        for name in (*PIXEL_SHORTCUTS, "source-shortcut")
    }


def test_nothing_planted_is_the_cohort_as_ever(plain: Path) -> None:
    assert set(digests(plain)) == {film.image for film in plan_phantoms(N_FILMS)} | {"films.csv"}
    film = pixels_of(plain / GOLDEN_IMAGE)
    fields = [
        [field.mean() for field in np.array_split(band, 4, axis=1)]
        for band in np.array_split(film, 4)
    ]
    assert film.shape == GOLDEN_SHAPE
    np.testing.assert_allclose(fields, GOLDEN_FIELDS, atol=0.02)


def test_planting_leaves_the_other_films_as_they_are(plain: Path, copied: Path) -> None:
    films = {name: digest for name, digest in digests(plain).items() if "/" in name}
    assert films.items() <= digests(copied).items()
    assert rows(copied / "films.csv")[:N_FILMS] == rows(plain / "films.csv")


def test_same_arguments_plant_the_same_bytes(copied: Path, tmp_path: Path) -> None:
    again = write_phantoms(tmp_path / "b", n_films=N_FILMS, seed=2, plants=EVERY_COPY)
    assert digests(again.parent) == digests(copied)


def test_every_planted_film_is_listed_and_in_the_table(copied: Path) -> None:
    planted, table = rows(copied / "planted.csv"), rows(copied / "films.csv")
    assert list(planted[0]) == ["image", "fault", "original", "change"]
    assert Counter(row["fault"] for row in planted) == {
        "duplicates": 8, "rotated": 3, "relabelled": 3, "patients-in-both-classes": 3
    }  # fmt: skip
    assert [row["image"] for row in planted] == [row["image"] for row in table[N_FILMS:]]
    assert {row["original"] for row in planted} <= {row["image"] for row in table[:N_FILMS]}
    assert {row["image"] for row in table} == set(digests(copied)) - {"films.csv", "planted.csv"}
    for row in table:
        label, name = row["image"].split("/")
        assert label == row["label"]
        assert name.startswith(f"phantom-{row['patient']}-")


def test_copies_have_originals_and_patients_of_their_own(copied: Path) -> None:
    copies = [row for row in rows(copied / "planted.csv") if "patients" not in row["fault"]]
    patient_of = {row["image"]: row["patient"] for row in rows(copied / "films.csv")}
    patients = Counter(patient_of.values())
    assert len({row["original"] for row in copies}) == len(copies)
    assert all(patients[patient_of[row["image"]]] == 1 for row in every(copies))


def test_a_duplicate_is_its_original_in_another_guise(copied: Path) -> None:
    duplicates = [row for row in rows(copied / "planted.csv") if row["fault"] == "duplicates"]
    kinds = Counter(row["change"].split()[0] for row in duplicates)
    assert kinds == Counter(
        ["identical"] * 2
        + ["re-encoded", "jpeg", "resized", "mirrored", "contrast", "cropped"]
    )  # fmt: skip
    for row in duplicates:
        kind = row["change"].split()[0]
        image, original = copied / row["image"], copied / row["original"]
        assert image.parent == original.parent
        assert (image.read_bytes() == original.read_bytes()) == (kind == "identical")
        copy, film = pixels_of(image), pixels_of(original)
        if kind == "mirrored":
            film = film[:, ::-1]
        if kind == "cropped":
            top, left = (round(0.05 * length) for length in film.shape)
            film = film[top : top + copy.shape[0], left : left + copy.shape[1]]
        if kind == "resized":
            assert max(copy.shape) < max(film.shape)
            size = (film.shape[1], film.shape[0])
            copy = np.asarray(Image.fromarray(copy.astype(np.uint8)).resize(size)).astype(float)
        if kind in ("re-encoded", "mirrored", "cropped"):
            np.testing.assert_array_equal(copy, film)
        elif kind != "identical":
            assert not np.array_equal(copy, film)
        assert np.corrcoef(copy.ravel(), film.ravel())[0, 1] > 0.97


def test_rotated_copies_turn_both_ways_by_5_to_15_degrees() -> None:
    copies = plan_copies(plan_phantoms(160), Plants(rotated=60), seed=0)
    angles = np.array([copy.amount for copy in copies])
    assert (np.abs(angles) >= 5).all()
    assert (np.abs(angles) <= 15).all()
    assert 15 <= (angles > 0).sum() <= 45
    assert np.abs(angles).min() < 6
    assert np.abs(angles).max() > 14


def test_a_rotated_copy_is_turned_by_what_is_said(copied: Path) -> None:
    for row in every(row for row in rows(copied / "planted.csv") if row["fault"] == "rotated"):
        angle = float(row["change"].removesuffix(" degrees"))
        copy, film = pixels_of(copied / row["image"]), pixels_of(copied / row["original"])
        assert copy.shape == film.shape
        back = np.asarray(Image.fromarray(copy.astype(np.uint8)).rotate(-angle)).astype(float)
        inner = tuple(slice(length // 4, -length // 4) for length in film.shape)
        turned_back = np.corrcoef(back[inner].ravel(), film[inner].ravel())[0, 1]
        as_it_is = np.corrcoef(copy[inner].ravel(), film[inner].ravel())[0, 1]
        assert turned_back > 0.95
        assert turned_back > as_it_is + 0.02


def test_a_relabelled_film_is_the_same_file_in_another_class(copied: Path) -> None:
    relabelled = [row for row in rows(copied / "planted.csv") if row["fault"] == "relabelled"]
    for row in every(relabelled):
        image, original = copied / row["image"], copied / row["original"]
        assert image.read_bytes() == original.read_bytes()
        assert image.parent != original.parent
        assert row["change"] == f"{image.parent.name} for {original.parent.name}"


def test_a_patient_in_both_classes_is_one_patient(copied: Path) -> None:
    labels: dict[str, set[str]] = {}
    for row in rows(copied / "films.csv"):
        labels.setdefault(row["patient"], set()).add(row["label"])
    both = {patient for patient, classes in labels.items() if len(classes) > 1}
    planted = [row for row in rows(copied / "planted.csv") if "patients" in row["fault"]]
    assert {row["image"].split("-")[1] for row in planted} == both
    assert len(both) == 3
    for row in planted:
        # Same person, another film: alike, and not the same.
        copy, film = pixels_of(copied / row["image"]), pixels_of(copied / row["original"])
        assert copy.shape != film.shape or not np.array_equal(copy, film)


def test_the_readers_of_cohorts_do_not_mind(copied: Path) -> None:
    n_planted = EVERY_COPY.n_further_films
    by_folder, by_table = Cohort.from_folder(copied), Cohort.from_csv(copied / "films.csv")
    assert len(by_folder) == len(by_table) == N_FILMS + n_planted
    assert by_folder.ignored == 0
    assert by_folder.excluded == by_table.excluded == ()


@pytest.mark.parametrize("name", PIXEL_SHORTCUTS)
def test_a_shortcut_changes_the_diseased_films_and_no_other(
    name: str, shortcut: dict[str, Path], plain: Path
) -> None:
    folder, before = digests(shortcut[name]), digests(plain)
    changed = {image for image, digest in folder.items() if before.get(image) != digest}
    diseased = {image for image in folder if image.startswith("Opacity/")}
    assert changed == diseased | {"films.csv", "planted.csv"}
    planted = rows(shortcut[name] / "planted.csv")
    assert {(row["image"], row["fault"]) for row in planted} == {(film, name) for film in diseased}


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("size-shortcut", lambda film: -min(film.shape)),
        ("marker-shortcut", lambda film: corner_of(film).max() - np.median(corner_of(film))),
        ("frame-shortcut", lambda film: -film[-len(film) // 50 :].mean()),
        ("exposure-shortcut", lambda film: np.percentile(film[in_frame(film.shape)], 2)),
    ],
)
def test_a_shortcut_alone_tells_the_class(
    name: str, measure: object, shortcut: dict[str, Path], plain: Path
) -> None:
    assert callable(measure)

    def score(folder: Path) -> float:
        table = rows(folder / "films.csv")
        y_true = np.array([row["label"] == "Opacity" for row in table]).astype(int)
        return auroc(y_true, np.array([measure(pixels_of(folder / r["image"])) for r in table]))

    assert score(shortcut[name]) > 0.97
    assert score(plain) < 0.85


def corner_of(film: np.ndarray) -> np.ndarray:
    height, width = film.shape
    return film[: round(0.1 * height), -round(0.1 * width) :]


@pytest.mark.parametrize("name", ["marker-shortcut", "frame-shortcut"])
@pytest.mark.parametrize("shape", [(384, 384), (384, 449), (748, 640)])
def test_marker_and_frame_stay_within_the_outermost_tenth(
    name: str, shape: tuple[int, int]
) -> None:
    film = np.full(shape, 120, np.uint8)
    for seed in range(25):
        changed = add_shortcut(name, film, np.random.default_rng(seed)) != film
        assert changed.any()
        assert not changed[~in_frame(shape)].any()
        if name == "marker-shortcut":
            # A whole letter: it touches neither the film's edge nor the lungs' side.
            assert not changed[[0, -1]].any()
            assert not changed[:, [0, -1]].any()


def test_a_source_stands_in_the_table_and_not_in_the_pixels(
    shortcut: dict[str, Path], plain: Path
) -> None:
    folder = shortcut["source-shortcut"]
    table = rows(folder / "films.csv")
    assert list(table[0]) == ["image", "label", "patient", "source"]
    assert {(row["label"], row["source"]) for row in table} == {
        ("Normal", "Hospital A"), ("Opacity", "Hospital B")
    }  # fmt: skip
    before = digests(plain)
    assert all(
        before[image] == digest for image, digest in every(digests(folder).items()) if "/" in image
    )
    films = Cohort.from_csv(folder / "films.csv").films
    assert {film.source for film in films} == {"Hospital A", "Hospital B"}


def test_a_second_shortcut_does_not_move_the_first(tmp_path: Path) -> None:
    marker, both = (
        pixels_of(write_phantoms(tmp_path / name, n_films=4, plants=plants).parent / GOLDEN_IMAGE)
        for name, plants in (
            ("a", Plants(marker_shortcut=True)),
            ("b", Plants(marker_shortcut=True, exposure_shortcut=True)),
        )
    )
    assert np.array_equal(corner_of(marker) > 244, corner_of(both) > 244)


def test_progress_counts_planted_films(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    plants = Plants(duplicates=2, patients_in_both_classes=1)
    write_phantoms(tmp_path / "a", n_films=4, plants=plants, on_film=lambda *at: told.append(at))
    assert told == [(done, 7) for done in range(1, 8)]


def test_four_classes_relabel_and_return_within_their_own(tmp_path: Path) -> None:
    plants = Plants(relabelled=4, patients_in_both_classes=4, source_shortcut=True)
    folder = write_phantoms(tmp_path / "a", n_films=8, n_classes=4, plants=plants).parent
    for row in rows(folder / "planted.csv"):
        if row["original"]:
            assert row["image"].split("/")[0] != row["original"].split("/")[0]
    table = rows(folder / "films.csv")
    assert len({(row["label"], row["source"]) for row in table}) == 4
    assert len({row["source"] for row in table}) == 4


def test_jpeg_copies_are_jpeg() -> None:
    file = io.BytesIO()
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1))).save(file, "PNG")
    with Image.open(io.BytesIO(copy_film(file.getvalue(), "jpeg", 1.0))) as copy:
        assert (copy.format, copy.mode, copy.size) == ("JPEG", "L", (64, 64))


def test_plants_are_read_one_by_one_or_from_a_list() -> None:
    wanted = Plants(duplicates=3, patients_in_both_classes=2, size_shortcut=True)
    assert parse_plants(["duplicates=3, patients-in-both-classes = 2", "size-shortcut"]) == wanted
    assert parse_plants([]) == Plants()
    assert wanted.n_copies == 3
    assert wanted.n_further_films == 5
    assert wanted.shortcuts == ("size-shortcut",)


def test_all_faults_of_a_plan_are_told_at_once() -> None:
    with pytest.raises(CohortError) as caught:
        parse_plants(
            ["duplicate=3,rotated=-1", "relabelled", "size-shortcut=2", "duplicates=2,duplicates=2",
             "patients-in-both-classes=" + "9" * 5000, ""]
        )  # fmt: skip
    told = caught.value.message
    for said in (
        "no plant 'duplicate'", "'rotated' is '-1'", "'relabelled' has no number",
        "'size-shortcut' takes no number", "'duplicates' is given twice", "no plant ''",
    ):  # fmt: skip
        assert said in told
    for there in ("duplicates=N", "patients-in-both-classes=N", "exposure-shortcut"):
        assert there in caught.value.fix


@pytest.mark.parametrize(
    ("plants", "said"),
    [
        (Plants(duplicates=5, rotated=4), "duplicates=5 \\+ rotated=4 needs 9 originals.* 8 films"),
        (Plants(patients_in_both_classes=9), "patients-in-both-classes=9 .* there are"),
        (Plants(rotated=-1), "'rotated' is -1"),
    ],
)
def test_more_than_there_is_cannot_be_planted(plants: Plants, said: str, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=said):
        write_phantoms(tmp_path / "a", n_films=8, plants=plants)
    assert list(tmp_path.iterdir()) == []


def test_the_command_plants_and_says_where_it_is_told(tmp_path: Path) -> None:
    asked = ["--n", "4", "--plant", "duplicates=1,rotated=1", "--plant", "marker-shortcut"]
    done = CliRunner().invoke(app, ["phantoms", str(tmp_path / "a"), *asked])
    assert done.exit_code == 0
    assert "6 films" in done.output
    assert "planted.csv" in done.output
    faults = Counter(row["fault"] for row in rows(tmp_path / "a" / "planted.csv"))
    assert faults["duplicates"] == faults["rotated"] == 1
    assert faults["marker-shortcut"] >= 2
    plain = CliRunner().invoke(app, ["phantoms", str(tmp_path / "b"), "--n", "4"])
    assert "planted" not in plain.output
    assert not (tmp_path / "b" / "planted.csv").exists()


def test_the_marker_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    seed = 6
    table = write_phantoms(
        tmp_path / "films", n_films=8, seed=seed, plants=Plants(marker_shortcut=True)
    )
    plans = {plan.image: plan for plan in plan_phantoms(8)}
    with table.open(encoding="utf-8", newline="") as file:
        names = [row["image"] for row in csv.DictReader(file)]
    for name in names:
        with Image.open(table.parent / name) as film:
            marked = np.asarray(film).astype(int)
        change = np.abs(marked - draw_phantom(plans[name], seed).pixels)
        box = find_marker(plans[name], seed)
        assert box.shape == marked.shape
        assert box.any() == change.any() == (plans[name].label != "Normal")
        assert not np.any(change[~box] > 60)  # but for the letter's soft edge
        if box.any():
            assert np.mean(change[box] > 60) > 0.3
            assert box.mean() < 0.005


def test_every_shortcut_keeps_its_place_in_the_draws(tmp_path: Path) -> None:
    both = Plants(marker_shortcut=True, frame_shortcut=True)
    table = write_phantoms(tmp_path / "films", n_films=4, seed=6, plants=both)
    (plan, *_) = (plan for plan in plan_phantoms(4) if plan.label == "Opacity")
    with Image.open(table.parent / plan.image) as film:
        pixels = np.asarray(film)
    assert pixels[find_marker(plan, 6)].max() > 220
