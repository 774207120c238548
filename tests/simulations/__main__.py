"""Print what intervals and tests keep of their promises, as tables for docs/statistics.md.

A line is one kind of cohort, a column one method. A share outside its bounds is set in bold.
With the word `folds`, the table of cohorts on which heads are trained anew; it takes hours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from simulations import folds, intervals, paired
from simulations.drawing import SimulatedRow


def write_tables(rows: Sequence[SimulatedRow]) -> str:
    """Write rows as Markdown tables, one for all kinds of cohort with the same methods."""
    cohorts: dict[tuple[str, int, str], list[SimulatedRow]] = {}
    for row in rows:
        cohorts.setdefault((row.question, row.films, row.setting), []).append(row)
    tables: dict[tuple[str, ...], list[list[SimulatedRow]]] = {}
    for (question, _, _), line in cohorts.items():
        tables.setdefault((question, *(row.method for row in line)), []).append(line)
    return "\n\n".join(_write_table(lines) for lines in tables.values())


def _write_table(lines: Sequence[Sequence[SimulatedRow]]) -> str:
    first = lines[0]
    head = ["films", f"{first[0].question} in {first[0].n_simulations:,}"]
    cells = [[*head, *(row.method for row in first)], ["---"] * (len(first) + 2)]
    cells += [
        [str(line[0].films), line[0].setting, *(_write_share(row) for row in line)]
        for line in lines
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _write_share(row: SimulatedRow) -> str:
    share = f"{row.share:.3f}"
    return share if row.is_allowed else f"**{share}**"


if __name__ == "__main__":
    asked = (folds.simulate,) if "folds" in sys.argv[1:] else (intervals.simulate, paired.simulate)
    for simulate in asked:
        rows = simulate()
        print(write_tables(rows), end="\n\n")  # noqa: T201
