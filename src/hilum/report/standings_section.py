"""The sections "The answer" and "All backbones": who came first, and how far ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from hilum.report import formatting, interval_wording, standings_wording, wording
from hilum.report.pairs import make_pairs
from hilum.report.standings import (
    further_metrics,
    headline_metrics,
    make_blocks,
    scale_start,
)
from hilum.studies.comparison import BackboneResult, Comparison

_OPEN_PAIRS_AT_MOST = 6


def view_answer(comparison: Comparison) -> dict[str, Any]:
    """Put the answer into words: who leads, and what may be quoted for it.

    Where a backbone was chosen among several, the figures are those of the choice made
    anew in every fold: the leader's own were looked at to put it first.

    Args:
        comparison: A finished study.
    """
    best, leader, pick = comparison.backbones[0], find_leader(comparison), comparison.pick
    evaluation = (leader or best).evaluation if pick is None else pick.evaluation
    others = [name for name in comparison.cohort.classes if name != comparison.positive]
    return {
        "leader": leader,
        "right": int(np.trace(evaluation.confusion_matrix)),
        "tested": len(evaluation.films),
        "chosen": ""
        if pick is None or leader is None
        else standings_wording.chosen_text(pick, leader.name),
        "choices": 0 if pick is None else len(pick.times_chosen),
        "figures": [
            (
                formatting.metric_title(metric),
                formatting.metric_value(metric, evaluation.metrics[metric].value),
                formatting.metric_interval(metric, evaluation.metrics[metric]),
            )
            for metric in headline_metrics(comparison)
        ],
        "standing": wording.standing_text(comparison, leader or best),
        "subjects": wording.subjects_text(comparison),
        "sensitivity": wording.sensitivity_gloss(comparison.positive),
        "specificity": wording.specificity_gloss(comparison.positive, others),
    }


def view_standings(comparison: Comparison) -> dict[str, Any]:
    """Write out the table of all backbones, by tier, and every pair of them.

    Args:
        comparison: A finished study.
    """
    metrics, further = headline_metrics(comparison), further_metrics(comparison)
    pairs = make_pairs(comparison)
    example = find_leader(comparison) or comparison.backbones[0]
    return {
        "counting": wording.counting_text(comparison),
        "clustering": interval_wording.clustering_text(comparison, example),
        "tiers": standings_wording.tiers_text(comparison),
        "titles": [formatting.metric_title(metric) for metric in metrics],
        "blocks": make_blocks(comparison, metrics),
        "start": scale_start(comparison, metrics),
        "further_titles": [formatting.metric_title(metric) for metric in further],
        "further_rows": [row for block in make_blocks(comparison, further) for row in block.rows]
        if further
        else [],
        "further_note": standings_wording.further_text(comparison),
        "pairs": pairs,
        "are_pairs_open": len(pairs) <= _OPEN_PAIRS_AT_MOST,
        "has_needed": any(pair.needed for pair in pairs),
    }


def find_leader(comparison: Comparison) -> BackboneResult | None:
    """Find who leads: who ran on other weights than the published ones leads nothing."""
    return next((r for r in comparison.backbones if r.weights.is_verified), None)
