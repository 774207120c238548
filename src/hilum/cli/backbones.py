"""`hilum backbones`: which pretrained networks are here, and how the others come here."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hilum.cli import options
from hilum.errors import HilumError, UntrustedModelError, WeightsError
from hilum.report import plain, printable

if TYPE_CHECKING:
    from hilum.backbones import BackboneRecord, HostedWeights, LocalWeights
    from hilum.runs import ListedBackboneJson


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
    from hilum.backbones import CATALOG, find_backbones

    local_weights = _local_weights(weights_dir, cache_dir)
    records = find_backbones(names) if names else tuple(CATALOG.values())
    entries = [_look(_with_top(r) if is_with_top else r, local_weights) for r in records]
    if is_missing:
        entries = [entry for entry in entries if entry.path is None]
    if is_json:
        typer.echo(json.dumps([_describe(entry, local_weights) for entry in entries], indent=1))
    elif names or is_missing:
        typer.echo(printable("\n\n".join(_tell_in_full(entry, local_weights) for entry in entries)))
    else:
        _print_table(entries, local_weights)


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
    from hilum.backbones import find_backbones

    if not names:
        raise typer.BadParameter("name the backbones to fetch, or 'paper' for its six.")
    local_weights = _local_weights(weights_dir, cache_dir)
    records = [_with_top(r) if is_with_top else r for r in find_backbones(names)]
    if is_offline:
        _check_all_here(records, local_weights)
    failed = 0
    for record in records:
        try:
            told = _have(record, local_weights, mirror, is_quiet=is_quiet)
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


def _local_weights(weights_dir: Path | None, cache_dir: Path | None) -> LocalWeights:
    from hilum.backbones import LocalWeights
    from hilum.machine import default_cache_dir

    return LocalWeights(cache_dir or default_cache_dir(), weights_dir)


def _with_top(record: BackboneRecord) -> BackboneRecord:
    """Take the file with the ImageNet classifier, where the network has one."""
    return replace(record, weights=record.top_weights) if record.top_weights else record


@dataclass(frozen=True)
class _Entry:
    """A backbone and how it stands here.

    Attributes:
        record: The backbone.
        path: Its weight file, proven; None where there is none.
        state: `yes`, `no`, `refused` where the file of its name is another, or `unproven`
            where it is here and no hash of it was ever published.
        obstacle: What keeps it from running, and what to do; None if nothing does.
    """

    record: BackboneRecord
    path: Path | None
    state: Literal["yes", "no", "refused", "unproven"]
    obstacle: HilumError | None


def _look(record: BackboneRecord, local_weights: LocalWeights) -> _Entry:
    """See how a backbone stands here."""
    try:
        return _Entry(record, local_weights.find(record).weights.path, "yes", None)
    except WeightsError as error:
        return _Entry(record, None, "no", error)
    except UntrustedModelError as error:
        return _Entry(record, None, "refused" if record.weights.digest else "unproven", error)


def _describe(entry: _Entry, local_weights: LocalWeights) -> ListedBackboneJson:
    """Describe a backbone as `--json` does."""
    from hilum.backbones import HostedWeights

    record, source = entry.record, entry.record.weights
    hosted = source if isinstance(source, HostedWeights) else None
    return {
        "name": record.name,
        "title": record.title,
        "parameters": record.parameters,
        "size_px": record.input.size_px,
        "feature_width": record.feature_width,
        "licence": source.licence,
        "trained_on": source.trained_on,
        "file": source.file,
        "digest": source.digest or None,
        "size_bytes": source.size_bytes,
        "address": None if hosted is None else hosted.address + hosted.file,
        "folder": None if hosted is None else str(local_weights.home.absolute()),
        "is_available": entry.path is not None,
        "path": None if entry.path is None else str(entry.path.absolute()),
        "why_not": None if entry.obstacle is None else str(entry.obstacle),
    }


def _tell_in_full(entry: _Entry, local_weights: LocalWeights) -> str:
    """Write all of a backbone: what it is, whether it is here, which file goes where."""
    from hilum.backbones import HostedWeights, how_to_get

    record, source = entry.record, entry.record.weights
    kind, _, digest = source.digest.partition(":")
    lines = [
        f"{record.title}: {record.parameters / 1e6:.1f} M parameters, "
        f"{record.input.size_px} px, {record.feature_width} features",
        f"  weights  {source.licence}, trained on {source.trained_on}",
        f"  file     {source.file}, about {source.size_bytes / 1e6:.0f} MB",
        f"  {kind or 'hash':8} {digest or 'none was ever published'}",
    ]
    if entry.path is not None:
        return "\n".join([*lines, f"  here     {entry.path}"])
    if entry.obstacle and entry.state != "no":
        lines += [f"  {entry.state:8} {entry.obstacle.message}"]
    if entry.obstacle and entry.state == "unproven":
        lines += [f"           {entry.obstacle.fix}"]
    elif isinstance(source, HostedWeights):
        lines += [
            f"  from     {source.address}{source.file}",
            f"  put into {local_weights.home.absolute()}",
        ]
    else:
        lines += [f"  get it   {how_to_get(record, local_weights.home)}"]
    return "\n".join(lines)


_WIDE = 112


def _print_table(entries: list[_Entry], local_weights: LocalWeights) -> None:
    """Print one row for each backbone: those that are here, the paper's six, the others."""
    from hilum.backbones import PAPER_SIX

    console = Console(highlight=False)
    is_wide = console.width >= _WIDE
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Name", no_wrap=True)
    for heading in ("Param.", "Input", *(["Features"] if is_wide else []), "File"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("Licence", *(["Trained on"] if is_wide else []), "Here"):
        table.add_column(heading, no_wrap=True)
    here = [entry for entry in entries if entry.path is not None]
    absent = [entry for entry in entries if entry.path is None]
    sections = {
        "Here": here,
        "The paper's six": [e for e in absent if e.record.name in PAPER_SIX],
        "Others": [e for e in absent if e.record.name not in PAPER_SIX],
    }
    for title, members in sections.items():
        if members:
            table.add_row(f"[bold]{title}[/]")
        for entry in members:
            table.add_row(*_cells(entry, is_wide=is_wide))
        table.add_section()
    console.print(table)
    for entry in entries:
        if entry.obstacle and entry.state != "no":
            told = plain(entry.obstacle.message)
            console.print(f"[red]{entry.state.title()}:[/] {told}", soft_wrap=True)
    if absent:
        console.print(f"{len(here)} of {len(entries)} are available here. The others:")
        for text in (
            "online    hilum backbones fetch NAME…, or fetch paper for its six",
            "by hand   hilum backbones list NAME… says which file to download; put it into",
            f"          {local_weights.home.absolute()}",
        ):
            console.print(f"  {plain(text)}", soft_wrap=True)


def _cells(entry: _Entry, *, is_wide: bool) -> list[str]:
    record, source = entry.record, entry.record.weights
    state = {"yes": "[green]yes[/]", "no": "[dim]no[/]"}
    return [
        f" {record.name}",
        f"{record.parameters / 1e6:.1f} M",
        f"{record.input.size_px} px",
        *([str(record.feature_width)] if is_wide else []),
        f"{source.size_bytes / 1e6:.0f} MB",
        source.licence,
        *([source.trained_on] if is_wide else []),
        state.get(entry.state, f"[red]{entry.state}[/]"),
    ]


def _check_all_here(records: list[BackboneRecord], local_weights: LocalWeights) -> None:
    """Refuse to go online, and say what to bring here by other ways."""
    entries = [_look(record, local_weights) for record in records]
    # What has no published hash cannot be proven, and is here all the same.
    missing = [entry for entry in entries if entry.path is None and entry.state != "unproven"]
    if missing:
        files = "\n\n".join(_tell_in_full(entry, local_weights) for entry in missing)
        raise WeightsError(
            f"{len(missing)} of {len(records)} weight files are not here, and --offline forbids "
            f"to fetch them.\n\n{files}\n",
            fix=f"Download them elsewhere and put them into {local_weights.home}.",
        )


def _have(
    record: BackboneRecord, local_weights: LocalWeights, mirror: str | None, *, is_quiet: bool
) -> str:
    """Have a backbone's weights here; return what to tell of them."""
    from hilum.backbones import HostedWeights, OwnWeights, fetch_weights
    from hilum.cli.progress import watching

    source = record.weights
    if not isinstance(source, HostedWeights):
        local_weights.find(record)
        is_own = isinstance(source, OwnWeights)
        return "a file of yours" if is_own else "comes with the installation"
    try:
        found = local_weights.find(record, allows_unverified=not source.digest).weights
    except (WeightsError, UntrustedModelError):
        with watching(is_quiet=is_quiet) as watcher:
            watcher.begin(record.title, "MB")

            def on_progress(here: int, whole: int | None) -> None:
                done = round(here / 1e6)
                watcher.advance(done, max(done, round((whole or source.size_bytes) / 1e6)))

            fetched = fetch_weights(
                source, local_weights.home, mirror=mirror, on_progress=on_progress
            )
            found = fetched.weights
            size = f"{found.path.stat().st_size / 1e6:.0f} MB"
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
