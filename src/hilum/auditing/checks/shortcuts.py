"""Checks of shortcuts: what predicts the label without the disease?

Most judge a baseline: what something that holds little or no disease reaches on the same films
and folds as the network. The rules behind each severity stand in `docs/verdict.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import chi2_contingency

from hilum.auditing.baselines import SUBJECTS, Baseline, BaselineName, Weight
from hilum.auditing.evidence import check
from hilum.auditing.findings import (
    Finding,
    Severity,
    figures,
    find_baseline,
    list_estimate,
    list_films,
    show_estimate,
    tell_number,
)
from hilum.auditing.metadata import SourceTable, associate_sources, tabulate_sources
from hilum.auditing.verdict import RULES, is_above_chance, weigh_baseline
from hilum.cohort import Cohort
from hilum.features import CELLS_PER_SIDE, FilmTraits
from hilum.wording import lowered

_SOURCES_SHOWN = 20
_PATIENT_FACTS = ("view ", "sex ", "age")
_COLUMNS_SHOWN = 5

# A column below this is hardly better than a coin.
_TELLING = 0.6

_CELL = 1 / CELLS_PER_SIDE**2

MARKED_SHARE = 2 * _CELL
"""Of the film with sharp edges; a side marker such as `R` takes 2 to 6 cells of 1,024."""

LETTERED_SHARE = 10 * _CELL
"""More than a side marker: lines of text, arrows, letters as large as an eye catches."""

SCREENSHOT_SHARE = 60 * _CELL
"""More than any of 1,080 public films has, the fullest with 36 cells: a slide, a screenshot."""

UNLIKE_SHARE = 0.3
"""Difference between two classes in their share of marked films. The marker of one hospital
that wrote it on all its films makes it; habits of one department do not."""

UNLIKE_P = 0.01
"""Chi-squared test: few films differ so by chance in one cohort of a hundred."""


def _weigh(baseline: Baseline) -> Weight | None:
    """Say what a baseline does to the headline: as the verdict weighed it, else by itself."""
    if baseline.is_weighed:
        return baseline.weight
    return weigh_baseline(baseline, model_sees=is_above_chance(baseline.model_auroc))


def _judge_baseline(
    baseline: Baseline, *, what_to_do: str, evidence: Mapping[str, Any] | None = None
) -> Finding:
    """Say in one line what a baseline reaches, as gravely as the verdict takes it.

    Args:
        baseline: What predicts without the disease.
        what_to_do: The next step where it bears on the headline; otherwise there is none.
        evidence: Figures beside those that every baseline has.
    """
    weight = _weigh(baseline)
    # One at chance, in a cohort too small to tell it from the network, counts as no fault:
    # the verdict speaks of the cohort's size.
    return Finding(
        severity=_grade(weight) if is_above_chance(baseline.auroc) else "note",
        title=_title(baseline, weight),
        evidence=figures(baseline) | dict(evidence or {}),
        what_to_do=what_to_do if weight else "",
    )


def _grade(weight: Weight | None) -> Severity:
    """Turn what something does to the headline into the severity of a finding."""
    if weight == "withholds":
        return "fail"
    return "warn" if weight == "limits" else "note"


def _title(baseline: Baseline, weight: Weight | None) -> str:
    subject = SUBJECTS[baseline.name]
    reached = show_estimate(baseline.auroc)
    model = f"{baseline.model_auroc.value:.3f}"
    if baseline.auroc.low > RULES.chance_margin:
        return f"{subject} tells the classes apart: {reached}; the whole film {model}"
    if weight in ("withholds", "limits") and not is_above_chance(baseline.auroc):
        return (
            f"Too few films to show that the network (AUROC {model}) does better than "
            f"{lowered(subject).rstrip(',')}: {reached}"
        )
    if is_above_chance(baseline.auroc) or weight is not None:
        return f"{subject} tells a little of the classes: {reached}; the whole film {model}"
    return f"{subject} does not tell the classes apart: {reached}; the whole film {model}"


@check("source", "The source tells the class")
def check_source(cohort: Cohort, positive: str, baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge how closely the source of a film and its class go together.

    Source is the hospital, device or collection that the table names. A network can learn to
    recognise the source instead of the disease. Needs the source of at least some films.

    Problem: Each source holds only films of the positive class, or none. Or the source alone
        reaches {RULES.withholding_share:.0%} of what the network reaches above chance, or is not
        clearly below the network.
    Caution: The source alone is above chance, and reaches {RULES.limiting_share:.0%} of what the
        network reaches above chance, or gives away {RULES.caught_share:.0%} of the positive films.
    Note: Sources are known, and tell less than that.
    What to do: Take the classes in the same proportion from every source, or study one source
        alone and keep the others for the test. Where each source holds one class only, collect
        films of both classes from each source; more films of the present kind cannot help.
    Source: DeGrave, Janizek and Lee (2021), Nature Machine Intelligence 3:610-619.
    """
    association = associate_sources(cohort, positive)
    table = tabulate_sources(cohort)
    if not table.sources:
        return []
    baseline = find_baseline(baselines, "source")
    is_the_class = association == 1.0
    weight = _weigh(baseline) if baseline else None
    severity: Severity = "fail" if is_the_class else _grade(weight)
    evidence: dict[str, Any] = {
        "cramers_v": None if isnan(association) else association,
        "n_sources": len(table.sources),
        "films_per_source": {
            source: dict(zip(table.classes, row.tolist(), strict=True))
            for source, row in zip(
                table.sources[:_SOURCES_SHOWN], table.counts[:_SOURCES_SHOWN], strict=True
            )
        },
        "films_of_unknown_source": table.n_unknown,
    }
    return [
        Finding(
            severity=severity,
            title=_source_title(table, association, positive, baseline),
            evidence=evidence | (figures(baseline) if baseline else {}),
            what_to_do=(
                "Collect films of both classes from each source, or study one source that holds "
                "both. More films of the present kind cannot help."
                if is_the_class
                else "Take the classes in the same proportion from every source, or study one "
                "source alone and keep the others for the test."
                if weight
                else ""
            ),
        )
    ]


