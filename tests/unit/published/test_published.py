"""Published tables: what the digits leave open, against loops that try everything."""

from __future__ import annotations

from fractions import Fraction
from importlib.resources import files
from itertools import product

import pytest
from hypothesis import example, given, settings, strategies as st
from scipy.stats import binomtest

from every import every
from hilum.errors import TableError
from hilum.published.audit import audit_set, check_table, mcnemar_bounds, predictive_value
from hilum.published.set_sizes import RowCounts, SetSize, possible_counts, search_set_sizes
from hilum.published.table import Figure, PublishedTable, parse_published
from hilum.report.published import gloss_texts, reading_texts

PAPER = (files("hilum.published") / "tables" / "bansal-sridhar-2020.csv").read_text(
    encoding="utf-8"
)
# Table 1 in print: accuracy, sensitivity, specificity.
PRINTED = {
    "VGG16": (97, 100, 94), "VGG19": (97, 100, 94), "ResNet50V2": (97, 93, 100),
    "InceptionV3": (91, 79, 100), "Xception": (94, 86, 100), "NASNetLarge": (94, 86, 100),
}  # fmt: skip


@pytest.fixture(scope="module")
def paper() -> PublishedTable:
    return parse_published(PAPER)


def table(*rows: str, header: str = "model,accuracy,sensitivity,specificity") -> PublishedTable:
    return parse_published("\n".join([header, *rows]))


def rounds_to(count: int, trials: int, printed: int) -> bool:
    """Whether count / trials is within half a percent of what is printed."""
    return abs(2 * (100 * count - printed * trials)) <= trials


def cuts_to(count: int, trials: int, printed: int) -> bool:
    return 100 * count // trials == printed


def is_yielded(printed, positives: int, negatives: int, matches) -> bool:
    accuracy, sensitivity, specificity = printed
    return any(
        matches(tp, positives, sensitivity)
        and matches(tn, negatives, specificity)
        and matches(tp + tn, positives + negatives, accuracy)
        for tp, tn in product(range(positives + 1), range(negatives + 1))
    )


@pytest.mark.parametrize(("manner", "matches"), [("rounding", rounds_to), ("truncation", cuts_to)])
def test_the_papers_sets_are_those_that_trying_everything_finds(paper, manner, matches) -> None:
    tried = [SetSize(p, n) for p in range(1, 63) for n in range(1, 64 - p)]
    found = [
        size
        for size in tried
        if all(is_yielded(row, size.positives, size.negatives, matches) for row in PRINTED.values())
    ]
    search = search_set_sizes(paper, max_films=63, manner=manner)
    assert sorted(search.smallest) == found == ([SetSize(14, 18)] if manner == "rounding" else [])
    assert (search.n_tried, search.n_reached) == (len(tried), len(found))


def test_the_papers_table_comes_from_14_and_18_films_and_all_its_rows_are_tied(paper) -> None:
    assert [row.model for row in paper.rows] == list(PRINTED)
    check = check_table(paper, max_films=63)
    (audit,) = check.audits
    assert (audit.size, audit.manner) == (SetSize(14, 18), "rounding")
    counts = {row.model: (list(row.counts.tp), list(row.counts.tn)) for row in audit.rows}
    assert counts == {
        "VGG16": ([14], [17]), "VGG19": ([14], [17]), "ResNet50V2": ([13], [18]),
        "InceptionV3": ([11], [18]), "Xception": ([12], [18]), "NASNetLarge": ([12], [18]),
    }  # fmt: skip
    assert len(audit.pairs) == 15
    assert {pair.verdict for pair in audit.pairs} == {"tied"}
    assert min(pair.smallest_p for pair in audit.pairs) == 0.5
    vgg16 = audit.rows[0]
    assert vgg16.sensitivity.interval.low == pytest.approx(0.768, abs=5e-4)
    assert vgg16.sensitivity.interval.high == 1
    assert vgg16.predictive[0].ppv.lowest == pytest.approx(0.02 / (0.02 + 0.98 / 18))
    assert f"{vgg16.predictive[0].ppv.lowest:.0%}" == "27%"
    assert vgg16.predictive[1].prevalence == 14 / 32
    assert vgg16.predictive[1].ppv.lowest == pytest.approx(14 / 15)
    words = " ".join(reading_texts(check))
    assert "exactly one test set of at most 63 films: 14 positive + 18 negative" in words
    assert "No pair of rows differs" in words


