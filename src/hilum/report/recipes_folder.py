"""The run folder of several recipes: a page and a result over all, a whole run of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hilum.report.recipes_html import render_recipes
from hilum.report.recipes_wording import worth_text
from hilum.report.run_folder import run_files
from hilum.runs.place import check_run_folder, write_run
from hilum.runs.recipes import describe_recipes
from hilum.runs.schema import to_json
from hilum.studies.contrasting import RecipeContrast


def save_recipes(
    contrast: RecipeContrast, folder: str | Path, *, cache_dir: str | Path | None = None
) -> RecipeContrast:
    """Write several recipes as one folder, whole or not at all.

    Args:
        contrast: What `compare_recipes` returned.
        folder: Created whole; an earlier run of that name, of one recipe or several,
            is replaced.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.

    Returns:
        The contrast as written, its studies' peak memory brought up to date.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_run_folder(folder)
    files: dict[str, str] = {}
    comparisons = []
    for comparison in contrast.comparisons:
        written, run = run_files(comparison, cache_dir=cache_dir)
        comparisons.append(written)
        files |= {f"{comparison.recipe.name}/{name}": text for name, text in run.items()}
    contrast = replace(contrast, comparisons=tuple(comparisons))
    files["report.html"] = render_recipes(contrast)
    files["results.json"] = to_json(describe_recipes(contrast, word=worth_text))
    write_run(folder, files)
    return contrast
