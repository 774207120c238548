"""From options to flags: what several commands share, each defined once.

A command names options objects among its parameters, such as `options: CompareOptions`;
`with_flags` gives it one flag per field in their place, and hands it the objects.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import OptionInfo, ParameterInfo

from hilum.studies import Flag, PlaceOptions, StudyOptions, option


class Given(dict[str, str]):
    """The flag of each option that was given, by the option's name, in the command's order."""

    def beyond(self, *kinds: Any, names: Collection[str] = ()) -> list[str]:
        """Return the flags of options that are in none of these kinds, nor named."""
        known = {field.name for kind in kinds for field in fields(kind)} | set(names)
        return [flag for name, flag in self.items() if name not in known]


def flag(kind: Any, name: str) -> OptionInfo:
    """Make typer's flag of the option `name` of a dataclass."""
    (of,) = (each for each in fields(kind) if each.name == name)
    spelled = of.metadata["flag"]
    made: OptionInfo = typer.Option(
        *spelled.names.split(),
        help=spelled.text or of.metadata["text"],
        metavar=spelled.metavar,
        rich_help_panel=spelled.panel,
    )
    return made


def with_flags(
    check: Callable[[Given, Mapping[str, Any]], None] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a flag for every option of its options objects.

    A flag that is not given leaves the option at its default. A parameter of the type
    `Given` is told which flags were given.

    Args:
        check: Refuses flags that do not go together, before any value is read.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())
        kinds = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}
        flat: list[tuple[int, inspect.Parameter]] = []
        for p in own:
            if p.name in kinds:
                flat += _parameters_of(kinds[p.name])
            elif p.annotation is not Given:
                flat.append((0, p.replace(kind=inspect.Parameter.KEYWORD_ONLY)))

        def call(**values: Any) -> None:
            given = Given((p.name, _name_of(p)) for _, p in flat if _is_given(p, values[p.name]))
            if check is not None:
                check(given, values)
            handed = {p.name: values.get(p.name, given) for p in own}
            command(**handed | {name: _read(kind, values) for name, kind in kinds.items()})

        call.__doc__ = command.__doc__
        call.__name__ = command.__name__
        call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p for _, p in sorted(flat, key=lambda pair: pair[0])]
        )
        return call

    return decorate


def paths_hidden(*options: Any) -> dict[Path | None, str]:
    """Return the paths that options hold, and what a run keeps in place of each."""
    return {
        Path(path): spelled.hidden_as
        for each in options
        for field, spelled in _flags_of(each)
        if spelled.hidden_as and (path := getattr(each, field.name)) is not None
    }


def _flags_of(options: Any) -> Iterator[tuple[Field[Any], Flag]]:
    """List the options that the command line has."""
    for field in fields(options):
        if (spelled := field.metadata.get("flag")) is not None:
            yield field, spelled


def _parameters_of(kind: Any) -> Iterator[tuple[int, inspect.Parameter]]:
    """Make a parameter per option, with its place in the help."""
    for field, spelled in _flags_of(kind):
        # A switch is off until given. Of other defaults only numbers are shown: the help says
        # the rest.
        is_switch = isinstance(field.default, bool)
        is_number = not is_switch and isinstance(field.default, int)
        default = False if is_switch else field.default if is_number else None
        of = spelled.kind or (str if default is None else type(default))
        yield (
            spelled.order,
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=default,
                annotation=Annotated[
                    of if default is not None else of | None, flag(kind, field.name)
                ],
            ),
        )


def _read(kind: Any, values: Mapping[str, Any]) -> Any:
    """Make an options object of a command's values."""
    chosen = {}
    for field, spelled in _flags_of(kind):
        value = values[field.name]
        if isinstance(field.default, bool):
            value = value != field.default  # a switch turns what is usual
        if value is not None:
            chosen[field.name] = spelled.read(value) if spelled.read else value
    return kind(**chosen)


def _name_of(parameter: inspect.Parameter) -> str:
    """Return how a user writes a parameter."""
    for info in parameter.annotation.__metadata__:
        if isinstance(info, ParameterInfo) and not isinstance(info, OptionInfo):
            return str(info.metavar).strip("[]")
        names = [info.default, *(info.param_decls or ())]
        named = [name for name in names if isinstance(name, str)]
        return named[0] if named else f"--{parameter.name.replace('_', '-')}"
    raise TypeError(f"{parameter.name} is no parameter of a command line")


def _is_given(parameter: inspect.Parameter, value: object) -> bool:
    return value not in (None, []) and value is not False and value != parameter.default


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How a result is told."""

    is_json: bool = option(
        False, "Machine-readable result on stdout, all else on stderr.", Flag("--json", order=3)
    )
    is_quiet: bool = option(False, "Say only what went wrong.", Flag("--quiet -q", order=3))
    is_offline: bool = option(False, "Never go online.", Flag("--offline", order=3))


def out_option(text: str) -> Path | None:
    """Define where a result goes, as a field of a dataclass; `text` says what it is."""
    return option(None, text, Flag("--out -o", kind=Path, hidden_as="OUT"))


@dataclass(frozen=True, kw_only=True)
class RunOutput(OutputOptions):
    """How a result is told, and where its run folder goes."""

    out: Path | None = out_option("Run folder to write (default: runs/NAME-TIME).")


Seed = Annotated[int, flag(StudyOptions, "seed")]
Json = Annotated[bool, flag(OutputOptions, "is_json")]
Quiet = Annotated[bool, flag(OutputOptions, "is_quiet")]
Offline = Annotated[bool, flag(OutputOptions, "is_offline")]
CacheDir = Annotated[Path | None, flag(PlaceOptions, "cache_dir")]
WeightsDir = Annotated[Path | None, flag(PlaceOptions, "weights_dir")]
Out = Annotated[Path | None, flag(RunOutput, "out")]
