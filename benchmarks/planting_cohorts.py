"""Cohorts whose truth is known: labels dealt at random over films of one source, then painted.

Before painting, nothing tells the classes apart. What is painted into one class is therefore all
that a network can find, be it a disease or a shortcut. All films are then written alike: one
size, one format, numbers for names.

    python -m benchmarks.planting_cohorts patchy OUT --films FOLDER --seed 1 --strength 0.7
    python -m benchmarks.planting_cohorts pacemaker OUT --films phantoms --share 0.5 --beside patchy
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.planting.acquisition import crop_to_lungs
from benchmarks.planting.chest import Chest, find_chest
from benchmarks.planting.families import FAMILIES, Family
from hilum.phantoms.cohort import draw_phantom
from hilum.phantoms.plan import PlannedPhantom, plan_phantoms

CLASSES = ("Finding", "Normal")
HOSPITALS = ("Hospital A", "Hospital B")
BY_SOURCE = ("within", "own", "balanced")

_PATIENT_RULES = (
    re.compile(r"(\d{8})_\d{3}\."),  # NIH ChestX-ray: patient_followup
    re.compile(r"(?:NORMAL2-)?IM-(\d{4})-"),  # Kermany: person, then film
)
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Truth:
    """What was planted, and what an honest report says of it.

    Attributes:
        family: Name of the family.
        group: What the family belongs to.
        nature: "disease", "shortcut" or "nothing".
        strength: 1 is an ordinary specimen.
        seed: Of the cohort.
        share: Share of the patients of `Finding` that were painted.
        share_other: Share of the patients of `Normal` that were painted.
        beside: The disease that was painted into every film of `Finding` as well.
        beside_strength: Its strength.
        by_source: "within": in each hospital another mark tells the class. "own": each
            hospital's mark stands on its films of both classes, and the hospitals differ in
            prevalence. "balanced": the hospitals' films look different, their prevalence is
            the same. None: one source.
        partner: The second hospital's mark.
        causes: What has to be named: the first, and beside it what would be true as well. Empty
            where nothing stands against the cohort.
        words: What a reader may call it; one of them is right.
        place: Where on the film it stands.
        expected: What an honest verdict may say: "supported", "not supported", "not withheld".
        is_cropped: Whether all films were cropped to the lungs.
        films: Where the films came from.
        size_px: Height and width of every film.
        n_films: Films in the cohort.
        n_patients: Patients in the cohort.
        painted: For each film that was painted, in the table's words, with what.
        originals: The film that each film was made from.
    """

    family: str
    group: str
    nature: str
    strength: float
    seed: int
    share: float
    share_other: float
    beside: str | None
    beside_strength: float
    by_source: str | None
    partner: str | None
    causes: tuple[str, ...]
    words: tuple[str, ...]
    place: str
    expected: str
    is_cropped: bool
    films: str
    size_px: int
    n_films: int
    n_patients: int
    painted: dict[str, list[str]]
    originals: dict[str, str]


@dataclass(frozen=True)
class _Original:
    """A film before anything was painted; `read` gives its levels, 0 to 1, and its chest."""

    name: str
    patient: str
    read: Callable[[], tuple[np.ndarray, Chest]]


@dataclass(frozen=True)
class _Planned:
    """One film of the cohort: what it shows and what its row of the table says."""

    original: int
    label: str
    patient: str
    paints: tuple[tuple[str, float], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    rank: float = 0.0


def patient_of(name: str) -> str:
    """Read the patient off a film's name; a film without one is a patient of its own."""
    for rule in _PATIENT_RULES:
        if found := rule.match(name):
            return found[1]
    return Path(name).stem


