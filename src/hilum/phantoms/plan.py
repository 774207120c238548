"""The plan of a cohort of phantoms: its films, and the faults to plant.

A planted fault is known film by film, so that findings can be compared with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from hilum.errors import CohortError
from hilum.phantoms.film import CLASSES

# Films of eight patients in a row; every fourth patient has several.
_FILMS_PER_PATIENT = (1, 1, 2, 1, 1, 1, 3, 1)

_COUNTED = ("duplicates", "rotated", "relabelled", "patients-in-both-classes")


@dataclass(frozen=True)
class PlannedPhantom:
    """One film of a cohort, before it is drawn.

    Attributes:
        label: Its class, one of `CLASSES`.
        position: The patient's place within the class, from 0.
        patient: Name of the patient, unique in the cohort.
        number: Number of the film among those of the patient, from 1.
        home: Class of the patient's other films, if it differs.
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
    """Plan the films of a cohort: equal classes, some patients with two or three films.

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


@dataclass(frozen=True)
class Plants:
    """Faults to plant; the default plants none.

    Attributes:
        duplicates: Further films that are copies of others, each under a fresh patient.
        rotated: Further films that are copies turned by 5 to 15 degrees either way.
        relabelled: Further films that are the same bytes in another class.
        patients_in_both_classes: Patients with one more film, in another class.
        size_shortcut: Films of the diseased classes are smaller.
        marker_shortcut: They carry a burned-in letter in a corner.
        frame_shortcut: They show the edges of the collimator.
        source_shortcut: The table has a column `source` that equals the class.
        exposure_shortcut: They are fogged and of low contrast, from edge to edge.
    """

    duplicates: int = 0
    rotated: int = 0
    relabelled: int = 0
    patients_in_both_classes: int = 0
    size_shortcut: bool = False
    marker_shortcut: bool = False
    frame_shortcut: bool = False
    source_shortcut: bool = False
    exposure_shortcut: bool = False

    @property
    def n_copies(self) -> int:
        """Further films that are copies."""
        return self.duplicates + self.rotated + self.relabelled

    @property
    def n_further_films(self) -> int:
        """Films that planting adds."""
        return self.n_copies + self.patients_in_both_classes

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """Names of the shortcuts, in a fixed order."""
        return tuple(
            name for name in _NAMES if name not in _COUNTED and getattr(self, _attribute(name))
        )

    def check(self, n_films: int, n_patients: int) -> None:
        """Check that a cohort is large enough for its plants.

        Args:
            n_films: Films of the cohort before anything is planted.
            n_patients: Their patients.

        Raises:
            CohortError: A number is negative, or there are not enough films or patients.
        """
        faults = [
            f"'{name}' is {getattr(self, _attribute(name))}, less than nothing"
            for name in _COUNTED
            if getattr(self, _attribute(name)) < 0
        ]
        # Each film is copied at most once, so that the plants stay easy to tell apart.
        if not faults and self.n_copies > n_films:
            asked = " + ".join(
                f"{name}={count}"
                for name in _COUNTED[:3]
                if (count := getattr(self, _attribute(name)))
            )
            faults.append(f"{asked} needs {self.n_copies} originals, and there are {n_films} films")
        if self.patients_in_both_classes > n_patients:
            faults.append(
                f"patients-in-both-classes={self.patients_in_both_classes} needs as many "
                f"patients, and there are {n_patients}"
            )
        if faults:
            raise CohortError(
                f"This cannot be planted: {'; '.join(faults)}.",
                fix="Plant fewer, or draw more films with --n.",
            )


NOTHING = Plants()
_NAMES = tuple(field.name.replace("_", "-") for field in fields(Plants))


def parse_plants(options: Sequence[str]) -> Plants:
    """Read plants as they are written on the command line.

    Args:
        options: Such as `duplicates=6` or `size-shortcut`; one text may hold several,
            with commas between them.

    Raises:
        CohortError: A plant does not exist or is given twice, or a number is missing, bad or
            superfluous; all faults are listed at once.
    """
    wanted: dict[str, Any] = {}
    faults: list[str] = []
    for item in (item.strip() for option in options for item in option.split(",")):
        name, has_number, number = (part.strip() for part in item.partition("="))
        if name not in _NAMES:
            faults.append(f"there is no plant '{name}'")
        elif _attribute(name) in wanted:
            faults.append(f"'{name}' is given twice")
        elif name not in _COUNTED and has_number:
            faults.append(f"'{name}' takes no number")
        elif name in _COUNTED and not re.fullmatch(r"[0-9]{1,9}", number):
            given = f"is '{number[:12]}'" if number else "has no number"
            faults.append(f"'{name}' {given}; write {name}=N, with N a whole number")
        else:
            wanted[_attribute(name)] = int(number) if name in _COUNTED else True
    if faults:
        raise CohortError(
            f"This cannot be planted: {'; '.join(faults)}.",
            fix=f"What can be planted: {_describe_plants()}.",
        )
    return Plants(**wanted)


def _describe_plants() -> str:
    """List every plant in its written form."""
    return ", ".join(f"{name}=N" if name in _COUNTED else name for name in _NAMES)


def _attribute(name: str) -> str:
    return name.replace("-", "_")
