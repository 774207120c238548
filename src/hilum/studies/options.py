"""Options: what a study is asked to do, settled before it starts."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from functools import wraps
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    get_args,
)

from hilum.errors import RecipeError

if TYPE_CHECKING:
    from hilum.cohort import Cohort
    from hilum.evaluation import OperatingPolicy
    from hilum.features import FilmViews, LungMask
    from hilum.studies.progress import Watcher
    from hilum.studies.results import Recipe


PREVALENCES = (0.01, 0.05, 0.1, 0.3, 0.5)
"""For which predictive values are given where the user names none."""

LEAST_PREVALENCE = 1e-6
"""Closer to 0, or to 1, predictive values would be rounding and no more."""

SeenIn = Literal["lungs", "heart", "anywhere"]
"""Where the disease is to be seen, as the user says beforehand; as the verdict has it."""

STUDY_PANEL = "The study"
"""Heading in the help of a command."""

DECISIONS_PANEL = "From scores to decisions"
"""Heading in the help of a command."""

_P = ParamSpec("_P")
_Subject = TypeVar("_Subject")
_Options = TypeVar("_Options")
_Result = TypeVar("_Result")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Flag:
    """How the command line spells an option.

    Attributes:
        names: `--name`, and a short one behind it.
        kind: Type of the value; None for that of the default, and for text.
        text: The help, where it differs from what Python says.
        metavar: What stands for the value in the help.
        panel: Heading in the help.
        order: Place in the help: lower ones first.
        read: Makes the value of the command line's text.
        hidden_as: What a run keeps in place of the path, which may name people.
    """

    names: str
    kind: Any = None
    text: str | None = None
    metavar: str | None = None
    panel: str | None = None
    order: int = 0
    read: Callable[[str], Any] | None = None
    hidden_as: str | None = None


def option(default: _Value, text: str, flag: Flag | None = None) -> _Value:
    """Define one option, as a field of a dataclass.

    Args:
        default: Its value if nothing is said.
        text: What it does.
        flag: How the command line spells it; None where only Python has it.
    """
    return field(default=default, metadata={"text": text, "flag": flag})


def takes(
    options: Callable[_P, _Options],
) -> Callable[
    [Callable[[_Subject, _Options], _Result]], Callable[Concatenate[_Subject, _P], _Result]
]:
    """Let a function of a subject and an options object be called with keywords.

    Signature, types and the documentation of the keywords are those of the options.

    Args:
        options: The dataclass of the options.
    """
    kind = cast(type, options)

    def decorate(
        study: Callable[[_Subject, _Options], _Result],
    ) -> Callable[Concatenate[_Subject, _P], _Result]:
        own = inspect.signature(study)
        subject = next(iter(own.parameters.values()))
        keywords = inspect.signature(kind).parameters.values()
        signature = own.replace(parameters=[subject, *keywords])

        @wraps(study)
        def call(*args: Any, **named: Any) -> _Result:
            try:
                given = signature.bind(*args, **named).arguments
            except TypeError as error:
                raise TypeError(f"{study.__name__}(): {error}") from None
            return study(given.pop(subject.name), kind(**given))

        texts = {each.name: each.metadata.get("text") for each in fields(kind)}
        lines = [f"    {name}: {text}" for name, text in texts.items() if text]
        call.__doc__ = re.sub(
            r"^    options: .*$",
            lambda _: "\n".join(lines),
            inspect.getdoc(study) or "",
            flags=re.M,
        )
        call.__signature__ = signature  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[_Subject, _P], _Result], call)

    return decorate


def converted(options: object, kind: type[_Options], **changes: Any) -> _Options:
    """Return options of another kind: what both have is kept, and `changes` are made."""
    shared = {
        f.name: getattr(options, f.name)
        for f in fields(cast(Any, kind))
        if hasattr(options, f.name)
    }
    return kind(**shared | changes)


def split_names(names: str) -> list[str]:
    """Read a list with commas."""
    return [name.strip() for name in names.split(",") if name.strip()]


def read_shares(shares: str) -> list[float]:
    """Read a list of numbers with commas.

    Raises:
        RecipeError: One of them is no number.
    """
    try:
        return [float(share) for share in split_names(shares)]
    except ValueError:
        raise RecipeError(
            f"'{shares}' is no list of numbers.", fix="Give shares such as 0.01,0.1."
        ) from None


def read_seen_in(place: str) -> SeenIn:
    """Read where the disease is to be seen.

    Raises:
        RecipeError: It is no such place.
    """
    if place not in get_args(SeenIn):
        raise RecipeError(
            f"'{place}' is no place where disease is seen.", fix="Give lungs, heart or anywhere."
        )
    return cast(SeenIn, place)


def read_confirmed(pairs: Sequence[str]) -> dict[str, str]:
    """Read answered reasons, `REASON=who looked, and what it is`.

    Raises:
        RecipeError: One of them has no sign between reason and text.
    """
    confirmed = {}
    for pair in pairs:
        reason, sign, who = pair.partition("=")
        if not sign:
            raise RecipeError(
                f"'{pair}' does not say who looked, and what it is.",
                fix='Write REASON="who: what it is", such as objects="Dr. A: pacemakers".',
            )
        confirmed[reason.strip()] = who.strip()
    return confirmed


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Where files lie, and who hears of the progress."""

    cache_dir: str | Path | None = option(
        None,
        "Where graphs and features are kept (default: HILUM_CACHE_DIR, else the user's cache).",
        Flag("--cache-dir", kind=Path, order=4, hidden_as="CACHE"),
    )
    weights_dir: str | Path | None = option(
        None,
        "A folder of weight files placed by hand (default: HILUM_WEIGHTS_DIR, else the "
        "cache's own).",
        Flag("--weights-dir", kind=Path, order=4, hidden_as="WEIGHTS"),
    )
    progress: Watcher | None = option(
        None, "Told of each long stage: its beginning, its progress, its end."
    )


