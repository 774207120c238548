"""Every command keeps one contract: what goes to stdout, what to stderr, which code it ends with.

The commands are those of the application itself: one without cases fails here. The codes are
written out case by case, beside what each case is about. Commands run in this process; only a
server, which is stopped by a signal, has its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

from hilum.cli.main import app, run
from schemas import validate
from tiny_bundle import as_png, tiny_film, write_tiny_bundle
from tiny_networks import convolution, place

QUICK = "--folds 2 --repeats 1 --views 0 --epochs 8"
STUDY = "--positive Opacity --no-probes"


@dataclass(frozen=True)
class Cases:
    """One command's cases, as they are typed; names in braces are places of `places`.

    Attributes:
        good: Nothing to find fault with: code 0.
        finding: Done, and somebody must look: code 1; empty where the command knows no such.
        told: What is said of the finding.
        bad: Cannot be done: code 2.
        says: What is said of it.
        quiet_tells: Some words of the result, where it is told in spite of `--quiet`.
    """

    good: str
    bad: str
    says: str
    finding: str = ""
    told: str = ""
    quiet_tells: str = ""


CASES = {
    "demo": Cases(
        good="--out {new}/demo",
        bad="--out {new}/demo --cache-dir {file}/cache",
        says="cache",
    ),
    "compare": Cases(
        good=f"{{films}} --backbones onnx:{{network}} {STUDY} {QUICK} --out {{new}}/compared",
        finding=f"{{faulty}} --backbones onnx:{{network}} {STUDY} {QUICK} --out {{new}}/found",
        told="Not read: {faulty}/Normal/cut.png: CORRUPT",
        bad="{nowhere} --out {new}/none",
        says="There is no file or folder",
    ),
    "audit": Cases(
        good=f"{{films}} --backbone onnx:{{network}} {STUDY} --out {{new}}/audited",
        finding=f"{{faulty}} --backbone onnx:{{network}} {STUDY}",
        told="Not read: {faulty}/Normal/cut.png: CORRUPT",
        bad="{nowhere} --out {new}/none",
        says="There is no file or folder",
    ),
    "train": Cases(
        good=f"{{films}} --backbone onnx:{{network}} {STUDY} {QUICK} -o {{new}}/trained",
        finding=f"{{faulty}} --backbone onnx:{{network}} {STUDY} {QUICK} -o {{new}}/doubtful",
        told="Not read: {faulty}/Normal/cut.png: CORRUPT",
        bad="--from {nowhere} -o {new}/none",
        says="no run folder",
    ),
    "predict": Cases(
        good="{bundle} {film}",
        finding="{bundle} {film} {faulty}/Normal/cut.png",
        told="Not read: {faulty}/Normal/cut.png: CORRUPT",
        bad="{nowhere} {film}",
        says="is not there",
        quiet_tells="Disease",
    ),
    "explain": Cases(
        good="{bundle} {film} -o {new}/why.png",
        finding="{bundle} {film} {faulty}/Normal/cut.png",
        told="Not explained: {faulty}/Normal/cut.png: CORRUPT",
        bad="{bundle} {film} --class Gout -o {new}/why-not.png",
        says="Gout",
        quiet_tells="Called Disease",
    ),
    "export": Cases(
        good="{bundle} --format openvino -o {new}/tiny.xml",
        bad="{nowhere} -o {new}/none.onnx",
        says="is not there",
    ),
    "serve": Cases(
        good="{bundle} --port 0",
        bad="{nowhere} --port 0",
        says="is not there",
    ),
    "backbones": Cases(
        good="",
        bad="--json list",
        says="write options after 'list'",
    ),
    "backbones list": Cases(
        good="VGG16 --weights-dir {empty}",
        bad="Nonsense",
        says="Nonsense",
    ),
    "backbones fetch": Cases(
        good="efficientnet-lite0",
        finding="efficientnet-lite0 VGG16 --weights-dir {file}/weights",
        told="1 of 2 could not be fetched.",
        bad="VGG16 --offline --weights-dir {empty}",
        says="--offline forbids",
    ),
    "check-table": Cases(
        good="paper --max-films 63",
        finding="paper --positives 14 --negatives 16",
        bad="{nowhere}.csv",
        says="cannot be read",
    ),
    "phantoms": Cases(
        good="{new}/phantoms --n 4",
        bad="{new}/none --n 4 --plant nonsense",
        says="nonsense",
    ),
    "doctor": Cases(
        good="",
        finding="--cache-dir {file}/cache",
        bad="--nonsense",
        says="No such option",
    ),
}  # fmt: skip


def list_commands() -> dict[str, Any]:
    """List what can be typed after `hilum`, and groups that do something by themselves."""
    found: dict[str, Any] = {}

    def visit(name: str, command: Any) -> None:
        below = getattr(command, "commands", {})
        if name and (not below or command.invoke_without_command):
            found[name] = command
        for word, one in below.items():
            visit(f"{name} {word}".strip(), one)

    visit("", typer.main.get_command(app))
    return found


COMMANDS = list_commands()
SLOW = {"demo": pytest.mark.slow}  # 160 films and three backbones


def of_every(*, having: str = "good") -> list[Any]:
    """Name the commands that have a case of a kind."""
    names = [name for name, cases in CASES.items() if getattr(cases, having)]
    names += ["backbones", "doctor"] if having == "good" else []
    return [
        pytest.param(name, marks=SLOW.get(name, ()) if having == "good" else ())
        for name in dict.fromkeys(names)
    ]


def offers(command: str, option: str) -> bool:
    return any(option in parameter.opts for parameter in COMMANDS[command].params)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it told."""

    code: object
    stdout: str
    stderr: str


