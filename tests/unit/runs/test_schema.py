"""Every document has the form that its schema gives, and the schemas in the docs are current."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from hilum.classifier import answers
from hilum.classifier.bundle import read_bundle
from hilum.classifier.classifier import Classifier
from hilum.classifier.export.files import describe
from hilum.classifier.export.graph import combine
from hilum.classifier.records import write_record
from hilum.cli.explain import explain_command
from hilum.cli.predict import predict_command
from hilum.published.audit import check_table
from hilum.report.naming import LESSON
from hilum.report.published import reading_texts
from hilum.report.recipes import worth_text
from hilum.runs.audit import describe_audit, describe_audit_run
from hilum.runs.comparison import ResultsJson, describe_comparison
from hilum.runs.documents import conform, to_json
from hilum.runs.naming import describe_naming
from hilum.runs.recipes import describe_recipes
from hilum.runs.schema import DOCUMENTS, json_schema, schema_file, write_schemas
from hilum.runs.table_check import describe_table_check
from hilum.serve import answers as http
from hilum.studies.contrasts import contrast_recipes
from hilum.studies.provenance import describe_study
from hilum.studies.recipes import steps_between
from hilum.studies.replication import read_paper_table
from schemas import DOCS, validate
from served import serving
from tiny_bundle import as_png, strange_film, tiny_film, write_tiny_bundle
from unit.report.make_assessment import make_assessed
from unit.report.make_audit import make_audit
from unit.report.make_comparison import make_comparison
from unit.report.make_naming import make_naming
from unit.report.make_paper_run import make_paper_run

MAKERS: Mapping[str, Callable[[], Mapping[str, object]]] = {
    "assessed": lambda: describe_comparison(make_assessed()),
    "withheld": lambda: describe_comparison(make_assessed("withheld")),
    "paper": lambda: describe_comparison(make_paper_run(unverified=("VGG16", "ResNet50"))),
    "three classes": lambda: describe_comparison(make_comparison(("a", "b", "c"))),
    "one network": lambda: describe_comparison(make_comparison(backbones=1)),
    "audit": lambda: describe_audit_run(make_audit(make_comparison())),
    "audit alone": lambda: describe_audit_run(make_audit(make_comparison(), has_model=False)),
    "recipes": lambda: describe_recipes(_contrast(), word=worth_text),
    "naming": lambda: describe_naming(make_naming(), LESSON),
    "reached table": lambda: _table(max_films=63),
    "missed table": lambda: _table(positives=14, negatives=16),
}


def _contrast() -> Any:
    paper = make_comparison(is_paper=True, headline="limited", separation=1.4, backbones=1)
    hilum = make_comparison(headline="limited", separation=1.4, backbones=1, seed=8)
    (first, *_) = steps_between([paper.recipe, hilum.recipe])
    return contrast_recipes([paper, hilum], [(first, paper, hilum)])


def _table(**asked: int) -> Mapping[str, object]:
    check = check_table(read_paper_table(), prevalence=0.02, n_audits=3, **asked)
    return describe_table_check(check, name="paper", reading=reading_texts(check))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_schemas_in_the_docs_are_those_of_the_types(name: str) -> None:
    """`make docs` writes them."""
    assert json.loads((DOCS / schema_file(name)).read_text()) == json_schema(name)


def test_no_other_schema_lies_in_the_docs(tmp_path: Path) -> None:
    write_schemas(tmp_path / "fresh")
    fresh = {path.name: path.read_text() for path in (tmp_path / "fresh").iterdir()}
    assert fresh == {path.name: path.read_text() for path in DOCS.iterdir()}
    assert len(fresh) == len(DOCUMENTS)


@pytest.mark.parametrize("name", MAKERS)
def test_a_document_has_the_form_of_its_schema(name: str) -> None:
    validate(to_json(MAKERS[name]()))


@pytest.mark.parametrize("name", ["assessed", "withheld", "paper", "three classes", "one network"])
def test_what_is_written_is_read_back_whole(name: str) -> None:
    told = json.loads(to_json(MAKERS[name]()))
    assert conform(told, ResultsJson) == told


def test_the_audit_and_the_provenance_have_theirs() -> None:
    comparison = make_comparison()
    validate(to_json(describe_audit(comparison.audit, comparison.cohort)), "audit.json")
    provenance = describe_study(("hilum",), films_sha256="0", graphs={"a": "b"}, split_seed=1)
    validate(to_json({**provenance, "seed": 1}), "provenance.json")


def test_a_renamed_or_missing_or_foreign_value_is_refused() -> None:
    told = json.loads(to_json(describe_comparison(make_assessed())))
    faults: list[Callable[[dict[str, Any]], object]] = [
        lambda told: told.update(seeds=told.pop("seed")),
        lambda told: told["backbones"][0]["metrics"]["auroc"].pop("low"),
        lambda told: told["backbones"][0].update(parameters="many"),
        lambda told: told["backbones"][0]["decisions"]["operating_point"].update(extra=1),
        lambda told: told["verdict"].update(headline="fine"),
    ]
    for fault in faults:
        damaged = deepcopy(told)
        fault(damaged)
        with pytest.raises(AssertionError):
            validate(damaged)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("schema") / "bundle")


def test_a_bundle_and_its_export_say_what_their_schemas_say(bundle: Path) -> None:
    read = read_bundle(bundle, bundle)
    validate((bundle / "classifier.json").read_text())
    # As some later version may write it: a cohort whose patients are known.
    study = {**read.record.study, "cohort": {**read.record.study["cohort"], "patients": 3}}
    validate(write_record(replace(read.record, study=study)))
    validate(describe(read, combine(read, with_map=True)))


def test_what_the_commands_print_has_its_schema(bundle: Path, tmp_path: Path) -> None:
    contents = {"ill": as_png(tiny_film(0.8)), "strange": as_png(strange_film()), "no": b"no film"}
    for stem, content in contents.items():
        (tmp_path / f"{stem}.png").write_bytes(content)
    films = [str(tmp_path / f"{stem}.png") for stem in contents]
    for command, name, options in (
        (predict_command, "predict --json", []),
        (explain_command, "explain --json", ["--occlusion", "--sanity"]),
    ):
        app = typer.Typer()
        app.command()(command)
        for further in ([], ["--show-refused"]):
            arguments = [str(bundle), *films, "--json", *options, *further]
            printed = CliRunner().invoke(app, arguments).stdout
            validate(printed, name)
            told = json.loads(printed)
            assert told["failed"]
            assert len(told["films"]) + len(told["failed"]) == len(films)


def test_what_the_server_answers_has_its_schema(bundle: Path) -> None:
    ill, strange = as_png(tiny_film(0.8)), as_png(strange_film())
    with serving(Classifier.load(bundle, streams=1)) as served:
        validate(served.predict(ill, strange, b"no film").text, "/v1/predict")
        validate(served.predict(strange, show_refused="true").text, "/v1/predict")
        for film in (ill, strange):
            files = [("file", ("film.png", film))]
            validate(served.client.post("/v1/explain", files=files).text, "/v1/explain")
        validate(served.client.get("/v1/model").text, "/v1/model")
        validate(served.predict(b"no film").text, "problem")
        validate(served.client.get("/nowhere").text, "problem")


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (http.FilmAnswer, answers.AnswerJson),
        (http.IndexedAnswer, answers.IndexedAnswerJson),
        (http.FilmFault, answers.IndexedFaultJson),
        (http.Predictions, answers.PredictionsJson),
        (http.Explained, answers.ExplainedJson),
        (http.OperatingPoint, answers.ModelPointJson),
        (http.Bounded, answers.BoundedJson),
        (http.Model, answers.ModelJson),
        (http.ProblemDocument, answers.ProblemJson),
    ],
)
def test_the_openapi_document_knows_the_same_keys(model: type[BaseModel], kind: type) -> None:
    named = {field.alias or name for name, field in model.model_fields.items()}
    assert named == set(get_type_hints(kind))