def test_the_papers_table_cannot_come_from_the_films_it_states(paper) -> None:
    check = check_table(paper, positives=14, negatives=16)
    assert not check.is_reached
    misses = {miss.model: (miss.metric, miss.nearest, miss.trials) for miss in check.misses}
    assert misses == {
        "InceptionV3": ("accuracy", 27, 30),
        "Xception": ("accuracy", 28, 30),
        "NASNetLarge": ("accuracy", 28, 30),
    }
    assert "InceptionV3: accuracy 91 cannot be had" in " ".join(reading_texts(check))
    assert "90.0 % (27/30)" in " ".join(reading_texts(check))


def test_a_search_that_finds_nothing_names_the_rows_that_never_fit() -> None:
    check = check_table(table("a,90,90,90", "b,50,90,90"), max_films=60)
    assert not check.is_reached
    assert check.searches["rounding"].never_reached == ("b",)
    assert check.missed_at == check.searches["rounding"].closest
    assert [miss.model for miss in check.misses] == ["b"]
    assert "no such set yields the row of b" in " ".join(reading_texts(check))


FIGURES = st.sampled_from(["0", "33", "50", "67", "83", "90", "95", "100", "66.7", "87.5", "12.50"])
ROWS = st.lists(st.tuples(FIGURES, FIGURES, FIGURES), min_size=1, max_size=3)


@settings(max_examples=50)
@given(rows=ROWS, manner=st.sampled_from(["rounding", "truncation"]))
@example(rows=[("67", "67", "66.7")], manner="rounding")
def test_searching_agrees_with_looking_at_every_set_and_every_count(rows, manner) -> None:
    made = table(*(f"m{k},{','.join(row)}" for k, row in enumerate(rows)), "last,95,95,95")
    found = []
    for size in (SetSize(p, n) for p in range(1, 12) for n in range(1, 13 - p)):
        is_all = True
        for row in made.rows:
            tried = product(range(size.positives + 1), range(size.negatives + 1))
            pairs = {
                (tp, tn)
                for tp, tn in tried
                if is_printed(Fraction(tp, size.positives), row.sensitivity, manner)
                and is_printed(Fraction(tn, size.negatives), row.specificity, manner)
                and is_printed(Fraction(tp + tn, size.n_films), row.accuracy, manner)
            }
            counts = possible_counts(row, size, manner)
            assert (counts is None) == (not pairs)
            is_all &= bool(pairs)
            if counts is not None:
                assert {(tp, tn) for tp in counts.tp for tn in counts.tn_given(tp)} == pairs
                assert set(counts.tp) == {tp for tp, _ in pairs}
                assert set(counts.tn) == {tn for _, tn in pairs}
                assert set(counts.right) == {tp + tn for tp, tn in pairs}
                assert counts.n_possible == len(pairs)
        if is_all:
            found.append(size)
    search = search_set_sizes(made, max_films=12, manner=manner)
    assert sorted(search.smallest) == found
    assert list(search.smallest) == sorted(found, key=lambda size: (size.n_films, size))


def is_printed(share: Fraction, figure: Figure, manner: str) -> bool:
    places = len(figure.text.partition(".")[2])
    steps = 100 * share * 10**places
    printed = int(figure.text.replace(".", ""))
    return steps // 1 == printed if manner == "truncation" else abs(steps - printed) * 2 <= 1


