"""How figures are drawn: colours of two themes, paper in inches, small repeatable SVG."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from markupsafe import Markup

from hilum.report.sections.verdict import UNVERIFIED_MARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Picture(Protocol):
    """A figure of a report: finished numbers, as a table and as a drawing.

    Nothing is computed while drawing, and matplotlib is loaded by `plot` alone.
    """

    @property
    def description(self) -> str:
        """What the picture shows, for those who cannot see it."""

    def frame(self) -> dict[str, list[Any]]:
        """Return what is drawn as a table: column to values, all of one length."""

    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it.

        Args:
            figure: Drawn upon, and brought to the size that the picture takes; a new one, tied
                to no window, if not given.
        """


@dataclass(frozen=True)
class Colour:
    """One role on the page.

    Attributes:
        name: The role; the CSS variable is `--` and this name.
        light: Value on white paper, as `#rrggbb`; no two roles share one.
        dark: Value on a dark screen.
    """

    name: str
    light: str
    dark: str


PAPER = Colour("paper", "#fefefe", "#14171b")
PANEL = Colour("panel", "#f4f5f7", "#1d2126")
INK = Colour("ink", "#1b1f24", "#e7e9ec")
MUTED = Colour("muted", "#59616b", "#a3abb5")
RULE = Colour("rule", "#d9dde2", "#353b43")

SERIES = (
    Colour("series-1", "#0067a6", "#6bb8f0"),
    Colour("series-2", "#b84a00", "#ff9a5a"),
    Colour("series-3", "#00755a", "#3fcfa0"),
    Colour("series-4", "#a3437a", "#f09bcb"),
    Colour("series-5", "#856300", "#f0c24b"),
    Colour("series-6", "#5b4bb0", "#b3a8ff"),
    Colour("series-7", "#4a4f57", "#c4c9d0"),
)

TRAINING, VALIDATION = SERIES[0], SERIES[1]
GOOD = Colour("good", "#0b6b3a", "#5fd394")
CAUTION = Colour("caution", "#8a5300", "#f2b75c")
BAD = Colour("bad", "#b3261e", "#ff8a80")
COLOURS = (PAPER, PANEL, INK, MUTED, RULE, *SERIES, GOOD, CAUTION, BAD)

# Solid first; then dashes that stay apart when printed in grey.
LINE_STYLES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "solid",
    (0, (6, 2)),
    (0, (2, 1.5)),
    (0, (8, 2, 1.5, 2)),
    (0, (5, 1.5, 1.5, 1.5, 1.5, 1.5)),
    (0, (12, 3)),
)


def series_style(index: int) -> tuple[str, str | tuple[int, tuple[float, ...]]]:
    """Give the line number `index` a colour and dashes that no near neighbour has.

    Args:
        index: Place in the series, from 0; colour and dashes together repeat
            after 42.

    Returns:
        Light colour and line style, as matplotlib takes them.
    """
    return SERIES[index % len(SERIES)].light, LINE_STYLES[index % len(LINE_STYLES)]


def css_variables(*, is_dark: bool) -> str:
    """List all colours as CSS declarations, to stand inside one rule."""
    return " ".join(
        f"--{colour.name}: {colour.dark if is_dark else colour.light};" for colour in COLOURS
    )


def new_figure(width_inch: float, height_inch: float, into: Figure | None = None) -> Figure:
    """Start a figure that is tied to no window; or bring the one given to its size."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    if into is not None:
        into.set_size_inches(width_inch, height_inch)
        return into
    figure = Figure(figsize=(width_inch, height_inch))
    FigureCanvasSVG(figure)
    return figure


def axes_inch(figure: Figure, left: float, bottom: float, right: float, top: float) -> Axes:
    """Place axes by their margins in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    )


def shortened(name: str, at_most: int = 26) -> str:
    """Cut a long name so that it cannot push a picture off the page.

    The mark of unverified weights stays behind it, whole.
    """
    bare = name.removesuffix(UNVERIFIED_MARK)
    cut = bare if len(bare) <= at_most else bare[: at_most - 1] + "…"
    return cut + name[len(bare) :]


def heading_size(text: str, at_most: int = 40) -> float:
    """Choose the size of a figure's heading in points: a long one is set smaller."""
    return 11.0 if len(text) <= at_most else 11.0 * at_most / len(text)


FONT_STACK = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
_ROOT_STYLE = f"stroke-linejoin: round; stroke-linecap: butt; font-family: {FONT_STACK}"
_REFERENCE = re.compile(r"#([\w.-]+)")
_LONG_FRACTION = re.compile(r"(\.\d{2})\d+")


