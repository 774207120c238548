"""The model card: a bundle's README, in the form that model hubs read, filled in from the run.

Nothing in it is advertisement: the verdict on the training cohort stands before any figure,
and where it is `withheld`, no figure goes into the machine-readable part.
"""

from __future__ import annotations

import json

from hilum.backbones.catalog import CATALOG
from hilum.classifier.records import BundleRecord
from hilum.report.calling_wording import calling_text
from hilum.report.markdown import bounds, code, table, text
from hilum.report.model_card_figures import figure_title, figures_section, quoted, subgroups_section
from hilum.runs.comparison import ResultsJson

HEADLINES = {
    "supported": "The training cohort supports the figures below.",
    "limited": "The training cohort supports the figures below with limits.",
    "withheld": "The training cohort does not carry the claim that the disease was learned.",
}
"""What a verdict means for the figures."""

_LICENCES = {"Apache-2.0": "apache-2.0", "MIT": "mit", "BSD-3-Clause": "bsd-3-clause"}


def render_card(record: BundleRecord, study: ResultsJson) -> str:
    """Write a classifier's model card.

    Args:
        record: What the bundle says of itself.
        study: The study's figures, as `results.json` holds them.

    Returns:
        Markdown with a YAML head, as model hubs read it.

    Source: Mitchell et al. (2019), Model Cards for Model Reporting, FAT* 220-229.
    """
    sections = (
        _title(record),
        _verdict(record),
        _details(record),
        _uses(record),
        _data(record, study),
        figures_section(record, study),
        subgroups_section(study),
        _limits(record, study),
        _start(record),
        _making(study),
    )
    return _head(record) + "\n" + "\n\n".join(section for section in sections if section) + "\n"


def _head(record: BundleRecord) -> str:
    lines = [
        "---",
        f"license: {_LICENCES.get(record.backbone.weights['licence'], 'other')}",
        "library_name: hilum",
        "pipeline_tag: image-classification",
        "tags:",
        *(f"- {tag}" for tag in ("chest-x-ray", "radiography", "transfer-learning", "openvino")),
    ]
    if record.verdict.headline != "withheld":
        lines += _model_index(record)
    return "\n".join([*lines, "---", ""])


def _model_index(record: BundleRecord) -> list[str]:
    """List the figures for machines; text is quoted as JSON, which YAML reads."""
    metrics = quoted(record)
    return [
        "model-index:",
        f"- name: {json.dumps(code(_name(record)))}",
        "  results:",
        "  - task:",
        "      type: image-classification",
        "    dataset:",
        f"      name: {json.dumps(code(record.study['cohort']['name']))}",
        "      type: private",
        "    metrics:",
        *(
            line
            for name in ("accuracy", "sensitivity", "specificity", "auroc")
            if (reached := metrics[name]["value"]) is not None
            for line in (
                f"    - type: {'roc_auc' if name == 'auroc' else name}",
                f"      name: {json.dumps(f'{figure_title(name)} {bounds(metrics[name])}')}",
                f"      value: {reached:.4f}",
            )
        ),
    ]


def _title(record: BundleRecord) -> str:
    others = " / ".join(text(label) for label in record.classes if label != record.positive)
    return (
        f"# {text(_name(record))}\n\n"
        f"Tells **{text(record.positive)}** from {others} on frontal chest films, with "
        f"{text(record.backbone.title)} as a frozen feature extractor.\n\n"
        "**Research use only. Not a medical device; not for diagnosis.**"
    )


def _verdict(record: BundleRecord) -> str:
    reasons = "\n".join(f"- {text(reason)}" for reason in record.verdict.reasons)
    return (
        f"## Verdict on the training cohort: {record.verdict.headline}\n\n"
        f"{HEADLINES[record.verdict.headline]}\n\n{reasons}".rstrip()
    )


def _details(record: BundleRecord) -> str:
    backbone = record.backbone
    weights = backbone.weights
    unverified = "" if weights["is_verified"] else " **These are not the published weights.**"
    return (
        "## Model details\n\n"
        f"- Backbone: {text(backbone.title)}, frozen, {backbone.size_px} x {backbone.size_px} px "
        f"grey input, {backbone.feature_width} features. Weights: {text(weights['origin'])} "
        f"({text(weights['licence'])}).{unverified}\n"
        f"- Heads: {record.n_heads}, one per fold and repeat, each a dense ReLU and a dense "
        "softmax layer; calibrated each, their log-probabilities averaged.\n"
        f"- Operating point: {_rule(record)}; {calling_text(record, text(record.positive))}.\n"
        f"- Domain guard: a film whose features are farther than {record.distance_limit:.3f} "
        f"(cosine distance) from the {_nth(record.neighbours)} nearest training film is refused: "
        "no class is called.\n"
        f"- Made on {record.created[:10]} with Hilum {record.made_with['hilum']}."
    )


