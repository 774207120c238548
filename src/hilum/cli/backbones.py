"""`hilum backbones`: which pretrained networks are here, and which are not and why."""

from __future__ import annotations

import typer

from hilum.cli import options

backbones_app = typer.Typer(
    help="Pretrained networks: what is available here, what is not and why.",
    invoke_without_command=True,
)


@backbones_app.callback()
def backbones_command(context: typer.Context, is_json: options.Json = False) -> None:
    """List the pretrained networks: what is available here, what is not and why.

    Examples:

      hilum backbones

      hilum backbones list --json
    """
    if context.invoked_subcommand is None:
        _list(is_json=is_json)


@backbones_app.command("list")
def list_command(is_json: options.Json = False) -> None:
    """List the pretrained networks."""
    _list(is_json=is_json)


def _list(*, is_json: bool) -> None:
    import json

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from hilum.backbones.catalog import CATALOG
    from hilum.backbones.weights import why_unavailable

    rows = [(record, why_unavailable(record) or "") for record in CATALOG.values()]
    if is_json:
        listing = [
            {
                "name": record.name,
                "title": record.title,
                "parameters": record.parameters,
                "size_px": record.input.size_px,
                "feature_width": record.feature_width,
                "size_bytes": record.weights.size_bytes,
                "licence": record.weights.licence,
                "is_available": not why,
                "why_not": why,
            }
            for record, why in rows
        ]
        typer.echo(json.dumps(listing, indent=1))
        return
    table = Table(box=SIMPLE_HEAD)
    table.add_column("Name", no_wrap=True)
    for heading in ("Parameters", "Input", "Features", "File"):
        table.add_column(heading, justify="right")
    table.add_column("Licence")
    table.add_column("Available")
    for record, why in rows:
        table.add_row(
            record.name,
            f"{record.parameters / 1e6:.1f} M",
            f"{record.input.size_px} px",
            str(record.feature_width),
            f"{record.weights.size_bytes / 1e6:.0f} MB",
            record.weights.licence,
            f"no: {why}" if why else "yes",
        )
    Console().print(table)
