"""`hilum serve`: a bundle as a web page and an HTTP API."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hilum.cli import options

if TYPE_CHECKING:
    from hilum.serve import ServeSettings


TOKEN_VARIABLE = "HILUM_SERVE_TOKEN"  # noqa: S105 - the name of one, not a token
_EXTRA = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")
_ACCESS = "Who may reach it"
_LIMITS = "How much it takes on"


def serve_command(
    bundle: Annotated[Path, typer.Argument(help="The folder that `hilum train` wrote.")],
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Beyond this machine, a token is asked for.",
            rich_help_panel=_ACCESS,
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help=f"A file that holds the bearer token to ask for (or {TOKEN_VARIABLE} does); "
            "drawn anew if neither is given and others can reach the server.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(
            help="A name under which the server is reached, such as films.example.org; may be "
            "given several times.",
            metavar="NAME",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    max_file_mb: Annotated[
        float, typer.Option(min=0.001, max=50, help="Largest film.", rich_help_panel=_LIMITS)
    ] = 50,
    max_files: Annotated[
        int, typer.Option(min=1, help="Most films in one request.", rich_help_panel=_LIMITS)
    ] = 32,
    max_request_mb: Annotated[
        float, typer.Option(min=0.001, help="Largest request.", rich_help_panel=_LIMITS)
    ] = 200,
    queue: Annotated[
        int,
        typer.Option(min=1, help="Most films in line; beyond it, 503.", rich_help_panel=_LIMITS),
    ] = 64,
    access_log: Annotated[
        bool,
        typer.Option("--access-log", help="Tell of every request: route, status and time."),
    ] = False,
    is_quiet: options.Quiet = False,
    cache_dir: options.CacheDir = None,
) -> None:
    r"""Serve a classifier: a page for people, an HTTP API for programs.

    Films are kept in memory until they are answered, and never stored. Ctrl-C or
    SIGTERM stops the server once the requests under way are answered.

    Examples:

      hilum serve bundle

      hilum serve bundle --port 9000

      hilum serve bundle --host 0.0.0.0 --token-file token.txt \

        --host-name films.example.org

      curl -F files=@film.png http://127.0.0.1:8000/v1/predict

    Exit code: 0 stopped when asked to; 2 it could not start.
    """
    from hilum.errors import ServeError

    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        raise ServeError(
            f"The server needs packages that are not installed: {', '.join(missing)}.",
            fix='Install them with: pip install "hilum[serve]"',
        )
    from hilum.classifier import Classifier
    from hilum.machine import usable_cores
    from hilum.serve import LOOPBACK_NAMES, ServeLimits, ServeSettings, guarded, run_server

    request_bytes = int(max_request_mb * 1e6)
    settings = ServeSettings(
        host=host,
        port=port,
        token=_read_token(token_file),
        host_names=LOOPBACK_NAMES | {name.lower() for name in host_name or ()},
        logs_access=access_log,
        limits=ServeLimits(
            file_bytes=int(max_file_mb * 1e6),
            files=max_files,
            request_bytes=request_bytes,
            # Else one that is allowed would be told for ever to come again.
            held_bytes=max(ServeLimits.held_bytes, request_bytes),
            waiting_films=max(queue, max_files),
        ),
    )
    if "--debug" in sys.argv:
        logging.getLogger("hilum.serve").setLevel(logging.DEBUG)
    if access_log:
        logging.getLogger("hilum.serve.access").setLevel(logging.INFO)
    is_token_given = settings.token is not None

    def tell(settings: ServeSettings, port: int) -> None:
        if not is_token_given and settings.token is not None:
            typer.echo(f"Token: {settings.token}", err=True)
        if not is_quiet:
            typer.echo(_where(settings, port), err=True)

    run_server(
        lambda: Classifier.load(bundle, cache_dir=cache_dir, streams=usable_cores()),
        guarded(settings),
        tell,
    )
    if not is_quiet:
        typer.echo("Stopped.", err=True)


def _read_token(file: Path | None) -> str | None:
    """Read the token from its file or the environment; an empty one is none."""
    from hilum.errors import ServeError

    if file is None:
        place = f"The variable {TOKEN_VARIABLE}"
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            return None
    else:
        place = "The token file"
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ServeError(
                "The token file cannot be read.", fix="Check where it is and who may read it."
            ) from error
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ServeError(
            f"{place} holds no token.",
            fix="Write one line of letters and digits, such as `openssl rand -hex 32` gives.",
        )
    return token


def _where(settings: ServeSettings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    lines = [
        f"Serving at http://{host}:{port}/ (the page), /docs (the API). Ctrl-C stops.",
        "Research use only: no medical device, not for diagnosis.",
    ]
    if settings.token is not None:
        lines.append("Requests must carry the token: Authorization: Bearer TOKEN.")
    return "\n".join(lines)
