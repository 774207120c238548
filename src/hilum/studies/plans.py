"""Plans: what a study is asked to do, settled before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hilum.cohort.manifest import Cohort
from hilum.errors import RecipeError
from hilum.evaluation.decisions import OperatingPolicy
from hilum.evaluation.operating import parse_policy
from hilum.features.masks import LungMask, find_masks
from hilum.studies.comparison import Recipe

PREVALENCES = (0.01, 0.05, 0.1, 0.3, 0.5)
"""For which predictive values are given where the user names none."""


LEAST_PREVALENCE = 1e-6
"""Closer to 0, or to 1, predictive values would be rounding and no more."""


@dataclass(frozen=True)
class ShortcutPlan:
    """Which shortcuts a study tries.

    Attributes:
        has_baselines: Metadata, source and grey levels; and the worth of a leak.
        has_probes: Frame, centre and blur, whose features must be computed.
        masks: Lung mask of each film that has one, by film id.
    """

    has_baselines: bool = True
    has_probes: bool = True
    masks: Mapping[str, LungMask] = field(default_factory=dict)


@dataclass(frozen=True)
class DecisionPlan:
    """How scores become decisions.

    Attributes:
        policy: By which rule the threshold is chosen.
        prevalences: Shares of positive films for which predictive values are given.
    """

    policy: OperatingPolicy = field(default_factory=OperatingPolicy)
    prevalences: tuple[float, ...] = PREVALENCES


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What is studied, and how.

    Attributes:
        positive: The class that sensitivity speaks of.
        recipe: How to split and train.
        seed: Where every draw begins.
        backbones: Names from the catalog; None for all that are available.
        weights_dir: A folder of weight files placed by hand.
        allows_unverified_weights: Run named backbones on weights that are not the
            published ones.
        shortcuts: What is tried beside the backbones.
        decisions: How scores become decisions; None where only the scores are wanted.
        external: Another cohort, whose films the trained heads score.
        muted: Codes of the checks whose findings raise no alarm.
        keeps_heads: Hand back the heads themselves, to make a classifier of them.
        command_line: Kept in the provenance.
    """

    positive: str
    recipe: Recipe
    seed: int = 0
    backbones: Sequence[str] | None = None
    weights_dir: Path | None = None
    allows_unverified_weights: bool = False
    shortcuts: ShortcutPlan = field(default_factory=ShortcutPlan)
    decisions: DecisionPlan | None = field(default_factory=DecisionPlan)
    external: Cohort | None = None
    muted: frozenset[str] = frozenset()
    keeps_heads: bool = False
    command_line: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a seed that nothing can be drawn from."""
        if self.seed < 0:
            raise RecipeError(f"The seed is {self.seed}.", fix="Give 0 or more.")


def plan_shortcuts(cohort: Cohort, *, probes: bool, masks: str | Path | None) -> ShortcutPlan:
    """Plan which shortcuts are tried on a cohort.

    Args:
        cohort: The films.
        probes: Try what parts of the films predict by themselves.
        masks: A folder of lung masks.

    Raises:
        CohortError: The folder holds no masks of these films.
    """
    return ShortcutPlan(
        has_probes=probes, masks={} if masks is None else find_masks(cohort.films, Path(masks))
    )


def plan_decisions(operating_point: str, prevalences: Sequence[float] | None) -> DecisionPlan:
    """Plan how scores become decisions.

    Args:
        operating_point: `sensitivity=0.95`, `specificity=0.9` or `youden`.
        prevalences: Shares of positive films, from one in a million to all but one in a
            million; some usual ones if not given.

    Raises:
        RecipeError: There is no such rule, no prevalence in the list, or one that is no such
            share.
    """
    if prevalences is None:
        return DecisionPlan(parse_policy(operating_point))
    if not prevalences:
        raise RecipeError(
            "No prevalence is given.",
            fix="Give numbers such as 0.01,0.1, or leave --prevalence out for the usual ones.",
        )
    for prevalence in prevalences:
        if not 0 < prevalence < 1:
            raise RecipeError(
                f"A prevalence of {prevalence:g} is no share of films.",
                fix="Give a number between 0 and 1, such as 0.05 for 5 %.",
            )
        if not LEAST_PREVALENCE <= prevalence <= 1 - LEAST_PREVALENCE:
            raise RecipeError(
                f"A prevalence of {prevalence:g} is too close to 0 or 1 to compute with.",
                fix=f"Give a number between {LEAST_PREVALENCE:g} and 1 - {LEAST_PREVALENCE:g}.",
            )
    return DecisionPlan(parse_policy(operating_point), tuple(sorted(set(prevalences))))
