from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hilum.runs.privacy import HIDDEN, redactor
from hilum.studies.results import Comparison
from unit.report.make_comparison import CANARY


@pytest.mark.parametrize(
    "text",
    [
        f"--out /data/{CANARY}/x",
        f"../{CANARY}/COVID-19/DOE-JANE-0003.png",
        "see DOE-JANE-0003.png",
        "see DOE-JANE-0003",
        "patient PATIENT-1-4 stands twice",
        f"in folder {CANARY}",
        rf"C:\films\{CANARY}\a.png",
        rf"\\server\{CANARY}",
        f"'~/{CANARY}/a'",
        "broken-0001.png ends early",
    ],
)
def test_names_are_hidden(text: str, comparison: Comparison) -> None:
    hidden = redactor(comparison.cohort)(text)
    assert HIDDEN in hidden
    for secret in ("CANARY", "DOE-JANE", "PATIENT-1-4", "broken-0001"):
        assert secret not in hidden


@pytest.mark.parametrize(
    "text",
    [
        "COVID-19 against normal, AUROC 0.99, 2/3 of the films",
        "covid-150: 120 films/s on 2 cores / 4 threads",
        "the frame and/or the centre",
        "https://example.org/weights/file.pth",
        "film 0e5751c026e5, PATIENT-1-40000",
    ],
)
def test_other_words_stay(text: str, comparison: Comparison) -> None:
    assert redactor(comparison.cohort)(text) == text


def test_a_folder_with_spaces_is_hidden_as_a_whole(comparison: Comparison) -> None:
    path = Path("/data/DOE JANE/film.png")
    film = replace(comparison.cohort.films[0], path=path)
    redact = redactor(replace(comparison.cohort, films=(film,)))
    assert redact(f"cannot read {path.parent} or {path}.") == f"cannot read {HIDDEN} or {HIDDEN}."