def test_halves_may_have_been_rounded_either_way() -> None:
    # 1 of 8 is 12.5 %.
    figures = table("up,13,13,13", "down,12,12,12").rows
    for row in figures:
        assert row.sensitivity.limits("rounding").counts(8) == range(1, 2)
    assert not figures[0].sensitivity.limits("truncation").counts(8)


def test_digits_count_as_printed() -> None:
    assert table("a,.97,.9,.95").rows[0].accuracy == Figure(
        ".97", Fraction(97, 100), Fraction(1, 100)
    )
    whole, tenths = table("a,97,97,97", "b,97.0,97.0,97.0").rows
    assert whole.accuracy.limits("rounding").counts(200) == range(193, 196)
    assert tenths.accuracy.limits("rounding").counts(200) == range(194, 195)
    fraction = table("a,0.97,1,0").rows[0]
    assert fraction.accuracy.limits("rounding") == whole.accuracy.limits("rounding")
    # A spreadsheet made 1 of 1.00: as fine as the other cells, not "anything above a half".
    assert fraction.sensitivity.limits("rounding").counts(100) == range(100, 101)


@given(trials=st.integers(1, 400), data=st.data())
def test_a_computers_full_digits_find_their_own_count(trials, data) -> None:
    count = data.draw(st.integers(0, trials))
    fraction, percent = repr(count / trials), repr(100 * (count / trials))
    made = [table(f"a,{fraction},0.123,0.123")]
    if float(percent) > 1:
        made.append(table(f"a,{percent},50.5,50.5"))
    for read in every(made):
        figure = read.rows[0].accuracy
        assert count in figure.limits("rounding").counts(trials)
        if len(figure.text.partition(".")[2]) > 14:
            for manner in ("rounding", "truncation"):
                assert list(figure.limits(manner).counts(trials)) == [count]


@st.composite
def totals(draw, size: SetSize) -> RowCounts:
    tp = draw(st.integers(0, size.positives))
    tn = draw(st.integers(0, size.negatives))
    tps = range(tp, min(tp + draw(st.integers(1, 3)), size.positives + 1))
    tns = range(tn, min(tn + draw(st.integers(1, 3)), size.negatives + 1))
    sums = range(tps[0] + tns[0], tps[-1] + tns[-1] + 1)
    right = sums[draw(st.integers(0, len(sums) - 1)) :]
    right = right[: draw(st.integers(1, len(right)))]
    pairs = [(p, n) for p in tps for n in tns if p + n in right]
    return RowCounts(
        tp=range(min(p for p, _ in pairs), max(p for p, _ in pairs) + 1),
        tn=range(min(n for _, n in pairs), max(n for _, n in pairs) + 1),
        right=right,
    )


SIZES = st.builds(SetSize, st.integers(1, 9), st.integers(1, 9))


@given(size=SIZES, data=st.data())
def test_mcnemar_bounds_are_those_of_every_possible_table(size, data) -> None:
    a, b = data.draw(totals(size)), data.draw(totals(size))
    ps = set()
    for tp_a, tp_b in product(a.tp, b.tp):
        for tn_a, tn_b in product(a.tn_given(tp_a), b.tn_given(tp_b)):
            for both_p, both_n in product(range(size.positives + 1), range(size.negatives + 1)):
                cells = [
                    (both, right_a - both, right_b - both, n - right_a - right_b + both)
                    for both, right_a, right_b, n in (
                        (both_p, tp_a, tp_b, size.positives),
                        (both_n, tn_a, tn_b, size.negatives),
                    )
                ]
                if min(map(min, cells)) >= 0:
                    only_a, only_b = (sum(cell[k] for cell in cells) for k in (1, 2))
                    ps.add((only_a, only_b))
    values = [binomtest(x, x + y).pvalue if x + y else 1.0 for x, y in ps]
    bounds = mcnemar_bounds(a, b, size)
    assert bounds.low == pytest.approx(min(values), rel=1e-9)
    assert bounds.high == pytest.approx(max(values), rel=1e-9)


