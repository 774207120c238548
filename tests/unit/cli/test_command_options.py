"""One field of an options class is one flag, and what is given with it reaches the command."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from hilum.cli.audit import AuditOutput
from hilum.cli.data import CohortOptions
from hilum.cli.main import app as main
from hilum.cli.options import Given, RunOutput, paths_hidden, with_flags
from hilum.cli.train import BundleOutput
from hilum.errors import HilumError
from hilum.studies.options import (
    AuditOptions,
    CompareOptions,
    Flag,
    NamingOptions,
    RecipeChanges,
    TrainOptions,
    option,
)


@dataclass(frozen=True, kw_only=True)
class DummyOptions(CompareOptions):
    """One line more than `hilum compare` has."""

    dummy: int = option(3, "What nobody needs.", Flag("--dummy -d"))


def run(*words: str) -> tuple[DummyOptions, dict[str, str], str | None]:
    """Give a command words, and return what reaches it."""
    reached = []

    @with_flags()
    def command(
        data: Annotated[Path, typer.Argument(metavar="DATA")],
        given: Given,
        *,
        recipe: Annotated[str | None, typer.Option(help="Which.")] = None,
        options: DummyOptions,
    ) -> None:
        """Do nothing."""
        reached.append((options, given, recipe))

    app = typer.Typer(add_completion=False)
    app.command()(command)
    result = CliRunner().invoke(app, ["films", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return reached[0] if reached else (None, {}, result.output)


def test_one_line_adds_a_flag() -> None:
    assert run()[0] == DummyOptions()
    assert run("--dummy", "5")[0] == run("-d", "5")[0] == DummyOptions(dummy=5)
    _, _, told = run("--help")
    assert "--dummy" in told
    assert "What nobody needs." in told


def test_every_kind_of_flag_reaches_its_option() -> None:
    options, given, recipe = run(
        "--no-probes", "--backbones", "A, B", "--prevalence", "0.1,0.2", "--cache-dir", "here",
        "--allow-unverified-weights", "--positive", "Opacity", "--recipe", "paper", "--seed", "0",
    )  # fmt: skip
    assert options == DummyOptions(
        probes=False,
        backbones=["A", "B"],
        prevalences=[0.1, 0.2],
        cache_dir=Path("here"),
        allows_unverified_weights=True,
        positive="Opacity",
    )
    assert recipe == "paper"
    assert set(given.values()) == {
        "DATA", "--recipe", "--cache-dir", "--allow-unverified-weights", "--backbones",
        "--positive", "--no-probes", "--prevalence",
    }  # fmt: skip


def test_given_flags_beyond_some_kinds_are_named_in_order() -> None:
    _, given, _ = run("--seed", "1", "--recipe", "x", "--backbones", "A", "--positive", "B")
    assert isinstance(given, Given)
    assert given.beyond(NamingOptions, names=("data",)) == ["--recipe", "--positive", "--seed"]


def test_paths_are_hidden_and_nothing_else() -> None:
    options = CompareOptions(masks="m", cache_dir="c", positive="p")
    assert paths_hidden(options, RunOutput(out=Path("o"))) == {
        Path("m"): "MASKS", Path("c"): "CACHE", Path("o"): "OUT",
    }  # fmt: skip


@pytest.mark.parametrize(
    "kinds",
    [
        (CompareOptions, RecipeChanges, CohortOptions, RunOutput),
        (AuditOptions, CohortOptions, AuditOutput),
        (TrainOptions, RecipeChanges, CohortOptions, BundleOutput),
    ],
    ids=["compare", "audit", "train"],
)
def test_every_path_on_the_command_line_is_hidden(kinds: tuple[type, ...]) -> None:
    flags = [each.metadata.get("flag") for kind in kinds for each in fields(kind)]
    paths = [flag for flag in flags if flag is not None and flag.kind is Path]
    assert len(paths) >= 4
    assert all(flag.hidden_as for flag in paths)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare", "films", "--head", "none", "--operating-point", "?"], "--operating-point"),
        (["compare", "films", "--head", "none", "--prevalence", "many"], "--prevalence"),
        (["compare", "films", "--head", "none", "--views", "0"], "--views"),
        (["compare", "films", "--head", "none", "--external", "x"], "--external"),
        (["train", "films", "--from", "run", "--seed", "-1"], "DATA, --seed"),
        (["train", "--from", "run", "--folds", "0", "--label", "A=B"], "--folds, --label"),
        (["train", "--from", "run", "--allow-unverified-weights"], "--allow-unverified-weights"),
    ],
)
def test_a_flag_that_means_nothing_is_refused_before_it_is_read(
    words: list[str], message: str
) -> None:
    with pytest.raises(HilumError, match=rf"so {message} would mean nothing"):
        CliRunner().invoke(main, words, catch_exceptions=False)
