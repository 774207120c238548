"""What contributors are shown works, in one place, with the code as it is."""

from __future__ import annotations

import re
import runpy
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Template

from hilum.auditing.checks import films as family
from hilum.auditing.evidence import Check, Evidence, run_checks
from hilum.auditing.register import CHECKS
from hilum.report.section import ReportParts, Section, all_sections
from made_evidence import GOOD_TRAITS, make_cohort, make_film_traits

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def diffs_below(heading: str) -> list[list[str]]:
    """List the diffs of a part, each as its lines."""
    part = CONTRIBUTING.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [diff.splitlines() for diff in re.findall(r"```diff\n(.*?)```", part, re.DOTALL)]
    assert found, heading
    return found


def test_the_check_that_is_shown_is_one_place_and_runs() -> None:
    (diff,) = diffs_below("Add a check")
    assert all(line.startswith("+") for line in diff)
    namespace = dict(vars(family))
    exec("\n".join(line[1:] for line in diff), namespace)
    (check,) = (
        each for each in namespace.values() if isinstance(each, Check) and each not in CHECKS
    )
    square = replace(GOOD_TRAITS, width_px=512, height_px=512)
    evidence = Evidence(
        cohort=make_cohort(["Normal", "Opacity", "Normal"]),
        film_traits=make_film_traits(3, {1: square}),
    )
    (finding,) = run_checks([check], evidence)
    assert (finding.check, finding.severity) == ("square-films", "note")
    assert finding.title == "1 film is square"
    told = runpy.run_path(str(ROOT / "docs" / "generate_checks.py"))["sections"](check)
    assert told.keys() == {"", "Note", "What to do"}


def test_the_report_section_that_is_shown_fits_the_code_and_runs() -> None:
    shown, template = diffs_below("Add a report section")
    assert all(line.startswith("+") for line in (*shown, *template))
    namespace: dict[str, Any] = {}
    exec("\n".join(line[1:] for line in shown), namespace)
    view = namespace["view_ages"]
    assert view(make_cohort(["A", "B", "B"], age=[None, 40.0, 60.0])) == [("B", 50.0)]
    assert view(make_cohort(["A", "B"])) is None
    made = view.__section__
    assert isinstance(made, Section)
    assert hasattr(ReportParts, "cohort")
    assert made.template == "sections/ages.html.j2"
    page = Template("\n".join(line[1:] for line in template), autoescape=True)
    assert "<li>B: 50 years</li>" in page.render(ages=[("B", 50.0)])
    names = [each.name for each in all_sections()]
    places = {each.name: each.place for each in all_sections()}
    assert len(names) > 8
    assert places["subgroups"] < made.place < places["external"]


def test_every_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([\w-]+)`", CONTRIBUTING))
    assert len(named) > 8
    assert named <= targets
    assert targets - {"help"} == set(re.findall(r'@echo "make ([\w-]+) ', makefile))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == targets


def test_every_link_of_the_pages_leads_somewhere() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]
    assert len(pages) > 40
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_target_of_the_mutation_run_is_there() -> None:
    table = tomllib.loads((ROOT / "tests/mutants/targets.toml").read_text(encoding="utf-8"))
    assert len(table) > 3
    for target, entry in table.items():
        for pattern in entry["modules"]:
            assert list((ROOT / "src" / "hilum").glob(pattern)), (target, pattern)
        gone = [test for test in entry["tests"] if not (ROOT / "tests" / test).exists()]
        assert not gone, (target, gone)