def test_verdicts_on_pairs() -> None:
    made = table("best,99,99,99", "worst,60,60,60", "near,97,97,97")
    audit = audit_set(made, SetSize(100, 100), "rounding", [])
    verdicts = {(pair.a, pair.b): pair.verdict for pair in audit.pairs}
    assert verdicts == {
        ("best", "worst"): "differ",
        ("best", "near"): "tied",
        ("worst", "near"): "differ",
    }
    larger = audit_set(made, SetSize(300, 300), "rounding", [])
    assert {(pair.a, pair.b): pair.verdict for pair in larger.pairs}["best", "near"] == (
        "cannot be told"
    )
    words = " ".join(reading_texts(check_table(made, positives=300, negatives=300)))
    assert "Of 3 pairs of rows, 0 are statistically tied, 2 differ" in words


@pytest.mark.parametrize(
    ("rows", "n_films", "words"),
    [
        (("a,90,90,90", "b,50,50,50"), 50, "The one pair of rows differs"),
        (("a,90,90,90", "b,80,80,80"), 50, "Whether the two rows differ the totals do not tell"),
        (("a,90,90,90", "b,80,80,80"), 10, "The one pair of rows is statistically tied"),
        (("a,90,90,90",), 10, "This one row can come from 10 positive + 10 negative films, if"),
        (("a,92,90,90", "b,80,80,80"), 10, "cannot yield both rows, neither rounded nor cut off"),
        (("a,92,90,90",), 10, "cannot yield the one row"),
    ],
)
def test_the_reading_in_words(rows, n_films, words) -> None:
    check = check_table(table(*rows), positives=n_films, negatives=n_films)
    assert words in " ".join(reading_texts(check))


def test_open_counts_widen_every_figure() -> None:
    (row,) = audit_set(table("a,90,90,90"), SetSize(150, 150), "rounding", [0.1]).rows
    assert (row.counts.tp, row.counts.tn) == (range(135, 136), range(135, 136))
    (row,) = audit_set(table("a,0.9,0.9,0.9"), SetSize(20, 20), "rounding", [0.1]).rows
    assert (row.counts.tp, row.counts.right) == (range(17, 20), range(34, 39))
    assert (row.sensitivity.lowest, row.sensitivity.highest) == (0.85, 0.95)
    assert row.sensitivity.interval.low == pytest.approx(
        binomtest(17, 20).proportion_ci(method="exact").low
    )
    assert row.sensitivity.interval.high == pytest.approx(
        binomtest(19, 20).proportion_ci(method="exact").high
    )
    ppvs = [predictive_value(tp / 20, tn / 20, 0.1) for tp in (17, 18, 19) for tn in (17, 18, 19)]
    ppv = row.predictive[0].ppv
    assert (ppv.lowest, ppv.highest) == pytest.approx((min(ppvs), max(ppvs)))
    assert ppv.interval.low < ppv.lowest <= ppv.highest < ppv.interval.high


def test_predictive_values() -> None:
    assert predictive_value(0.9, 0.9, 0.5) == pytest.approx(0.9)
    assert predictive_value(1.0, 0.94, 0.02) == pytest.approx(0.2538, abs=5e-5)
    assert predictive_value(0.0, 1.0, 0.02) is None
    (row,) = audit_set(table("a,50,0,100"), SetSize(5, 5), "rounding", [0.02]).rows
    assert row.predictive[0].ppv is None
    assert row.predictive[0].npv.lowest == pytest.approx(0.98)


def test_the_glosses_are_the_right_way_round() -> None:
    sensitivity, specificity = gloss_texts()
    assert sensitivity.startswith("Sensitivity is the share of positive films that are called pos")
    assert "low sensitivity misses the diseased" in sensitivity
    assert "low specificity calls the healthy ill" in specificity


