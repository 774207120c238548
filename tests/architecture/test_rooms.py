"""Rooms and doors: no circle, nobody past a door, and a page that is true."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from structure import PACKAGE, Structure, read_structure, room_of

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "src" / PACKAGE
ROOMS = sorted(path.parent.name for path in HOUSE.glob("*/__init__.py"))
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def structure() -> Structure:
    return read_structure(ROOT / "src")


def write_package(folder: Path, **files: str) -> Structure:
    for name, text in files.items():
        path = folder / PACKAGE / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for place in {folder / PACKAGE, *(path.parent for path in folder.rglob("*.py"))}:
        (place / "__init__.py").touch()
    return read_structure(folder)


def test_no_module_and_no_room_stands_in_a_circle(structure: Structure) -> None:
    """Late imports and those for types alone count as any other."""
    assert len(structure.edges) > 100
    assert structure.circles() == []
    assert structure.room_circles() == []


def test_nobody_reaches_past_a_door(structure: Structure) -> None:
    between = [i for i in structure.imports if room_of(i.importer) != room_of(i.target)]
    assert len(between) > 100
    assert [f"{i.importer}: {i.written}.{i.name}" for i in between if i.is_past_a_door] == []


def test_a_circle_is_found_however_it_is_imported(tmp_path: Path) -> None:
    found = write_package(
        tmp_path,
        one__a="import typing\nif typing.TYPE_CHECKING:\n    from hilum.two.b import B\n",
        two__b="def late():\n    from hilum.one import a\n",
    )
    assert found.circles() == [["hilum.one.a", "hilum.two.b"]]
    assert found.room_circles() == [["hilum.one", "hilum.two"]]


def test_who_reaches_past_a_door_is_found(tmp_path: Path) -> None:
    found = write_package(
        tmp_path,
        one__a="from hilum.two.b import B\nfrom hilum.one.c import C\nfrom hilum.ground import G\n",
        one__c="C = 1\n",
        two__b="B = 1\n",
        ground="G = 1\n",
    )
    assert [i.written for i in found.imports if i.is_past_a_door] == ["hilum.two.b"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_door_says_what_comes_in_and_what_goes_out(room: str) -> None:
    door = HOUSE / room / "__init__.py"
    told = ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))) or ""
    assert room == "cli" or re.search(r"^In: .*\bOut: ", told, re.DOTALL | re.MULTILINE), told
    assert door.with_suffix(".pyi").is_file(), "a room's face stands in its stub"


def names_used() -> set[tuple[str, str]]:
    """List what is taken from a room's door: by other rooms, the public face, tests, pages."""
    used = {
        (each.written.removeprefix(f"{PACKAGE}."), each.name)
        for each in read_structure(ROOT / "src").imports
        if each.written.count(".") == 1 and room_of(each.importer) != each.written
    }
    public = HOUSE / "__init__.pyi"
    taken = r"from (?:hilum)?\.(\w+) import (?:\(([^)]*)\)|([^\n]*))"
    readers = [
        path
        for folder in ("tests", "benchmarks", "examples", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md"}
    ]
    for path in (public, *readers):
        text = path.read_text(encoding="utf-8")
        for room, several, one in re.findall(taken, text):
            for name in (several or one).split(","):
                if word := name.split():
                    used.add((room, word[0]))
        used |= set(re.findall(r"hilum\.(\w+)\.(\w+)", text))
    return used


def test_a_door_exports_what_somebody_takes() -> None:
    used = names_used()
    exported = [
        (stub.parent.name, alias.asname or alias.name)
        for stub in sorted(HOUSE.glob("*/__init__.pyi"))
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert len(exported) > 100
    idle = [f"{room}: {name}" for room, name in exported if (room, name) not in used]
    assert idle == [], "\n".join(["these stand in a stub, and nobody outside takes them:", *idle])


def rows_below(heading: str) -> list[list[str]]:
    """Read a table of the page: the cells of each row."""
    part = PAGE.partition(heading)[2]
    table = re.search(r"(?:^\|.*\n)+", part, re.MULTILINE)
    assert table, heading
    lines = table.group().splitlines()[2:]
    assert len(lines) > 5
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_page_names_the_rooms_that_are_here() -> None:
    told = [row[0].strip("| `") for row in rows_below("## The rooms")]
    assert sorted(told) == ROOMS
    ground = {path.stem for path in HOUSE.glob("*.py")} - {"__init__", "__main__"}
    sentence = PAGE.partition("Below the rooms is the ground floor:")[2].partition("\n\n")[0]
    assert ground - set(re.findall(r"`(\w+)`", sentence)) == set()


def test_the_page_lists_the_rooms_in_the_order_of_the_layers() -> None:
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("layers = [")[2]
    floors = [re.findall(r"hilum\.(\w+)", line) for line in contract.partition("]")[0].splitlines()]
    floor = {room: height for height, rooms in enumerate(floors) for room in rooms}
    heights = [floor[row[0].strip("| `")] for row in rows_below("## The rooms")]
    assert heights == sorted(heights)


@cache
def classes_of(room: str) -> set[str]:
    """List the classes that a room defines."""
    return {
        node.name
        for path in (HOUSE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("row", rows_below("| Type | Room"), ids=lambda row: row[1].strip("`"))
def test_a_type_that_the_page_names_stands_where_it_says(row: list[str]) -> None:
    names, room = re.findall(r"`(\w+)`", row[0]), row[1].strip("`")
    assert names
    assert set(names) - classes_of(room) == set()


def test_every_type_of_the_diagram_exists() -> None:
    diagram = PAGE.split("```")[1]
    named = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b", diagram))
    assert len(named) > 15
    assert named - set().union(*map(classes_of, ROOMS)) == set()


def test_every_path_of_the_page_exists() -> None:
    paths = re.findall(r"`(?:src/hilum/)?((?:tests|\w+)/[\w/.]*)`", PAGE.partition("## Engines")[0])
    assert len(paths) > 10
    gone = [p for p in paths if not (HOUSE / p).exists() and not (ROOT / p).exists()]
    assert gone == []
