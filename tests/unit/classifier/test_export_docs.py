"""The program in docs/export.md runs without Hilum, and answers as the bundle does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.classifier.bundle import read_bundle
from hilum.classifier.classifier import Classifier
from hilum.classifier.export.files import export_bundle
from tiny_bundle import strange_film, tiny_film, write_tiny_bundle

DOCS = Path(__file__).parents[3] / "docs" / "export.md"


def save(folder: Path) -> list[Path]:
    """A square, an oblong, a large JPEG that is turned by its EXIF, and no film."""
    large = np.kron(tiny_film(0.8, 3), np.ones((9, 7))).astype(np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    places = [folder / name for name in ("square.png", "oblong.png", "turned.jpg", "chequers.png")]
    Image.fromarray(tiny_film(0.2, 1)).save(places[0])
    Image.fromarray(tiny_film(0.5, 2)).resize((90, 70)).save(places[1])
    Image.fromarray(large).save(places[2], quality=95, exif=turned)
    Image.fromarray(strange_film()).save(places[3])
    return places


def test_the_program_answers_as_the_bundle(tmp_path: Path) -> None:
    program, *_ = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert "hilum" not in program
    bundle = read_bundle(write_tiny_bundle(tmp_path / "tiny"), tmp_path)
    exported = export_bundle(bundle, tmp_path / "tiny.onnx", "onnx")
    places = save(tmp_path)
    files = [str(place) for place in places]
    child = subprocess.run(
        [sys.executable, "-c", program, str(exported.files[0]), *files],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *lines, last = child.stdout.splitlines()
    expected = []
    for place, answer in zip(files, Classifier(bundle).predict_each(files), strict=True):
        if answer.call is None:
            expected.append(f"{place}: not like the training films")
        else:
            shares = ", ".join(f"{share:.4f}" for share in answer.probabilities.values())
            expected.append(f"{place}: {answer.call}, {shares}")
    assert lines == expected
    assert len({line.partition(": ")[2] for line in lines}) > 1
    assert last.startswith("Research use only")
