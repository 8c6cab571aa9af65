"""A figure as a compact SVG for a page, or as PNG where that is smaller."""

import base64
import io
import re
from collections import Counter

import matplotlib as mpl
from matplotlib.figure import Figure

from phm_utils.figures.style import as_written
from phm_utils.printable import printable_lines

MAX_SVG_BYTES = 250_000  # a larger drawing becomes a PNG
PNG_DPI = 130
FONTS = "'DejaVu Sans', Verdana, Arial, sans-serif"  # Verdana, on Windows and macOS, is as wide as DejaVu Sans


def encoded(fig: Figure) -> tuple[str, str]:
    """The MIME type of a figure's picture and its bytes in base64. Names are drawn as they are, whatever they hold."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "phm", "svg.fonttype": "none"}), as_written():
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
        svg = _slim(_only_text(buffer.getvalue().decode())).encode()
        if len(svg) <= MAX_SVG_BYTES:
            return "image/svg+xml", base64.b64encode(svg).decode()
        buffer = io.BytesIO()
        fig.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None}, bbox_inches="tight")
        return "image/png", base64.b64encode(buffer.getvalue()).decode()


def _only_text(svg: str) -> str:
    """The drawing without characters that XML does not allow; quotation marks of names are no attribute's."""
    return re.sub(r">[^<]*<", lambda found: found[0].replace('"', "&quot;"), printable_lines(svg))


def _slim(svg: str) -> str:
    """The same drawing in fewer bytes: hundredths of a point, no comments nor names that nothing refers to.

    The fonts are those that readers have, named once.
    """
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:d|x|y|transform)="[^"]*"', lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\s+", " ", path[0]).replace(' "', '"'), svg)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", svg)
    svg = svg.replace(" font-family: 'DejaVu Sans';", "").replace("<svg ", f'<svg font-family="{FONTS}" ', 1)
    used = set(re.findall(r"#([\w.-]+)", svg))
    names = {name: f"i{i}" for i, name in enumerate(n for n in re.findall(r' id="([^"]+)"', svg) if n in used)}
    svg = re.sub(r' id="([^"]+)"', lambda found: f' id="{names[found[1]]}"' if found[1] in names else "", svg)
    svg = re.sub(r"#([\w.-]+)", lambda found: f"#{names.get(found[1], found[1])}", svg)
    return re.sub(r"\s*\n\s*", "\n", _styles_once(_without_bare_groups(svg)))


def _styles_once(svg: str) -> str:
    """A style that several marks share is written once, as a class."""
    times = Counter(re.findall(r' style="([^"]*)"', svg))
    classes = {style: f"s{i}" for i, (style, n) in enumerate(times.items()) if n > 1}
    rules = "".join(f".{name}{{{style}}}" for style, name in classes.items())
    svg, sheets = re.subn(r"(<style[^>]*>)([^<]*)", rf"\g<1>\g<2>{rules}", svg, count=1)
    if not sheets:
        return svg
    return re.sub(
        r' style="([^"]*)"', lambda found: f' class="{classes[found[1]]}"' if found[1] in classes else found[0], svg
    )


def _without_bare_groups(svg: str) -> str:
    """Remove SVG groups that have neither a name nor a style."""
    kept: list[str] = []
    bare: list[bool] = []
    for piece in re.split(r"(<g>|<g [^>]*[^/]>|</g>)", svg.replace("<g/>", "")):
        if piece == "</g>":
            keep = not bare.pop()
        elif piece.startswith("<g"):
            bare.append(piece == "<g>")
            keep = not bare[-1]
        else:
            keep = True
        kept += [piece] if keep else []
    return "".join(kept)
