"""A document that mirrors a result has the result's own names and types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np
import pytest

from hilum.auditing.baselines import Baseline, LeakWorth
from hilum.auditing.findings import Finding
from hilum.auditing.place import Box, Place
from hilum.auditing.verdict import Reason, Scope, Verdict
from hilum.classifier.records import CohortVerdict, WeightsJson
from hilum.cohort.films import Exclusion
from hilum.evaluation.results import (
    Calibration,
    DecisionCurve,
    Evaluation,
    OperatingPoint,
    OverlapDifference,
    PairedComparison,
    PredictiveValues,
    SubgroupComparison,
)
from hilum.published.audit import PairAudit
from hilum.published.set_sizes import Miss, SetSize
from hilum.runs import audit, comparison, figures, recipes, table_check
from hilum.runs.documents import as_document
from hilum.studies.contrasts import Difference, Standing, StepWorth
from hilum.studies.results import (
    BackboneResult,
    ExternalFigures,
    Recipe,
    Seconds,
    SourceValidation,
    Unavailable,
    WeightsRecord,
)

MIRRORS: tuple[tuple[type, Any], ...] = (
    (Exclusion, figures.ExcludedJson),
    (BackboneResult, figures.NetworkJson),
    (WeightsRecord, WeightsJson),
    (Evaluation, figures.EvaluationJson),
    (Seconds, figures.SecondsJson),
    (Unavailable, figures.UnavailableJson),
    (OperatingPoint, figures.OperatingPointJson),
    (Calibration, figures.ProbabilitiesJson),
    (PredictiveValues, figures.PredictiveValuesJson),
    (DecisionCurve, figures.DecisionCurveJson),
    (Baseline, audit.MeasuredJson),
    (Finding, audit.FindingJson),
    (LeakWorth, audit.LeakJson),
    (Verdict, audit.GivenVerdictJson),
    (Reason, audit.GroundJson),
    (Scope, audit.ScopeJson),
    (Place, audit.PlaceJson),
    (Box, audit.BoxJson),
    (CohortVerdict, audit.SummaryJson),
    (PairedComparison, comparison.PairJson),
    (SubgroupComparison, comparison.SubgroupsJson),
    (ExternalFigures, comparison.ExternalFiguresJson),
    (SourceValidation, comparison.BySourceJson),
    (SetSize, comparison.SetSizeJson),
    (Recipe, comparison.RecipeSettingsJson),
    (Standing, recipes.RanksJson),
    (OverlapDifference, recipes.AccuracyDifferenceJson),
    (Difference, recipes.MeasuredDifferenceJson),
    (StepWorth, recipes.ChangedSettingsJson),
    (Miss, table_check.MissJson),
    (PairAudit, table_check.PairOfRowsJson),
)


def attributes(kind: type) -> dict[str, Any]:
    """Fields and properties of a dataclass, with their types."""
    properties = {
        name: get_type_hints(member.fget)["return"]
        for name, member in vars(kind).items()
        if isinstance(member, property) and member.fget is not None
    }
    return properties | get_type_hints(kind)


def differences(told: Any, wanted: Any, place: str) -> Iterator[str]:
    """Where a document says otherwise than the type that it mirrors."""
    inner, parts = get_args(told), get_args(wanted)
    if is_typeddict(wanted):
        assert is_dataclass(told), place
        known = attributes(told)
        for key, hint in get_type_hints(wanted).items():
            if key in known:
                yield from differences(known[key], hint, f"{place}.{key}")
            elif key in wanted.__required_keys__:
                yield f"{place} has no {key}"
    elif NoneType in parts:
        # What may be null in the document alone is always there in the result.
        known_parts = [p for p in inner if p is not NoneType] if NoneType in inner else [told]
        (part,) = (part for part in parts if part is not NoneType)
        yield from differences(known_parts[0], part, place)
    elif get_origin(wanted) is dict:
        yield from differences(inner[1], parts[1], f"{place}[]")
    elif get_origin(wanted) is list and getattr(told, "array_type", None) is not np.ndarray:
        yield from differences(inner[0], parts[0], f"{place}[]")
    elif wanted is str and get_origin(told) is Literal:
        return
    elif get_origin(wanted) is not list and told != wanted:
        yield f"{place} is {told} and not {wanted}"


@pytest.mark.parametrize(("result", "document"), MIRRORS, ids=lambda kind: kind.__name__)
def test_a_document_says_what_its_result_has(result: type, document: Any) -> None:
    assert not list(differences(result, document, result.__name__))


def test_a_copy_holds_its_own_lists_and_leaves_out_what_it_may_lack() -> None:
    evidence: dict[str, Any] = {"films": ["a"]}
    told = as_document(
        Finding("warn", "One", evidence, is_muted=True, check="made-up"), audit.FindingJson
    )
    assert told == {
        "check": "made-up", "severity": "warn", "title": "One", "evidence": evidence,
        "what_to_do": "",
    }  # fmt: skip
    assert next(iter(told)) == "check"