@contextmanager
def drawing_style() -> Iterator[None]:
    """Make every figure drawn inside come out alike, byte for byte.

    Class names are shown as they are: a `$` in one starts no formula.
    """
    import matplotlib as mpl

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "hilum",
        "text.parse_math": False,
        "font.family": "DejaVu Sans",  # measured with this font, shown in the reader's own
        "font.size": 10,
        "text.color": INK.light,
        "axes.edgecolor": MUTED.light,
        "axes.labelcolor": INK.light,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "grid.color": RULE.light,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED.light,
        "ytick.color": MUTED.light,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "figure.facecolor": PAPER.light,
        "legend.frameon": False,
        "legend.handlelength": 2.6,
    }
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # a matplotlibrc on the user's machine must not reach the report
        mpl.rcParams.update(settings)
        # The reader's browser has the glyphs that the measuring font lacks.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield


def write_svg(picture: Picture) -> str:
    """Draw a picture and write it as an SVG file of its own.

    Args:
        picture: Drawn with the light colours of this module only.

    Returns:
        A whole SVG document; the same numbers always give the same bytes.
    """
    with drawing_style():
        return _standalone(picture.plot(), picture.description)


def _standalone(figure: Figure, title: str) -> str:
    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=no_metadata)
    root = ET.fromstring(_legal_xml(buffer.getvalue()))  # noqa: S314 (made two lines above)
    _strip_namespaces(root)
    for element in root.iter():
        for child in list(element):
            if child.tag in {"metadata", "style"}:
                element.remove(child)
    _drop_unused_ids(root)
    _shorten(root)
    root.set("style", _ROOT_STYLE)
    root.set("role", "img")
    heading = ET.Element("title")
    heading.text = title
    style = ET.Element("style")
    style.text = _dark_rules(root)
    root[:0] = [heading, style]
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def inline(svg: str, prefix: str, label: str) -> str:
    """Fit a standalone picture into a page: its colours, its width, unique ids.

    Args:
        svg: What `write_svg` returned.
        prefix: Put before every id, so that several pictures share a page.
        label: The text alternative.

    Returns:
        One `svg` element that scales with its container.
    """
    # The document is ours: `write_svg` wrote it.
    root = ET.fromstring(svg.partition("?>")[2])  # noqa: S314
    _strip_namespaces(root)
    for child in [child for child in root if child.tag in {"title", "style"}]:
        root.remove(child)
    for name in ("width", "height", "xmlns", "xmlns:xlink", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", label)
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, prefix + value)
            elif name == "xlink:href":
                del element.attrib[name]
                element.set("href", value.replace("#", f"#{prefix}", 1))
            elif value.startswith("url(#"):
                element.set(name, value.replace("#", f"#{prefix}", 1))
            elif name == "style" and element is not root:
                element.set(name, _with_variables(value))
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    return ET.tostring(root, encoding="unicode")


def _legal_xml(text: str) -> str:
    """Replace control characters, which a class name may hold and XML may not."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def _strip_namespaces(root: ET.Element) -> None:
    """Turn ElementTree's `{address}name` back into the plain names that SVG uses."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if name.startswith("{")]:
            address, _, local = name[1:].rpartition("}")
            prefix = "xlink:" if address.endswith("xlink") else ""
            element.set(prefix + local, element.attrib.pop(name))
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.set("xmlns:xlink", "http://www.w3.org/1999/xlink")


def _drop_unused_ids(root: ET.Element) -> None:
    used: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "xlink:href" or value.startswith("url("):
                used.update(_REFERENCE.findall(value))
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)


def _shorten(root: ET.Element) -> None:
    """A hundredth of a point is finer than any screen; the font is named once."""
    for element in root.iter():
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        for name in ("d", "x", "y", "transform"):
            if name in element.attrib:
                short = _LONG_FRACTION.sub(r"\1", element.attrib[name])
                element.set(name, " ".join(short.split()))
        if "style" in element.attrib:
            element.set("style", re.sub(r"font-family: [^;]*;? ?", "", element.attrib["style"]))


def _with_variables(style: str) -> str:
    for colour in COLOURS:
        style = style.replace(colour.light, f"var(--{colour.name})")
    return style


def _dark_rules(root: ET.Element) -> str:
    """Override the light values that the picture uses; viewers without CSS keep them."""
    styles = " ".join(element.get("style", "") for element in root.iter())
    rules = [
        f'[style*="{part}: {colour.light}"]{{{part}:{colour.dark} !important}}'
        for colour in COLOURS
        for part in ("fill", "stroke")
        if f"{part}: {colour.light}" in styles
    ]
    return "@media (prefers-color-scheme: dark){" + "".join(rules) + "}"


def figure_stem(kind: str, name: str = "") -> str:
    """Name a figure's file: the kind, and the backbone that it shows."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    return f"{kind}-{safe}" if safe else kind


def inline_figure(figures: Mapping[str, str], kind: str, name: str, label: str) -> Markup:
    """Fit a picture into a page; empty where it was not drawn.

    Args:
        figures: SVG documents by file stem.
        kind: Of the figure.
        name: Of the backbone that it shows; empty where it shows no single one.
        label: The text alternative.
    """
    stem = figure_stem(kind, name)
    if stem not in figures:
        return Markup()
    prefix = f"f{hashlib.sha256(stem.encode()).hexdigest()[:6]}-"
    return Markup(inline(figures[stem], prefix, label))  # noqa: S704 (escaped by the XML writer)