def plant(
    family: str,
    films: str | Path,
    out: Path,
    *,
    seed: int = 0,
    strength: float = 1.0,
    share: float = 1.0,
    share_other: float = 0.0,
    beside: str | None = None,
    beside_strength: float = 0.5,
    by_source: str | None = None,
    partner: str | None = None,
    n: int = 240,
    size_px: int = 512,
) -> Truth:
    """Write a cohort of which the truth is known.

    The same arguments and films give the same bytes.

    Args:
        family: One of `FAMILIES`.
        films: A folder of films without the finding in question, or "phantoms".
        out: Where `films.csv`, `truth.json` and `films/` go; new or empty.
        seed: Deals labels and draws whatever is painted.
        strength: 1 is an ordinary specimen; 0 paints nothing.
        share: Share of the patients of `Finding` that are painted.
        share_other: Share of the patients of `Normal` that are painted.
        beside: A disease for every film of `Finding`, beside the family.
        beside_strength: Its strength.
        by_source: Two hospitals: "within", "own" or "balanced"; see `Truth`.
        partner: The second hospital's family; by default another object, drawn by the seed.
        n: Films, at most; whole patients in random order.
        size_px: Height and width; smaller where the films are smaller.

    Raises:
        ValueError: An argument that is not among those above, or a folder without films.
        FileExistsError: `out` holds something.
    """
    chosen = FAMILIES.get(family)
    if chosen is None:
        raise ValueError(f"{family} is none of {', '.join(FAMILIES)}.")
    if by_source is not None and by_source not in BY_SOURCE:
        raise ValueError(f"{by_source} is none of {', '.join(BY_SOURCE)}.")
    if beside is not None and getattr(FAMILIES.get(beside), "nature", None) != "disease":
        raise ValueError(f"{beside} is no disease.")
    if by_source is not None and (chosen.column or chosen.group == "order"):
        raise ValueError(f"{family} has columns of its own; leave by_source out.")
    if by_source in ("within", "own") and chosen.nature != "shortcut":
        raise ValueError(f"{family} is no mark of a hospital; put a disease beside one.")
    if partner is not None and getattr(FAMILIES.get(partner), "nature", None) != "shortcut":
        raise ValueError(f"{partner} is no mark of a hospital.")
    if min(strength, beside_strength) < 0 or not (0 <= share <= 1 and 0 <= share_other <= 1):
        raise ValueError("Strengths are 0 or more, shares between 0 and 1.")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} holds something; name a new folder.")
    originals, side = _find_originals(films, n, size_px, seed)

    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    planned = _deal(originals, n, rng)
    if by_source == "within" or by_source == "own":
        partner = partner or _draw_partner(chosen, rng)
    else:
        partner = None
    if beside is not None:
        planned = _add(planned, beside, beside_strength, {CLASSES[0]: 1.0}, rng)
    shares = {CLASSES[0]: share, CLASSES[1]: share_other}
    if chosen.column == "age sex view source":
        planned = _add_columns_at_random(planned, rng)
    elif chosen.column is not None:
        planned = _add_attribute(planned, chosen, strength, rng)
    elif chosen.group == "order":
        planned = _add_order(planned, chosen, strength, rng)
    elif by_source is not None:
        planned = _add_hospitals(planned, chosen, partner, by_source, strength, shares, rng)
    elif chosen.paint is not None:
        planned = _add(planned, family, strength, shares, rng)
    if chosen.group != "order":
        planned = [replace(film, rank=float(rng.random())) for film in planned]
    planned.sort(key=lambda film: film.rank)

    images = [f"films/{number:04d}.png" for number in range(1, len(planned) + 1)]
    (out / "films").mkdir(parents=True, exist_ok=True)
    for image, film in zip(images, planned, strict=True):
        drawn = _draw(originals[film.original], film, seed, is_cropped=chosen.is_cropped)
        drawn.save(out / image, compress_level=1)
    _write_table(out / "films.csv", images, planned)
    has_shortcut = chosen.nature == "shortcut" or partner is not None
    truth = Truth(
        family=family,
        group=chosen.group,
        nature="shortcut" if has_shortcut else chosen.nature,
        strength=strength,
        seed=seed,
        share=share,
        share_other=share_other,
        beside=beside,
        beside_strength=beside_strength if beside else 0.0,
        by_source=by_source,
        partner=partner,
        causes=_causes(chosen, partner, by_source),
        words=(*chosen.words, *(FAMILIES[partner].words if partner else ())),
        place=chosen.place,
        expected="not supported" if has_shortcut else chosen.expected,
        is_cropped=chosen.is_cropped,
        films=_name_of(films),
        size_px=side,
        n_films=len(planned),
        n_patients=len({film.patient for film in planned}),
        painted={
            image: [name for name, _ in film.paints]
            for image, film in zip(images, planned, strict=True)
            if film.paints
        },
        originals={
            image: originals[film.original].name
            for image, film in zip(images, planned, strict=True)
        },
    )
    (out / "truth.json").write_text(json.dumps(asdict(truth), indent=1) + "\n", encoding="utf-8")
    return truth


