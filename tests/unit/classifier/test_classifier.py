"""What the classifier answers, film by film."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.classifier.classifier import Classifier
from hilum.classifier.prediction import FilmFailure, Prediction
from hilum.errors import FilmUnfitError
from tiny_bundle import as_png, strange_film, tiny_film, write_tiny_bundle


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return Classifier.load(write_tiny_bundle(tmp_path_factory.mktemp("made") / "bundle"))


def test_a_film_has_probabilities_a_call_and_the_guards_word(classifier: Classifier) -> None:
    answer = classifier.predict(tiny_film(0.85, seed=500))
    assert list(answer.probabilities) == list(classifier.classes_) == ["Disease", "Normal"]
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert (answer.call, answer.in_domain) == ("Disease", True)
    assert classifier.predict(tiny_film(0.2, seed=501)).call == "Normal"
    assert "research use only" in repr(classifier)


def test_the_operating_point_calls_and_not_the_highest_score(classifier: Classifier) -> None:
    films = [tiny_film(b, seed=502) for b in np.linspace(0.4, 0.5, 21)]
    between = [
        answer
        for answer in classifier.predict(films)
        if 0.4 <= answer.probabilities["Disease"] < 0.5
    ]
    assert between
    assert {answer.call for answer in between} == {"Disease"}


def test_what_is_no_film_gets_no_call(classifier: Classifier) -> None:
    answer = classifier.predict(strange_film())
    assert answer.call is None
    assert not answer.in_domain
    assert answer.distance > classifier.guard.threshold


def test_path_bytes_and_array_are_one_film(classifier: Classifier, tmp_path: Path) -> None:
    film = tiny_film(0.6, seed=3)
    (tmp_path / "film.png").write_bytes(as_png(film))
    whole, path, text, data = (
        classifier.predict(given)
        for given in (film, tmp_path / "film.png", str(tmp_path / "film.png"), as_png(film))
    )
    assert whole == path == text == data


def test_notes_of_reading_come_with_the_answer(classifier: Classifier, tmp_path: Path) -> None:
    deep = tiny_film(0.6, seed=4).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert any("16" in note for note in classifier.predict(tmp_path / "deep.png").notes)


def test_predict_proba_gives_rows_in_the_order_of_the_classes(classifier: Classifier) -> None:
    films = [tiny_film(0.2), tiny_film(0.9)]
    rows = classifier.predict_proba(films)
    told = [list(answer.probabilities.values()) for answer in classifier.predict(films)]
    np.testing.assert_allclose(rows, told, atol=1e-7)
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.predict([]) == []


def test_every_film_is_answered_in_order_and_bad_ones_say_why(classifier: Classifier) -> None:
    films = [as_png(tiny_film(k / 40, seed=k)) for k in range(8, 34)]
    given = [*films[:10], b"", *films[10:20], b"text", *films[20:], Path("nowhere.png")]
    answers = list(classifier.predict_each(given))
    assert len(answers) == len(given)
    codes = {k: a.code for k, a in enumerate(answers) if isinstance(a, FilmFailure)}
    assert codes == {10: "EMPTY", 21: "TYPE", 28: "MISSING"}
    read = [answer for answer in answers if isinstance(answer, Prediction)]
    alone = [classifier.predict(film) for film in films]
    for batched, single in zip(read, alone, strict=True):
        assert batched.call == single.call
        assert batched.probabilities == pytest.approx(single.probabilities, abs=1e-6)


@pytest.mark.parametrize(
    ("film", "why"),
    [
        (np.zeros((63, 200), np.uint8), "63 px"),
        (np.tile(np.arange(70, dtype=np.uint8), (300, 1)), "times as long"),
        (np.full((80, 80), 7, np.uint8), "one grey level"),
    ],
)
def test_what_cannot_be_a_film_is_refused(
    classifier: Classifier, film: np.ndarray, why: str
) -> None:
    with pytest.raises(FilmUnfitError, match=why):
        classifier.predict(film)


@pytest.mark.parametrize("film", [np.zeros((80, 80)), np.zeros((80, 80, 3), np.uint8), 3.0, None])
def test_what_is_nothing_like_a_film_is_a_mistake_of_the_program(
    classifier: Classifier, film: object
) -> None:
    with pytest.raises(TypeError, match=r"film|grey levels"):
        classifier.predict(film)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "film", ["film.png", Path("film.png"), b"\x89PNG", np.zeros((80, 80), np.uint8)]
)
def test_one_film_in_the_place_of_several_is_a_mistake_of_the_program(
    classifier: Classifier, film: object
) -> None:
    with pytest.raises(TypeError):
        classifier.predict_proba(film)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        next(classifier.predict_each(film))  # type: ignore[arg-type]


def test_a_long_list_is_read_some_at_a_time(classifier: Classifier, tmp_path: Path) -> None:
    film = tmp_path / "film.png"
    large = Image.fromarray(tiny_film(0.6, seed=7)).resize((1500, 1500))
    large.save(film, compress_level=1)
    tracemalloc.start()
    try:
        answers = classifier.predict([film] * 40)
        assert classifier.predict_proba([film] * 40).shape == (40, 2)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len({answer.distance for answer in answers}) <= 2
    assert peak_bytes < 20 * 1500**2  # of the 40 films on the list


def test_threads_get_the_answers_that_one_alone_gets(classifier: Classifier) -> None:
    films = [tiny_film(k / 60, seed=k) for k in range(10, 50)]
    alone = [classifier.predict(film) for film in films]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(classifier.predict, films))
    assert [a.probabilities for a in together] == [a.probabilities for a in alone]


def test_a_list_is_read_no_further_than_needed(classifier: Classifier) -> None:
    taken = 0

    def films() -> object:
        nonlocal taken
        for k in range(1000):
            taken += 1
            yield tiny_film(0.5, seed=k % 5)

    answers = classifier.predict_each(films())  # type: ignore[arg-type]
    next(answers)
    answers.close()
    assert taken < 50


def test_a_film_is_refused_from_just_beyond_the_limit_on(classifier: Classifier) -> None:
    """Chequers fade into a film: the call ends where the distance passes the bundle's limit."""
    limit = classifier.record.distance_limit
    film, chequers = tiny_film(0.6, seed=1), strange_film()
    faded = [((1 - k) * film + k * chequers).astype(np.uint8) for k in np.linspace(0, 0.6, 241)]
    answers = classifier.predict(faded)
    near = [answer for answer in answers if limit < answer.distance < 1.2 * limit]
    inside = [answer for answer in answers if 0.8 * limit < answer.distance <= limit]
    assert near
    assert inside
    assert [answer.call for answer in near] == [None] * len(near)
    assert not any(answer.in_domain for answer in near)
    assert all(answer.in_domain and answer.call for answer in inside)
