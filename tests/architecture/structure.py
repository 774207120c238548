"""Measures how the package is built: modules, doors, importers, circles.

Run by itself, it prints the figures:

    python tests/architecture/structure.py [folder that holds the package]
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "hilum"


@dataclass(frozen=True)
class Import:
    """One name, imported by one module.

    Attributes:
        importer: The module that imports.
        written: The module named in the statement.
        name: What is taken from it; empty where the module itself is meant.
        target: The module that defines the name, doors passed through.
    """

    importer: str
    written: str
    name: str
    target: str

    @property
    def is_past_a_door(self) -> bool:
        """Whether it reaches a file inside another room."""
        return room_of(self.importer) != room_of(self.target) and self.written.count(".") > 1


@dataclass(frozen=True)
class Structure:
    """All modules of the package, and who imports what of whom, late and type-only included."""

    paths: Mapping[str, Path]
    imports: tuple[Import, ...]

    @property
    def n_lines(self) -> Mapping[str, int]:
        """Lines of each module."""
        return {
            name: len(path.read_text("utf-8").splitlines()) for name, path in self.paths.items()
        }

    @property
    def edges(self) -> Mapping[str, set[str]]:
        """For each module those that it imports."""
        edges: dict[str, set[str]] = {name: set() for name in self.paths}
        for each in self.imports:
            if each.importer != each.target and each.target in self.paths:
                edges[each.importer].add(each.target)
        return edges

    @property
    def importers(self) -> Mapping[str, set[str]]:
        """For each module those that import it."""
        importers: dict[str, set[str]] = defaultdict(set)
        for importer, targets in self.edges.items():
            for target in targets:
                importers[target].add(importer)
        return importers

    def circles(self) -> list[list[str]]:
        """Return groups of modules that import each other in a loop."""
        return _circles(self.edges)

    def room_circles(self) -> list[list[str]]:
        """Return groups of rooms that import each other in a loop."""
        rooms: dict[str, set[str]] = defaultdict(set)
        for importer, targets in self.edges.items():
            rooms[room_of(importer)] |= {room_of(target) for target in targets}
        return _circles({room: targets - {room} for room, targets in rooms.items()})


def room_of(module: str) -> str:
    """Return the first level below the package: the room, or the module on the ground floor."""
    return ".".join(module.split(".")[:2])


def read_structure(folder: Path) -> Structure:
    """Read every module below `folder` / the package."""
    paths = {}
    for path in sorted((folder / PACKAGE).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    written = {name: list(_written(name, path, paths)) for name, path in paths.items()}
    doors = {
        name: {local: (module, given) for module, given, local in _written(name, stub, paths)}
        for name, path in paths.items()
        if path.name == "__init__.py"
        for stub in [path.with_suffix(".pyi") if path.with_suffix(".pyi").exists() else path]
    }

    def target(module: str, name: str) -> str:
        if f"{module}.{name}" in paths and name not in doors.get(module, {}):
            return f"{module}.{name}"
        if name in doors.get(module, {}):
            inner, given = doors[module][name]
            return inner if inner == module else target(inner, given)
        return module

    return Structure(
        paths,
        tuple(
            Import(importer, module, name, target(module, name))
            for importer, found in written.items()
            for module, name, _ in found
        ),
    )


def _written(
    importer: str, path: Path, paths: Mapping[str, Path]
) -> Iterator[tuple[str, str, str]]:
    """Yield module, name and local name of each import of the package's own."""
    is_package = path.stem == "__init__"
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in paths:
                    yield alias.name, "", alias.asname or alias.name
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                base = importer.split(".")
                base = base[: len(base) - node.level + is_package]
                module = ".".join([*base, module] if module else base)
            if module.split(".")[0] == PACKAGE:
                for alias in node.names:
                    yield module, alias.name, alias.asname or alias.name


def _circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Find strongly connected groups of more than one (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group, stack[at:] = stack[at:], []
            if len(group) > 1:
                found.append(sorted(group))

    sys.setrecursionlimit(10_000)
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def main() -> None:
    """Print the figures."""
    structure = read_structure(Path(sys.argv[1] if len(sys.argv) > 1 else "src"))
    n_lines = structure.n_lines
    modules = {name: n for name, n in n_lines.items() if structure.paths[name].stem != "__init__"}
    largest = max(modules, key=modules.__getitem__)
    between = [i for i in structure.imports if room_of(i.importer) != room_of(i.target)]
    single = [name for name in modules if len(structure.importers.get(name, ())) == 1]
    print(f"modules                       {len(n_lines)} ({len(modules)} besides __init__)")
    print(f"lines of src                  {sum(n_lines.values())}")
    median = statistics.median(modules.values())
    print(f"median, largest               {median:g}, {modules[largest]} ({largest})")
    print(f"modules with one importer     {len(single)}")
    print(f"imports between rooms         {len(between)}")
    print(f"imports past a door           {sum(each.is_past_a_door for each in between)}")
    print(f"circles of modules            {len(structure.circles())}")
    for circle in structure.circles():
        print("   ", " ".join(circle))
    print(f"circles of rooms              {len(structure.room_circles())}")
    for circle in structure.room_circles():
        print("   ", " ".join(circle))


if __name__ == "__main__":
    main()
