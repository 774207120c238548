"""The model card says what the run found, the verdict first, and nothing that reads as markup."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hilum.classifier.bundle import read_bundle
from hilum.classifier.records import BundleRecord, CohortVerdict
from hilum.report.model_card import render_card
from hilum.runs.comparison import describe_comparison
from hilum.runs.documents import to_json
from tiny_bundle import write_tiny_bundle
from unit.report.make_comparison import make_comparison


@pytest.fixture(scope="module")
def study() -> dict:
    told = json.loads(to_json(describe_comparison(make_comparison(("Disease", "Normal")))))
    told["backbones"][0]["decisions"] = {
        "calibration": {
            "after": {"calibration_error": {"value": 0.021}, "error_by_chance": 0.034},
        }
    }
    return told


@pytest.fixture(scope="module")
def record(study: dict, tmp_path_factory: pytest.TempPathFactory) -> BundleRecord:
    place = write_tiny_bundle(tmp_path_factory.mktemp("made") / "bundle")
    found = read_bundle(place, Path("nowhere")).record
    first = study["backbones"][0]
    summary = {
        **found.study,
        "cohort": study["cohort"],
        "metrics": first["metrics"],
        "metrics_of_choosing": None,
    }
    return replace(found, backbone=replace(found.backbone, name=first["name"]), study=summary)


def test_the_verdict_stands_before_every_figure(record: BundleRecord, study: dict) -> None:
    card = render_card(record, study)
    body = card.partition("\n---\n")[2]
    assert body.index("## Limited on films of one source") < body.index("## Model details")
    assert "Research use only" in body
    for reason in record.verdict.reasons:
        assert reason in body


def test_a_withheld_verdict_leaves_no_figure_to_machines(record: BundleRecord, study: dict) -> None:
    withheld = replace(record, verdict=CohortVerdict("withheld", ("The frame predicts it.",)))
    head, _, body = render_card(withheld, study).partition("\n---\n")
    assert "model-index" not in head
    assert "these figures do not show that the disease was seen" in body
    head = render_card(record, study).partition("\n---\n")[0]
    assert f"value: {study['backbones'][0]['metrics']['auroc']['value']:.4f}" in head


def test_the_figures_of_choosing_are_quoted_where_there_was_a_choice(
    record: BundleRecord, study: dict
) -> None:
    chosen = {name: {**figure, "value": 0.4321} for name, figure in record.study["metrics"].items()}
    picked = replace(record, study={**record.study, "metrics_of_choosing": chosen})
    card = render_card(picked, study)
    assert "0.432" in card
    assert "films that the choice never saw" in card


def test_a_figure_says_by_which_rule_films_were_called(record: BundleRecord, study: dict) -> None:
    head, _, body = render_card(record, study).partition("\n---\n")
    for name in ("Accuracy", "Sensitivity", "Specificity"):
        assert f"| {name}, by the highest score |" in body
        assert f"{name}, by the highest score [" in head
    assert "| Sensitivity at the operating point |" in body
    assert "| AUROC |" in body  # calls nothing
    assert "Disease is called from a probability of 0.400 on.\n" in body


def test_with_three_classes_the_probability_shown_does_not_decide_alone(
    record: BundleRecord, study: dict
) -> None:
    card = render_card(replace(record, classes=("Disease", "Flu", "Normal")), study)
    assert "0.400 on, by the heads' mean log-odds" in card


def test_a_cohorts_name_turns_no_text_around(record: BundleRecord, study: dict) -> None:
    cohort = {**study["cohort"], "name": "a\u202eb\udcff\x1b"}
    card = render_card(replace(record, study={**record.study, "cohort": cohort}), study)
    assert card.isprintable() or all(c.isprintable() or c == "\n" for c in card)
    assert "Cohort `ab`" in card


def test_names_of_users_are_text_and_no_markup(record: BundleRecord, study: dict) -> None:
    nasty = "<script>|`x`\n# Big [a](b)"
    told = json.loads(json.dumps(study))
    cohort = {**told["cohort"], "name": nasty, "per_class": {nasty: 1, "Disease": 2}}
    card = render_card(
        replace(record, classes=("Disease", nasty), study={**record.study, "cohort": cohort}), told
    )
    body = card.partition("\n---\n")[2]
    assert "<script>" not in body.replace("`<script>|'x' # Big [a](b)`", "")
    assert "\n# Big" not in body


def test_weights_that_are_not_the_published_ones_are_told(
    record: BundleRecord, study: dict
) -> None:
    weights = {**record.backbone.weights, "is_verified": False, "licence": "unknown"}
    card = render_card(replace(record, backbone=replace(record.backbone, weights=weights)), study)
    assert "not the published weights" in card
    assert "license: other" in card


def test_a_card_promises_no_backbone_that_nobody_else_has(
    record: BundleRecord, study: dict
) -> None:
    assert "is part of the bundle" in render_card(record, study)
    graph = replace(record.graph, is_included=False)
    assert "finds or compiles it" in render_card(replace(record, graph=graph), study)
    own = replace(record, graph=graph, backbone=replace(record.backbone, name="ours"))
    told = json.loads(json.dumps(study))
    told["backbones"][0]["name"] = "ours"
    card = render_card(own, told)
    assert "works only where Hilum's cache holds it" in card
    assert "finds or compiles it" not in card
