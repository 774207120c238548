"""Do films stand in the cohort more than once?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.pairs import list_pairs
from hilum.auditing.twins import Twin, TwinKind
from hilum.cohort.manifest import Cohort

_IN_WORDS: Mapping[TwinKind, str] = {
    "bytes": "the same file, byte for byte",
    "pixels": "the same pixels in two files",
    "copy": "copies (resized, recompressed, cropped or changed in contrast)",
    "mirrored": "mirrored copies",
    "rotated": "turned copies",
}


def check_twins(cohort: Cohort, twins: Sequence[Twin]) -> list[Finding]:
    """Report the films that stand there twice, one finding for each way to be a copy."""
    findings = []
    for kind, words in _IN_WORDS.items():
        pairs = [twin for twin in twins if twin.kind == kind]
        if not pairs:
            continue
        rows = sorted({row for twin in pairs for row in (twin.first, twin.second)})
        findings.append(
            Finding(
                check="twins",
                severity="note",
                title=f"{tell_number(len(pairs), 'pair')} of films: {words}",
                evidence={
                    "kind": kind,
                    "n_pairs": len(pairs),
                    "n_films": len(rows),
                    "per_class": list_films(cohort, rows)["per_class"],
                    "pairs": list_pairs(cohort, pairs),
                },
                what_to_do=(
                    "Keep one of each. As long as they stay, they must lie on one side of every "
                    "split."
                ),
            )
        )
    return findings
