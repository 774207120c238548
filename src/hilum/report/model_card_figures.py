"""The figures of a model card: what the study measured, and on whom it measured less."""

from __future__ import annotations

from collections.abc import Mapping

from hilum.classifier.records import BundleRecord, EstimateJson
from hilum.report.formatting import metric_title
from hilum.report.markdown import bounds, code, table, text, value
from hilum.runs.comparison import ResultsJson


def figures_section(record: BundleRecord, study: ResultsJson) -> str:
    """Tell how films that the heads never saw were called."""
    point = record.study["operating_point"]
    metrics = quoted(record)
    names = [name for name in metrics if metrics[name]["value"] is not None]
    rows = [(figure_title(name), value(metrics[name]), bounds(metrics[name])) for name in names]
    fixed = [
        (f"{metric_title(name)} at the operating point", value(figure), bounds(figure))
        for name, figure in (
            ("sensitivity", point["sensitivity"]),
            ("specificity", point["specificity"]),
        )
    ]
    greyed = (
        "**The verdict is withheld: these figures do not show that the disease was seen.**\n\n"
        if record.verdict.headline == "withheld"
        else ""
    )
    chosen = (
        " The backbone was chosen among several; the first figures are those of choosing it, on "
        "films that the choice never saw."
        if record.study["metrics_of_choosing"]
        else ""
    )
    return (
        f"## Evaluation\n\n{greyed}"
        "Every film was scored by heads that never saw it or its group "
        f"(recipe `{code(record.study['recipe'])}`, seed {record.study['seed']}). Intervals are "
        f"at 95 %, by patient or group where films belong together.{chosen} The bundle averages "
        "all heads, which no film of the cohort can test; take the figures as those of its "
        f"parts. It calls {text(record.positive)} at the operating point, not by the highest "
        "score.\n\n"
        + table(("Figure", "Value", "95 % interval"), [*rows, *fixed])
        + _calibration(record, study)
        + _external(study, record.backbone.name)
    )


def _calibration(record: BundleRecord, study: ResultsJson) -> str:
    (told,) = (each for each in study["backbones"] if each["name"] == record.backbone.name)
    if told["decisions"] is None:
        return ""
    after = told["decisions"]["calibration"]["after"]
    error, chance = after["calibration_error"]["value"], after["error_by_chance"]
    if error is None or chance is None:
        return ""
    share = record.study["cohort"]["per_class"][record.positive] / record.study["cohort"]["n"]
    return (
        f"\n\nProbabilities hold for films of which {share:.0%} are {text(record.positive)}, as "
        f"in the cohort; where it is rarer they are too high. Calibration error {error:.3f}; "
        f"exactly right probabilities would stay below {chance:.3f} in 95 of 100 such cohorts."
    )


def _external(study: ResultsJson, name: str) -> str:
    external = study["external"]
    if external is None:
        return "\n\nThe heads were not tried on films from elsewhere."
    (transfer,) = (each for each in external["transfers"] if each["name"] == name)
    rows = [
        (figure_title(metric), value(transfer["metrics"][metric]),
         bounds(transfer["metrics"][metric]))
        for metric in ("accuracy", "sensitivity", "specificity", "auroc")
        if transfer["metrics"].get(metric) and transfer["metrics"][metric]["value"] is not None
    ]  # fmt: skip
    return (
        f"\n\n### On films from elsewhere\n\nCohort `{code(external['cohort']['name'])}`, "
        f"{external['cohort']['n']} films.\n\n" + table(("Figure", "Value", "95 % interval"), rows)
    )


def subgroups_section(study: ResultsJson) -> str:
    """Tell how the figures differ between groups of films, where these are known."""
    groups = study["subgroups"]
    if not groups:
        return (
            "## Subgroups\n\nSex, age, view and source of the films are not known, so nothing can "
            "be said of how the figures differ between them."
        )
    rows = [
        (
            f"{group['attribute']}: {text(level['level'])}",
            str(level["n_films"]),
            f"{value(level['sensitivity'])} {bounds(level['sensitivity'])}",
            f"{value(level['specificity'])} {bounds(level['specificity'])}",
            "small" if level["is_small"] else "",
        )
        for group in groups
        for level in group["subgroups"]
    ]
    return "## Subgroups\n\nBy the highest score, on films that the heads never saw.\n\n" + table(
        ("Subgroup", "Films", "Sensitivity", "Specificity", ""), rows
    )


def figure_title(name: str) -> str:
    """Name a figure, and by which rule films were called for it."""
    is_of_ranks = name.endswith(("auroc", "average_precision"))
    return metric_title(name) + ("" if is_of_ranks else ", by the highest score")


def quoted(record: BundleRecord) -> Mapping[str, EstimateJson]:
    """Return the figures to quote: those of choosing, where the backbone was chosen."""
    return record.study["metrics_of_choosing"] or record.study["metrics"]
