"""The classifier: an opened bundle that answers for the next film.

    classifier = Classifier.load("bundle")
    prediction = classifier.predict("film.png")

One forward pass per film; nothing but OpenVINO and NumPy is loaded.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from jaxtyping import Bool, Float

from hilum.classifier.bundle import Bundle, read_bundle
from hilum.classifier.graph import MOST_FILMS_AT_ONCE, FeatureGraph
from hilum.classifier.heads import average_heads
from hilum.classifier.prediction import (
    FilmFailure,
    FilmLike,
    Prediction,
    PreparedFilm,
    prepare_film,
)
from hilum.errors import FilmError
from hilum.machine import default_cache_dir, usable_cores

if TYPE_CHECKING:
    from hilum.classifier.explain.explanation import Explanation, ExplanationOptions


class Classifier:
    """Says of a film which class it is, how probable that is, and whether it may be asked.

    Safe to use from several threads.

    Attributes:
        record: What the bundle says of itself.
        heads: The heads.
        guard: The domain guard.
        references: What explanations compare a film with; None where the backbone shows no
            feature map.
        graph: The backbone.
        card: The model card, Markdown.
        study: All figures of the study behind the classifier.
        classes_: The classes, in the order of the probabilities.
    """

    def __init__(self, bundle: Bundle, *, streams: int = 1) -> None:
        """Open a bundle that was read.

        Args:
            bundle: Its content.
            streams: How many threads may look at films side by side.

        Raises:
            UntrustedModelError: Graph and heads do not fit together.
        """
        self.record = bundle.record
        self.heads = bundle.heads
        self.guard = bundle.guard
        self.references = bundle.references
        self.card = bundle.card
        self.study = bundle.study
        self.graph = FeatureGraph(
            bundle.graph_folder,
            size_px=bundle.record.backbone.size_px,
            width=bundle.record.backbone.feature_width,
            streams=streams,
        )
        self.classes_ = np.array(bundle.record.classes, dtype=object)

    @classmethod
    def load(
        cls, path: str | Path, *, cache_dir: str | Path | None = None, streams: int = 1
    ) -> Classifier:
        """Load a bundle, and prove every part of it.

        Args:
            path: The folder that `hilum train` wrote.
            cache_dir: Where the backbone lies if the bundle only refers to it; the user's
                cache if not given.
            streams: How many threads may look at films side by side.

        Raises:
            BundleError: There is no bundle, a part is missing, or another version made it.
            UntrustedModelError: A part differs from the one that was written.
        """
        cache = default_cache_dir() if cache_dir is None else Path(cache_dir)
        return cls(read_bundle(Path(path), cache), streams=streams)

    def __repr__(self) -> str:
        """Say what it is and what its cohort carries."""
        record = self.record
        return (
            f"Classifier({' / '.join(record.classes)}, positive {record.positive}, on "
            f"{record.backbone.title}, verdict {record.verdict.heading.lower()}; research use only)"
        )

    @overload
    def predict(self, films: FilmLike) -> Prediction: ...

    @overload
    def predict(self, films: list[Any] | tuple[Any, ...]) -> list[Prediction]: ...

    def predict(
        self, films: FilmLike | list[Any] | tuple[Any, ...]
    ) -> Prediction | list[Prediction]:
        """Answer for one film, or for several in their order.

        Args:
            films: A file, its bytes, or grey levels (height x width, uint8, 0 black); or a
                list or tuple of such.

        Raises:
            FilmError: A film cannot be read, or is not a film. `predict_each` goes on instead.
            TypeError: One is of a type that cannot hold a film.
        """
        if isinstance(films, (list, tuple)):
            return self._predict_all(films)
        return self._predict_all([films])[0]

    def predict_proba(self, films: Sequence[FilmLike]) -> Float[np.ndarray, "films classes"]:
        """Give each film's calibrated probabilities, in the order of `classes_`.

        Films outside the domain have rows, too, which mean nothing: see `predict`.

        Args:
            films: As for `predict`.

        Raises:
            FilmError: A film cannot be read, or is not a film.
        """
        _check_several(films)
        return np.concatenate(
            [np.empty((0, len(self.classes_)))]
            + [self.heads.probabilities(self._look(batch)) for batch in self._prepared(films)]
        )

    def predict_each(self, films: Iterable[FilmLike]) -> Iterator[Prediction | FilmFailure]:
        """Answer for every film in order; a film without an answer gives its reason.

        Films are read in threads, a few ahead of the backbone, so any number may be given.

        Args:
            films: As for `predict`.
        """
        _check_several(films)
        for batch in self._read_ahead(films):
            read = [film for film in batch if isinstance(film, PreparedFilm)]
            answers = iter(self.judge(self._look(read), [film.notes for film in read]))
            for film in batch:
                yield next(answers) if isinstance(film, PreparedFilm) else film

    def explain(
        self,
        film: FilmLike,
        label: str | None = None,
        *,
        lungs: Bool[np.ndarray, "height width"] | None = None,
        options: ExplanationOptions | None = None,
    ) -> Explanation:
        """Say which parts of a film speak for a class, and which against it.

        Args:
            film: As for `predict`.
            label: The class to explain; the positive one if not given.
            lungs: Where the film shows lung, of any size: the share of the map inside is
                told. Without it, the share in the centre of the film.
            options: Slower checks that are wanted beside.

        Raises:
            FilmError: The film cannot be read, or is not a film.
            ExplanationError: The class is unknown; or the backbone shows no feature map, and
                no occlusion map was asked for.
        """
        from hilum.classifier.explain.explanation import ExplanationOptions, explain_film

        return explain_film(self, film, label, lungs=lungs, options=options or ExplanationOptions())

    def prepare(self, film: FilmLike, *, is_whole: bool = False) -> PreparedFilm:
        """Read a film and bring it to the backbone's square.

        Args:
            film: As for `predict`.
            is_whole: Read every pixel, to draw the film.

        Raises:
            FilmError: The film cannot be read, or is not a film.
        """
        return prepare_film(film, self.graph.size_px, is_whole=is_whole)

    def judge(
        self, features: Float[np.ndarray, "films width"], notes: Sequence[tuple[str, ...]]
    ) -> list[Prediction]:
        """Answer for films whose features are there.

        Args:
            features: Pooled features of upright films.
            notes: What was converted while each was read.
        """
        if not len(features):
            return []
        logs = self.heads.log_probabilities(features)
        probabilities, is_positive = average_heads(logs), self.heads.reaches(logs)
        distances = self.guard.distances(features)
        positive = self.heads.positive
        answers = []
        for row, said in enumerate(notes):
            others = np.delete(probabilities[row], positive)
            runner_up = int(np.argmax(others))
            called = positive if is_positive[row] else runner_up + (runner_up >= positive)
            is_inside = bool(distances[row] <= self.guard.threshold)
            answers.append(
                Prediction(
                    probabilities=dict(
                        zip(self.record.classes, probabilities[row].tolist(), strict=True)
                    ),
                    call=self.record.classes[called] if is_inside else None,
                    in_domain=is_inside,
                    distance=float(distances[row]),
                    notes=said,
                )
            )
        return answers

    def _predict_all(self, films: Sequence[FilmLike]) -> list[Prediction]:
        return [
            answer
            for batch in self._prepared(films)
            for answer in self.judge(self._look(batch), [film.notes for film in batch])
        ]

    def _prepared(self, films: Sequence[FilmLike]) -> Iterator[list[PreparedFilm]]:
        """Read films some at a time, so that a long list does not fill the memory."""
        for start in range(0, len(films), MOST_FILMS_AT_ONCE):
            yield [self.prepare(film) for film in films[start : start + MOST_FILMS_AT_ONCE]]

    def _look(self, films: Sequence[PreparedFilm]) -> Float[np.ndarray, "films width"]:
        size = self.graph.size_px
        squares = [film.square for film in films]
        return self.graph.look(
            np.stack(squares) if squares else np.empty((0, size, size), np.uint8)
        ).features

    def _read_ahead(self, films: Iterable[FilmLike]) -> Iterator[list[PreparedFilm | FilmFailure]]:
        """Read films in threads and hand them on in order, some at a time.

        A batch never waits for a film that is still being read, so the first answer comes as
        soon as it can.
        """

        def read(film: FilmLike) -> PreparedFilm | FilmFailure:
            try:
                return self.prepare(film)
            except FilmError as error:
                return FilmFailure.from_error(error)

        source = iter(films)
        waiting: deque[Future[PreparedFilm | FilmFailure]] = deque()
        with ThreadPoolExecutor(usable_cores(), thread_name_prefix="hilum-reading") as pool:
            try:
                while True:
                    while len(waiting) < 2 * MOST_FILMS_AT_ONCE:
                        try:
                            waiting.append(pool.submit(read, next(source)))
                        except StopIteration:
                            break
                    if not waiting:
                        return
                    batch = [waiting.popleft().result()]
                    while waiting and waiting[0].done() and len(batch) < MOST_FILMS_AT_ONCE:
                        batch.append(waiting.popleft().result())
                    yield batch
            finally:
                for future in waiting:
                    future.cancel()


def _check_several(films: object) -> None:
    """Refuse one film in place of several: its name would be read letter by letter."""
    if isinstance(films, (str, bytes, os.PathLike)) or (
        isinstance(films, np.ndarray) and films.ndim == 2
    ):
        raise TypeError("give a list of films; for a single one: [film]")