def read_truth(folder: Path) -> Truth:
    """Read what `plant` wrote beside a cohort."""
    told = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return Truth(**{**told, "words": tuple(told["words"]), "causes": tuple(told["causes"])})


def _causes(family: Family, partner: str | None, by_source: str | None) -> tuple[str, ...]:
    causes = [*family.causes, *(FAMILIES[partner].causes if partner else ())]
    if by_source == "own":
        causes.append("attribute")
    return tuple(dict.fromkeys(causes))


def _name_of(films: str | Path) -> str:
    if str(films) == "phantoms":
        return "phantoms"
    return "/".join(Path(films).resolve().parts[-2:])


# Reading


def _find_originals(
    films: str | Path, n: int, size_px: int, seed: int
) -> tuple[list[_Original], int]:
    """List the films, and say how many pixels high and wide they will all be."""
    if str(films) == "phantoms":
        # Phantoms are cheap to draw anew, so each seed has films of its own.
        plans = [p for p in plan_phantoms(2 * n, 2) if p.label == "Normal"]
        drawn = [
            _Original(Path(p.image).name, p.patient, partial(_draw_phantom, p, seed, size_px))
            for p in plans
        ]
        return drawn, size_px
    files = sorted(p for p in Path(films).rglob("*") if p.suffix.lower() in _SUFFIXES)
    if not files:
        raise ValueError(f"{films} holds no films.")
    longest = []
    for file in files:
        with Image.open(file) as picture:
            longest.append(max(picture.size))
    side = min(size_px, int(np.median(longest)))
    found = [_Original(p.name, patient_of(p.name), partial(_read_film, p, side)) for p in files]
    return found, side


@lru_cache(maxsize=1024)
def _read_film(file: Path, side: int) -> tuple[np.ndarray, Chest]:
    with Image.open(file) as picture:
        picture.draft("L", (side, side))
        return _resize(picture.convert("L"), side)


@lru_cache(maxsize=1024)
def _draw_phantom(plan: PlannedPhantom, seed: int, side: int) -> tuple[np.ndarray, Chest]:
    return _resize(Image.fromarray(draw_phantom(plan, seed).pixels), side)


def _resize(picture: Image.Image, side: int) -> tuple[np.ndarray, Chest]:
    """Bring a film's longer side to the common size, and find its chest."""
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    levels = np.asarray(picture, np.float32) / 255
    if size != picture.size:
        # In floating point, so that painting leaves no gaps between grey levels.
        resized = Image.fromarray(levels).resize(size, Image.Resampling.BICUBIC, reducing_gap=3)
        levels = np.clip(np.asarray(resized), 0, 1)
    levels.flags.writeable = False
    return levels, find_chest(levels)


# Planning


