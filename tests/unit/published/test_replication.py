from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from scipy.stats import binomtest, hypergeom

from every import every
from hilum.evaluation.comparison import adjust_holm
from hilum.evaluation.results import Confusion
from hilum.published.audit import audit_set
from hilum.published.replication import agreeing_counts, compare_replication, fisher_test
from hilum.published.set_sizes import SetSize
from hilum.published.table import parse_published

TABLE = "model,accuracy,sensitivity,specificity\nA,97,100,94\nB,91,79,100\n"


@given(st.data())
def test_fishers_p_is_the_mass_of_all_tables_no_likelier(data: st.DataObject) -> None:
    trials_a, trials_b = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    a, b = data.draw(st.integers(0, trials_a)), data.draw(st.integers(0, trials_b))
    law = hypergeom(trials_a + trials_b, a + b, trials_a)
    masses = [law.pmf(k) for k in range(trials_a + 1)]
    expected = sum(mass for mass in masses if mass <= masses[a] * (1 + 1e-7))
    assert fisher_test(a, trials_a, b, trials_b) == pytest.approx(min(expected, 1), abs=1e-9)


def test_the_published_counts_are_those_that_the_digits_imply() -> None:
    table = parse_published(TABLE)
    audit = audit_set(table, SetSize(14, 18), "rounding", [0.02])
    assert audit is not None
    ours = {"B": Confusion(tp=10, fn=7, tn=15, fp=0)}
    rows = {row.model: row.figures for row in compare_replication(table, audit, ours).rows}

    assert all(figure.repeated is None for figure in every(rows["A"].values()))
    figures = rows["B"]
    assert [list(figures[metric].counts) for metric in figures] == [[29], [11], [18]]
    assert [figures[metric].printed for metric in figures] == ["91", "79", "100"]
    tests = [figure.repeated for figure in figures.values() if figure.repeated]
    assert [(test.successes, test.trials) for test in tests] == [(25, 32), (10, 17), (15, 15)]
    for test in tests:
        exact = binomtest(test.successes, test.trials).proportion_ci(method="exact")
        assert (test.interval.low, test.interval.high) == pytest.approx((exact.low, exact.high))
    assert [test.adjusted_p for test in tests] == adjust_holm([test.p for test in tests])


def test_where_the_print_leaves_counts_open_the_nearest_speaks() -> None:
    table = parse_published("model,accuracy,sensitivity,specificity\nA,90,90,90\n")
    audit = audit_set(table, SetSize(500, 500), "rounding", [0.02])
    assert audit is not None
    ours = {"A": Confusion(tp=43, fn=7, tn=50, fp=0)}
    figure = compare_replication(table, audit, ours).rows[0].figures["sensitivity"]
    assert figure.repeated is not None
    assert len(figure.counts) > 1
    assert figure.repeated.p == max(fisher_test(count, 500, 43, 50) for count in figure.counts)


@pytest.mark.parametrize("trials", [5, 32, 160])
def test_agreeing_counts_end_where_the_test_tells_them_apart(trials: int) -> None:
    agreeing = agreeing_counts(31, 32, trials)
    assert all(fisher_test(31, 32, count, trials) > 0.05 for count in every(agreeing))
    for outside in (agreeing[0] - 1, agreeing[-1] + 1):
        assert not 0 <= outside <= trials or fisher_test(31, 32, outside, trials) <= 0.05