def draw_film(rng: np.random.Generator, *, has_disease: bool) -> Image.Image:
    """Draw blotches; with disease there is a bright patch."""
    x, y = np.meshgrid(*[np.linspace(-1, 1, 96)] * 2)
    film = 120 + 30 * rng.uniform(-1, 1) * x + 30 * rng.uniform(-1, 1) * y
    film += rng.normal(0, 12, film.shape) + np.kron(rng.normal(0, 22, (12, 12)), np.ones((8, 8)))
    if has_disease:
        film += 75 * np.exp(-6 * ((x - 0.2) ** 2 + (y + 0.1) ** 2))
    return Image.fromarray(np.clip(film, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Everything that the cases name."""
    root = tmp_path_factory.mktemp("commands")
    names = (
        "bundle", "empty", "faulty", "file", "film", "films", "network", "new", "nowhere",
    )  # fmt: skip
    found = {name: root / name for name in names}
    rng = np.random.default_rng(0)
    for label in ("Normal", "Opacity"):
        for folder in (found["films"] / label, found["faulty"] / label):
            folder.mkdir(parents=True)
        for number in range(24):
            film = found["films"] / label / f"{number}.png"
            draw_film(rng, has_disease=label == "Opacity").save(film)
            os.link(film, found["faulty"] / label / film.name)
    whole = (found["films"] / "Normal" / "0.png").read_bytes()
    (found["faulty"] / "Normal" / "cut.png").write_bytes(whole[: len(whole) // 2])
    write_tiny_bundle(found["bundle"])
    for name in ("empty", "network", "new"):
        found[name].mkdir()
    found["file"].write_text("no folder")
    found["film"] = root / "film.png"
    found["film"].write_bytes(as_png(tiny_film(0.85, seed=500)))
    found["network"] = place(found["network"], convolution())
    return found


@pytest.fixture
def hilum(
    places: dict[str, Path],
    graph_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Ran]]:
    """Run a command line in this process, as `hilum` on a command line does."""
    monkeypatch.setenv("HILUM_CACHE_DIR", str(graph_cache))
    monkeypatch.delenv("HILUM_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(places["empty"])

    def ran(command: str, typed: str, *options: str) -> Ran:
        words = [*command.split(), *typed.format(**places).split(), *options]
        monkeypatch.setattr(sys, "argv", ["hilum", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        return Ran(ended.value.code or 0, told.out, told.err)

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    hook = sys.unraisablehook
    yield ran
    sys.unraisablehook = hook
    for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def finished_runs() -> dict[str, Ran]:
    """What ran once already, for all that several tests look at."""
    return {}


def ran_once(hilum: Callable[..., Ran], finished: dict[str, Ran], command: str, kind: str) -> Ran:
    """Run a command's good or finding case: the one with --json, the other with --quiet."""
    key = f"{command} {kind}"
    if key not in finished:
        option = {"good": "--json", "finding": "--quiet"}[kind]
        options = [option] if offers(command, option) else []
        finished[key] = hilum(command, getattr(CASES[command], kind), *options)
    return finished[key]


NAMES = {
    "predict": "predict --json",
    "explain": "explain --json",
    "export": "export --json",
    "backbones": "backbones --json",
    "backbones list": "backbones --json",
    "doctor": "doctor --json",
}
"""The schema of each document that does not name its own."""


def list_files(places: dict[str, Path]) -> set[Path]:
    """List every file and folder that a command could have written, its own cache left out."""
    return set(places["empty"].parent.rglob("*"))


def test_every_command_has_its_cases() -> None:
    assert set(CASES) == set(COMMANDS)
    assert len(COMMANDS) >= 14


@pytest.mark.parametrize("command", CASES)
def test_help_shows_an_example_and_the_exit_codes(hilum: Callable[..., Ran], command: str) -> None:
    ran = hilum(command, "", "--help")
    assert (ran.code, ran.stderr) == (0, "")
    heading, _, examples = ran.stdout.partition("Example")
    assert heading
    assert f"hilum {command}" in examples
    codes = ran.stdout.partition("Exit code:")[2]
    assert "0 " in codes
    assert (" 1 " in codes) == (bool(CASES[command].finding) or command == "demo"), codes
    assert " 2 " in codes


@pytest.mark.parametrize("command", of_every())
def test_what_goes_well_ends_with_0_and_json_stands_alone(
    hilum: Callable[..., Ran], finished_runs: dict[str, Ran], places: dict[str, Path], command: str
) -> None:
    if command == "serve":
        ran = serve(CASES[command].good.format(**places))
    else:
        ran = ran_once(hilum, finished_runs, command, "good")
    assert ran.code == 0, ran.stderr
    assert "Error" not in ran.stderr
    if offers(command, "--json"):
        assert json.loads(ran.stdout)
        validate(ran.stdout, NAMES.get(command))
    elif command == "serve":
        assert ran.stdout == ""
        assert "Serving at http://" in ran.stderr
    else:
        assert ran.stdout


@pytest.mark.parametrize("command", ["compare", "audit", "train", "phantoms"])
def test_progress_goes_to_stderr(
    hilum: Callable[..., Ran], finished_runs: dict[str, Ran], command: str
) -> None:
    ran = ran_once(hilum, finished_runs, command, "good")
    assert " s)\n" in ran.stderr
    assert " s)\n" not in ran.stdout


@pytest.mark.parametrize("command", of_every(having="finding"))
def test_a_finding_ends_with_1_and_quiet_says_only_what_went_wrong(
    hilum: Callable[..., Ran], finished_runs: dict[str, Ran], places: dict[str, Path], command: str
) -> None:
    ran = ran_once(hilum, finished_runs, command, "finding")
    cases = CASES[command]
    assert ran.code == 1, ran.stderr
    assert cases.told.format(**places) in ran.stderr
    if not offers(command, "--quiet"):
        assert ran.stdout
        return
    assert cases.quiet_tells in ran.stdout
    assert bool(ran.stdout) == bool(cases.quiet_tells), ran.stdout
    assert "Research use only" not in ran.stdout
    assert " s)\n" not in ran.stderr
    assert bool(ran.stderr) == bool(cases.told), ran.stderr


@pytest.mark.parametrize("command", ["phantoms", "backbones fetch", "predict", "explain"])
def test_quiet_says_nothing_but_the_result(
    hilum: Callable[..., Ran], places: dict[str, Path], command: str
) -> None:
    typed = CASES[command].good.replace("/phantoms", "/quiet").replace("why", "quiet")
    ran = hilum(command, typed, "-q")
    assert (ran.code, ran.stderr) == (0, "")
    assert CASES[command].quiet_tells in ran.stdout
    assert bool(ran.stdout) == bool(CASES[command].quiet_tells)


@pytest.mark.parametrize("command", CASES)
def test_what_cannot_be_done_is_one_error_with_a_way_out_and_writes_nothing(
    hilum: Callable[..., Ran], places: dict[str, Path], graph_cache: Path, command: str
) -> None:
    before = list_files(places)
    cached = set(graph_cache.rglob("*"))
    ran = hilum(command, CASES[command].bad)
    assert ran.code == 2, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.count("Error") == 1
    assert CASES[command].says in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr
    assert "fault of Hilum" not in ran.stderr
    if ran.stderr.startswith("Error: "):
        fix = ran.stderr.rstrip("\n").rpartition("\n")[2]
        assert fix.endswith("."), ran.stderr
        assert not fix.startswith("Error: ")
    else:
        assert "for help." in ran.stderr
    assert list_files(places) == before
    assert set(graph_cache.rglob("*")) == cached


def serve(typed: str) -> Ran:
    """Run the server until it takes requests, and ask it to stop."""
    with subprocess.Popen(
        [sys.executable, "-m", "hilum", "serve", *typed.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        told = []
        for line in process.stderr:
            told.append(line)
            if "Ctrl-C stops" in line:
                break
        process.send_signal(signal.SIGTERM)
        try:
            stdout, stderr = process.communicate(timeout=30)
        finally:
            process.kill()
    return Ran(process.returncode, stdout, "".join(told) + stderr)