def _uses(record: BundleRecord) -> str:
    return (
        "## Uses\n\n"
        "**Intended:** research and teaching on films like those of the training cohort: to "
        "study what frozen features tell, to compare with other methods, to plan a study with "
        "films of one's own.\n\n"
        "**Out of scope:** diagnosis, triage or any decision about a patient; lateral films, CT, "
        "other body parts; findings other than "
        f"{', '.join(text(label) for label in record.classes)}: whatever else a film shows, it is "
        "put into one of these classes or refused."
    )


def _data(record: BundleRecord, study: ResultsJson) -> str:
    cohort = record.study["cohort"]
    patients = (
        "patients unknown" if cohort["patients"] is None else f"{cohort['patients']} patients"
    )
    twins = sum(study["audit"]["twins"].values())
    copies = f" {twins} pairs of films are one film, and were held together." if twins else ""
    rows = [(text(label), str(n)) for label, n in cohort["per_class"].items()]
    return (
        "## Training data\n\n"
        f"Cohort `{code(cohort['name'])}`: {cohort['n']} films, {patients}, {cohort['groups']} "
        f"groups that were never split between training and test.{copies} No film is part of "
        "this bundle; it holds the features of the training films, for the domain guard.\n\n"
        + table(("Class", "Films"), rows)
    )


def _limits(record: BundleRecord, study: ResultsJson) -> str:
    limits = [
        "It knows films like those of its cohort. The domain guard refuses what is plainly "
        "different; it does not notice a film that looks alike and comes from another scanner, "
        "hospital or population, where figures usually drop.",
        "A high probability is no explanation. `hilum explain` shows which parts of the film "
        "speak for the call; it does not show that they are the disease.",
    ]
    if record.study["cohort"]["patients"] is None:
        limits.insert(0, "Patients are unknown: films of one patient may have been tested by heads "
                         "that saw another of them, which makes figures look better.")  # fmt: skip
    if study["external"] is None:
        limits.append("No film from elsewhere was tried.")
    return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)


def _start(record: BundleRecord) -> str:
    return (
        "## How to use it\n\n```\nhilum predict BUNDLE film.png\nhilum explain BUNDLE film.png -o "
        "map.png\nhilum serve BUNDLE\n```\n\n```python\nimport hilum\n\nclassifier = "
        'hilum.Classifier.load("BUNDLE")\nprediction = classifier.predict("film.png")\n'
        "prediction.call, prediction.probabilities, prediction.in_domain\n```\n\n"
        + _where_the_backbone_is(record)
    )


def _where_the_backbone_is(record: BundleRecord) -> str:
    if record.graph.is_included:
        return "The backbone is part of the bundle."
    by_hash = "The bundle names its backbone by hash; "
    if record.backbone.name not in CATALOG:
        return (
            by_hash + "it is a model file of the user's, so the bundle works only where Hilum's "
            "cache holds it. `hilum train --standalone` puts it into the bundle."
        )
    return (
        by_hash + "Hilum finds or compiles it on this machine, or `hilum train --standalone` puts "
        "it into the bundle."
    )


def _making(study: ResultsJson) -> str:
    recipe = study["recipe"]
    how = f"{recipe['folds']} folds, drawn {recipe['repeats']} times" if recipe["folds"] else ""
    return (
        "## How it was made\n\n"
        f"{text(recipe['summary'])} {how.capitalize()}, {recipe['rotated_views']} rotated views "
        "per training film. All figures of the study stand in `study.json`; what each field means "
        "is told in Hilum's documentation of the run folder."
    )


def _name(record: BundleRecord) -> str:
    return f"{record.positive} on chest films ({record.study['cohort']['name']})"


def _rule(record: BundleRecord) -> str:
    kind, target = record.policy.kind, record.policy.target
    if target is None:
        return "largest sum of sensitivity and specificity on validation films"
    return f"{kind} of {target:g} on validation films"


def _nth(number: int) -> str:
    return {1: "", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}.get(number, f"{number}th")
