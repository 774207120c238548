"""Cells that a spreadsheet would run become text, and come back as they were."""

from __future__ import annotations

import pytest

from hilum.spreadsheets import escape_cell, unescape_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert escape_cell(text) == f"'{text}"
    assert unescape_cell(escape_cell(text)) == text


@pytest.mark.parametrize("text", ["", "Normal", "COVID-19", "a=b", "'quoted'", "'"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert escape_cell(text) == text
    assert unescape_cell(text) == text
