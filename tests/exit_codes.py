"""Which exit code a run folder calls for: what it says of itself must fit what was returned."""

from __future__ import annotations

import json
from pathlib import Path


def code_of_run(folder: Path) -> int:
    """1 where somebody must look: a headline withheld, a check failed, a film unread."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if "recipes" in results:
        return max(code_of_run(folder / recipe["folder"]) for recipe in results["recipes"])
    checks = json.loads((folder / "audit.json").read_text(encoding="utf-8"))["checks"]
    needs_attention = (
        results["verdict"]["headline"] == "withheld"
        or results["cohort"]["excluded"]
        or any(check["severity"] == "fail" and not check.get("muted") for check in checks)
    )
    return 1 if needs_attention else 0
