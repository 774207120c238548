"""The model card: a bundle's README, in the form that model hubs read, filled in from the run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from hilum.backbones import CATALOG, compile_backbone
from hilum.classifier import (
    Bundle,
    BundleRecord,
    CohortVerdict,
    EstimateJson,
    FrozenBackbone,
    GraphReference,
    StudyJson,
    WeightsJson,
    calling_text,
    check_bundle_place,
    hash_graph,
    versions,
    write_bundle,
)
from hilum.errors import CacheError
from hilum.runs import (
    BackboneJson,
    ResultsJson,
    as_document,
    conform,
    describe_comparison,
    to_json,
)
from hilum.studies import Comparison, TrainedClassifier, WeightsRecord
from hilum.wording import NOT_DEFINED, interval_text, metric_title


def value(estimate: EstimateJson | None) -> str:
    """Write the figure of an estimate."""
    figure = estimate and estimate["value"]
    return NOT_DEFINED if figure is None else f"{figure:.3f}"


def bounds(estimate: EstimateJson | None) -> str:
    """Write its interval; empty where there is none."""
    if estimate is None or estimate["low"] is None or estimate["high"] is None:
        return ""
    return interval_text(estimate["low"], estimate["high"])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def text(words: str) -> str:
    """Write a user's text so that Markdown and HTML take it for nothing else."""
    plain = _shown(words)
    return re.sub(r"([\\`*_{}\[\]<>|#~$&])", r"\\\1", plain)


def ticked(words: str) -> str:
    """Write a text of Hilum's own, in which code stands between backticks."""
    return re.sub(r"\\`(.*?)\\`", lambda found: f"`{_unescaped(found[1])}`", text(words))


def _unescaped(words: str) -> str:
    return re.sub(r"\\(.)", r"\1", words)


def code(words: str) -> str:
    """Write a user's text so that it fits between backticks."""
    return _shown(words).replace("`", "'")


