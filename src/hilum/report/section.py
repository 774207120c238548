"""What a section of a report is: a function that asks for what it shows, and a template beside it.

A section is one function with `@section` above it, in a file of `sections`, and a template of its
name in the same folder; nothing else lists it. Its parameters are members of `ReportParts`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int

    from hilum.auditing import AuditReport, Finding
    from hilum.cohort import Cohort
    from hilum.studies import BackboneResult, Comparison

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class ReportParts:
    """Everything that a section of a comparison's report may ask for.

    Attributes:
        comparison: The finished study.
        figures: SVG documents by file stem.
        thumbnails: JPEG bytes by film id.
        redact: Hides what names a person, a file or a place in a text.
    """

    comparison: Comparison
    figures: Mapping[str, str]
    thumbnails: Mapping[str, bytes]
    redact: Callable[[str], str]

    @property
    def cohort(self) -> Cohort:
        """The films."""
        return self.comparison.cohort

    @property
    def positive(self) -> str:
        """The class that sensitivity speaks of."""
        return self.comparison.positive

    @property
    def audit(self) -> AuditReport:
        """What the audit found."""
        return self.comparison.audit

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks say."""
        return self.audit.findings

    @property
    def model(self) -> BackboneResult:
        """The backbone that shortcuts were held against; not always the first."""
        backbones = self.comparison.backbones
        return next((each for each in backbones if each.name == self.audit.model), backbones[0])

    @property
    def model_title(self) -> str:
        """Its name, as papers write it."""
        return self.model.title

    @property
    def groups(self) -> Int[np.ndarray, " films"]:
        """Which films were held together in every split."""
        return self.comparison.folds.groups

    @property
    def n_straddling(self) -> int:
        """Groups that stand on both sides of a split."""
        return len(self.comparison.folds.straddling_groups)


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        name: Of its template in `sections`.
        place: Where it stands: sections follow each other by this number.
        variable: What its template calls the view.
        is_optional: It is left out where its view is None.
        view: Gathers what the template shows.
    """

    name: str
    place: int
    variable: str
    is_optional: bool
    view: Callable[..., Any]

    @property
    def template(self) -> str:
        """The template's place in the loader."""
        return f"sections/{self.name}.html.j2"

    def see(self, parts: ReportParts) -> Any:
        """Gather what the template shows."""
        needs = inspect.signature(self.view).parameters
        return self.view(**{need: getattr(parts, need) for need in needs})


def section(
    name: str, *, place: int, variable: str = "", is_optional: bool = False
) -> Callable[[View], View]:
    """Make a function a section of the report: `@section("ages", place=65)`.

    Args:
        name: Of its template in `sections`.
        place: Where it stands among the others.
        variable: What its template calls the view; the name if not given.
        is_optional: Leave it out where the view is None.
    """

    def mark(view: View) -> View:
        made = Section(name, place, variable or name, is_optional, view)
        view.__section__ = made  # type: ignore[attr-defined]
        return view

    return mark


@cache
def all_sections() -> tuple[Section, ...]:
    """Return the sections in the order of the report, read off the files of `sections`."""
    package = import_module("hilum.report.sections")
    modules = [
        import_module(f"{package.__name__}.{each.name}") for each in iter_modules(package.__path__)
    ]
    found = {
        made.name: made
        for module in modules
        for view in vars(module).values()
        if isinstance(made := getattr(view, "__section__", None), Section)
    }
    return tuple(sorted(found.values(), key=lambda each: each.place))


def view_sections(parts: ReportParts) -> dict[str, Any]:
    """Gather the views of all sections, and `sections`, the templates that show them."""
    views = [(each, each.see(parts)) for each in all_sections()]
    shown = [each.template for each, view in views if view is not None or not each.is_optional]
    return {each.variable: view for each, view in views} | {"sections": shown}
