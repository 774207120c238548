from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation
from scipy.stats import ks_2samp

from every import every
from hilum.errors import CohortError, OutputError
from hilum.phantoms.anatomy import draw_anatomy
from hilum.phantoms.cohort import draw_phantom, write_phantoms
from hilum.phantoms.film import CLASSES, DrawnFilm, draw_film, draw_finding, draw_pose
from hilum.phantoms.plan import PlannedPhantom, plan_phantoms


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(
        tmp_path_factory.mktemp("phantoms") / "a", n_films=14, n_classes=2, seed=3
    )


def with_and_without(label: str, seed: int) -> tuple[DrawnFilm, DrawnFilm]:
    """The same film of the same patient, ill and healthy, to the last grain."""
    anatomy = draw_anatomy(np.random.default_rng([seed, 0]))
    pose = draw_pose(anatomy, np.random.default_rng([seed, 1]))
    lost_air = draw_finding(label, anatomy, np.random.default_rng([seed, 2]))
    ill = draw_film(anatomy, pose, np.random.default_rng([seed, 3]), lost_air)
    healthy = draw_film(anatomy, pose, np.random.default_rng([seed, 3]))
    return ill, healthy


def test_same_arguments_give_the_same_bytes(cohort: Path, tmp_path: Path) -> None:
    again = write_phantoms(tmp_path / "b", n_films=14, n_classes=2, seed=3)
    assert digests(again.parent) == digests(cohort.parent)


def test_another_seed_gives_other_films(cohort: Path, tmp_path: Path) -> None:
    other = digests(write_phantoms(tmp_path / "b", n_films=4, seed=4).parent)
    assert not set(other.values()) & set(digests(cohort.parent).values())


def test_a_longer_cohort_begins_with_the_shorter_one(cohort: Path, tmp_path: Path) -> None:
    shorter = write_phantoms(tmp_path / "b", n_films=6, n_classes=2, seed=3)
    films = {name: digest for name, digest in digests(shorter.parent).items() if "/" in name}
    assert films.items() <= digests(cohort.parent).items()


def test_table_and_files_agree(cohort: Path) -> None:
    table = rows(cohort)
    assert list(table[0]) == ["image", "label", "patient"]
    assert {row["image"] for row in table} == set(digests(cohort.parent)) - {"films.csv"}
    assert Counter(row["label"] for row in table) == {"Normal": 7, "Opacity": 7}
    for row in table:
        folder, name = row["image"].split("/")
        assert folder == row["label"]
        assert name.startswith(f"phantom-{row['patient']}-")
        with Image.open(cohort.parent / row["image"]) as film:
            assert (film.format, film.mode) == ("PNG", "L")
            assert 384 <= min(film.size) <= 640


def test_files_stay_small(cohort: Path) -> None:
    assert max(path.stat().st_size for path in cohort.parent.rglob("*.png")) < 300_000


