"""Make golden runs: every command on generated films, and a server's answers.

    cd tests && python -m golden.make FOLDER
    cd tests && python -m golden.make --freeze

The first makes them into a new folder; the second writes the documents that the repository
keeps anew.

Each step is a folder that holds what was typed, the exit code, stdout, stderr, and the files
that were written. Pictures, weights and networks are kept as their hashes alone.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from golden.compare import read_golden

FROZEN = Path(__file__).parent / "runs"
"""The documents that the repository keeps."""

NOT_FROZEN = re.compile(
    r"doctor-json/|.*/study\.json$|train/stdout\.json$"  # of the machine; what stands elsewhere
    r"|compare-(masks|pyimagesearch)/stdout\.json$|compare-(pyimagesearch|recipes)/files/.+/"
    r"|compare-(masks|faulty)/files/(folds|history|predictions)\.csv$"
    r"|compare-(pyimagesearch|three)/|compare-masks/files/results\.json$"
    r"|compare-head-none/files/imagenet\.csv$|serve/explain-other/"
)
"""What is long and says nothing that another document does not."""

PICTURE = re.compile(r"([A-Za-z0-9+/]{40})[A-Za-z0-9+/]{2000,}=*")
"""A picture in base64: what is frozen of it is its format and size."""

TEXT_ENDINGS = frozenset({".json", ".csv", ".html", ".svg", ".md", ".txt", ".xml"})
LARGEST_TEXT_BYTES = 4_000_000
SMALL = ("--folds", "3", "--repeats", "1", "--views", "1", "--epochs", "8")
TWO = "efficientnet-lite0,efficientnet-lite1"
COMMANDS = (
    "demo", "compare", "audit", "train", "predict", "explain", "export", "serve", "check-table",
    "phantoms", "doctor", "backbones", "backbones list", "backbones fetch",
)  # fmt: skip


@dataclass(frozen=True)
class Workplace:
    """Where commands run, and where what came of them is kept.

    Attributes:
        scratch: The folder in which every command runs; all names are relative to it.
        golden: The folder of the steps.
    """

    scratch: Path
    golden: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Return surroundings in which nothing but the films and the options counts."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HILUM_")}
        return kept | {
            "HILUM_CACHE_DIR": str(self.scratch / "cache"),
            "KERAS_HOME": str(self.scratch / "keras"),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            # Rounding depends on the width of a processor's registers, and a film drawn with
            # one grey level changed is another film: newer processors work as older ones here.
            "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
        }

    def run(self, step: str, *words: str, written: str | None = None, typed: str = "") -> int:
        """Run a command, and keep what came of it.

        Args:
            step: Name of the step.
            words: What stands behind `hilum`.
            written: The file or folder that the command writes, which is kept.
            typed: What it reads from standard input.

        Returns:
            The exit code.
        """
        done = subprocess.run(
            [sys.executable, "-m", "hilum", *words],
            cwd=self.scratch,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        is_json = done.stdout.startswith(("{\n", "[\n"))
        ending = "json" if is_json else "csv" if "--csv" in words else "txt"
        self.keep(
            step,
            {
                "command.txt": f"hilum {' '.join(words)}\n",
                "exit_code.txt": f"{done.returncode}\n",
                f"stdout.{ending}": done.stdout,
                "stderr.txt": done.stderr,
            },
        )
        if written is not None:
            self.keep_files(step, self.scratch / written)
        sys.stderr.write(f"{step}: exit code {done.returncode}\n")
        if "Traceback" in done.stderr:
            raise RuntimeError(f"{step}: {done.stderr}")
        return done.returncode

    def keep(self, step: str, texts: Mapping[str, str]) -> None:
        """Keep texts, those that know where they were made without the place."""
        folder = self.golden / step
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            plain = text.replace(str(self.scratch), "SCRATCH")
            (folder / name).write_text(plain, encoding="utf-8")

    def keep_files(self, step: str, written: Path) -> None:
        """Keep what a command wrote: texts as they are, all else as hashes."""
        files = [written] if written.is_file() else sorted(written.rglob("*"))
        hashes = []
        for path in files:
            if not path.is_file():
                continue
            name = path.name if path == written else path.relative_to(written).as_posix()
            if path.suffix in TEXT_ENDINGS and path.stat().st_size < LARGEST_TEXT_BYTES:
                kept = self.golden / step / "files" / name
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, kept)
            else:
                hashes.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n")
        if hashes:
            self.keep(step, {"hashes.txt": "".join(hashes)})

    @contextmanager
    def serving(self, step: str, *words: str) -> Iterator[str]:
        """Run a server while the block lasts; yields its address, keeps what it told."""
        with subprocess.Popen(
            [sys.executable, "-m", "hilum", "serve", *words, "--port", "0"],
            cwd=self.scratch,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr
            told, address = [], None
            try:
                for line in process.stderr:
                    told.append(line)
                    if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                        address = found.group()
                        break
                if address is None:
                    raise RuntimeError(f"{step}: {''.join(told)}")
                yield address
            finally:
                process.send_signal(signal.SIGTERM)
                stdout, rest = process.communicate(timeout=60)
        self.keep(
            step,
            {
                "command.txt": f"hilum serve {' '.join(words)} --port 0\n",
                "exit_code.txt": f"{process.returncode}\n",
                "stdout.txt": stdout,
                "stderr.txt": "".join(told) + rest,
            },
        )


def ask(
    address: str,
    path: str,
    *,
    method: str | None = None,
    films: Iterable[bytes] = (),
    field: str = "files",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> dict[str, str]:
    """Ask a server, and return its answer as texts: status and headers, body."""
    headers = dict(headers or {})
    films = list(films)
    if films:
        boundary = "golden-run-boundary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; '
            f'filename="{k}.png"\r\n\r\n'.encode()
            + film
            + b"\r\n"
            for k, film in enumerate(films)
        ]
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
    request = urllib.request.Request(address + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, told, content = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, told, content = error.code, error.headers, error.read()
    head = "".join(f"{name.lower()}: {value}\n" for name, value in sorted(told.items()))
    ending = {"application/json": "json", "application/problem+json": "json", "text/html": "html"}
    body_name = f"body.{ending.get(told.get_content_type(), 'txt')}"
    return {"head.txt": f"{status}\n{head}", body_name: content.decode("utf-8")}


def draw_masks(films: Path, masks: Path) -> None:
    """Draw two ellipses for each film, where lungs usually are."""
    for path in sorted(films.rglob("*.png")):
        with Image.open(path) as film:
            width, height = film.size
        mask = Image.new("L", (width, height))
        pen = ImageDraw.Draw(mask)
        for left, right in ((0.15, 0.45), (0.55, 0.85)):
            pen.ellipse((left * width, 0.2 * height, right * width, 0.8 * height), fill=255)
        masks.mkdir(exist_ok=True)
        mask.save(masks / path.name)


def spoil(faulty: Path) -> None:
    """Plant what `hilum phantoms` does not: bad files, odd films, columns, a label too many."""
    table = faulty / "films.csv"
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["sex"] = "MF"[number % 2] if number % 11 else ""
        row["age"] = f"{30 + number % 50:03d}Y"
        row["view"] = "LATERAL" if number % 23 == 7 else ("PA", "AP")[number % 3 == 0]
    last = dict(rows[-1])
    inverted, tinted, tiny = (faulty / rows[number]["image"] for number in (3, 5, 9))
    for path, change in (
        (inverted, ImageOps.invert),
        (tinted, lambda film: ImageOps.colorize(film, "black", "orange")),
        (tiny, lambda film: film.resize((40, 40))),
    ):
        with Image.open(path) as film:
            changed = change(film.convert("L"))
        changed.save(path)
    whole = (faulty / rows[1]["image"]).read_bytes()
    for name, content in (
        ("empty.png", b""),
        ("truncated.png", whole[: len(whole) // 2]),
        ("no-picture.png", b"these are words and no picture\n" * 40),
    ):
        (faulty / "Normal" / name).write_bytes(content)
        rows.append(last | {"image": f"Normal/{name}", "label": "Normal", "patient": name})
    Image.new("L", (300, 300), 128).save(faulty / "Opacity" / "grey.png")
    rows.append(last | {"image": "Opacity/grey.png", "label": "Opacity", "patient": "grey"})
    for row in rows[20:22]:
        row["label"] = "Unclear"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def first_steps(place: Workplace) -> None:
    """Films without faults, one comparison, a bundle, answers: a minute."""
    place.run("phantoms", "phantoms", "films", "--n", "40", "--seed", "0", written="films")
    place.run(
        "compare", "compare", "films/films.csv", "--positive", "Opacity", "-o", "first", *SMALL,
        "--backbones", "efficientnet-lite0", written="first",
    )  # fmt: skip
    place.run("train-from", "train", "--from", "first", "-o", "bundle", written="bundle")
    (place.scratch / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    draw_chequers(place.scratch / "chequers.png")
    place.run(
        "predict-json", "predict", "bundle", "films/Opacity", "chequers.png", "broken.png", "--json"
    )  # fmt: skip


def draw_chequers(path: Path) -> None:
    """Draw what no training film is like."""
    chequers = Image.new("L", (256, 256))
    chequers.putdata([255 * ((k // 4 + k // 1024) % 2) for k in range(256 * 256)])
    chequers.save(path)


def further_steps(place: Workplace) -> None:
    """All else that is written, on the films and the bundle of the first steps."""
    run = place.run
    for name in COMMANDS:
        run(f"help/{name.replace(' ', '-')}", *name.split(), "--help")
    run("help/hilum", "--help")
    films_and_labels(place)
    comparisons(place)
    classifiers(place)
    run("check-table-text", "check-table", "paper", "--max-films", "63")
    run("check-table-json", "check-table", "paper", "--max-films", "63", "--json")
    run("check-table-refuted", "check-table", "paper", "--positives", "14", "--negatives", "16")
    run("backbones", "backbones", "list")
    run("backbones-json", "backbones", "list", "--json")
    run("backbones-paper", "backbones", "list", "paper")
    run("backbones-with-top", "backbones", "list", "VGG16", "--with-top", "--json")
    run("doctor", "doctor")
    run("doctor-json", "doctor", "--json")
    refusals(place)
    questions(place)


def films_and_labels(place: Workplace) -> None:
    """Draw cohorts with planted faults, of three classes, and with labels that contradict."""
    place.run(
        "phantoms-faulty", "phantoms", "faulty", "--n", "48", "--seed", "3",
        "--plant", "duplicates=6,rotated=2,patients-in-both-classes=2",
        "--plant", "marker-shortcut", "--plant", "source-shortcut,frame-shortcut",
        written="faulty",
    )  # fmt: skip
    spoil(place.scratch / "faulty")
    place.run(
        "phantoms-three", "phantoms", "three", "--n", "36", "--classes", "3", "--seed", "5",
        "--quiet", written="three",
    )  # fmt: skip
    (place.scratch / "short.csv").write_text(
        "image,label\nno.png,A\nnone.png,B\n", encoding="utf-8"
    )
    place.run(
        "phantoms-relabelled", "phantoms", "relabelled", "--n", "8", "--plant", "relabelled=2",
        written="relabelled",
    )  # fmt: skip
    draw_masks(place.scratch / "films", place.scratch / "masks")


def comparisons(place: Workplace) -> None:
    """Compare and audit in every way that leads to other words."""
    run = place.run
    run(
        "compare-faulty", "compare", "faulty/films.csv", "--positive", "Opacity", "-o", "second",
        *SMALL, "--backbones", TWO, "--label", "Normal=Normal", "--label", "Opacity=Opacity",
        "--external", "films/films.csv", written="second",
    )  # fmt: skip
    run(
        "compare-masks", "compare", "films", "--positive", "Opacity", "-o", "masked", *SMALL,
        "--backbones", TWO, "--masks", "masks", "--external", "three", "--json",
        "--label", "Normal=Normal", "--label", "Opacity=Opacity|Effusion",
        "--operating-point", "youden", "--prevalence", "0.02,0.2", written="masked",
    )  # fmt: skip
    run(
        "compare-three", "compare", "three/films.csv", "--positive", "Effusion", "-o", "third",
        *SMALL, "--backbones", "efficientnet-lite0", "--no-probes", written="third",
    )  # fmt: skip
    run(
        "compare-recipes", "compare", "films", "--positive", "Opacity", "-o", "recipes", *SMALL,
        "--recipe", "paper,hilum", "--backbones", "efficientnet-lite0", "--no-probes",
        written="recipes",
    )  # fmt: skip
    run(
        "compare-pyimagesearch", "compare", "films", "--positive", "Opacity", "-o", "tutorial",
        "--recipe", "pyimagesearch", "--epochs", "8", "--backbones", "efficientnet-lite0",
        "--no-probes", "--json", "--quiet", written="tutorial",
    )  # fmt: skip
    run(
        "compare-head-none", "compare", "faulty/films.csv", "--head", "none", "-o", "named",
        "--backbones", TWO, "--label", "Normal=Normal", "--label", "Opacity=Opacity",
        written="named",
    )  # fmt: skip
    run(
        "audit-faulty", "audit", "faulty/films.csv", "--positive", "Opacity", "-o", "audit",
        "--sex-column", "sex", "--age-column", "age", "--view-column", "view",
        "--label", "Normal=Normal", "--label", "Opacity=Opacity", written="audit",
    )  # fmt: skip
    run("audit-json", "audit", "films", "--positive", "Opacity", "--no-probes", "--json")


def classifiers(place: Workplace) -> None:
    """Train, answer, explain and export."""
    run = place.run
    run(
        "train", "train", "films/films.csv", "--positive", "Opacity", *SMALL, "--backbone",
        "efficientnet-lite0", "--no-probes", "--standalone", "-o", "alone", "--json",
        written="alone",
    )  # fmt: skip
    run("train-three", "train", "--from", "third", "-o", "of-three", written="of-three")
    some = ("films/Opacity", "chequers.png", "broken.png", "no-such-film.png")
    run("predict", "predict", "bundle", *some)
    run("predict-csv", "predict", "bundle", *some[:3], "--csv")
    run("predict-show-refused", "predict", "alone", *some[:3], "--json", "--show-refused")
    run("predict-three", "predict", "of-three", "three/Effusion", "films/Normal")
    run("predict-three-json", "predict", "of-three", "three/Effusion", "--json")
    run("predict-typed", "predict", "of-three", "-", "--csv", "-q", typed=f"{some[1]}\n")
    film = sorted((place.scratch / "films" / "Opacity").iterdir())[0]
    one = film.relative_to(place.scratch).as_posix()
    run(
        "explain-json", "explain", "bundle", one, "chequers.png", "broken.png", "-o", "pictures",
        "--masks", "masks", "--sanity", "--json", written="pictures",
    )  # fmt: skip
    run(
        "explain", "explain", "bundle", one, "-o", "why.png", "--occlusion", "--class", "Normal",
        written="why.png",
    )  # fmt: skip
    run("export-onnx", "export", "bundle", "-o", "it.onnx", "--json", written="it.onnx")
    run("export-openvino", "export", "of-three", "-o", "it.xml", "--format", "openvino", "--map")


def refusals(place: Workplace) -> None:
    """Ask for what cannot be done: each is one message and exit code 2."""
    run = place.run
    (place.scratch / "no-bundle").mkdir()
    run("refused/relabelled", "compare", "relabelled/films.csv", "--positive", "Opacity")
    run("refused/no-files", "compare", "short.csv")
    run("refused/no-data", "compare", "nowhere")
    run("refused/no-class", "compare", "films", "--positive", "Gout")
    run("refused/no-backbone", "audit", "films", "--positive", "Opacity", "--backbone", "net")
    run("refused/no-recipe", "compare", "films", "--recipe", "cake")
    run("refused/no-run", "train", "--from", "nowhere")
    run("refused/no-bundle", "predict", "no-bundle", "films")
    run("refused/no-film", "predict", "bundle", "*.tiff")
    run("refused/no-table", "check-table", "nowhere.csv")
    run("refused/no-option", "compare", "films", "--speed", "9")
    run("refused/no-weights", "compare", "films", "--positive", "Opacity", "--backbones", "VGG16",
        "--offline")  # fmt: skip
    run("refused/no-command", "dream")


def questions(place: Workplace) -> None:
    """Ask a server everything."""
    film, second = sorted((place.scratch / "films" / "Opacity").iterdir())[:2]
    known, other = film.read_bytes(), second.read_bytes()
    strange = (place.scratch / "chequers.png").read_bytes()
    broken = (place.scratch / "broken.png").read_bytes()
    with place.serving("serve", "bundle", "--access-log", "--max-files", "4") as address:
        for name, path, details in (
            ("model", "/v1/model", {}),
            ("health", "/healthz", {}),
            ("ready", "/readyz", {}),
            ("openapi", "/openapi.json", {}),
            ("documents", "/docs", {}),
            ("page", "/", {}),
            ("predict", "/v1/predict", {"films": [known, strange, broken, other]}),
            ("predict-one", "/v1/predict", {"films": [known]}),
            ("predict-shown", "/v1/predict?show_refused=true", {"films": [strange]}),
            ("predict-broken", "/v1/predict", {"films": [broken]}),
            ("predict-too-many", "/v1/predict", {"films": [known] * 5}),
            ("predict-no-form", "/v1/predict", {"body": b"{}", "method": "POST"}),
            ("predict-no-flag", "/v1/predict?show_refused=maybe", {"films": [known]}),
            ("explain", "/v1/explain", {"films": [known], "field": "file"}),
            ("explain-other", "/v1/explain?label=Normal", {"films": [known], "field": "file"}),
            ("explain-refused", "/v1/explain", {"films": [strange], "field": "file"}),
            ("explain-no-label", "/v1/explain?label=Gout", {"films": [known], "field": "file"}),
            ("no-route", "/v1/nothing", {}),
            ("no-method", "/v1/predict", {"method": "DELETE"}),
            ("no-host", "/v1/model", {"headers": {"Host": "example.org"}}),
            ("metrics", "/metrics", {}),
        ):
            place.keep(f"serve/{name}", ask(address, path, **details))
    (place.scratch / "token").write_text("a-token-for-golden-runs\n", encoding="utf-8")
    with place.serving("serve-token", "of-three", "--token-file", "token") as address:
        bearer = {"Authorization": "Bearer a-token-for-golden-runs"}
        place.keep("serve-token/refused", ask(address, "/v1/model"))
        place.keep("serve-token/model", ask(address, "/v1/model", headers=bearer))
        place.keep(
            "serve-token/predict",
            ask(address, "/v1/predict", films=[known], headers=bearer),
        )


def make(golden: Path, *steps: Callable[[Workplace], None]) -> None:
    """Make golden runs into an empty folder, with a cache that begins empty as well."""
    golden.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="golden-") as scratch:
        place = Workplace(Path(scratch).resolve(), golden.resolve())
        for step in steps:
            step(place)


def freeze(golden: Path, frozen: Path) -> None:
    """Keep the documents of golden runs, normalised: small enough for a repository."""
    texts = read_golden(golden)
    shutil.rmtree(frozen, ignore_errors=True)
    for name, text in texts.items():
        if name.endswith((".json", ".csv")) and not NOT_FROZEN.match(name):
            path = frozen / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PICTURE.sub(r"\1", text), encoding="utf-8", newline="")


def main(words: Sequence[str]) -> None:
    """Make golden runs into a folder, or with --freeze those of the repository."""
    if list(words) == ["--freeze"]:
        with tempfile.TemporaryDirectory(prefix="golden-") as scratch:
            make(Path(scratch) / "runs", first_steps, further_steps)
            freeze(Path(scratch) / "runs", FROZEN)
    else:
        (folder,) = map(Path, words)
        make(folder, first_steps, further_steps)


if __name__ == "__main__":
    main(sys.argv[1:])