def _source_title(
    table: SourceTable, association: float, positive: str, baseline: Baseline | None
) -> str:
    reached = f"; source alone reaches {show_estimate(baseline.auroc)}" if baseline else ""
    if len(table.sources) == 1 and not table.n_unknown:
        return f"All films come from one source, {table.sources[0]}"
    if association == 1.0:
        return (
            f"Every source holds {positive} alone, or none of it (Cramér's V 1.000): it cannot be "
            f"told from where the films came from{reached}"
        )
    if isnan(association):
        return f"Too little is known of the sources to set them beside the classes{reached}"
    return f"Source and class go together with Cramér's V {association:.3f}{reached}"


@check("metadata", "The making of the file tells the class")
def check_metadata(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what size, format, compression, view, sex and age tell without the film.

    None of these is the disease. Where they predict the label, a network may have learned them,
    since each of them leaves marks in the picture.

    Problem: They are clearly above chance (interval of the AUROC above {RULES.chance_margin:g}),
        and either reach {RULES.withholding_share:.0%} of what the network reaches above chance, or
        are not clearly below the network.
    Caution: They are above chance, and reach {RULES.limiting_share:.0%} of what the network reaches
        above chance, or give away {RULES.caught_share:.0%} of the positive films.
    Note: They tell less than that, or the films are too few to say.
    What to do: Balance the classes by view, sex and age where these tell the class. Collect both
        classes from the same devices and sites, exported in one way from the originals.
    """
    metadata = find_baseline(baselines, "metadata")
    if metadata is None:
        return []
    strongest = sorted(metadata.details.items(), key=lambda item: -item[1])[:_COLUMNS_SHOWN]
    telling = [column for column, auroc in strongest if auroc >= _TELLING]
    finding = _judge_baseline(
        metadata,
        what_to_do=_advise(telling),
        evidence={"strongest_columns": dict(strongest)},
    )
    if telling and _weigh(metadata):
        named = ", ".join(telling[:3])
        return [replace(finding, title=f"{finding.title}. Strongest: {named}")]
    return [finding]


def _advise(telling: Sequence[str]) -> str:
    of_patient = [column for column in telling if column.startswith(_PATIENT_FACTS)]
    of_file = [column for column in telling if column not in of_patient]
    steps = []
    if of_patient:
        steps.append(
            f"Balance the classes by {', '.join(of_patient)}: choose films so that each value "
            "is as frequent in one class as in the other."
        )
    if of_file or not of_patient:
        steps.append(
            "Collect both classes from the same devices and sites, exported in one way from the "
            "originals. Converting the files alike hides the trace, but not where it came from: "
            "scaling and compression leave marks in the pixels, too."
        )
    return " ".join(steps)


@check("frame", "The edge of the film tells the class")
def check_frame(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what the outermost 10 % of each side tell, where there is hardly any lung.

    The same network looks at the frame alone, with heads trained anew.

    Problem: The frame is clearly above chance (interval of its AUROC above
        {RULES.chance_margin:g}), and either reaches {RULES.withholding_share:.0%} of what the
        whole film reaches above chance, or is not clearly below the whole film.
    Caution: The frame is above chance, and reaches {RULES.limiting_share:.0%} of what the whole
        film reaches above chance, or gives away {RULES.caught_share:.0%} of the positive films. Or
        it withholds by its figure, and may hold lung.
    Note: The frame tells less than that, or the films are too few to say.
    What to do: Look at the edges of films of both classes: burned-in letters, markers,
        collimation, borders, how the patient lies. Collect films of both classes from one device
        and site, taken and exported alike.
    Source: Maguolo and Nanni (2021), Information Fusion 76:1-7.
    """
    return _judge(
        baselines,
        "frame",
        "Look at the edges of films of both classes: burned-in letters, markers, collimation, "
        "borders, how the patient lies. Collect films of both classes from one device and site, "
        "taken and exported alike.",
    )


def _judge(baselines: Sequence[Baseline], name: BaselineName, what_to_do: str) -> list[Finding]:
    """Judge one baseline, if it was measured."""
    found = find_baseline(baselines, name)
    return [] if found is None else [_judge_baseline(found, what_to_do=what_to_do)]


@check("processing", "The processing of the films tells the class")
def check_processing(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what sharpness, noise, contrast and grey levels of the frame tell, without a network.

    They are measured on the outermost 10 % of each side, where there is hardly any lung. Devices,
    exposure and export leave the same traces there as anywhere else.

    Problem: They are clearly above chance (interval of the AUROC above {RULES.chance_margin:g}),
        and either reach {RULES.withholding_share:.0%} of what the network reaches above chance, or
        are not clearly below the network.
    Caution: They are above chance, and reach {RULES.limiting_share:.0%} of what the network reaches
        above chance, or give away {RULES.caught_share:.0%} of the positive films.
    Note: They tell less than that.
    What to do: Take films of both classes from one device, with one setting and one export.
    """
    return _judge(
        baselines,
        "processing",
        "Take films of both classes from one device, with one setting and one export. Sharpness, "
        "noise, contrast or exposure differ between the classes even where there is no lung.",
    )


@check("objects", "Small objects tell the class")
def check_objects(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what thin bright objects tell alone, and what is left of the network without objects.

    Writing, lines, tubes, wires and clips are thin and bright. A film without anything narrower
    than 4 % of its width has lost them, and with them small nodules.

    Caution: Thin objects alone reach {RULES.objects_share:.0%} of what the network reaches above
        chance, or give away {RULES.objects_caught:.0%} of the positive films. Or less than
        {RULES.remaining_share:.0%} of it is left without small objects.
    Note: Always otherwise, with both AUROCs.
    What to do: Look at the spots that the report shows. If they are devices or writing, collect
        films of both classes that bear them alike. If they are the disease, such as small
        nodules, say so with `--confirm`.
    """
    look = (
        "Look at the spots that the report shows. If they are devices or writing, collect films of "
        "both classes that bear them alike. If they are the disease, such as small nodules, say so "
        "with --confirm."
    )
    found = _judge(baselines, "objects", look)
    left = find_baseline(baselines, "objectless")
    if left is not None:
        weight = _weigh(left)
        found.append(
            Finding(
                severity=_grade(weight),
                title=(
                    f"Without small objects the film {'hardly ' if weight else ''}tells the "
                    f"classes apart: {show_estimate(left.auroc)}; the whole film "
                    f"{left.model_auroc.value:.3f}"
                ),
                evidence=figures(left),
                what_to_do=look if weight else "",
            )
        )
    return found


@check("lettering", "Letters, arrows or metal on the films")
def check_lettering(cohort: Cohort, film_traits: FilmTraits) -> list[Finding]:
    """Find sharp marks on the films, and compare how many films of each class bear them.

    A radiograph has soft shadows; letters, arrows and metal have sharp edges. A network may read
    a marker instead of the lungs.

    Caution: The share of marked films differs between two classes by {UNLIKE_SHARE:.0%} or more,
        and not by chance (chi-squared test, p under {UNLIKE_P:g}). Or a picture is full of text,
        like a slide or a screenshot.
    Note: A film bears more lettering than a side marker.
    What to do: Take films of all classes from places with the same habits, or cut the markers off
        all films alike. Remove slides and screenshots. Check whether names or dates can be read
        before the films are shown to anybody.
    """
    lettering = np.array([traits.lettering for traits in film_traits.files])
    return [
        *_compare_classes(cohort, lettering >= MARKED_SHARE),
        *_list_screenshots(cohort, lettering),
        *_list_lettered(cohort, lettering),
    ]


def _compare_classes(cohort: Cohort, is_marked: Bool[np.ndarray, " films"]) -> list[Finding]:
    y = cohort.y
    marked = np.bincount(y[is_marked], minlength=len(cohort.classes))
    bare = np.bincount(y[~is_marked], minlength=len(cohort.classes))
    shares = marked / np.maximum(1, marked + bare)
    most, least = int(shares.argmax()), int(shares.argmin())
    if shares[most] - shares[least] < UNLIKE_SHARE:
        return []
    p = float(chi2_contingency(np.stack([marked, bare])).pvalue)
    if p >= UNLIKE_P:
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"Letters, arrows or metal stand on {shares[most]:.0%} of the films of "
                f"{cohort.classes[most]}, and on {shares[least]:.0%} of {cohort.classes[least]}"
            ),
            evidence={
                "kind": "unlike",
                "marked_per_class": dict(zip(cohort.classes, marked.tolist(), strict=True)),
                "share_per_class": dict(zip(cohort.classes, shares.tolist(), strict=True)),
                "p": p,
            },
            what_to_do=(
                "Take films of all classes from places with the same habits, or cut the markers "
                "off all films alike. A network may read them instead of the lungs."
            ),
        )
    ]