def test_progress_is_told_film_by_film(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_phantoms(
        tmp_path / "a", n_films=4, on_film=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("n_films", [8, 61, 160])
def test_plan_is_even_and_keeps_patients_apart(n_films: int, n_classes: int) -> None:
    plan = plan_phantoms(n_films, n_classes)
    per_class = Counter(film.label for film in plan)
    assert len(plan) == n_films == len({film.image for film in plan})
    assert tuple(per_class) == CLASSES[:n_classes]
    assert max(per_class.values()) - min(per_class.values()) <= 1
    labels = {(film.patient, film.label) for film in plan}
    assert len({patient for patient, _ in labels}) == len(labels)


def test_a_quarter_of_the_patients_come_back() -> None:
    films = Counter(film.patient for film in plan_phantoms(160, 2))
    assert set(films.values()) == {1, 2, 3}
    assert np.mean([n > 1 for n in films.values()]) == pytest.approx(0.25, abs=0.03)


def test_films_of_a_patient_differ_in_pose_and_agree_in_disease() -> None:
    def share_of_lung(film: PlannedPhantom) -> float:
        drawn = draw_phantom(film)
        return float(drawn.finding.sum() / drawn.lungs.sum())

    patients: dict[str, list[PlannedPhantom]] = {}
    for film in plan_phantoms(64, 2):
        if film.label == "Opacity":
            patients.setdefault(film.patient, []).append(film)
    returning = [films for films in patients.values() if len(films) > 1]
    assert len(returning) >= 4
    shares = [[share_of_lung(film) for film in films[:2]] for films in returning]
    assert all(first != second for first, second in every(shares))
    assert max(abs(first - second) for first, second in shares) < 0.1
    assert np.ptp([first for first, _ in shares]) > 0.1


def test_size_and_pose_do_not_depend_on_the_class() -> None:
    def poses(class_index: int) -> np.ndarray:
        values = []
        for k in range(300):
            rng = np.random.default_rng([class_index, k])
            anatomy = draw_anatomy(rng)
            pose = draw_pose(anatomy, rng)
            values.append(
                (pose.height_px, pose.width_px, pose.lung_grey, pose.contrast, pose.grain)
            )
        return np.array(values)

    # `draw_pose` is not told the class; what is left is that the seeds make no difference.
    first, second = poses(0), poses(1)
    assert min(ks_2samp(a, b).pvalue for a, b in zip(first.T, second.T, strict=True)) > 0.01
    assert np.any(first[:, 0] > first[:, 1])
    assert np.any(first[:, 0] < first[:, 1])


def test_normal_has_no_finding() -> None:
    anatomy = draw_anatomy(np.random.default_rng(0))
    assert draw_finding("Normal", anatomy, np.random.default_rng(0)) is None
    ill, healthy = with_and_without("Normal", 0)
    assert not ill.finding.any()
    np.testing.assert_array_equal(ill.pixels, healthy.pixels)


@pytest.mark.parametrize("label", CLASSES[1:])
@pytest.mark.parametrize("seed", range(4))
def test_a_finding_brightens_the_lung_and_nothing_else(label: str, seed: int) -> None:
    ill, healthy = with_and_without(label, seed)
    assert ill.finding.any()
    assert not np.any(ill.finding & ~ill.lungs)
    np.testing.assert_array_equal(ill.lungs, healthy.lungs)
    change = ill.pixels.astype(int) - healthy.pixels.astype(int)
    assert change[ill.finding].mean() > 4
    far = ~binary_dilation(ill.lungs, iterations=60)
    assert far.mean() > 0.1
    assert np.abs(change[far]).max() <= 1


def test_opacities_take_both_lungs_and_favour_the_bases() -> None:
    upper = lower = both = 0
    for seed in range(12):
        ill, _ = with_and_without("Opacity", seed)
        lung_rows, lung_columns = np.nonzero(ill.lungs)
        found_rows, found_columns = np.nonzero(ill.finding)
        middle_row = (lung_rows.min() + lung_rows.max()) / 2
        middle_column = (lung_columns.min() + lung_columns.max()) / 2
        upper += int(np.sum(found_rows < middle_row))
        lower += int(np.sum(found_rows > middle_row))
        both += bool(
            np.any(found_columns < middle_column) and np.any(found_columns > middle_column)
        )
    assert lower > upper
    assert both >= 10


def test_looks_like_a_chest_film() -> None:
    for film in every(plan_phantoms(8, 2)):
        drawn = draw_phantom(film)
        pixels, (height, width) = drawn.pixels, drawn.pixels.shape
        lung, belly = (
            pixels[drawn.lungs & ~drawn.finding],
            pixels[-height // 12 :, width // 3 : -width // 3],
        )
        assert 0.15 < drawn.lungs.mean() < 0.6
        assert np.median(lung) + 60 < np.median(belly)
        # The whole lung is on the film.
        assert not drawn.lungs[[0, -1]].any()
        assert not drawn.lungs[:, [0, -1]].any()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n_films": 3}, "at least 4"),
        ({"n_films": 7, "n_classes": 4}, "at least 8"),
        ({"n_classes": 1}, "2 to 4"),
        ({"n_classes": 5}, "2 to 4"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_cohorts_are_refused(
    arguments: dict[str, int], said: str, tmp_path: Path
) -> None:
    with pytest.raises(CohortError, match=said):
        write_phantoms(tmp_path / "deep" / "a", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_an_occupied_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError, match="taken"):
        write_phantoms(folder, n_films=4)
    assert digests(tmp_path).keys() == {"mine/thesis.txt"}


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError):
        write_phantoms(tmp_path / "mine", n_films=4)
    with pytest.raises(OutputError):
        write_phantoms(tmp_path / "mine" / "below", n_films=4)
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "a file"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert len(rows(write_phantoms(tmp_path / "a", n_films=4))) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_interrupted_drawing_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantoms(tmp_path / "a", n_films=4, on_film=stop)
    assert list(tmp_path.iterdir()) == []
