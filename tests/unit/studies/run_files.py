"""Files of a run folder as `hilum compare` writes them, without a run."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from hilum.studies.recipes import find_recipe

COLUMNS = ("repeat", "fold", "part", "film_id", "path", "label", "group", "row")


def write_run(folder: Path, names: list[str], *, checks: list[dict] | None = None) -> Path:
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
    results = {
        "schema": "hilum.results/1", "seed": 3, "positive": "A", "classes": ["A", "B"],
        "recipe": asdict(find_recipe("hilum")) | {"validates_on_test": False},
        "cohort": {"name": "films", "excluded": []}, "verdict": {"headline": "limited"},
        "backbones": [{"name": "ours", "title": "Ours", "parameters": 1}], "tiers": [],
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "audit.json").write_text(json.dumps({"checks": checks or []}))
    (folder / "provenance.json").write_text(json.dumps({"graphs": {}}))
    return folder
