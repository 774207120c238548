"""A made-up run of networks by their names, for the tests of what is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from hilum.backbones.catalog import CATALOG, PAPER_SIX
from hilum.evaluation.comparison import rank_tiers
from hilum.studies.results import BackboneResult, Comparison, Recipe, Unavailable, WeightsRecord
from unit.report.make_audit import make_audit_report
from unit.report.make_comparison import PAPER_RECIPE, make_comparison


def make_paper_run(
    *,
    titles: Sequence[str] = PAPER_SIX,
    unverified: Sequence[str] = (),
    recipe: Recipe = PAPER_RECIPE,
    classes: Sequence[str] = ("COVID-19", "normal"),
    films_per_class: int = 80,
    separation: float = 1.2,
    absent: int = 40,
) -> Comparison:
    """Build a run of networks by their names, some of them on unverified weights."""
    made = make_comparison(
        classes, films_per_class, is_paper=True, backbones=len(titles), separation=separation
    )
    renamed = {f"efficientnet-lite{k}": title for k, title in enumerate(titles)}
    results = tuple(
        _as_network(result, renamed[result.name], renamed[result.name] not in unverified)
        for result in made.backbones
    )
    pairs = tuple(replace(pair, a=renamed[pair.a], b=renamed[pair.b]) for pair in made.comparisons)
    return replace(
        made,
        recipe=recipe,
        backbones=results,
        comparisons=pairs,
        tiers=rank_tiers([r.name for r in results if r.weights.is_verified], pairs),
        unavailable=tuple(
            Unavailable(name, f"{name} needs a file of {k} MB, and it is not here.")
            for k, name in enumerate(list(CATALOG)[-absent:] if absent else ())
        ),
        audit=make_audit_report(
            made.cohort, results, positive=made.positive, validates_on_test=True
        ),
    )


def _as_network(result: BackboneResult, name: str, is_verified: bool) -> BackboneResult:
    record = CATALOG.get(name)
    file = record.weights.file if record else "model file given by the user"
    return replace(
        result,
        name=name,
        title=name if is_verified else f"{name} (unverified weights)",
        parameters=record.parameters if record else 0,
        size_px=224,
        feature_width=record.feature_width if record else 768,
        weights=WeightsRecord(
            f"{file}, ImageNet-1k" if is_verified else "unverified file",
            hashlib.sha256(name.encode()).hexdigest(),
            record.weights.licence if record and is_verified else "unknown",
            is_verified,
        ),
    )
