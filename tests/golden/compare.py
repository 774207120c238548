"""Set two golden folders side by side, and show where they differ.

    cd tests && python -m golden.compare BEFORE AFTER

Exit code: 0 they are equal but for what `normalise.py` names, and for the last digits of some
answers, which are listed; 1 they differ.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from golden.normalise import normalise

LINES_SHOWN = 30
COLUMNS_SHOWN = 240
RELATIVE, ABSOLUTE = 1e-6, 2e-6
"""How closely numbers agree: networks count in float32, and a distance is 1 less a cosine."""

FRACTION = re.compile(r"-?\d+\.\d{4,}(?:e[+-]?\d+)?|-?\d+(?:\.\d+)?e[+-]?\d+")
"""A number with many digits."""

HASHES_OF_NUMBERS = frozenset({"head.safetensors", "graph.xml", "graph.bin"})
"""Keys of hashes of files full of floating-point numbers: one last bit makes another."""


def read_golden(folder: Path) -> dict[str, str]:
    """Read all files of a golden folder, normalised, by their path inside it."""
    return {
        name: normalise(name, path.read_bytes().decode("utf-8"))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for name in (path.relative_to(folder).as_posix(),)
    }


def differs_in_last_digits(before: str, after: str) -> bool:
    """Tell whether two texts are the same but for the last digits of fractions.

    `hilum predict` looks at as many films at once as happen to be read, and a network adds up
    in another order for another number of films.
    """
    if before == after or FRACTION.sub("#", before) != FRACTION.sub("#", after):
        return False
    pairs = zip(FRACTION.findall(before), FRACTION.findall(after), strict=True)
    return all(_is_close(float(one), float(other)) for one, other in pairs)


def compare(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """Tell of each file that differs: a headline, and the beginning of a unified diff."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"only before: {name}\n"
        elif name not in before:
            yield f"only after: {name}\n"
        elif differs_in_last_digits(before[name], after[name]):
            continue
        elif before[name] != after[name]:
            lines = list(
                difflib.unified_diff(
                    before[name].split("\n"), after[name].split("\n"), n=1, lineterm=""
                )
            )[2:]
            shown = "".join(f"  {line[:COLUMNS_SHOWN]}\n" for line in lines[:LINES_SHOWN])
            rest = f"  … {len(lines) - LINES_SHOWN} more\n" if len(lines) > LINES_SHOWN else ""
            yield f"differs: {name}\n{shown}{rest}"


def compare_closely(
    before: dict[str, str], after: dict[str, str], *, numbers: bool = True
) -> Iterator[str]:
    """Tell what differs between documents that two machines made.

    Texts, counts and keys must be the same. Numbers may differ by as much as rounding makes
    of it: other processors, and other numbers of cores, add the same terms in another order.

    Args:
        before: JSON and CSV documents by name.
        after: Those of the same names.
        numbers: Compare values as well; otherwise keys, columns and types alone.

    Yields:
        Where the documents differ, and how.
    """
    for name, text in before.items():
        if name not in after:
            yield f"{name} is missing"
        else:
            parse = json.loads if name.endswith(".json") else _read_table
            yield from _compare_values(parse(text), parse(after[name]), name, numbers)


def _read_table(text: str) -> list[dict[str, object]]:
    return [
        {column: _read_cell(cell) for column, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text))
    ]


def _read_cell(cell: str) -> object:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            pass
    return cell


def _compare_values(before: object, after: object, where: str, numbers: bool) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        if before.keys() != after.keys():
            yield f"{where}: keys {sorted(before.keys() ^ after.keys())}"
        for key in before.keys() & after.keys() - HASHES_OF_NUMBERS:
            yield from _compare_values(before[key], after[key], f"{where}/{key}", numbers)
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            if numbers:
                yield f"{where}: {len(before)} and {len(after)} entries"
            before, after = before[:1], after[:1]
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from _compare_values(one, other, f"{where}[{index}]", numbers)
    elif type(before) is not type(after):
        if numbers or None not in (before, after):
            yield f"{where}: {before!r} and {after!r}"
    elif numbers and not _is_close(before, after):
        yield f"{where}: {before!r} and {after!r}"


def _is_close(before: object, after: object) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return math.isclose(before, after, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return before == after


def main(before: Path, after: Path) -> int:
    """Print what differs between two golden folders; returns the exit code."""
    for folder in (before, after):
        if not any(folder.rglob("*")):
            sys.exit(f"{folder} holds no golden runs")
    first = read_golden(before)
    second = read_golden(after)
    differences = list(compare(first, second))
    close = [
        name for name in first if differs_in_last_digits(first[name], second.get(name, first[name]))
    ]
    sys.stdout.writelines(differences)
    sys.stdout.writelines(f"differs in last digits alone: {name}\n" for name in close)
    sys.stdout.write(
        f"{len(first)} files before, {len(second)} after: {len(differences)} differ, "
        f"{len(close)} in last digits alone\n"
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
