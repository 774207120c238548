"""The run folder's tables, as CSV text that no spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from hilum.backbones import imagenet_classes
from hilum.cohort import Cohort
from hilum.evaluation import Decisions, calibrate
from hilum.spreadsheets import escape_cell
from hilum.studies import Comparison, Naming


def predictions_table(comparison: Comparison) -> str:
    """Write one row per backbone, repeat and tested film."""
    cohort = comparison.cohort
    positive = cohort.classes.index(comparison.positive)
    header = ["backbone", "repeat", "fold", "film_id", "path", "label", "predicted"]
    return _csv(
        [*header, *(f"score_{label}" for label in cohort.classes), "calibrated", "threshold"],
        (
            [
                result.name, split.repeat, split.fold, film.film_id, escape_cell(film.path),
                escape_cell(film.label),
                escape_cell(cohort.classes[int(scores.argmax())]),
                *(f"{score:.9g}" for score in scores),
                *_decided(result.decisions, head, scores, positive),
            ]
            for result in comparison.backbones
            for head, split in enumerate(comparison.folds.splits)
            for film, scores in (
                (cohort.films[row], result.heads.scores[head, row]) for row in split.test
            )
        ),
    )  # fmt: skip


def _decided(
    decisions: Decisions | None, head: int, scores: Float[np.ndarray, " classes"], positive: int
) -> Sequence[str]:
    """Write the calibrated probability of the positive class, and the head's threshold."""
    if decisions is None:
        return "", ""
    probability = calibrate(decisions.calibrators[head], scores)[positive]
    return f"{probability:.9g}", f"{decisions.thresholds[head]:.9g}"


def history_table(comparison: Comparison) -> str:
    """Write the loss and accuracy of every head after every epoch, counted from 1."""

    def rows() -> Iterable[Sequence[object]]:
        for result in comparison.backbones:
            history = result.heads.history
            parts = (
                ("training", history.training_loss, history.training_accuracy),
                ("validation", history.validation_loss, history.validation_accuracy),
            )
            for head, split in enumerate(comparison.folds.splits):
                for part, losses, accuracies in parts:
                    for epoch, (loss, accuracy) in enumerate(
                        zip(losses[head], accuracies[head], strict=True), start=1
                    ):
                        if np.isfinite(loss):
                            yield (
                                result.name, split.repeat, split.fold, epoch, part,
                                f"{loss:.6f}", f"{accuracy:.6f}",
                            )  # fmt: skip

    return _csv(["backbone", "repeat", "fold", "epoch", "part", "loss", "accuracy"], rows())


def folds_table(comparison: Comparison) -> str:
    """Write which part of which split every film stood in."""
    films, folds = comparison.cohort.films, comparison.folds
    return _csv(
        ["repeat", "fold", "part", "film_id", "path", "label", "group", "row"],
        (
            [
                split.repeat, split.fold, part, films[row].film_id, escape_cell(films[row].path),
                escape_cell(films[row].label), int(folds.groups[row]), int(row),
            ]
            for split in folds.splits
            for part, rows in (
                ("training", split.train),
                ("validation", split.validation),
                ("test", split.test),
            )
            for row in rows
        ),
    )  # fmt: skip


def imagenet_table(naming: Naming) -> str:
    """Write the five things that each backbone takes each film for, counted from 1."""
    names = imagenet_classes()
    return _csv(
        ["film_id", "path", "label", "backbone", "rank", "class", "probability"],
        (
            [
                film.film_id, escape_cell(film.path), escape_cell(film.label), backbone.name, rank,
                names[thing],
                f"{probability:.9g}",
            ]
            for backbone in naming.backbones
            for film, things, probabilities in zip(
                naming.cohort.films, backbone.things, backbone.probabilities, strict=True
            )
            for rank, (thing, probability) in enumerate(
                zip(things, probabilities, strict=True), start=1
            )
        ),
    )  # fmt: skip


def excluded_table(*cohorts: Cohort) -> str:
    """Write which files could not be read, why, and what to do; and which are external."""
    return _csv(
        ["film_id", "path", "label", "code", "message", "fix", "cohort"],
        (
            [
                e.film_id, escape_cell(e.path), escape_cell(e.label), e.code, e.message, e.fix,
                "external" if cohort.is_external else "",
            ]
            for cohort in cohorts
            for e in cohort.excluded
        ),
    )  # fmt: skip


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
