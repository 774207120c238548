"""The rules that keep the house in order, as tests."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hilum

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "hilum").rglob("*.py"))


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_the_public_names_are_these() -> None:
    assert hilum.__all__ == [
        "Audit", "Classifier", "Cohort", "Comparison", "HilumError", "Prediction", "Report",
        "__version__",
        "audit", "compare", "compare_recipes", "save_audit", "save_bundle", "save_recipes",
        "save_run", "train", "train_from_run",
    ]  # fmt: skip
    assert all(getattr(hilum, name) is not None for name in hilum.__all__)
    assert callable(hilum.audit)
    with pytest.raises(AttributeError):
        _ = hilum.nonsense


def test_import_contracts_hold() -> None:
    # In a process of its own: import-linter rearranges logging.
    code = "from importlinter.cli import lint_imports_command as check; check()"
    checked = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("statement", ["import hilum", "from hilum import Cohort"])
def test_importing_hilum_loads_no_engine(statement: str) -> None:
    heavy = "{'keras', 'jax', 'optax', 'openvino', 'matplotlib', 'sklearn', 'pyarrow', 'httpx'}"
    assert run_python(f"import sys; {statement}; print({heavy} & set(sys.modules))") == "set()\n"


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys\nfrom hilum.cli.main import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print({'numpy', 'scipy', 'sklearn', 'PIL', 'jax', 'keras', 'openvino',"
        "       'httpx'} & set(sys.modules))"
    )
    assert run_python(code).endswith("set()\n")


def test_predicting_loads_nothing_that_only_training_needs(tmp_path: Path) -> None:
    from tiny_bundle import as_png, tiny_film, write_tiny_bundle

    bundle = write_tiny_bundle(tmp_path / "bundle")
    (tmp_path / "film.png").write_bytes(as_png(tiny_film(0.8)))
    code = (
        "import sys\nfrom hilum.cli.main import app\n"
        f"try: app(['predict', {str(bundle)!r}, {str(tmp_path / 'film.png')!r}, '--json'])\n"
        "except SystemExit as ended: assert not ended.code\n"
        "heavy = {'keras', 'jax', 'optax', 'scipy', 'sklearn', 'pyarrow', 'matplotlib', 'h5py',"
        "         'pandas', 'onnx', 'onnxruntime', 'fastapi', 'httpx', 'torch', 'tensorflow'}\n"
        "print(heavy & set(sys.modules))"
    )
    assert run_python(code).endswith("set()\n")


def test_features_from_the_store_need_no_engine(tmp_path: Path) -> None:
    from PIL import Image

    from fake_engine import GridEngine, grid_backbone, opens
    from hilum.cohort.cohort import Cohort
    from hilum.features.extraction import extract_features
    from hilum.features.views import rotated_views

    for k, label in enumerate(("Normal", "Opacity")):
        (tmp_path / "films" / label).mkdir(parents=True)
        Image.new("L", (70, 70), 50 * k).save(tmp_path / "films" / label / "film.png")
    films = Cohort.from_folder(tmp_path / "films").films
    cache = tmp_path / "cache"
    engine = opens(GridEngine())
    extract_features(
        films, grid_backbone(), views=rotated_views(1, 0), cache_dir=cache, engine=engine
    )
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n"
        "from pathlib import Path\n"
        "from fake_engine import grid_backbone\n"
        "from hilum.cohort.cohort import Cohort\n"
        "from hilum.features.extraction import extract_features\n"
        "from hilum.features.views import rotated_views\n"
        f"here = Path({str(tmp_path)!r})\n"
        "films = Cohort.from_folder(here / 'films').films\n"
        "done = extract_features(films, grid_backbone(), views=rotated_views(1, 0), "
        "cache_dir=here / 'cache')\n"
        "print(done.cost.n_computed, {'keras', 'openvino', 'jax'} & set(sys.modules))"
    )
    assert run_python(code) == "0 set()\n"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_public_is_documented(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree) or not text.strip(), "the module says no purpose"
    for node in ast.walk(tree):
        is_public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_"
        if is_public and node in tree.body:
            assert ast.get_docstring(node), f"{node.name} has no docstring"


def test_types_are_frozen() -> None:
    """A stage changes nothing that another made; a ticket alone fills up on its way."""
    open_types = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            decorators = node.decorator_list if isinstance(node, ast.ClassDef) else ()
            for decorator in map(ast.unparse, decorators):
                if decorator.startswith("dataclass") and "frozen=True" not in decorator:
                    open_types.add(node.name)
    assert open_types == {"_Ticket"}


def test_no_room_has_a_name_that_says_nothing() -> None:
    names = {path.stem for path in SOURCES} | {path.parent.name for path in SOURCES}
    assert not names & {"utils", "helpers", "common", "misc", "core", "manager"}


NOT_OURS = {".git", ".venv", "__pycache__", "runs", "dist", "build", "mutants"}
"""Folders that no tree of the project carries, and that an unpacked one may hold."""


def ask_git(*command: str) -> subprocess.CompletedProcess[str] | None:
    """Ask git about this tree; None where this tree is no checkout of its own."""
    asked = {"cwd": ROOT, "capture_output": True, "text": True, "check": False}
    if shutil.which("git") is None:
        return None
    top = subprocess.run(["git", "rev-parse", "--show-toplevel"], **asked)
    if top.returncode or Path(top.stdout.rstrip("\n")).resolve() != ROOT.resolve():
        return None
    return subprocess.run(["git", *command], **asked)


def tracked_files() -> list[Path]:
    """List what git tracks; in a tree without git, all files that are not made by tools."""
    listed = ask_git("ls-files", "-z")
    if listed is None:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        names = [name for name in names if not NOT_OURS & set(name.parts)]
        names = [
            name for name in names if not re.match(r"\.\w+_cache$|\.hypothesis$", name.parts[0])
        ]
    else:
        assert listed.returncode == 0, listed.stderr
        names = [Path(name) for name in listed.stdout.split("\0") if name]
    files = [ROOT / name for name in names if (ROOT / name).is_file()]
    assert {ROOT / "pyproject.toml", ROOT / "README.md", *SOURCES[:1], Path(__file__)} <= set(files)
    return files


def test_no_module_is_ignored() -> None:
    """A room that an ignore pattern happens to match would be missing from every clone."""
    told = ask_git("check-ignore", "--no-index", *map(str, SOURCES))
    if told is None:
        pytest.skip("this tree is no git checkout, and only git knows its ignore patterns")
    assert (told.returncode, told.stdout) == (1, ""), told.stderr


OWN_WEIGHTS = ROOT / "src/hilum/features/lungs.safetensors"
"""Of the finder of lungs: fitted by us on generated films alone, and so as much ours as code is."""


def test_no_film_no_weights_and_no_large_file_is_tracked() -> None:
    assert OWN_WEIGHTS.stat().st_size < 100_000
    for path in tracked_files():
        if path == OWN_WEIGHTS:
            continue
        assert path.suffix not in {".pth", ".h5", ".onnx", ".bin", ".safetensors", ".dcm", ".bmp"}
        if path.suffix not in {".png", ".jpg"}:
            assert len(path.read_text(encoding="utf-8")) < 300_000, path


def test_constraints_pin_everything_and_name_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 50
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin) for pin in pins)
    pinned = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    installed = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in run_python(
            "from importlib.metadata import distributions\n"
            "for d in distributions(): print(d.metadata['Name'])"
        ).splitlines()
    }
    assert not pinned & {"torch", "tensorflow", "tensorflow-cpu"}
    assert installed - pinned <= {"hilum", "pip", "setuptools", "wheel"}
