"""Numbers in the sentences that a clinician reads are those of the data, each in its place.

Every number of a sentence's data is another one, so that a swap or a slip of one shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from make_assessment import make_assessed, make_subgroups

from hilum.auditing.baselines import LeakWorth
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Exclusion, Film
from hilum.duplicates.duplicates import Duplicate, DuplicateKind
from hilum.evaluation.results import (
    Confusion,
    Estimate,
    Evaluation,
    Interval,
    OperatingPolicy,
    PairedComparison,
)
from hilum.report.sections.cohort import people_text, view_cohort
from hilum.report.sections.decisions import (
    calibration_text,
    mixture_text,
    operating_text,
    outcome_text,
    promised_text,
    scaling_text,
    thresholds_text,
    view_decisions,
)
from hilum.report.sections.duplicates import duplicates_text, groups_text, leak_text, patients_text
from hilum.report.sections.external import (
    applied_text,
    external_figures_text,
    external_left_out,
    external_subjects,
    heads_text,
    not_scored_text,
    sources_text,
    view_external,
)
from hilum.report.sections.prevalence import count_films
from hilum.report.sections.standings import (
    chosen_text,
    clustering_text,
    counting_text,
    ensemble_title,
    further_text,
    pick_note,
    pick_text,
    split_text,
    standing_text,
    subjects_text,
    tiers_text,
)
from hilum.report.sections.subgroups import (
    further_text as further_subgroups_text,
    reading_text,
    small_text,
)
from hilum.studies.results import Comparison


@pytest.fixture(scope="module")
def assessed() -> Comparison:
    return make_assessed()


def films_of(patients: Sequence[str | None], label: str = "A") -> tuple[Film, ...]:
    names = [f"{label}{k:011x}" for k in range(len(patients))]
    return tuple(
        Film(name, Path(f"{name}.png"), name * 5, label, patient)
        for name, patient in zip(names, patients, strict=True)
    )


def cut_to(evaluation: Evaluation, *rows: int) -> Evaluation:
    kept = list(range(len(rows)))
    return replace(
        evaluation,
        tested=replace(evaluation.tested.take(np.array(kept)), films=np.array(rows)),
    )


def unread(count: int) -> tuple[Exclusion, ...]:
    return tuple(
        Exclusion(f"e{k:011x}", Path(f"{k}.png"), "A", "CORRUPT", "It ends.", "Copy it.")
        for k in range(count)
    )


def test_what_the_threshold_found_missed_and_called_by_mistake(assessed: Comparison) -> None:
    point = assessed.backbones[0].decisions.operating_point
    point = replace(point, confusion=Confusion(tp=1203, fn=45, tn=2310, fp=17))
    assert outcome_text(point, "COVID-19") == (
        "Of 1,248 COVID-19 films it found 1,203 and missed 45; of 2,327 others it called 17 by "
        "mistake."
    )


def test_the_table_of_rules_counts_what_was_missed_and_alarmed(assessed: Comparison) -> None:
    alone = replace(assessed, pick=None, ensemble=None)
    first = alone.backbones[0]
    assert first.decisions is not None
    point = replace(first.decisions.operating_point, confusion=Confusion(31, 2, 54, 7))
    first = replace(
        first,
        decisions=replace(first.decisions, operating_point=point),
        evaluation=replace(first.evaluation, confusion=Confusion(23, 10, 58, 3)),
    )
    view = view_decisions(replace(alone, backbones=(first, *alone.backbones[1:])), {})
    assert view is not None
    assert [(row.missed, row.alarms) for row in view["rules"]] == [
        ("2 of 33", "7 of 61"),
        ("10 of 33", "3 of 61"),
    ]
    assert view["outcome"] == (
        "Of 33 COVID-19 films it found 31 and missed 2; of 61 others it called 7 by mistake."
    )


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (OperatingPolicy("sensitivity", 0.95), "about 1,234 A films to choose"),
        (OperatingPolicy("specificity", 0.95), "about 1,234 other films to choose"),
        (OperatingPolicy("youden", None), "about 1,234 films of the scarcer side to choose"),
    ],
)
def test_validation_films_promise_what_they_can(
    assessed: Comparison, policy: OperatingPolicy, told: str
) -> None:
    point = assessed.backbones[0].decisions.operating_point
    text = promised_text(replace(point, policy=policy, n_validation=1234, promised=0.871), "A")
    assert told in text
    assert "can promise 87.1 % of new films on average" in text


def test_heads_and_repeats_keep_their_places(assessed: Comparison) -> None:
    point = assessed.backbones[0].decisions.operating_point
    assert "over the 7 heads that tested it" in operating_text(point, "A", 35, 7)
    text = thresholds_text(point, "A", [0.11, 0.52, 0.83, 0.24], 7)
    assert "of the 4 heads lie between 0.11 and 0.83" in text
    assert "the average of 7 strays less than one" in text
    assert heads_text(3, 15).startswith(
        "Here a film is scored by the 3 heads that tested it, there by all 15."
    )
    assert heads_text(1, 2).startswith("Here a film is scored by the 1 head that tested it, there")
    assert heads_text(4, 4) == ""
    recipe = replace(assessed.recipe, folds=4, repeats=7)
    assert "over the 7 repeats: 7 heads together" in counting_text(replace(assessed, recipe=recipe))


def test_what_is_found_per_prevalence_is_counted_in_films(assessed: Comparison) -> None:
    point = assessed.backbones[0].decisions.operating_point
    point = replace(
        point,
        sensitivity=Estimate(0.9, 0.8, 0.95, ""),
        specificity=Estimate(0.8, 0.7, 0.85, ""),
    )
    counts = count_films(0.2, point)
    assert counts is not None
    assert (counts.films, counts.positives, counts.found, counts.alarms) == (1000, 200, 180, 160)
    assert counts.calls == 340
    rare = count_films(0.03, point)
    assert rare is not None
    assert (rare.films, rare.positives, rare.found, rare.alarms) == (10_000, 300, 270, 1940)


def test_calibration_counts_test_films_and_heads(assessed: Comparison) -> None:
    decisions = assessed.backbones[0].decisions
    after = replace(
        decisions.calibration.after,
        calibration_error=Estimate(0.082, 0.05, 0.11, ""),
        error_by_chance=0.043,
    )
    text = calibration_text(replace(decisions.calibration, after=after), 1357, 6)
    assert "it is off by 0.082; with 1,357 films, probabilities" in text
    assert "off by up to 0.043 in 95 of 100 cohorts" in text
    assert "over the 6 heads that tested the film" in text
    calibrators = tuple(replace(c, temperature=1.6) for c in decisions.calibrators[:9])
    assert "(temperature 1.60, median over 9 heads;" in scaling_text(
        decisions.calibration, calibrators
    )
    assert "where 23.4 % of the films are A" in mixture_text(0.234, "A")


KINDS: tuple[tuple[DuplicateKind, int], ...] = (
    ("bytes", 5), ("pixels", 4), ("copy", 3), ("mirrored", 2), ("rotated", 1),
)  # fmt: skip


def test_duplicates_are_counted_kind_by_kind() -> None:
    kinds = [kind for kind, count in KINDS for _ in range(count)]
    duplicates = [Duplicate(0, k + 1, kind, 0.0, 1.0) for k, kind in enumerate(kinds)]
    assert duplicates_text(duplicates) == (
        "15 pairs among 16 films are one film each: the same file (5), the same pixels in another "
        "file (4), a changed copy (3), a mirrored copy (2) and a turned copy (1)."
    )


@pytest.mark.parametrize(
    ("sizes", "n_straddling", "told"),
    [
        ([3, 4, 1, 1], 0, "7 films belong together with others, in 2 groups of up to 4."),
        ([6, 6, 6, 1], 5, "18 films belong together with others, in 3 groups of 6. 5 groups stand"),
        ([2, 1, 1], 1, "2 films belong together with others, in 1 group of 2. 1 group stands"),
    ],
)
def test_groups_are_counted(sizes: list[int], n_straddling: int, told: str) -> None:
    assert groups_text(np.repeat(np.arange(len(sizes)), sizes), n_straddling).startswith(told)


def test_patients_and_films_without_one_are_counted(assessed: Comparison) -> None:
    films = films_of(["a", "a", "b", "c", "c", None, None])
    cohort = replace(assessed.cohort, films=films, patients_from=())
    assert patients_text(cohort) == "3 patients are known; of 2 films the patient is not."
    assert people_text(cohort, range(7)) == "of 3 patients, 2 of unknown people"
    assert people_text(cohort, range(5)) == "of 3 patients"
    tested = cut_to(assessed.backbones[0].evaluation, 0, 1, 2, 5)
    first = replace(assessed.backbones[0], evaluation=tested)
    told = subjects_text(replace(assessed, cohort=cohort, backbones=(first,)))
    assert told == "4 films of 2 patients, 1 of unknown people"


def test_classes_and_sources_of_the_cohort_are_counted(assessed: Comparison) -> None:
    sick = films_of(["a", "a", "b", "c", "d"], "A")
    well = films_of(["e", "f", "f"], "B")
    films = (
        *(replace(film, source="X" if k < 4 else None) for k, film in enumerate(sick)),
        *(replace(film, source="Y" if k < 2 else "X") for k, film in enumerate(well)),
    )
    cohort = replace(
        assessed.cohort,
        films=films,
        classes=("A", "B"),
        left_out={"C": 19, "D": 23},
        excluded=unread(2),
    )
    view = view_cohort(cohort, "A", {})
    assert (view["films"], view["people"]) == ("8 films", "of 6 patients")
    assert [(c["label"], c["films"], c["people"], c["is_positive"]) for c in view["classes"]] == [
        ("A", "5 films", "of 4 patients", True),
        ("B", "3 films", "of 2 patients", False),
    ]
    assert view["sources"] == [("X", [4, 1]), ("Y", [0, 2])]
    assert view["no_source"] == [1, 0]
    assert view["left_out"] == [("C", 19), ("D", 23)]
    assert [(code, len(ids)) for code, _, ids in view["excluded"]] == [("CORRUPT", 2)]


def test_the_pick_says_for_how_many_films_each_was_chosen(assessed: Comparison) -> None:
    assert assessed.pick is not None
    names = [result.name for result in assessed.backbones]
    titles = [result.title for result in assessed.backbones]
    pick = replace(assessed.pick, times_chosen=dict(zip(names, (14, 1200, 33), strict=True)))
    assert pick_note(assessed, pick) == (
        f"By validation films: {titles[1]} for 1,200 films, {titles[2]} for 33 films and "
        f"{titles[0]} for 14 films. This row is “the best of 3”, called by the highest score."
    )
    assert [chosen_text(pick, name) for name in names] == [
        "for 14 of 1,247 films",
        "for 1,200 of 1,247 films",
        "for 33 of 1,247 films",
    ]
    assert pick_text(pick).endswith("that is “the best of 3”.")


def test_an_average_counts_its_members(assessed: Comparison) -> None:
    assert assessed.ensemble is not None
    ensemble = replace(assessed.ensemble, members=("a", "b", "c", "d", "e"))
    assert ensemble_title(ensemble) == "Average of 5 backbones"


def test_films_needed_and_films_tested_keep_their_places(assessed: Comparison) -> None:
    pair = PairedComparison("a", "b", 0.0, 0.0, 0.4, 0.4, 0.8, True, 0.8, films_needed=1843)
    assert split_text(pair, "A", "B", 1234).endswith(
        "about 1,900 films would be needed instead of 1,234, at 80 % power."
    )
    assert "of pairs: 2,000 films are enough" in split_text(pair, "A", "B", 2000)
    assert "of pairs: 1,843 films are enough" in split_text(pair, "A", "B", 1843)
    shorter = cut_to(assessed.backbones[0].evaluation, *range(97))
    first = replace(assessed.backbones[0], evaluation=shorter)
    told = tiers_text(replace(assessed, backbones=(first, *assessed.backbones[1:])))
    assert "would be needed instead of 97, at" in told


def test_chance_reaches_the_share_of_positive_films(assessed: Comparison) -> None:
    evaluation = replace(assessed.backbones[0].evaluation, confusion=Confusion(7, 3, 21, 9))
    first = replace(assessed.backbones[0], evaluation=evaluation)
    told = further_text(replace(assessed, backbones=(first, *assessed.backbones[1:])))
    assert told.endswith("the share of positive films, here 0.250.")


def test_rivals_are_counted(assessed: Comparison) -> None:
    result = assessed.backbones[0]
    many = tuple(replace(result, name=f"n{k}", title=f"N{k}") for k in range(19))
    pairs = tuple(
        PairedComparison("n0", f"n{k}", 0, 0, 0.5, 0.5, 0.5, k <= 8) for k in range(1, 19)
    )
    both = replace(assessed, backbones=many, comparisons=pairs)
    assert standing_text(both, many[0]) == (
        "It is statistically tied with 8 others; the films show a difference from 10 others, after "
        "correction for the number of pairs."
    )
    tied = replace(both, comparisons=pairs[:7])
    assert "tied with all 7 others" in standing_text(tied, many[0])


def test_films_and_patients_behind_a_wide_interval_are_counted(assessed: Comparison) -> None:
    films = films_of(["a", "a", "b", "b", "c"])
    accuracy = Estimate(0.8, 0.5, 0.95, "", also={"films_as_independent": Interval(0.6, 0.9)})
    first = assessed.backbones[0]
    first = replace(
        first,
        title="Net",
        evaluation=replace(cut_to(first.evaluation, 0, 1, 2, 3), metrics={"accuracy": accuracy}),
    )
    comparison = replace(
        assessed,
        cohort=replace(assessed.cohort, films=films),
        folds=replace(assessed.folds, groups=np.array([0, 0, 1, 1, 2])),
        backbones=(first,),
    )
    told = clustering_text(comparison, first)
    assert "so 4 films of 2 patients tell less" in told
    assert told.endswith("accuracy of Net 80.0 % [50.0, 95.0] instead of [60.0, 90.0].")
    unknown = replace(comparison, cohort=replace(comparison.cohort, films=films_of([None] * 5)))
    assert "so 4 films in 2 groups that belong together tell" in clustering_text(unknown, first)


def test_subgroups_count_who_is_unknown_too_small_and_not_shown() -> None:
    sex, age, view, _ = make_subgroups()
    assert reading_text(replace(sex, n_unknown=1234)).endswith(" Unknown for 1,234 films.")
    assert reading_text(replace(view, n_unknown=13)).endswith(
        "Sensitivity differs: 78.0 % for AP, 91.0 % for PA (p < 0.001, after correction 0.010). "
        "Unknown for 13 films."
    )
    assert further_subgroups_text(1) == "1 smaller subgroup is in results.json."
    assert further_subgroups_text(1234) == "1,234 smaller subgroups are in results.json."
    group = age.subgroups[0]
    several = tuple(replace(group, level=f"{k}-{k + 1}") for k in range(9))
    told = small_text([replace(age, subgroups=several)], "patients")
    assert told.startswith("9 of the subgroups have too few patients on a side")


def elsewhere(n_sick: int, n_well: int, **changes: object) -> Cohort:
    films = (*films_of(["a"] * n_sick, "A"), *films_of(["b"] * n_well, "B"))
    cohort = Cohort(name="elsewhere", films=films, classes=("A", "B"), is_external=True)
    return replace(cohort, **changes)


def test_films_from_elsewhere_are_counted(assessed: Comparison) -> None:
    assert assessed.external is not None
    cohort = elsewhere(7, 4, excluded=unread(5), left_out={"C": 2, "D": 1000})
    external = replace(assessed.external, cohort=cohort, n_known=12, n_shared_patients=31)
    assert external_subjects(external).startswith(
        "11 films of elsewhere (7 A and 4 B) were scored by the heads"
    )
    assert external_left_out(external) == (
        "12 films of it were left out, for this cohort holds the same film or a copy. 31 patients "
        "are named alike in both cohorts, nearly all of them; whether they are the same people is "
        "not known, so their films stay."
    )
    assert not_scored_text(external) == (
        "Of what was given, 5 files could not be read; 1,002 films have other labels."
    )
    single = replace(
        external,
        cohort=replace(cohort, excluded=unread(1), left_out={"C": 1}),
        n_known=1,
        n_shared_patients=1,
    )
    assert external_left_out(single).startswith("1 film of it was left out")
    assert "1 patient is named alike" in external_left_out(single)
    assert not_scored_text(single) == (
        "Of what was given, 1 file could not be read; 1 film has another label."
    )


def test_a_drop_is_told_with_its_own_figures(assessed: Comparison) -> None:
    assert assessed.external is not None
    first = assessed.external.transfers[0]
    first = replace(
        first,
        metrics={"auroc": Estimate(0.71, 0.62, 0.79, "")},
        drops={"auroc": Estimate(0.153, 0.041, 0.262, "")},
    )
    here = {"auroc": Estimate(0.863, 0.81, 0.9, "")}
    assert external_figures_text("Net", first, here) == (
        "Net is worse there: AUROC 0.710 [0.620, 0.790] instead of 0.863 [0.810, 0.900] here, a "
        "drop of 0.153 [0.041, 0.262]."
    )
    better = replace(first, drops={"auroc": Estimate(-0.053, -0.082, -0.021, "")})
    assert external_figures_text("Net", better, here).endswith(" here, by 0.053 [0.021, 0.082].")
    unclear = replace(first, drops={"auroc": Estimate(0.012, -0.034, 0.056, "")})
    assert external_figures_text("Net", unclear, here).endswith(
        "The interval of the drop, [−0.034, +0.056], holds 0; a drop of 0.056 would be in keeping "
        "with these films."
    )


def test_the_fixed_threshold_tells_there_and_here_apart(assessed: Comparison) -> None:
    assert assessed.external is not None
    there = assessed.external.transfers[0].operating_point
    assert there is not None
    here = replace(
        there,
        sensitivity=Estimate(0.951, 0.9, 0.98, ""),
        specificity=Estimate(0.642, 0.6, 0.7, ""),
    )
    assert (
        "Net reaches sensitivity 68.3 % [55.0, 79.7] (here 95.1 % [90.0, 98.0]) and specificity "
        "87.5 % [78.2, 93.8] (here 64.2 % [60.0, 70.0]) there."
    ) in applied_text("Net", there, here, "A")


def test_sources_are_counted(assessed: Comparison) -> None:
    assert assessed.by_source is not None
    name = assessed.backbones[0].name
    tests = assessed.by_source.tests
    fine, worse, _ = tests
    many = [replace(worse, source=f"W{k}") for k in range(5)] + [
        replace(fine, source=f"F{k}") for k in range(3)
    ]
    assert "(1 of 2 sources)" in sources_text("Net", tests, name)
    text = sources_text("Net", many, name)
    assert "worse on films of 5 sources when its heads" in text
    assert "(5 of 8 sources)" in text
    view = view_external(replace(assessed, external=None), lambda text: text)
    assert view is not None
    sources = view["sources"]
    assert [row.films for row in (*sources["tested"], *sources["untested"])] == [
        "107 films, 53 of COVID-19",
        "53 films, 27 of COVID-19",
        "12 films, 12 of COVID-19",
    ]


def test_a_leak_is_told_with_its_own_figures() -> None:
    leak = LeakWorth(
        "lite0", 12, 5,
        grouped=Estimate(0.83, 0.79, 0.87, ""),
        ungrouped=Estimate(0.91, 0.88, 0.94, ""),
        gain=Estimate(0.082, 0.051, 0.113, ""),
    )  # fmt: skip
    assert leak_text(leak, "Net") == (
        "With films dealt out one by one, Net reaches AUROC 0.910 [0.880, 0.940] instead of 0.830 "
        "[0.790, 0.870]: the leak would have been worth +0.082 [+0.051, +0.113]."
    )
