"""Tells of backbones: as a table, in full, or for machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hilum.backbones.catalog import PAPER_SIX
from hilum.backbones.records import BackboneRecord, HostedWeights
from hilum.backbones.weights import WeightsShelf, how_to_get
from hilum.cli.printing import plain
from hilum.errors import HilumError, UntrustedModelError, WeightsError

_WIDE = 112


@dataclass(frozen=True)
class Entry:
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


def look(record: BackboneRecord, shelf: WeightsShelf) -> Entry:
    """See how a backbone stands here."""
    try:
        return Entry(record, shelf.find(record).weights.path, "yes", None)
    except WeightsError as error:
        return Entry(record, None, "no", error)
    except UntrustedModelError as error:
        return Entry(record, None, "refused" if record.weights.digest else "unproven", error)


def describe(entry: Entry, shelf: WeightsShelf) -> dict[str, Any]:
    """Tell a machine of a backbone; `folder` is where its file would be put by hand."""
    record, source = entry.record, entry.record.weights
    is_hosted = isinstance(source, HostedWeights)
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
        "address": source.address + source.file if isinstance(source, HostedWeights) else None,
        "folder": str(shelf.home.absolute()) if is_hosted else None,
        "is_available": entry.path is not None,
        "path": None if entry.path is None else str(entry.path.absolute()),
        "why_not": entry.obstacle and str(entry.obstacle),
    }


def tell_in_full(entry: Entry, shelf: WeightsShelf) -> str:
    """Say all of a backbone: what it is, whether it is here, which file goes where."""
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
            f"  put into {shelf.home.absolute()}",
        ]
    else:
        lines += [f"  get it   {how_to_get(record, shelf.home)}"]
    return "\n".join(lines)


def draw_table(entries: list[Entry], shelf: WeightsShelf) -> None:
    """Print one row for each backbone: those that are here, the paper's six, the others."""
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
            f"          {shelf.home.absolute()}",
        ):
            console.print(f"  {plain(text)}", soft_wrap=True)


def _cells(entry: Entry, *, is_wide: bool) -> list[str]:
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