def _deal(originals: list[_Original], n: int, rng: np.random.Generator) -> list[_Planned]:
    """Deal patients to two classes at random; classes stay as even as whole patients allow."""
    of_patient: dict[str, list[int]] = defaultdict(list)
    for index, film in enumerate(originals):
        of_patient[film.patient].append(index)
    patients = sorted(of_patient)
    counts = dict.fromkeys(CLASSES, 0)
    planned: list[_Planned] = []
    for number, k in enumerate(rng.permutation(len(patients)), 1):
        rows = of_patient[patients[k]]
        if len(planned) + len(rows) > n:
            continue
        short = [label for label in CLASSES if counts[label] == min(counts.values())]
        label = short[int(rng.integers(len(short)))]
        counts[label] += len(rows)
        planned += [_Planned(row, label, f"p{number:04d}") for row in rows]
    return planned


def _pick(patients: Iterable[str], share: float, rng: np.random.Generator) -> set[str]:
    names = sorted(set(patients))
    return {names[k] for k in rng.permutation(len(names))[: round(share * len(names))]}


def _add(
    planned: list[_Planned],
    family: str,
    strength: float,
    shares: Mapping[str, float],
    rng: np.random.Generator,
) -> list[_Planned]:
    """Paint a family into a share of the patients of each class."""
    picked: set[str] = set()
    for label, share in shares.items():
        picked |= _pick((f.patient for f in planned if f.label == label), share, rng)
    return [
        replace(film, paints=(*film.paints, (family, strength)))
        if film.patient in picked and strength > 0
        else film
        for film in planned
    ]


def _patients(planned: list[_Planned]) -> dict[str, str]:
    return {film.patient: film.label for film in planned}


def _link(strength: float) -> float:
    """Say how often an attribute goes with its class: half of the time at strength 0."""
    return 0.5 + 0.45 * min(strength, 1.0)


def _split(planned: list[_Planned], link: float, rng: np.random.Generator) -> dict[str, bool]:
    """Deal a trait to patients: to a share of `Finding`, and to the rest of `Normal`."""
    names = sorted(_patients(planned).items())
    first = _pick((p for p, label in names if label == CLASSES[0]), link, rng)
    other = _pick((p for p, label in names if label == CLASSES[1]), 1 - link, rng)
    return {patient: patient in first | other for patient, _ in names}


_ATTRIBUTES = {
    "sex": ("F", "M"),
    "view": ("AP", "PA"),
    "device": ("DX-2", "CR-1"),
    "source": HOSPITALS,
}


def _add_attribute(
    planned: list[_Planned], family: Family, strength: float, rng: np.random.Generator
) -> list[_Planned]:
    """Let a column go with the label, and leave its trace on films of either class."""
    column = str(family.column)
    trace = 0.4 + 0.6 * strength if strength > 0 else 0.0
    has_trait = _split(planned, _link(strength), rng)
    cells, amounts = {}, {}
    for patient, has in has_trait.items():
        if column == "age":
            age = int(np.clip(rng.normal(68 if has else 38, 9), 18, 95))
            cells[patient], amounts[patient] = str(age), trace * max(age - 30, 0) / 38
        else:
            cells[patient] = _ATTRIBUTES[column][0 if has else 1]
            amounts[patient] = trace if has else 0.0
    return [
        replace(
            film,
            columns=(*film.columns, (column, cells[film.patient])),
            paints=(*film.paints, (family.name, amounts[film.patient]))
            if amounts[film.patient] > 0
            else film.paints,
        )
        for film in planned
    ]


def _add_columns_at_random(planned: list[_Planned], rng: np.random.Generator) -> list[_Planned]:
    told = {}
    for patient in sorted(_patients(planned)):
        cells = [("age", str(int(np.clip(rng.normal(55, 16), 18, 95))))]
        cells += [(c, str(rng.choice(_ATTRIBUTES[c]))) for c in ("sex", "view", "source")]
        told[patient] = tuple(cells)
    return [replace(film, columns=(*film.columns, *told[film.patient])) for film in planned]


