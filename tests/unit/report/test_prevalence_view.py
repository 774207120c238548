"""The slider's script against the table, and both against the evaluation."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from dataclasses import replace
from importlib import resources
from itertools import pairwise

import pytest
from make_comparison import make_comparison
from make_decisions import with_decisions

from hilum.evaluation.decisions import predictive_values
from hilum.evaluation.results import Decisions
from hilum.report.sections.prevalence import (
    HIGHEST,
    LOWEST,
    STEPS,
    make_row,
    make_slider,
    nearest_step,
    prevalence_of_step,
    shifted,
)
from hilum.wording import fine_percents, prevalence_text

SCRIPT = (resources.files("hilum.report") / "templates" / "prevalence.js").read_text("utf-8")
TRIALS = ((77, 80, 69, 80), (80, 80, 79, 80), (19, 20, 300, 300), (1, 7, 3, 5), (0, 9, 9, 9))


@pytest.fixture(scope="module")
def decisions() -> Decisions:
    found = with_decisions(make_comparison(separation=1.6)).backbones[0].decisions
    assert found is not None
    return found


def run_script(code: str) -> dict[str, object]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    done = subprocess.run([node, "-"], input=code, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("trials", TRIALS)
def test_moving_the_prevalence_gives_what_computing_anew_gives(
    trials: tuple[int, int, int, int],
) -> None:
    found, positives, spared, others = trials
    at = {
        p: predictive_values(
            found / positives, spared / others,
            n_positives=positives, n_others=others, prevalence=p,
        )
        for p in (LOWEST, 0.02, 0.3, HIGHEST)
    }  # fmt: skip
    for p, expected in at.items():
        moved = shifted(at[0.3], p)
        for ours, theirs in ((moved.ppv, expected.ppv), (moved.npv, expected.npv)):
            assert (ours.value, ours.low, ours.high) == pytest.approx(
                (theirs.value, theirs.low, theirs.high), rel=1e-9, nan_ok=True
            )


@pytest.mark.parametrize("trials", TRIALS)
def test_the_slider_writes_what_the_table_would(
    decisions: Decisions, trials: tuple[int, int, int, int]
) -> None:
    found, positives, spared, others = trials
    sensitivity, specificity = found / positives, spared / others
    point = decisions.operating_point
    point = replace(
        point,
        sensitivity=replace(point.sensitivity, value=sensitivity),
        specificity=replace(point.specificity, value=specificity),
    )
    values = [
        predictive_values(
            sensitivity, specificity, n_positives=positives, n_others=others, prevalence=p
        )
        for p in (0.01, 0.3)
    ]
    slider = make_slider(values, point)
    assert slider is not None
    data = {
        "ppv": slider.ppv_odds, "npv": slider.npv_odds,
        "sensitivity": slider.sensitivity, "specificity": slider.specificity,
    }  # fmt: skip
    shown = run_script(
        f"""
        const parts = {{}}, listeners = [], bar = {{ style: {{ setProperty() {{}} }} }};
        const range = {{
          value: "0", max: "{STEPS}", setAttribute() {{}},
          addEventListener: (kind, listener) => listeners.push(listener),
        }};
        const box = {{
          dataset: {json.dumps(data)}, hidden: true,
          querySelector: (what) => (what === "input" ? range : bar),
          querySelectorAll: (what) => [(parts[what.match(/"(.+)"/)[1]] ??= {{}})],
        }};
        globalThis.document = {{ querySelectorAll: () => [box] }};
        {SCRIPT}
        const shown = [];
        for (let step = 0; step <= {STEPS}; step++) {{
          range.value = String(step);
          listeners[0]();
          shown.push(Object.fromEntries(Object.entries(parts).map(([k, v]) => [k, v.textContent])));
        }}
        process.stdout.write(JSON.stringify({{ shown, hidden: box.hidden }}));
        """
    )
    assert shown["hidden"] is False
    for step, written in enumerate(shown["shown"]):
        row = make_row(shifted(values[1], prevalence_of_step(step)), point)
        assert row.counts is not None
        assert written == {
            "prevalence": row.prevalence,
            "ppv": row.ppv, "ppv-interval": row.ppv_interval,
            "npv": row.npv, "npv-interval": row.npv_interval,
            "films": f"{row.counts.films:,}", "positives": f"{row.counts.positives:,}",
            "found": f"{row.counts.found:,}", "alarms": f"{row.counts.alarms:,}",
            "calls": f"{row.counts.calls:,}",
        }  # fmt: skip


def test_the_script_computes_what_the_evaluation_does() -> None:
    cases = [(t, p) for t in TRIALS for p in (0.001, 0.013, 0.2, 0.5)]
    given, expected = [], []
    for (found, positives, spared, others), p in cases:
        half, there = (
            predictive_values(
                found / positives, spared / others,
                n_positives=positives, n_others=others, prevalence=q,
            )
            for q in (0.5, p)
        )  # fmt: skip
        odds = {
            name: [
                v / (1 - v) if v != 1 else math.inf
                for v in (estimate.low, estimate.value, estimate.high)
            ]
            for name, estimate in (("ppv", half.ppv), ("npv", half.npv))
        }
        given.append(f"predictiveValues({p}, {json.dumps(odds)})")
        expected.append([e for v in (there.ppv, there.npv) for e in (v.low, v.value, v.high)])
    got = run_script(
        f"globalThis.document = {{ querySelectorAll: () => [] }};\n{SCRIPT}\n"
        f"process.stdout.write(JSON.stringify({{ got: [{', '.join(given)}] }}));"
    )
    for values, those in zip(got["got"], expected, strict=True):
        ours = [math.nan if v is None else v for v in (*values["ppv"], *values["npv"])]
        assert ours == pytest.approx(those, rel=1e-9, nan_ok=True)


def test_unknown_shares_leave_the_slider_out(decisions: Decisions) -> None:
    point = decisions.operating_point
    blind = replace(point, specificity=replace(point.specificity, value=math.nan))
    assert make_slider(decisions.predictive_values, blind) is None
    assert make_slider((), point) is None
    values = decisions.predictive_values[0]
    nothing = replace(values, ppv=replace(values.ppv, value=math.nan))
    row = make_row(nothing, blind)
    assert (row.ppv, row.ppv_interval, row.counts) == ("not defined", "", None)


def test_an_extreme_prevalence_does_not_move_the_slider(decisions: Decisions) -> None:
    point = decisions.operating_point
    found, spared = point.sensitivity.value, point.specificity.value
    extreme, usual = (
        predictive_values(found, spared, n_positives=80, n_others=80, prevalence=p)
        for p in (1e-320, 0.01)
    )
    assert make_slider([extreme, usual], point) == make_slider([usual], point)
    assert make_slider([extreme], point) is None


def test_shares_near_all_are_not_written_as_all() -> None:
    assert fine_percents(0.975) == ("97.5",)
    assert fine_percents(0.99996) == ("99.996",)
    assert fine_percents(0.998, 0.9997) == ("99.80", "99.97")
    assert fine_percents(0.0004) == ("0.04",)
    assert fine_percents(0.0, 1.0) == ("0.0", "100.0")


def test_the_slider_spans_its_scale_in_equal_ratios() -> None:
    assert prevalence_of_step(0) == LOWEST
    assert prevalence_of_step(STEPS) == HIGHEST
    steps = [prevalence_of_step(k) for k in range(STEPS + 1)]
    assert all(a < b for a, b in pairwise(steps))
    assert prevalence_of_step(nearest_step(0.01)) == 0.01
    assert nearest_step(0.9) == STEPS
    assert [prevalence_text(p) for p in (0.001, 0.013, 0.475, 0.5)] == [
        "0.1 %", "1.3 %", "47.5 %", "50 %",
    ]  # fmt: skip


def test_a_prevalence_near_all_is_not_written_as_all() -> None:
    assert [prevalence_text(p) for p in (0.95, 0.9996, 0.9999, 1 - 1e-6, 1.0)] == [
        "95 %", "99.96 %", "99.99 %", "99.9999 %", "100 %",
    ]  # fmt: skip
