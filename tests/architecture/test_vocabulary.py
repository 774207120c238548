"""One name for one thing: words of an older vocabulary stay out, and the glossary is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")

FORMER = {
    r"portraits?": "film traits",
    r"twins?": "duplicate",
    r"kinships?": "relations, duplicates",
    r"workshops?": "context",
    r"groundwork": "study design",
    r"champions?": "reference backbone",
    r"shel(?:f|ves)": "local weights",
    r"wish(?:es|ed)?": "options",
    r"stirring|stirred": "shift, warp",
    r"doorkeepers?": "access control",
    r"front[ _-]doors?": "access control, middleware",
    r"sittings?": "run",
    r"transfer(?:s|red|ring|able)?": "external validation",
}
"""What a word of the old vocabulary is called now."""

OLD_WORD = re.compile(rf"(?<![a-z])({'|'.join(FORMER)})(?![a-z])", re.IGNORECASE)

MAYBE = re.compile(
    "portrait|twin|kinship|workshop|groundw|champion|shel[fv]|wish|stirr|door|sitting|transfer",
    re.IGNORECASE,
)
"""What a line with an old word holds at least; this alone is fast."""

ALLOWED = (
    # (files, what may stand there, why)
    (r".", r"(?:deep )?transfer[- ]learning", "the field's term for what Hilum does"),
    (r".", r"transfer syntax(?:es)?|transfer_syntax(?:es)?|TransferSyntax\w*", "a term of DICOM"),
    (r".", r"transfer-encoding|transfer_encoding", "a header of HTTP"),
    (r".", r"a transfer in text mode", "of a file, as FTP does it"),
    (r".", r"dataTransfer|DataTransfer|\btransfer\.(?:items|files)|the transfer is empty"
           r"|filesOf\(transfer\)|const transfer =|clipboardData: transfer|: transfer, bubbles",
     "of a browser"),
    (r".", r"""["'`\[]twins["'`\]]|\btwins: |^twins {2,}|\btwins \{""",
     "a key of audit.json and results.json; keys stay"),
    (r".", r"""["'`]transfers["'`]|\btransfers: |\btransfers [\[]|, transfers}"""
           r"|\.transfers\b|\btransfers=",
     "a key of results.json, and the field that is written under it"),
    (r".", r"""["'`](?:twin-patients|portraits)["'`]|\(`twins`""",
     "what older versions called it, where they are read or told of"),
    (r".", r"SITTING\b", "a position of the patient in DICOM"),
    (r".", r"CVPR Workshops?", "a place of publication"),
    (r"docs/classifier\.md", r"portrait and a sunflower", "a picture of a person"),
    (r"docs/run-folder\.md", r"the transfer `ensemble`", "an entry of the key `transfers`"),
)  # fmt: skip

HISTORY = re.compile(
    r"CHANGELOG\.md|docs/decisions/"  # what was called so then
    r"|tests/golden/runs/|docs/schemas/"  # documents, whose keys stay
    r"|tests/architecture/test_vocabulary\.py"
)

READ = {".py", ".pyi", ".md", ".j2", ".html", ".css", ".js", ".toml", ".txt", ".json", ".csv"}

ACTS = {
    "admitting", "assessing", "benefiting", "comparing_copies", "contrasting", "dealing",
    "deciding", "describing", "downloading", "dropping", "elsewhere", "evaluating", "exporting",
    "folding", "measuring", "naming_films", "operating", "permuting", "pointing", "pooling",
    "ranking", "reaching", "retraining", "scrutiny", "selecting", "splitting", "standing",
    "telling", "turning", "writing",
}  # fmt: skip
"""Names that modules had when they were called after what they do."""


def sources() -> Iterator[Path]:
    """Yield every file of text that people of the house write."""
    for name in ("src", "docs", "tests", "benchmarks", "examples"):
        for path in sorted((ROOT / name).rglob("*")):
            place = path.relative_to(ROOT).as_posix()
            if path.suffix in READ and "__pycache__" not in place and not HISTORY.match(place):
                yield path
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml"))


def old_words(place: str, text: str) -> list[str]:
    """Find the words of the old vocabulary that no exception allows."""
    found = []
    for number, line in enumerate(text.splitlines() if MAYBE.search(text) else (), 1):
        if not MAYBE.search(line):
            continue
        left = line
        for files, words, _ in ALLOWED:
            if re.match(files, place):
                left = re.sub(words, "", left, flags=re.IGNORECASE)
        # `made_twins` and `TwinKind` are the same words.
        for each in re.sub(r"([a-z])([A-Z])|_", r"\1 \2", left), left.replace("_", " "):
            if word := OLD_WORD.search(each):
                found.append(f"{place}:{number}: {word.group()}: {line.strip()[:90]}")
                break
    return found


def test_old_words_stay_out() -> None:
    files = {path.relative_to(ROOT).as_posix(): path for path in sources()}
    assert len(files) > 300
    found = [
        offender
        for place, path in files.items()
        for offender in [
            *old_words("", place.replace("/", " ")),
            *old_words(place, path.read_text(encoding="utf-8")),
        ]
    ]
    assert not found, "\n".join([f"{len(found)} old words:", *found])


@pytest.mark.parametrize(
    "line",
    [
        "def find_twins(films):", "class TwinKind:", "a shelf of weights", "made_portraits",
        "the front door", "{% include 'transfer.html.j2' %}", "KINSHIP", "def _transfer(", "wishes",
    ],
)  # fmt: skip
def test_an_old_word_is_found(line: str) -> None:
    assert len(old_words("src/hilum/x.py", line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Transfer learning on chest X-rays", "transfer_syntax = tags[2]", 'told["twins"]',
        "without swings", 'validation["transfers"]', "transformed", "listing fittings",
    ],
)  # fmt: skip
def test_other_words_are_let_be(line: str) -> None:
    assert old_words("src/hilum/x.py", line) == []


def test_every_exception_is_needed() -> None:
    texts = {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in sources()}
    idle = [
        words
        for files, words, _ in ALLOWED
        if not any(
            re.search(words, text, re.IGNORECASE | re.MULTILINE)
            for place, text in texts.items()
            if re.match(files, place)
        )
    ]
    assert idle == []


def test_modules_are_named_for_their_subject() -> None:
    names = {path.stem for path in (ROOT / "src" / "hilum").rglob("*.py")}
    assert len(names) > 100
    assert names & ACTS == set()


def test_the_glossary_gives_every_term_once_in_order_and_in_one_line() -> None:
    terms = re.findall(r"^\| \*\*([^*]+)\*\* \| (.+) \|$", GLOSSARY, re.MULTILINE)
    names = [name for name, _ in terms]
    assert len(names) > 50
    assert names == sorted(set(names), key=str.lower)
    assert all(20 < len(meaning) < 240 for _, meaning in terms)


@pytest.mark.parametrize(
    "term",
    [
        "backbone", "baseline", "bundle", "check", "cohort", "external", "features", "film",
        "finding", "fold", "frozen", "group", "head", "near-duplicate", "operating point", "probe",
        "reference backbone", "run", "scored films", "shortcut", "source", "study design",
        "traits", "verdict", "view",
    ],
)  # fmt: skip
def test_the_glossary_has_the_terms_of_the_house(term: str) -> None:
    assert re.search(rf"^\| \*\*{term}\*\* \|", GLOSSARY, re.MULTILINE)
