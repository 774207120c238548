"""`hilum doctor`: is everything here that a study needs?"""

from __future__ import annotations

import typer

from hilum.cli import options


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
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from hilum.machine import default_cache_dir
    from hilum.studies import examine

    symptoms = examine(cache_dir or default_cache_dir())
    if is_json:
        typer.echo(json.dumps([asdict(symptom) for symptom in symptoms], indent=1))
    else:
        table = Table(show_header=False)
        for symptom in symptoms:
            mark = "[green]✓[/]" if symptom.is_well else "[red]✗[/]"
            table.add_row(mark, escape(symptom.part), escape(symptom.detail))
        Console().print(table)
    raise typer.Exit(0 if all(symptom.is_well for symptom in symptoms) else 1)
