"""`hilum demo`: the main job on generated films, to see what comes out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import typer

from hilum.cli import options
from hilum.studies import CompareOptions

_FILMS = 160


def demo_command(
    out: options.Out = None,
    seed: options.Seed = 0,
    is_json: options.Json = False,
    is_quiet: options.Quiet = False,
    is_offline: options.Offline = False,
    cache_dir: options.CacheDir = None,
) -> None:
    """Run the main job on 160 generated films, with the backbones that come with Hilum.

    Example:

      hilum demo --out runs/demo

    Exit code: 0 done; 1 done, but the claim is withheld or some check failed; 2 nothing
    was written.
    """
    from filelock import FileLock

    from hilum.cli.compare import run_recipes
    from hilum.cli.phantoms import draw_with_progress
    from hilum.cohort import Cohort
    from hilum.machine import default_cache_dir
    from hilum.phantoms import PHANTOMS_VERSION, plan_phantoms
    from hilum.studies import check_cache, find_recipe

    cache = cache_dir or default_cache_dir()
    films = cache / "phantoms" / f"v{PHANTOMS_VERSION}-{_FILMS}-seed{seed}"
    check_cache(cache)
    films.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(films.with_name(f"{films.name}.lock")):
        if not all((films / plan.image).is_file() for plan in plan_phantoms(_FILMS)):
            shutil.rmtree(films, ignore_errors=True)
            draw_with_progress(films, n_films=_FILMS, n_classes=2, seed=seed, is_quiet=is_quiet)
    cohort = replace(Cohort.from_csv(films / "films.csv"), name="Generated films")
    asked = CompareOptions(positive="Opacity", seed=seed, cache_dir=cache_dir)
    output = options.RunOutput(out=out or Path("runs/demo"), is_json=is_json, is_quiet=is_quiet)
    raise typer.Exit(run_recipes(cohort, [find_recipe("hilum")], asked, output, private={}))
