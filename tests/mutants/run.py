"""Mutation run: change the code a little, one place at a time, and see whether tests notice.

A mutant that no test notices survives. It either means nothing, or shows a test that is
missing. Cosmic Ray makes the mutants, each in a process of its own, in a copy of this tree;
what is changed and which tests run stands in `targets.toml`. Left out are mutants that break
a function outright, as any test notices those, and changed annotations.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).parents[2]
TARGETS = Path(__file__).with_name("targets.toml")
OPERATORS = (
    "AddNot", "NumberReplacer", "ReplaceAndWithOr", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ReplaceFalseWithTrue", "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_USub_UAdd",
    "ZeroIterationForLoop",
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_FloorDiv", "Pow_Mul",
        "BitAnd_BitOr",
    )),
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Is_IsNot", "IsNot_Is",
    )),
)  # fmt: skip
"""Slips that a person makes: a limit off by one, a sign, a bound, a condition the wrong way."""


def main(words: Sequence[str] | None = None) -> int:
    """Run mutants of the targets that were named; show those that survive as they come."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument(
        "targets", nargs="*", help="names in targets.toml, or modules (default: all)"
    )
    asked.add_argument("--most", type=int, help="mutants of one module at most, drawn by the seed")
    asked.add_argument(
        "--own", action="store_true", help="only a module's own test file, where it has one"
    )
    asked.add_argument("--seed", type=int, default=0, help="where the draw begins")
    asked.add_argument("--out", type=Path, help="a JSON file for all results")
    options = asked.parse_args(words)
    chosen = choose(options.targets, is_own=options.own)
    if not chosen:
        asked.error(f"no such target or module: {' '.join(options.targets)}")
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        ours = shutil.ignore_patterns("__pycache__", ".*", "runs")
        shutil.copytree(ROOT, tree, ignore=ours)
        for target in chosen:
            results += run_module(tree, target, options.most, options.seed)
    counts = Counter(result["outcome"] for result in results)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    print(f"\n{len(results)} mutants: {told}.")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


@dataclass(frozen=True)
class Target:
    """A module, and its tests in the order asked: those of the next stage see what survived."""

    module: Path
    stages: tuple[tuple[str, ...], ...]


def choose(names: Sequence[str], *, is_own: bool = False) -> list[Target]:
    """List the modules that were asked for; with `is_own`, for their own test files alone."""
    table = tomllib.loads(TARGETS.read_text(encoding="utf-8"))
    base = ROOT / "src" / "hilum"
    chosen = []
    for target, entry in table.items():
        modules = [path for pattern in entry["modules"] for path in sorted(base.glob(pattern))]
        whole = tuple(f"tests/{test}" for test in entry["tests"])
        absent = [test for test in whole if not (ROOT / test).exists()]
        if not modules or absent:
            raise SystemExit(f"targets.toml, {target}: no module, or tests not there: {absent}")
        for module in modules:
            name = module.relative_to(base).as_posix()
            if name.endswith("__init__.py") or (names and not {target, name} & set(names)):
                continue
            own = f"tests/{entry.get('first', '').format(module=module.stem)}"
            stages = ((own,), whole) if (ROOT / own).is_file() else (whole,)
            chosen.append(Target(module.relative_to(ROOT), stages[:1] if is_own else stages))
    return chosen


def run_module(tree: Path, target: Target, most: int | None, seed: int) -> list[dict[str, Any]]:
    """Run the mutants of one module in the copied tree."""
    mutants = list_mutants(tree / target.module)
    draw = random.Random(f"{seed} {target.module}")
    drawn = draw.sample(mutants, min(len(mutants), most or len(mutants)))
    print(f"{target.module}: {len(drawn)} of {len(mutants)} mutants", flush=True)
    left = sorted(drawn, key=lambda mutant: mutant.start_pos)
    results: list[dict[str, Any]] = []
    os.environ["PYTHONPATH"] = str(tree / "src")
    with contextlib.chdir(tree):
        for tests in target.stages:
            command, limit = _prepare(tests)
            tried, left = left, []
            for mutant in tried:
                found = mutate_and_test([mutant], command, limit)
                print("." if found.is_killed else "S", end="", flush=True)
                if not found.is_killed and tests != target.stages[-1]:
                    left.append(mutant)
                    continue
                result = {
                    "module": target.module.as_posix(),
                    "line": mutant.start_pos[0],
                    "operator": mutant.operator_name.removeprefix("core/"),
                    "outcome": found.test_outcome.value if found.test_outcome else "none made",
                    "diff": "\n".join((found.diff or "").splitlines()[3:]),
                }
                results.append(result)
                if result["outcome"] == "survived":
                    print("\n{module}:{line} {operator}\n{diff}".format_map(result), flush=True)
            print()
    return results


@cache
def _prepare(tests: tuple[str, ...]) -> tuple[str, float]:
    """See that tests pass without a mutant; give their command, and how long a mutant may take."""
    command = [
        sys.executable, "-B", "-m", "pytest", "-q", "-x", "-m", "not slow and not browser",
        "-p", "no:cacheprovider", *tests,
    ]  # fmt: skip
    started = time.monotonic()
    clean = subprocess.run(command, capture_output=True, text=True, check=False)
    if clean.returncode:
        raise SystemExit(f"{' '.join(tests)} fail without any mutant:\n{clean.stdout}")
    return shlex.join(command), 20 + 5 * (time.monotonic() - started)


def list_mutants(path: Path) -> list[MutationSpec]:
    """List the places of a module that an operator can change.

    A bare `*` among parameters is no multiplication, and is left out.
    """
    tree = get_ast_from_path(path)
    mutants = []
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        places = (
            (node, place) for node in ast_nodes(tree) for place in operator.mutation_positions(node)
        )
        for occurrence, (node, (start, end)) in enumerate(places):
            if node.parent is None or node.parent.type not in ("parameters", "lambdef"):
                mutants.append(
                    MutationSpec(path, f"core/{name}", occurrence, start_pos=start, end_pos=end)
                )
    return mutants


if __name__ == "__main__":
    sys.exit(main())
