"""`hilum backbones`: which pretrained networks are here, and how the others come here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hilum.cli import options
from hilum.cli.printing import printable

if TYPE_CHECKING:
    from hilum.backbones.records import BackboneRecord, HostedWeights
    from hilum.backbones.weights import WeightsShelf

_BYTES_PER_MB = 1e6

backbones_app = typer.Typer(invoke_without_command=True)

_Names = Annotated[
    list[str] | None,
    typer.Argument(help="Backbones, or 'paper' for the six of the paper.", metavar="NAME"),
]
_WithTop = Annotated[
    bool,
    typer.Option("--with-top", help="The file with the ImageNet classifier, for --head none."),
]


@backbones_app.callback()
def backbones_command(
    context: typer.Context,
    is_json: options.Json = False,
    weights_dir: options.WeightsDir = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Pretrained networks: what is available here, and how the others come here.

    Examples:

      hilum backbones

      hilum backbones list VGG16

      hilum backbones fetch paper

    Exit code: 0 listed; 2 the command cannot be used.
    """
    if context.invoked_subcommand is None:
        list_command(is_json=is_json, weights_dir=weights_dir, cache_dir=cache_dir)
    elif is_json or weights_dir or cache_dir:
        raise typer.BadParameter(f"write options after '{context.invoked_subcommand}'.")


@backbones_app.command("list")
def list_command(
    names: _Names = None,
    is_missing: Annotated[
        bool, typer.Option("--missing", help="Those not here: which file to put where.")
    ] = False,
    is_with_top: _WithTop = False,
    is_json: options.Json = False,
    weights_dir: options.WeightsDir = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """List the pretrained networks.

    With names, or --missing: exactly which file goes where.

    Examples:

      hilum backbones list

      hilum backbones list VGG16 Xception

      hilum backbones list --missing

      hilum backbones list --json

    Exit code: 0 listed; 2 some name is no backbone.
    """
    import json

    from hilum.backbones.catalog import CATALOG, find_backbones
    from hilum.cli.listing import describe, draw_table, look, tell_in_full

    shelf = _shelf(weights_dir, cache_dir)
    records = find_backbones(names) if names else tuple(CATALOG.values())
    entries = [look(_with_top(r) if is_with_top else r, shelf) for r in records]
    if is_missing:
        entries = [entry for entry in entries if entry.path is None]
    if is_json:
        typer.echo(json.dumps([describe(entry, shelf) for entry in entries], indent=1))
    elif names or is_missing:
        typer.echo(printable("\n\n".join(tell_in_full(entry, shelf) for entry in entries)))
    else:
        draw_table(entries, shelf)


@backbones_app.command("fetch")
def fetch_command(
    names: _Names = None,
    is_with_top: _WithTop = False,
    mirror: Annotated[
        str | None,
        typer.Option(
            help="Address of a folder that holds the files, instead of their publisher's.",
            metavar="URL",
        ),
    ] = None,
    weights_dir: options.WeightsDir = None,
    cache_dir: options.CacheDir = None,
    is_offline: options.Offline = False,
    is_quiet: options.Quiet = False,
) -> None:
    """Download pretrained weights, prove them, and keep them.

    A download that broke off goes on where it stopped.

    Exit code: 0 all are here; 1 some are not, and why was said; 2 none is.

    Examples:

      hilum backbones fetch VGG16 Xception

      hilum backbones fetch paper

      hilum backbones fetch VGG16 --mirror https://mirror.example.org/weights/
    """
    from hilum.backbones.catalog import find_backbones
    from hilum.errors import HilumError

    if not names:
        raise typer.BadParameter("name the backbones to fetch, or 'paper' for its six.")
    shelf = _shelf(weights_dir, cache_dir)
    records = [_with_top(r) if is_with_top else r for r in find_backbones(names)]
    if is_offline:
        _check_all_here(records, shelf)
    failed = 0
    for record in records:
        try:
            told = _have(record, shelf, mirror, is_quiet=is_quiet)
        except HilumError as error:
            if len(records) == 1:
                raise
            failed += 1
            typer.secho(f"{record.title}: {printable(error.message)}", fg="red", err=True)
            typer.echo(printable(error.fix), err=True)
        except KeyboardInterrupt:
            typer.echo("What came is kept: the same command goes on from there.", err=True)
            raise
        else:
            if not is_quiet:
                typer.echo(printable(f"{record.title}: {told}"))
    if failed:
        typer.echo(f"{failed} of {len(records)} could not be fetched.", err=True)
        raise typer.Exit(1 if failed < len(records) else 2)


def _have(
    record: BackboneRecord, shelf: WeightsShelf, mirror: str | None, *, is_quiet: bool
) -> str:
    """Have a backbone's weights here; return what to tell of them."""
    from hilum.backbones.downloads import fetch_weights
    from hilum.backbones.records import HostedWeights, OwnWeights
    from hilum.cli.progress import watching
    from hilum.errors import UntrustedModelError, WeightsError

    source = record.weights
    if not isinstance(source, HostedWeights):
        shelf.find(record)
        is_own = isinstance(source, OwnWeights)
        return "a file of yours" if is_own else "comes with the installation"
    try:
        found = shelf.find(record, allows_unverified=not source.digest).weights
    except (WeightsError, UntrustedModelError):
        with watching(is_quiet=is_quiet) as watcher:
            watcher.begin(record.title, "MB")

            def on_progress(here: int, whole: int | None) -> None:
                done = round(here / _BYTES_PER_MB)
                watcher.advance(done, max(done, round((whole or source.size_bytes) / 1e6)))

            fetched = fetch_weights(source, shelf.home, mirror=mirror, on_progress=on_progress)
            found = fetched.weights
            size = f"{found.path.stat().st_size / _BYTES_PER_MB:.0f} MB"
            watcher.end(f"{size} fetched" if fetched.is_new else f"{size}, here already")
        if fetched.set_aside:
            typer.echo(printable(f"Another file of its name is now {fetched.set_aside}"), err=True)
    return f"{found.path}{_proof(source)}"


def _proof(source: HostedWeights) -> str:
    if source.digest:
        return f" ({source.digest.partition(':')[0]} as published)"
    return (
        "\n  No hash of it was ever published, so nothing proves that it is the right file."
        "\n  It runs with --allow-unverified-weights only, and every result says so."
    )


def _check_all_here(records: list[BackboneRecord], shelf: WeightsShelf) -> None:
    """Refuse to go online, and say what to bring here by other ways."""
    from hilum.cli.listing import look, tell_in_full
    from hilum.errors import WeightsError

    entries = [look(record, shelf) for record in records]
    # What has no published hash cannot be proven, and is here all the same.
    missing = [entry for entry in entries if entry.path is None and entry.state != "unproven"]
    if missing:
        files = "\n\n".join(tell_in_full(entry, shelf) for entry in missing)
        raise WeightsError(
            f"{len(missing)} of {len(records)} weight files are not here, and --offline forbids "
            f"to fetch them.\n\n{files}\n",
            fix=f"Download them elsewhere and put them into {shelf.home}.",
        )


def _with_top(record: BackboneRecord) -> BackboneRecord:
    """Mean the file with the ImageNet classifier, where the network has one."""
    from dataclasses import replace

    return replace(record, weights=record.top_weights) if record.top_weights else record


def _shelf(weights_dir: Path | None, cache_dir: Path | None) -> WeightsShelf:
    from hilum.backbones.weights import WeightsShelf
    from hilum.machine import default_cache_dir

    return WeightsShelf(cache_dir or default_cache_dir(), weights_dir)
