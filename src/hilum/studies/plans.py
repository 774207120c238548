"""Plans: what a study is asked to do, settled before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hilum.errors import RecipeError
from hilum.features.masks import LungMask
from hilum.studies.comparison import Recipe


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
        command_line: Kept in the provenance.
    """

    positive: str
    recipe: Recipe
    seed: int = 0
    backbones: Sequence[str] | None = None
    weights_dir: Path | None = None
    allows_unverified_weights: bool = False
    shortcuts: ShortcutPlan = field(default_factory=ShortcutPlan)
    command_line: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a seed that nothing can be drawn from."""
        if self.seed < 0:
            raise RecipeError(f"The seed is {self.seed}.", fix="Give 0 or more.")
