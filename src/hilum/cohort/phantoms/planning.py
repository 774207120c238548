"""The plan of a cohort of phantoms: which films it has, before any is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hilum.cohort.phantoms.findings import CLASSES
from hilum.errors import CohortError

# Every fourth patient of each class comes back; these are the films of four in a row.
_FILMS_PER_PATIENT = (1, 1, 2, 1, 1, 1, 3, 1)


@dataclass(frozen=True)
class PlannedPhantom:
    """One film of a cohort, before it is drawn.

    Attributes:
        label: Its class, one of `CLASSES`.
        position: The patient's place within the class, from 0.
        patient: Name of the patient, unique in the cohort.
        number: Which film of the patient, from 1.
        home: Class of the patient's other films, where it is another one.
    """

    label: str
    position: int
    patient: str
    number: int
    home: str | None = None

    @property
    def image(self) -> str:
        """Path of the film within the cohort's folder."""
        return f"{self.label}/phantom-{self.patient}-{self.number}.png"


def plan_phantoms(n_films: int = 160, n_classes: int = 2) -> tuple[PlannedPhantom, ...]:
    """Say which films a cohort has: classes evenly, some patients with two or three films.

    Args:
        n_films: Films in all, at least 2 per class.
        n_classes: 2 to 4, taken from the front of `CLASSES`.

    Returns:
        Sorted by class, patient and film. A longer cohort begins, in each class, with
        the films of a shorter one.

    Raises:
        CohortError: Too many or too few classes, or too few films.
    """
    if not 2 <= n_classes <= len(CLASSES):
        raise CohortError(
            f"Phantoms come in 2 to {len(CLASSES)} classes, not in {n_classes}.",
            fix=f"Ask for 2 to {len(CLASSES)}: {', '.join(CLASSES)}, in this order.",
        )
    if n_films < 2 * n_classes:
        raise CohortError(
            f"{n_films} films are too few for {n_classes} classes.",
            fix=f"Ask for at least {2 * n_classes}, two for each class.",
        )
    plans = []
    for k, label in enumerate(CLASSES[:n_classes]):
        wanted = n_films // n_classes + (k < n_films % n_classes)
        plans += [
            plan for plan, _ in zip(_patients(label, k, n_classes), range(wanted), strict=False)
        ]
    return tuple(plans)


def _patients(label: str, k: int, n_classes: int) -> Iterator[PlannedPhantom]:
    position = 0
    while True:
        # Numbers run across the classes, so that a patient's number does not give the class away.
        patient = f"p{position * n_classes + k + 1:04d}"
        for number in range(1, _FILMS_PER_PATIENT[position % len(_FILMS_PER_PATIENT)] + 1):
            yield PlannedPhantom(label, position, patient, number)
        position += 1