def _list_screenshots(cohort: Cohort, lettering: Float[np.ndarray, " films"]) -> list[Finding]:
    rows = np.flatnonzero(lettering >= SCREENSHOT_SHARE).tolist()
    if not rows:
        return []
    return [
        Finding(
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'picture', 'is/are')} full of text, like slides or "
                "screenshots"
            ),
            evidence={"kind": "screenshots", **list_films(cohort, rows)},
            what_to_do="Look at them; remove them, or put the films themselves in their place.",
        )
    ]


def _list_lettered(cohort: Cohort, lettering: Float[np.ndarray, " films"]) -> list[Finding]:
    is_lettered = (lettering >= LETTERED_SHARE) & (lettering < SCREENSHOT_SHARE)
    rows = np.flatnonzero(is_lettered)
    if not len(rows):
        return []
    rows = rows[np.argsort(-lettering[rows], kind="stable")]
    return [
        Finding(
            severity="note",
            title=f"{tell_number(len(rows), 'film', 'bears/bear')} much lettering, arrows or metal",
            evidence={"kind": "lettered", **list_films(cohort, rows.tolist())},
            what_to_do=(
                "Check whether names or dates can be read on them before the films are shown to "
                "anybody."
            ),
        )
    ]


@check("histogram", "The grey levels tell the class")
def check_histogram(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what exposure and contrast tell: how often each grey level occurs, and not where.

    Disease changes grey levels too, so this never weighs on the verdict.

    Note: Always, with the AUROC that grey levels reach alone.
    What to do: See whether the classes differ in exposure, in black borders or in how the grey
        levels were scaled on export. Films from one device and with one export show whether the
        disease alone makes that difference.
    """
    return _judge(
        baselines,
        "histogram",
        "See whether the classes differ in exposure, in black borders or in how the "
        "grey levels were scaled on export. Films from one device and with one export "
        "show whether the disease alone makes that difference.",
    )


@check("centre", "The film without its frame")
def check_centre(baselines: Sequence[Baseline]) -> list[Finding]:
    """Set the film without its frame beside the whole film.

    The lungs are in the centre, so it should tell as much as the whole.

    Note: Always, with the AUROC that the centre reaches alone.
    What to do: If the centre tells less than the whole film, see what stands in the outermost 10 %
        of the films: part of the network's figure comes from there.
    """
    centre = find_baseline(baselines, "centre")
    if centre is None:
        return []
    frame = find_baseline(baselines, "frame")
    lost = centre.p_below < RULES.significance
    compared = "tells less than" if lost else "tells as much as"
    return [
        Finding(
            severity=_grade(_weigh(centre)),
            title=(
                f"The film without its frame {compared} the whole film: "
                f"{show_estimate(centre.auroc)}; the whole film {centre.model_auroc.value:.3f}"
            ),
            evidence=figures(centre)
            | ({"frame_auroc": list_estimate(frame.auroc)} if frame else {}),
            what_to_do=(
                "See what stands in the outermost 10 % of the films: part of the network's "
                "figure comes from there."
                if lost
                else ""
            ),
        )
    ]


@check("blur", "A blurred film tells the class")
def check_blur(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what is left of the classes at 14 x 14 px, where most findings can no longer be seen.

    Large opacities survive so much blur, so this never weighs on the verdict.

    Note: Always, with the AUROC that the blurred films reach.
    What to do: Compare how films of the classes are framed and exposed: position, build and age
        of the patients, borders.
    """
    return _judge(
        baselines,
        "blur",
        "Compare how films of the classes are framed and exposed: position, build and "
        "age of the patients, borders. Large opacities survive so much blur, small "
        "findings do not.",
    )


@check("lungs", "What the lungs tell, and what the rest tells")
def check_lungs(baselines: Sequence[Baseline]) -> list[Finding]:
    """Set the lungs alone, and the film without them, beside the whole film.

    The lungs are those of the masks that are given (`--masks`); otherwise they are found, and only
    films take part on which the finder is sure. The shape of a mask is left in both; it may tell
    something by itself.

    Problem: The film without its lungs reaches {RULES.withholding_share:.0%} of what the whole film
        reaches above chance, and the disease is to be seen in the lungs (`--seen-in lungs`).
    Caution: It reaches as much, and nobody said where the disease is to be seen.
    Note: Always otherwise, with the AUROC of the lungs alone and that of the film without them.
    What to do: If the film without its lungs tells the classes apart, see whether markers, tubes,
        the position of the patient or the shape of the masks differ between the classes.
    Source: Maguolo and Nanni (2021), Information Fusion 76:1-7.
    """
    return [
        *_judge(baselines, "lungs", ""),
        *_judge(
            baselines,
            "lungless",
            "What tells the classes apart does not need the lungs. See whether markers, "
            "tubes, the position of the patient or the shape of the masks differ "
            "between the classes.",
        ),
    ]


@check("lung-masks", "Lung masks for some films only")
def check_lung_masks(
    cohort: Cohort, masked: frozenset[str], baselines: Sequence[Baseline]
) -> list[Finding]:
    """Count the films that have a lung mask, where masks are given (`--masks`).

    Caution: The masks are too few to try the lungs by themselves.
    Note: The masks are enough.
    What to do: Give masks for films of every class. Masks for one class only would be a shortcut
        themselves.
    """
    counts = Counter(film.label for film in cohort.films if film.film_id in masked)
    per_class = {label: counts[label] for label in cohort.classes}
    spread = ", ".join(f"{n} of {label}" for label, n in per_class.items())
    n_masked = sum(per_class.values())
    evidence = {"films": n_masked, "of": len(cohort), "per_class": per_class}
    here = f"ung masks are here for {n_masked} of {len(cohort)} films"
    if find_baseline(baselines, "lungs") is not None:
        return [Finding("note", f"L{here} ({spread})", evidence)]
    return [
        Finding(
            "warn",
            f"The lungs could not be tried by themselves: l{here} only ({spread})",
            evidence,
            "Give masks for films of every class; masks for one class only would be a shortcut "
            "themselves.",
        )
    ]
