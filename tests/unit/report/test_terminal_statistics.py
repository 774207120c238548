from __future__ import annotations

from dataclasses import replace

import pytest

from hilum.report.terminal import tell_result
from hilum.studies.results import Comparison
from unit.report.make_assessment import make_assessed
from unit.report.make_comparison import make_comparison


def told(comparison: Comparison, capsys: pytest.CaptureFixture[str], width: int = 80) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        tell_result(comparison)
    return capsys.readouterr().out


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_statistics_take_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = make_assessed()
    text = told(comparison, capsys)
    assert max(map(len, text.splitlines())) <= 80
    first, second, third = (result.title for result in comparison.backbones)
    words = one_line(text)
    assert f"Tier 1: {first} and {second} (these films cannot tell them apart)." in words
    assert f"Tier 2: {third} (on its own)." in words
    assert "Chosen anew for every film, without that film: accuracy" in words
    assert "that is “the best of 3”" in words
    assert "Operating point of the network chosen anew for every film, with thresholds" in words
    assert "so as to find 95 % of new COVID-19 films." in words
    assert words.count("Quote: Sensitivity") == 1
    assert "the figures differ by view" in words
    assert f"{first} is worse there: AUROC" in words
    assert "is worse on films of Hospital B" in words
    after, block = text[text.index("95 % intervals in grey.") :].split("Supported on films", 1)
    assert len(after.splitlines()) < 20
    assert len(block.splitlines()) < 16


def test_without_a_choice_the_leaders_operating_point_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    comparison = replace(make_assessed(), pick=None)
    title = comparison.backbones[0].title
    words = one_line(told(comparison, capsys))
    assert f"Operating point of {title}, with thresholds from validation films" in words
    assert "typically 0.31, so as to find 95 %" in words


def test_tiers_and_what_is_made_of_several_stand_in_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    comparison = make_assessed()
    lines = told(comparison, capsys).splitlines()
    rows = [
        next(k for k, line in enumerate(lines) if line.strip().startswith(f"{title} "))
        for title in (
            *(result.title for result in comparison.backbones),
            "Average of 3", "Chosen anew",
        )
    ]  # fmt: skip
    assert rows == sorted(rows)
    assert "average precision" not in "\n".join(lines)


def test_a_withheld_headline_tells_no_figure_to_quote(capsys: pytest.CaptureFixture[str]) -> None:
    text = one_line(told(make_assessed("withheld"), capsys))
    assert "Quote:" not in text
    assert "Operating point" not in text
    assert "Tier 1" in text


def test_a_plain_comparison_adds_nothing_but_tiers(capsys: pytest.CaptureFixture[str]) -> None:
    text = one_line(told(replace(make_comparison(backbones=1), tiers=()), capsys))
    for word in ("Tier", "the best of", "Operating point", "For everybody"):
        assert word not in text
