"""From a matplotlib figure to SVG that is small, repeatable and at home in both themes.

A standalone file carries its light colours and a style sheet for dark screens.
Inside the report the same picture takes its colours from the page. Text stays
text: it can be searched, selected and read aloud.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from hilum.report import palette

FONT_STACK = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

_ROOT_STYLE = f"stroke-linejoin: round; stroke-linecap: butt; font-family: {FONT_STACK}"
_REFERENCE = re.compile(r"#([\w.-]+)")
_LONG_FRACTION = re.compile(r"(\.\d{2})\d+")


@contextmanager
def drawing_style() -> Iterator[None]:
    """Make every figure drawn inside come out alike, byte for byte.

    Class names are shown as they are: a `$` in one starts no formula.
    """
    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "hilum",
        "text.parse_math": False,
        "font.family": "DejaVu Sans",  # measured with this font, shown in the reader's own
        "font.size": 10,
        "text.color": palette.INK.light,
        "axes.edgecolor": palette.MUTED.light,
        "axes.labelcolor": palette.INK.light,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "grid.color": palette.RULE.light,
        "grid.linewidth": 0.8,
        "xtick.color": palette.MUTED.light,
        "ytick.color": palette.MUTED.light,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "figure.facecolor": palette.PAPER.light,
        "legend.frameon": False,
        "legend.handlelength": 2.6,
    }
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # a matplotlibrc on the user's machine must not reach the report
        mpl.rcParams.update(settings)
        # The reader's browser has the glyphs that the measuring font lacks.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield


def standalone(figure: Figure, title: str) -> str:
    """Write a figure as an SVG file of its own.

    Call it inside `drawing_style`.

    Args:
        figure: Drawn with the light colours of `palette` only.
        title: What the picture shows, for those who cannot see it.

    Returns:
        A whole SVG document.
    """
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
        svg: What `standalone` returned.
        prefix: Put before every id, so that several pictures share a page.
        label: The text alternative.

    Returns:
        One `svg` element that scales with its container.
    """
    # The document is ours: `standalone` wrote it.
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
    for colour in palette.COLOURS:
        style = style.replace(colour.light, f"var(--{colour.name})")
    return style


def _dark_rules(root: ET.Element) -> str:
    """Override the light values that the picture uses; viewers without CSS keep them."""
    styles = " ".join(element.get("style", "") for element in root.iter())
    rules = [
        f'[style*="{part}: {colour.light}"]{{{part}:{colour.dark} !important}}'
        for colour in palette.COLOURS
        for part in ("fill", "stroke")
        if f"{part}: {colour.light}" in styles
    ]
    return "@media (prefers-color-scheme: dark){" + "".join(rules) + "}"
