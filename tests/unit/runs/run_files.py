"""Files of a run folder as `hilum compare` writes them, without a run."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

from hilum.auditing.findings import Severity
from hilum.runs.audit import describe_audit
from hilum.runs.comparison import RecipeSettingsJson, describe_comparison
from hilum.runs.documents import as_document, to_json
from hilum.studies.recipes import find_recipe
from unit.report.make_comparison import make_comparison

COLUMNS = ("repeat", "fold", "part", "film_id", "path", "label", "group", "row")


def write_run(folder: Path, names: list[str], *, severities: Sequence[Severity] = ()) -> Path:
    """Write the files of a run over films of two classes, by turns; each film is 3 bytes."""
    folder.mkdir()
    with (folder / "folds.csv").open("w", newline="", errors="surrogateescape") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row, name in enumerate(names):
            content = f"{row:03}".encode()
            Path(name).write_bytes(content)
            film_id = hashlib.sha256(content).hexdigest()[:12]
            part = ("training", "validation", "test")[row % 3]
            written = f"'{name}" if name[0] in "=-+@" else name
            writer.writerow((0, 0, part, film_id, written, "AB"[row % 2], row, row))
    comparison = make_comparison(("A", "B"), backbones=1, headline="limited")
    results = describe_comparison(comparison)
    results["seed"], results["tiers"] = 3, []
    results["recipe"] = {
        **as_document(find_recipe("hilum"), RecipeSettingsJson),
        "validates_on_test": False,
    }
    results["cohort"] |= {"name": "films", "excluded": []}
    results["backbones"][0] |= {"name": "ours", "title": "Ours"}
    audit = describe_audit(comparison.audit, comparison.cohort)
    audit["checks"] = [
        {"check": "made-up", "severity": severity, "title": "", "evidence": {}, "what_to_do": ""}
        for severity in severities
    ]
    provenance = {**comparison.provenance, "graphs": {}}
    for name, told in (("results", results), ("audit", audit), ("provenance", provenance)):
        (folder / f"{name}.json").write_text(to_json(told))
    return folder
