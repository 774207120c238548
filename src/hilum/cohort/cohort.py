"""The cohort: the table of films that a study looks at.

No pixels live here. `folders` and `tables` read what users have.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from hilum.cohort.films import Exclusion, FilmTable, no_external_film
from hilum.cohort.folders import read_folder
from hilum.cohort.tables import Columns, read_table
from hilum.errors import CohortError, PositiveClassError

_WITHOUT_DISEASE = frozenset(
    {"normal", "normals", "healthy", "control", "controls", "negative", "no finding",
     "no findings", "nofinding", "clear"}
)  # fmt: skip


@dataclass(frozen=True)
class Cohort(FilmTable):
    """The films of a study, in a fixed order, with what is known of each; see `FilmTable`."""

    @classmethod
    def of(cls, table: FilmTable) -> Cohort:
        """Make a cohort of a reader's table."""
        return cls(**vars(table))

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        *,
        labels: Mapping[str, Collection[str]] | None = None,
        classes: Sequence[str] | None = None,
        patient_pattern: str | None = None,
        is_external: bool = False,
    ) -> Cohort:
        """Make a cohort from a folder that holds one subfolder of films per class.

        Args:
            folder: Subfolders are classes; films may lie deeper inside them.
            labels: For each class to study, the subfolders that mean it; films in other
                subfolders are left out and counted. If not given, each subfolder is a class.
            classes: Study only these; the others are left out and counted.
            patient_pattern: Regular expression whose group `patient`, or else its first
                group, is the patient in a file's name; `none` reads no names. If not given,
                the names of well-known collections are recognised.
            is_external: Heads that were trained on another cohort are tried on these films:
                one class is enough, a class without readable films is dropped, and the
                pattern need not fit.

        Raises:
            CohortError: The folder or a subfolder does not exist, it holds fewer than two
                classes of films, or the pattern finds no patient.
        """
        return cls.of(
            read_folder(
                Path(folder),
                labels=labels,
                classes=classes,
                patient_pattern=patient_pattern,
                is_external=is_external,
            )
        )

    @classmethod
    def from_csv(
        cls,
        table: str | Path,
        *,
        image_column: str | None = None,
        label_column: str | None = None,
        patient_column: str | None = None,
        source_column: str | None = None,
        view_column: str | None = None,
        sex_column: str | None = None,
        age_column: str | None = None,
        image_folder: str | Path | None = None,
        labels: Mapping[str, Collection[str]] | None = None,
        classes: Sequence[str] | None = None,
        patient_pattern: str | None = None,
        is_external: bool = False,
    ) -> Cohort:
        """Make a cohort from a table with one film per row.

        Args:
            table: CSV with a header; comma, semicolon or tab.
            image_column: Column of file names. This and all other columns are found by their
                usual names if not given.
            label_column: Column of labels.
            patient_column: Column of patients; optional, as are all that follow.
            source_column: Column of sources.
            view_column: Column of views, such as PA or AP.
            sex_column: Column of the patients' sex.
            age_column: Column of the patients' age in years, or as `058Y`, `18M`, `3W` or
                `2D`. A cell that is not an age counts as unknown.
            image_folder: Where relative file names begin; the table's folder if not given.
            labels: For each class to study, the labels in the table that mean it.
                Rows with other labels are left out and counted.
            classes: Study only these classes; the others are left out and counted.
            patient_pattern: As in `from_folder`. The column of patients comes before it;
                without a pattern, names are read only if the table lacks that column.
            is_external: As in `from_folder`; and a column that is missing is searched by its
                usual names.

        Raises:
            CohortError: The table cannot be read, names missing files, or holds fewer than
                two classes; all faults of a table are listed at once.
        """
        found = read_table(
            Path(table),
            Columns(
                image=image_column,
                label=label_column,
                patient=patient_column,
                source=source_column,
                view=view_column,
                sex=sex_column,
                age=age_column,
            ),
            image_folder=Path(image_folder) if image_folder is not None else None,
            labels=labels,
            classes=classes,
            patient_pattern=patient_pattern,
            is_external=is_external,
        )
        return cls.of(found)

    @property
    def y(self) -> Int[np.ndarray, " films"]:
        """Class index of each film."""
        index = {label: k for k, label in enumerate(self.classes)}
        return np.array([index[film.label] for film in self.films], dtype=np.int64)

    @property
    def n_per_class(self) -> dict[str, int]:
        """Films of each class, in the order of `classes`."""
        counts = np.bincount(self.y, minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    @property
    def n_patients(self) -> int | None:
        """Number of known patients; None if no film's patient is known."""
        patients = {film.patient for film in self.films if film.patient is not None}
        return len(patients) or None

    def without(self, unreadable: Sequence[Exclusion]) -> Cohort:
        """Drop films that turned out unreadable; they are listed in `excluded`.

        Raises:
            CohortError: A class has no film left, or an external cohort has none.
        """
        gone = {exclusion.film_id for exclusion in unreadable}
        films = tuple(film for film in self.films if film.film_id not in gone)
        excluded = (*self.excluded, *unreadable)
        left = {film.label for film in films}
        if self.is_external and not films:
            raise no_external_film(self.name, excluded)
        lost = [] if self.is_external else [label for label in self.classes if label not in left]
        for label in lost:
            first = next(e for e in excluded if e.label == label)
            raise CohortError(
                f"No film of class '{label}' can be read; the first one, {first.path.name}, "
                f"fails with {first.code}: {first.message}",
                fix=f"{first.fix} Or choose other classes with --classes.",
            )
        classes = tuple(label for label in self.classes if label in left)
        return replace(self, films=films, classes=classes, excluded=excluded)

    def positive_class(self, wanted: str | None) -> str:
        """Tell which class is the positive one, of which sensitivity speaks.

        Args:
            wanted: The user's choice, or None to find the one class with disease
                beside a class such as `Normal`.

        Raises:
            PositiveClassError: The choice is not a class, or the class cannot be inferred.
        """
        choices = ", ".join(f"--positive {shlex.quote(label)}" for label in self.classes)
        if wanted is not None:
            if wanted in self.classes:
                return wanted
            raise PositiveClassError(
                f"There is no class '{wanted}' among {', '.join(self.classes)}.",
                fix=f"Choose one: {choices}.",
            )
        diseased = [label for label in self.classes if not is_without_disease(label)]
        if len(self.classes) == 2 and len(diseased) == 1:
            return diseased[0]
        raise PositiveClassError(
            "It cannot be told which class is the positive one, of which sensitivity speaks.",
            fix=f"Say it: {choices}.",
        )


def is_without_disease(label: str) -> bool:
    """Tell whether a class plainly means films without disease, such as `Normal`."""
    return label.lower().replace("_", " ").replace("-", " ").strip() in _WITHOUT_DISEASE
