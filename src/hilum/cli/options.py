"""Options that several commands share, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Positive = Annotated[
    str | None, typer.Option(help="The class of which sensitivity speaks.", metavar="LABEL")
]
Seed = Annotated[int, typer.Option(help="Where every draw begins.")]
Json = Annotated[
    bool, typer.Option("--json", help="Machine-readable result on stdout, all else on stderr.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never go online.")]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        help="Where graphs and features are kept (default: HILUM_CACHE_DIR, else the user's cache)."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Run folder to write (default: runs/NAME-TIME)."),
]
Backbones = Annotated[
    str | None,
    typer.Option(help="Comma-separated names (default: all that are available).", metavar="A,B"),
]
WeightsDir = Annotated[
    Path | None,
    typer.Option(
        help="A folder of weight files placed by hand (default: HILUM_WEIGHTS_DIR, else the "
        "cache's own)."
    ),
]
AllowUnverifiedWeights = Annotated[
    bool,
    typer.Option(
        "--allow-unverified-weights",
        help="Run named backbones on weight files that are not the published ones; every result "
        "says so.",
    ),
]
NoProbes = Annotated[
    bool,
    typer.Option(
        "--no-probes",
        help="Do not try what the frame, the centre and a blurred copy of the films predict; the "
        "verdict is then limited at best.",
    ),
]
Masks = Annotated[
    Path | None,
    typer.Option(
        help="A folder of lung masks, named as the films are and ending in .png: the lungs alone, "
        "and the films without them, are then tried as well.",
        metavar="DIR",
    ),
]
Mute = Annotated[
    str | None,
    typer.Option(
        help="Codes of checks whose findings you know: they stay in the report, marked as muted, "
        "and no longer set the exit code. The verdict stays as it is.",
        metavar="CODE,CODE",
    ),
]
_DECISIONS = "From scores to decisions"
OperatingPoint = Annotated[
    str | None,
    typer.Option(
        help="How the threshold is chosen on validation films: sensitivity=0.95 (the default, or "
        "another target), specificity=0.9, or youden.",
        metavar="RULE",
        rich_help_panel=_DECISIONS,
    ),
]
Prevalence = Annotated[
    str | None,
    typer.Option(
        help="Shares of positive films, such as 0.01,0.1, for which the report gives predictive "
        "values (default: several).",
        metavar="P,P",
        rich_help_panel=_DECISIONS,
    ),
]
