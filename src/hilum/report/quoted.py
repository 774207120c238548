"""Whose figures stand for the study: the choice made anew for every film, or the leader.

Who leads was put first by its figures on the test films, so these look better than they
are on new ones. Where the choice was made anew for every film, without that film, its
figures are told instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from hilum.evaluation.decisions import Decisions
from hilum.evaluation.results import Evaluation
from hilum.report.standings_section import find_leader
from hilum.report.wording import bare_title
from hilum.studies.comparison import BackboneResult, Comparison

PICK_STEM = "pick"
"""What ends the names of the figures of the choice, as a backbone's name ends those of its own."""
_PICK_TITLE = "the network chosen anew for every film"


@dataclass(frozen=True)
class Quoted:
    """Who is told of wherever a section tells of one.

    Attributes:
        title: For use in the middle of a sentence.
        stem: What ends the names of its figures.
        is_pick: It is the choice made anew for every film, and no single backbone.
        is_verified: Its networks ran on their published weights.
        members: The backbones whose heads gave its scores, the first of the table first.
        evaluation: Its figures.
        decisions: What its scores are worth once something is decided by them.
    """

    title: str
    stem: str
    is_pick: bool
    is_verified: bool
    members: tuple[BackboneResult, ...]
    evaluation: Evaluation
    decisions: Decisions | None


def find_quoted(comparison: Comparison) -> Quoted:
    """Find whose figures stand for the study.

    Args:
        comparison: A finished study with at least one backbone.

    Returns:
        The choice made anew for every film; without one, the first backbone on its published
        weights; if none ran on these, the first of all.
    """
    if comparison.pick is not None:
        chosen = comparison.pick.times_chosen
        return Quoted(
            title=_PICK_TITLE,
            stem=PICK_STEM,
            is_pick=True,
            is_verified=True,
            members=tuple(r for r in comparison.backbones if chosen.get(r.name)),
            evaluation=comparison.pick.evaluation,
            decisions=comparison.pick.decisions,
        )
    result = find_leader(comparison) or comparison.backbones[0]
    return Quoted(
        title=bare_title(result),
        stem=result.name,
        is_pick=False,
        is_verified=result.weights.is_verified,
        members=(result,),
        evaluation=result.evaluation,
        decisions=result.decisions,
    )
