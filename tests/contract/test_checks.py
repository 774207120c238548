"""What holds for every check, whatever it looks for."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from hilum.auditing.evidence import Check, Evidence, run_checks
from hilum.auditing.findings import FILMS_LISTED, Finding, Severity
from hilum.auditing.register import CHECKS, find_codes
from hilum.cohort.cohort import Cohort
from hilum.errors import UnknownCheckError
from hilum.features.traits import measure_traits
from hilum.folds.folds import repeated_folds
from hilum.folds.groups import group_films
from hilum.phantoms.cohort import write_phantoms
from made_evidence import CANARY, clean_evidence, faulty_evidence, make_cohort, make_film_traits

ROOT = Path(__file__).parents[2]
EACH = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)


def answer(check: Check[...], evidence: Evidence) -> Sequence[Finding]:
    return check(**{need: getattr(evidence, need) for need in check.needs})


def strings(value: Any) -> Iterator[str]:
    """Every text within a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from strings(inner)


def named_films(value: Any, key: str = "") -> Iterator[str]:
    """Every film id within a finding's evidence: what stands under a key with `films`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from named_films(inner, name)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, str) and key.startswith("films"):
                yield inner
            else:
                yield from named_films(inner, key)


def test_every_function_that_checks_is_registered_once_in_the_order_of_its_file() -> None:
    """The order is that in which readers see findings; nothing else lists the checks."""
    written = []
    for family in ("cohort", "shortcuts", "patients", "films"):
        text = (ROOT / f"src/hilum/auditing/checks/{family}.py").read_text(encoding="utf-8")
        written += re.findall(r"^def (check_\w+)\(", text, re.MULTILINE)
    assert [check.ask.__name__ for check in CHECKS] == written


def test_every_code_is_its_own_and_can_be_typed() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@EACH
def test_it_asks_for_fields_of_the_evidence_and_no_more(check: Check[...]) -> None:
    assert check.needs
    assert set(check.needs) <= {field.name for field in fields(Evidence)}


DOCS = runpy.run_path(str(ROOT / "docs" / "generate_checks.py"))


def test_the_pages_are_those_of_the_code() -> None:
    """`make docs` writes them."""
    written = {path.name: path.read_text("utf-8") for path in (ROOT / "docs/checks").iterdir()}
    assert written == DOCS["pages"]()


@EACH
def test_its_page_says_what_it_looks_at_when_it_speaks_and_what_to_do(check: Check[...]) -> None:
    assert check.title
    assert check.title[-1] not in ".?"
    assert (ROOT / check.page).is_file()
    told = DOCS["sections"](check)
    assert told[""].splitlines()[0].endswith(".")
    assert set(told) & {"Problem", "Caution", "Note"}
    assert all(text.endswith(".") for text in told.values())
    assert "What to do" in told
    # Every severity that the page leaves out is one that the check never gives.
    words = {"fail": "Problem", "warn": "Caution", "note": "Note"}
    for evidence in (clean_evidence(), faulty_evidence(), faulty_evidence(960)):
        assert {words[found.severity] for found in answer(check, evidence)} <= set(told)


@EACH
def test_it_finds_its_fault(check: Check[...]) -> None:
    assert answer(check, faulty_evidence())


@EACH
def test_it_finds_no_fault_where_there_is_none(check: Check[...]) -> None:
    assert {finding.severity for finding in answer(check, clean_evidence())} <= {"note"}


@EACH
@pytest.mark.parametrize("evidence", [clean_evidence(), faulty_evidence()], ids=["clean", "faulty"])
def test_its_findings_can_be_relied_on(check: Check[...], evidence: Evidence) -> None:
    cohort = evidence.cohort
    known = {film.film_id for film in (*cohort.films, *cohort.excluded)}
    before = repr(evidence)
    for finding in answer(check, evidence):
        assert finding.check == check.code
        assert finding.severity in get_args(Severity)
        assert finding.title
        assert "\n" not in finding.title
        assert finding.title[-1] != "."
        if finding.severity != "note":
            assert finding.what_to_do.endswith(".")
        text = json.dumps(finding.evidence, allow_nan=False)
        assert json.loads(text) == finding.evidence
        assert set(named_films(finding.evidence)) <= known
        assert not [
            told
            for told in strings([finding.title, finding.what_to_do, finding.evidence])
            if CANARY in told or ".png" in told.lower()
        ]
    assert repr(evidence) == before  # its arrays are sealed against writing, besides


def lists_of_films(value: Any) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Every list under a key with `films`, with what stands beside it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        for key, listed in value.items():
            if key.startswith("films") and isinstance(listed, list):
                yield value, listed
    for part in inner:
        yield from lists_of_films(part)


@EACH
def test_it_names_few_films_and_counts_all(check: Check[...]) -> None:
    for finding in answer(check, faulty_evidence(960)):
        for beside, listed in lists_of_films(finding.evidence):
            assert len(list(named_films({"films": listed}))) <= FILMS_LISTED
            assert "films" not in beside or beside.get("n_films", 2) >= len(beside["films"])


@EACH
def test_two_films_are_enough_for_it_to_run(check: Check[...]) -> None:
    few = Evidence(
        cohort=make_cohort(["Normal", "Opacity"]),
        positive="Opacity",
        film_traits=make_film_traits(2),
        duplicates=(),
        affinity=np.array([0.4, 0.4]),
        baselines=(),
    )
    if all(getattr(few, need) is not None for need in check.needs):
        assert {finding.check for finding in answer(check, few)} <= {check.code}


def test_checks_whose_evidence_was_not_gathered_do_not_run() -> None:
    found = run_checks(CHECKS, Evidence(cohort=faulty_evidence().cohort))
    on_the_cohort_alone = {check.code for check in CHECKS if check.needs == ("cohort",)}
    assert {finding.check for finding in found} == on_the_cohort_alone


def test_muted_checks_run_and_raise_no_alarm() -> None:
    loud = run_checks(CHECKS, faulty_evidence())
    alarming = {finding.check for finding in loud if finding.is_alarming}
    assert len(alarming) > 1
    muted = run_checks(CHECKS, faulty_evidence(), muted=find_codes(alarming))
    assert [replace(finding, is_muted=False) for finding in muted] == list(loud)
    assert {finding.check for finding in muted if finding.is_muted} == alarming
    assert not any(finding.is_alarming for finding in muted)
    rest = run_checks(CHECKS, faulty_evidence(), muted=frozenset(list(alarming)[:1]))
    assert any(finding.is_alarming for finding in rest)


def test_codes_are_found_as_they_are_typed_and_as_a_report_writes_them() -> None:
    assert find_codes(["class-size", "Lung  masks"]) == {"class-size", "lung-masks"}
    assert find_codes([]) == frozenset()
    with pytest.raises(UnknownCheckError, match=r"'clas-size'.*Did you mean 'class-size'\?"):
        find_codes(["leaks", "clas-size"])
    with pytest.raises(UnknownCheckError, match=r"'xyz'.*The codes are conflicting-labels, leaks"):
        find_codes(["xyz"])


def test_the_gravest_findings_come_first() -> None:
    severities = [finding.severity for finding in run_checks(CHECKS, faulty_evidence())]
    assert severities == sorted(severities, key=["fail", "warn", "note"].index)
    assert set(severities) == {"fail", "warn", "note"}


def test_phantoms_without_a_planted_fault_raise_no_doubt(tmp_path: Path) -> None:
    table = write_phantoms(tmp_path / "films", n_films=60, seed=3)
    cohort = Cohort.from_csv(table)
    groups = group_films(cohort)
    evidence = Evidence(
        cohort=cohort,
        positive="Opacity",
        film_traits=measure_traits(cohort.films, cache_dir=tmp_path / "cache").film_traits,
        duplicates=(),
        folds=repeated_folds(cohort.y, groups, n_repeats=2, seed=0),
        affinity=np.full(len(cohort), 0.9),
    )
    found = run_checks(CHECKS, evidence)
    assert {(finding.check, finding.severity) for finding in found} == {("patients", "note")}