@dataclass(frozen=True, kw_only=True)
class FromRunOptions(PlaceOptions):
    """What a classifier needs to know that is made from a finished run."""

    backbone: str | None = option(
        None,
        "One backbone (default: the smallest of the best tier).",
        Flag("--backbone", metavar="NAME", order=-1),
    )


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(PlaceOptions):
    """What every study wants to know that runs a backbone."""

    allows_unverified_weights: bool = option(
        False,
        "Run named backbones on weight files that are not the published ones; every result "
        "says so.",
        Flag("--allow-unverified-weights", order=4),
    )


@dataclass(frozen=True, kw_only=True)
class NamingOptions(NetworkOptions):
    """What a study wants to know that runs several backbones."""

    backbones: Sequence[str] | None = option(
        None,
        "Names from the catalog, or onnx:PATH (default: all that are available).",
        Flag(
            "--backbones",
            text="Comma-separated names (default: all that are available).",
            metavar="A,B",
            order=-1,
            read=split_names,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class StudyOptions(NetworkOptions):
    """What every study wants to know that trains heads."""

    positive: str | None = option(
        None,
        "The class that sensitivity speaks of; may be left out where one of two classes is "
        "plainly without disease.",
        Flag(
            "--positive", text="The class of which sensitivity speaks.", metavar="LABEL", order=-2
        ),
    )
    masks: str | Path | None = option(
        None,
        "A folder of lung masks, named as the films are and ending in .png: the lungs alone, "
        "and the films without them, are then tried as well.",
        Flag("--masks", kind=Path, metavar="DIR", hidden_as="MASKS"),
    )
    probes: bool = option(
        True,
        "Try what the frame, the centre and a blurred copy of the films predict; without it "
        "the verdict is limited at best.",
        Flag(
            "--no-probes",
            text="Do not try what the frame, the centre and a blurred copy of the films "
            "predict; the verdict is then limited at best.",
        ),
    )
    seen_in: SeenIn = option(
        "anywhere",
        "Where the disease is to be seen: lungs, heart, or anywhere (the default). With lungs the "
        "verdict is withheld where the film without its lungs predicts the label as well.",
        Flag("--seen-in", metavar="lungs|heart|anywhere", kind=str, read=read_seen_in),
    )
    confirmed: Mapping[str, str] | None = option(
        None,
        "Reasons of the verdict that somebody has answered by looking at the films, with who "
        "looked and what it is. They weigh nothing any more, and stand beside the verdict.",
        Flag(
            "--confirm",
            kind=list[str],
            text='Repeatable; REASON="WHO: WHAT IT IS", such as objects="Dr. A: pacemakers in both '
            'classes". Answers one reason of the verdict that a person can tell by looking: '
            "objects, objectless, place, lungless or lettering. It weighs nothing any more, and "
            "stands beside the verdict wherever that is shown.",
            metavar="REASON=TEXT",
            read=read_confirmed,
        ),
    )
    collections: Sequence[str] = option(
        (),
        "Public collections that the films come from: a network that was trained on one of them "
        "limits the verdict.",
        Flag(
            "--collection",
            kind=list[str],
            text="Repeatable: a public collection that the films come from. A network that was "
            "trained on it limits the verdict.",
            metavar="NAME",
        ),
    )
    muted: Sequence[str] = option(
        (),
        "Codes of checks whose findings you know: they stay in the report, marked as muted, "
        "and no longer set the exit code. The verdict stays as it is.",
        Flag("--mute", metavar="CODE,CODE", read=split_names),
    )
    seed: int = option(0, "Where every draw begins.", Flag("--seed", order=2))

    def __post_init__(self) -> None:
        """Refuse a seed, a place, a reason or a code that there is not."""
        if self.seed < 0:
            raise RecipeError(f"The seed is {self.seed}.", fix="Give 0 or more.")
        read_seen_in(self.seen_in)
        self._check_confirmed()
        self.muted_checks()

    def _check_confirmed(self) -> None:
        if not self.confirmed:
            return
        from hilum.auditing import CONFIRMABLE

        for reason, who in self.confirmed.items():
            if reason not in CONFIRMABLE:
                raise RecipeError(
                    f"'{reason}' is no reason that a person can answer by looking.",
                    fix=f"Confirm one of {', '.join(CONFIRMABLE)}; others need other films.",
                )
            if not who.strip():
                raise RecipeError(
                    f"Nothing is said of who looked at the films, and what '{reason}' is.",
                    fix=f'Write it: --confirm {reason}="Dr. A: what it is".',
                )

    def muted_checks(self) -> frozenset[str]:
        """Return the codes of the checks whose findings raise no alarm."""
        if not self.muted:
            return frozenset()
        from hilum.auditing import find_codes

        return find_codes(self.muted)


@dataclass(frozen=True, kw_only=True)
class AuditOptions(StudyOptions):
    """What `hilum.audit` takes."""

    backbone: str | None = option(
        None,
        "The network that shortcuts are measured against (default: the smallest).",
        Flag("--backbone", metavar="NAME", order=-1),
    )


@dataclass(frozen=True, kw_only=True)
class DecisionOptions(StudyOptions):
    """What a study wants to know that chooses a threshold."""

    operating_point: str = option(
        "sensitivity=0.95",
        "How the threshold is chosen on validation films: sensitivity=0.95 (the default, or "
        "another target), specificity=0.9, or youden.",
        Flag("--operating-point", metavar="RULE", panel=DECISIONS_PANEL, order=1),
    )

    def __post_init__(self) -> None:
        """Refuse a rule that there is not."""
        super().__post_init__()
        self.policy()

    def policy(self) -> OperatingPolicy:
        """Return the rule by which the threshold is chosen."""
        from hilum.evaluation import parse_policy

        return parse_policy(self.operating_point)


@dataclass(frozen=True, kw_only=True)
class OneRecipe:
    """By which recipe a study runs."""

    recipe: str | Recipe = option(
        "hilum", "How to split and train: a name or a changed recipe (default: hilum)."
    )


@dataclass(frozen=True, kw_only=True)
class TrainOptions(OneRecipe, DecisionOptions, FromRunOptions):
    """What `hilum.train` takes."""


@dataclass(frozen=True, kw_only=True)
class ComparisonOptions(DecisionOptions, NamingOptions):
    """What a comparison wants to know, by one recipe or several."""

    prevalences: Sequence[float] | None = option(
        None,
        "Shares of positive films, such as 0.01,0.1, for which the report gives predictive "
        "values (default: several).",
        Flag("--prevalence", metavar="P,P", panel=DECISIONS_PANEL, order=1, read=read_shares),
    )
    external: Cohort | None = option(
        None,
        "Another cohort with the same classes: its films are scored by the heads trained here.",
    )

    def __post_init__(self) -> None:
        """Refuse prevalences that there are not."""
        super().__post_init__()
        if self.prevalences is not None and not self.prevalences:
            raise RecipeError(
                "No prevalence is given.",
                fix="Give numbers such as 0.01,0.1, or leave --prevalence out for the usual ones.",
            )
        for prevalence in self.prevalences or ():
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

    def decisions(self) -> DecisionPlan:
        """Return how scores become decisions."""
        return DecisionPlan(self.policy(), tuple(sorted(set(self.prevalences or PREVALENCES))))


@dataclass(frozen=True, kw_only=True)
class CompareOptions(OneRecipe, ComparisonOptions):
    """What `hilum.compare` takes."""


@dataclass(frozen=True)
class RecipesOptions(ComparisonOptions):
    """What `hilum.compare_recipes` takes."""

    recipes: Sequence[str | Recipe]
    _: KW_ONLY
    weighs_settings: bool = option(True, "Find out what each setting is worth.")


@dataclass(frozen=True, kw_only=True)
class RecipeChanges:
    """What a recipe may be told to do otherwise."""

    folds: int | None = option(
        None,
        "Folds per repeat (5), where the recipe has folds.",
        Flag("--folds", kind=int, panel=STUDY_PANEL),
    )
    repeats: int | None = option(
        None,
        "Times the folds are drawn (5), likewise.",
        Flag("--repeats", kind=int, panel=STUDY_PANEL),
    )
    views: int | None = option(
        None, "Rotated views per film (2).", Flag("--views", kind=int, panel=STUDY_PANEL)
    )
    epochs: int | None = option(
        None, "Epochs at most (100; 25).", Flag("--epochs", kind=int, panel=STUDY_PANEL)
    )

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        for value, least, most, flag in (
            (self.folds, 2, 1_000, "--folds"),
            (self.repeats, 1, 1_000, "--repeats"),
            (self.views, 0, 100, "--views"),
            (self.epochs, 1, 10_000, "--epochs"),
        ):
            if value is not None and not least <= value <= most:
                raise RecipeError(
                    f"{flag} {value} is out of range.", fix=f"Give {least} to {most}."
                )


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

    policy: OperatingPolicy
    prevalences: tuple[float, ...] = PREVALENCES


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What is studied, and how: the options, settled for one cohort.

    Attributes:
        positive: The class that sensitivity speaks of.
        recipe: How to split and train.
        options: What the user asked for.
        shortcuts: What is tried beside the backbones.
        decisions: How scores become decisions; None where only the scores are wanted.
        keeps_heads: Hand back the heads themselves, to make a classifier of them.
    """

    positive: str
    recipe: Recipe
    options: ComparisonOptions = field(default_factory=ComparisonOptions)
    shortcuts: ShortcutPlan = field(default_factory=ShortcutPlan)
    decisions: DecisionPlan | None = None
    keeps_heads: bool = False

    @property
    def views(self) -> FilmViews:
        """The views under which films are shown: the upright one first, then those it trains on."""
        from hilum.features import rotated_views

        return rotated_views(self.recipe.rotated_views, self.options.seed)

    @property
    def split_seed(self) -> int:
        """Where the split is drawn from."""
        own = self.recipe.split_seed
        return self.options.seed if own is None else own


def plan_study(cohort: Cohort, recipe: Recipe, options: ComparisonOptions) -> StudyPlan:
    """Settle what is studied on a cohort.

    Args:
        cohort: The films.
        recipe: How to split and train.
        options: What the user asked for.

    Raises:
        PositiveClassError: It cannot be told which class is meant.
        CohortError: The folder of masks holds none of these films.
    """
    from hilum.features import find_masks

    positive = cohort.positive_class(options.positive)
    masks = {} if options.masks is None else find_masks(cohort.films, Path(options.masks))
    return StudyPlan(
        positive=positive,
        recipe=recipe,
        options=options,
        shortcuts=ShortcutPlan(has_probes=options.probes, masks=masks),
        decisions=options.decisions(),
    )
