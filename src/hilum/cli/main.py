"""The `hilum` command: gathers the commands and turns errors into messages.

Nothing heavy is imported here or by the command modules' top levels, so that help
answers at once.
"""

from __future__ import annotations

import io
import logging
import signal
import sys
from typing import Annotated

import typer

from hilum.cli.audit import audit_command
from hilum.cli.backbones import backbones_app
from hilum.cli.check_table import check_table_command
from hilum.cli.compare import compare_command
from hilum.cli.demo import demo_command
from hilum.cli.doctor import doctor_command
from hilum.cli.explain import explain_command
from hilum.cli.export import export_command
from hilum.cli.phantoms import phantoms_command
from hilum.cli.predict import predict_command
from hilum.cli.serve import serve_command
from hilum.cli.signals import stopping
from hilum.cli.train import train_command
from hilum.errors import HilumError
from hilum.report import printable
from hilum.version import __version__

app = typer.Typer(
    name="hilum",
    help="Transfer learning on chest X-rays, with the honesty built in. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command("demo")(demo_command)
app.command("compare")(compare_command)
app.command("audit")(audit_command)
app.command("train")(train_command)
app.command("predict")(predict_command)
app.command("explain")(explain_command)
app.command("export")(export_command)
app.command("serve")(serve_command)
app.add_typer(backbones_app, name="backbones")
app.command("check-table")(check_table_command)
app.command("phantoms")(phantoms_command)
app.command("doctor")(doctor_command)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"hilum {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)


def run() -> None:
    """Run the command line; an error becomes one message and exit code 2.

    Ctrl-C and SIGTERM become one line and exit codes 130 and 143.
    """
    # A pipe that knows no en dash gets a question mark, not a crash.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    stopping.listen()
    try:
        app()
    except SystemExit:
        if stopping.number is None:
            raise
    except KeyboardInterrupt:
        stopping.number = stopping.number or signal.SIGINT
    except Exception as error:
        if stopping.number is None:
            _tell_error(error)
            sys.exit(2)
    typer.echo("Stopped. Nothing half-done is left; what was computed is kept.", err=True)
    stopping.leave()


def _tell_error(error: Exception) -> None:
    if "--debug" in sys.argv:
        raise error
    if isinstance(error, HilumError):
        typer.secho(f"Error: {printable(error.message)}", fg="red", err=True)
        typer.secho(printable(error.fix), err=True)
    else:
        typer.secho(f"Error: {type(error).__name__}: {printable(str(error))}", fg="red", err=True)
        typer.echo(
            "This is a fault of Hilum or of the machine; `hilum --debug …` shows where.", err=True
        )