def _add_order(
    planned: list[_Planned], family: Family, strength: float, rng: np.random.Generator
) -> list[_Planned]:
    """Number one class mostly before the other, while the device drifts slowly."""
    comes_late = _split(planned, _link(strength), rng)
    when = {patient: float(rng.random() + late) for patient, late in sorted(comes_late.items())}
    latest = max(when.values())
    return [
        replace(
            film,
            rank=when[film.patient],
            paints=(*film.paints, (family.name, 1.2 * strength * when[film.patient] / latest))
            if strength > 0
            else film.paints,
        )
        for film in planned
    ]


def _draw_partner(family: Family, rng: np.random.Generator) -> str:
    others = [
        other.name
        for other in FAMILIES.values()
        if "objects" in other.causes and other.group not in (family.group, "shadows")
    ]
    return others[int(rng.integers(len(others)))]


def _add_hospitals(
    planned: list[_Planned],
    family: Family,
    partner: str | None,
    by_source: str,
    strength: float,
    shares: Mapping[str, float],
    rng: np.random.Generator,
) -> list[_Planned]:
    """Deal patients to two hospitals; the column `source` names them."""
    stands_in_first = _split(planned, _link(strength) if by_source == "own" else 0.5, rng)
    halves = [
        [f for f in planned if stands_in_first[f.patient] is first] for first in (True, False)
    ]
    named = [
        [replace(f, columns=(*f.columns, ("source", name))) for f in half]
        for half, name in zip(halves, HOSPITALS, strict=True)
    ]
    if by_source == "balanced":
        everyone = _add([*named[0], *named[1]], family.name, strength, shares, rng)
        return [
            replace(f, paints=(*f.paints, ("source", 1.0)))
            if dict(f.columns)["source"] == HOSPITALS[1]
            else f
            for f in everyone
        ]
    if by_source == "own":
        shares = dict.fromkeys(CLASSES, shares[CLASSES[0]])
    return [
        *_add(named[0], family.name, strength, shares, rng),
        *_add(named[1], str(partner), strength, shares, rng),
    ]


# Writing


def _draw(original: _Original, film: _Planned, seed: int, *, is_cropped: bool) -> Image.Image:
    levels, chest = original.read()
    for family, strength in film.paints:
        key = (2, zlib.crc32(family.encode()), film.original)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        paint = FAMILIES[family].paint
        assert paint is not None
        levels = paint(levels, chest, rng, strength)
    if is_cropped:
        key = (3, film.original)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        levels = crop_to_lungs(levels, chest, rng)
    pixels = np.round(255 * np.clip(levels, 0, 1)).astype(np.uint8)
    # On black where the film is not square, after painting: nothing is painted beside a film.
    side = max(pixels.shape)
    top, left = (side - pixels.shape[0]) // 2, (side - pixels.shape[1]) // 2
    square = np.zeros((side, side), np.uint8)
    square[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return Image.fromarray(square)


def _write_table(path: Path, images: list[str], planned: list[_Planned]) -> None:
    columns = [name for name, _ in planned[0].columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", "label", "patient", *columns])
        for image, film in zip(images, planned, strict=True):
            table.writerow([image, film.label, film.patient, *(v for _, v in film.columns)])


def main() -> None:
    """Plant one cohort from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("family", choices=FAMILIES, metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", required=True, help="a folder of films, or: phantoms")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--share-other", type=float, default=0.0)
    parser.add_argument("--beside", help="a disease for all films of Finding")
    parser.add_argument("--beside-strength", type=float, default=0.5)
    parser.add_argument("--by-source", choices=BY_SOURCE)
    parser.add_argument("--partner", help="the second hospital's family")
    parser.add_argument("--n", type=int, default=240)
    parser.add_argument("--size-px", type=int, default=512)
    told = vars(parser.parse_args())
    truth = plant(told.pop("family"), told.pop("films"), told.pop("out"), **told)
    print(
        f"{truth.n_films} films of {truth.n_patients} patients, {truth.size_px} px; "
        f"{truth.family} on {len(truth.painted)}; an honest verdict is {truth.expected}."
    )


if __name__ == "__main__":
    main()
