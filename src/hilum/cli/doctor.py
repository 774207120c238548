"""`hilum doctor`: is everything here that a study needs?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from hilum.cli import options

if TYPE_CHECKING:
    from hilum.runs import SymptomJson


def doctor_command(
    is_json: options.Json = False,
    cache_dir: options.CacheDir = None,
) -> None:
    """Examine engines, codecs, backbones, cache and versions.

    Exit code: 0 all is well; 1 something is missing, and the line says what to do; 2 an
    option cannot be used.

    Example:

      hilum doctor
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from hilum.machine import default_cache_dir
    from hilum.studies import examine

    symptoms = examine(cache_dir or default_cache_dir())
    if is_json:
        told: list[SymptomJson] = [
            {"part": symptom.part, "is_well": symptom.is_well, "detail": symptom.detail}
            for symptom in symptoms
        ]
        typer.echo(json.dumps(told, indent=1))
    else:
        table = Table(show_header=False)
        for symptom in symptoms:
            mark = "[green]✓[/]" if symptom.is_well else "[red]✗[/]"
            table.add_row(mark, escape(symptom.part), escape(symptom.detail))
        Console().print(table)
    raise typer.Exit(0 if all(symptom.is_well for symptom in symptoms) else 1)