def _shown(words: str) -> str:
    """Put a text on one line, without what would turn or hide what stands around it."""
    return "".join(letter for letter in " ".join(str(words).split()) if letter.isprintable())


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
    (scored,) = (each for each in external["transfers"] if each["name"] == name)
    rows = [
        (figure_title(metric), value(scored["metrics"][metric]),
         bounds(scored["metrics"][metric]))
        for metric in ("accuracy", "sensitivity", "specificity", "auroc")
        if scored["metrics"].get(metric) and scored["metrics"][metric]["value"] is not None
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
    """Open the card with what opens the report."""
    told = record.verdict
    blocks = [
        f"## {text(told.heading)}",
        text(told.text),
        f"> {text(told.quote)}" if told.quote else "",
        f"**Elsewhere.** {text(told.elsewhere)}" if told.elsewhere else "",
        _list("**What to do next.**", told.next_steps),
        *(f"**Confirmed.** {ticked(each)}" for each in told.confirmed),
        _list("**Reasons.**", told.reasons),
        _list("**Told beside it, and not counted.**", told.cautions),
        *(ticked(each) for each in told.looked),
    ]
    return "\n\n".join(filter(None, blocks))


def _list(title: str, sentences: Sequence[str]) -> str:
    lines = "\n".join(f"- {ticked(each)}" for each in sentences)
    return f"{title}\n\n{lines}" if lines else ""


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
    duplicates = sum(study["audit"]["twins"].values())
    copies = (
        f" {duplicates} pairs of films are one film, and were held together." if duplicates else ""
    )
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


def save_bundle(
    trained: TrainedClassifier, folder: str | Path, *, standalone: bool = False
) -> BundleRecord:
    """Write a classifier as a bundle.

    Args:
        trained: What `train` returned.
        folder: Created whole; an earlier bundle of that name is replaced.
        standalone: Put the backbone into the bundle. Otherwise the bundle names it by its
            hash, and the cache of the machine that uses it must have it or be able to
            compile it.

    Returns:
        What the bundle says of itself.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_bundle_place(folder)
    study = _study(trained.study)
    (told,) = (each for each in study["backbones"] if each["name"] == trained.backbone.name)
    graph_folder = compile_backbone(trained.backbone, trained.cache_dir)
    try:
        graph = GraphReference(graph_folder.name, hash_graph(graph_folder), standalone)
    except OSError as error:
        raise CacheError(
            "The compiled backbone cannot be read from the cache.", fix="Run the command again."
        ) from error
    record = BundleRecord(
        classes=trained.classes,
        positive=trained.positive,
        backbone=_describe_backbone(trained),
        graph=graph,
        n_heads=len(trained.heads.temperatures),
        policy=trained.policy,
        threshold=trained.heads.threshold,
        neighbours=trained.guard.neighbours,
        distance_limit=trained.guard.threshold,
        verdict=_told_verdict(trained, study),
        study=_summary(trained, study, told),
        made_with=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        files={},
    )
    bundle = Bundle(
        record=record,
        heads=trained.heads,
        guard=trained.guard,
        references=trained.references,
        graph_folder=graph_folder,
        card=render_card(record, study),
        study={**study},
    )
    return write_bundle(bundle, folder)


def _told_verdict(trained: TrainedClassifier, study: ResultsJson) -> CohortVerdict:
    """Take the words of the run; of a run by an older version, its headline and reasons."""
    summary, verdict = study["summary"], study["verdict"]
    if summary is None:
        return CohortVerdict(verdict["headline"], tuple(verdict["reasons"]))
    # The line to quote is that of choosing, and no single network's that somebody named.
    is_quoted = study["pick"] is None or trained.choice == "smallest of the best tier"
    return CohortVerdict(
        headline=summary["headline"],
        reasons=tuple(summary["reasons"]),
        title=summary["title"],
        text=summary["text"],
        looked=tuple(summary["looked"]),
        cautions=tuple(summary["cautions"]),
        confirmed=tuple(summary["confirmed"]),
        quote=summary["quote"] if is_quoted else "",
        elsewhere=summary["elsewhere"],
        next_steps=tuple(summary["next_steps"]),
    )


def _study(study: Comparison | Mapping[str, object]) -> ResultsJson:
    """Return the study's `results.json`, with null in the place of NaN."""
    plain = (
        json.loads(to_json(describe_comparison(study))) if isinstance(study, Comparison) else study
    )
    return conform(plain, ResultsJson)


def _describe_backbone(trained: TrainedClassifier) -> FrozenBackbone:
    backbone, record = trained.backbone, trained.backbone.record
    return FrozenBackbone(
        name=backbone.name,
        title=backbone.title,
        size_px=record.input.size_px,
        scaling=record.input.scaling,
        pooling=record.pooling,
        feature_width=record.feature_width,
        weights=as_document(WeightsRecord.of(backbone), WeightsJson),
    )


def _summary(trained: TrainedClassifier, study: ResultsJson, told: BackboneJson) -> StudyJson:
    """Keep of the study what every answer should have at hand."""
    cohort, pick = study["cohort"], study["pick"]
    assert told["decisions"] is not None, "a classifier has a threshold"
    point = told["decisions"]["operating_point"]
    chosen = pick if trained.choice == "smallest of the best tier" else None
    return {
        "cohort": {
            "name": cohort["name"],
            "n": cohort["n"],
            "per_class": cohort["per_class"],
            "patients": cohort["patients"],
            "groups": cohort["groups"],
        },
        "recipe": study["recipe"]["name"],
        "seed": study["seed"],
        "choice": trained.choice,
        "metrics": told["metrics"],
        "metrics_of_choosing": None if chosen is None else chosen["metrics"],
        "operating_point": {
            "sensitivity": point["sensitivity"],
            "specificity": point["specificity"],
            "accuracy": point["accuracy"],
            "n_validation": point["n_validation"],
            "promised": point["promised"],
        },
    }