def test_tables_are_read_as_people_write_them() -> None:
    plain = table("a,97.1,100,94")
    for text in (
        "\ufeff\r\nModel,ACCURACY (%),Sens,Spec [%]\r\na, 97.1 ,100,94\r\n\r\n",
        "model;accuracy;sensitivity;specificity\na;97,1;100;94",
        "Specificity\tNetwork\tAccuracy\tSensitivity\tNotes\n94 %\ta\t97.1%\t100\tgood",
    ):
        read = parse_published(text)
        for got, expected in every(zip(read.rows, plain.rows, strict=True)):
            assert got.model == expected.model
            for metric in ("accuracy", "sensitivity", "specificity"):
                for manner in ("rounding", "truncation"):
                    assert getattr(got, metric).limits(manner) == getattr(expected, metric).limits(
                        manner
                    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no column 'accuracy'"),
        ("model,accuracy,sensitivity\na,97,97", "no column 'specificity'"),
        ("model,accuracy,acc,sensitivity,specificity\na,1,1,1,1", "two columns of accuracy"),
        ("accuracy,sensitivity,specificity\n97,97,97", "names the models"),
        ("model,accuracy,sensitivity,specificity\n", "no rows"),
        ("model,accuracy,sensitivity,specificity\na,good,97,97", "line 2: 'good' is no figure"),
        ("model,accuracy,sensitivity,specificity\na,.,97,97", "'.' is no figure"),
        ("model,accuracy,sensitivity,specificity\na,nan,97,97", "'nan' is no figure"),
        ("model,accuracy,sensitivity,specificity\na,-3,97,97", "'-3' is no figure"),
        ("model,accuracy,sensitivity,specificity\na,97,,97", "line 2: no sensitivity"),
        ("model,accuracy,sensitivity,specificity\na,97,97", "line 2: no specificity"),
        ("model,accuracy,sensitivity,specificity\na,97,100.1,97", "sensitivity 100.1 is above 100"),
        ("model,accuracy,sensitivity,specificity\na,97,0.93,97", "0.93 is a fraction, and others"),
        ("model,accuracy,sensitivity,specificity\na,1,1,1", "percent or fractions"),
        ("model,accuracy,sensitivity,specificity\n,97,97,97", "line 2: no name"),
        ("model,accuracy,sensitivity,specificity\na,9,9,9\na,8,8,8", "'a' stands in line 2"),
        ("model,accuracy,sensitivity,specificity\na,97,1,97,0,97", "6 cells"),
        ('model,accuracy,sensitivity,specificity\n"a,97,97,97', "breaks at line 2"),
        ("model,accuracy,sensitivity,specificity\n" + "a,9,9,9\n" * 101, "101 rows"),
    ],
)
def test_bad_tables_are_refused_with_the_reason(text, complaint) -> None:
    with pytest.raises(TableError) as caught:
        parse_published(text)
    assert complaint in caught.value.message
    assert caught.value.fix


def test_all_faults_are_listed_at_once() -> None:
    with pytest.raises(TableError) as caught:
        table("a,x,97,97", "b,97,y,97", "a,97,97,97")
    assert all(part in caught.value.message for part in ("'x'", "'y'", "stands in line 2"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"positives": 14}, "--positives alone"),
        ({"negatives": 14}, "--negatives alone"),
        ({"positives": 14, "negatives": 18, "max_films": 63}, "--max-films looks"),
        ({"positives": 0, "negatives": 18}, "out of range"),
        ({"positives": 10**30, "negatives": 1}, "out of range"),
        ({"max_films": 1}, "--max-films 1 is"),
        ({"max_films": 10**9}, "out of range"),
        ({"prevalence": 0.0}, "prevalence"),
        ({"prevalence": 2.0}, "prevalence"),
        ({"prevalence": float("nan")}, "prevalence"),
    ],
)
def test_contradictions_are_refused_with_the_reason(paper, options, complaint) -> None:
    with pytest.raises(TableError, match=complaint):
        check_table(paper, **options)
