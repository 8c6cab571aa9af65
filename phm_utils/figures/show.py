"""Put a figure on the page: never without alternative text and the table behind it."""

import base64
import io
import re
from collections import Counter
from datetime import date
from html import escape

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

MAX_SVG_BYTES = 250_000  # a larger drawing is sent as a picture of dots
PNG_DPI = 130
FONTS = "'DejaVu Sans', Verdana, Arial, sans-serif"  # Verdana, on Windows and macOS, is as wide as DejaVu Sans


def show(fig: Figure, *, alt: object, caption: str, table: pd.DataFrame) -> None:
    """Display a figure with its words and the table behind it.

    alt: what a reader who cannot see the figure needs to know, one or two sentences: a text, or a finding.
    caption: what is drawn, its unit and source.
    table: one row per mark drawn, ready to read (labels as column names).
    """
    alt = str(alt)
    if not alt.strip() or not caption.strip():
        raise ValueError("A figure needs alternative text and a caption.")
    mime, payload = _encode(fig)
    plt.close(fig)
    html = (
        f'<figure><img alt="{escape(alt)}" src="data:{mime};base64,{payload}">'
        f"<figcaption>{escape(caption)}</figcaption>"
        f"<details><summary>Table behind this figure</summary>{table_html(table, caption)}</details></figure>"
    )
    display({"text/html": html, "text/plain": f"[figure] {caption} | {alt}\n{table.to_string(index=False)}"}, raw=True)


def _encode(fig: Figure) -> tuple[str, str]:
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "phm", "svg.fonttype": "none"}):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    svg = _slim(buffer.getvalue().decode()).encode()
    if len(svg) <= MAX_SVG_BYTES:
        return "image/svg+xml", base64.b64encode(svg).decode()
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None}, bbox_inches="tight")
    return "image/png", base64.b64encode(buffer.getvalue()).decode()


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
    """Groups that say nothing of what they hold, by a name or a style, are opened up."""
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


SUPPRESSED = "*"
ABSENT = "n/a"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def text_of(value: object) -> str:
    """A cell as read by people: thousands apart, three significant digits for fractions, * if suppressed."""
    if value is pd.NA:
        return SUPPRESSED
    if value is None or value is pd.NaT:
        return ABSENT
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        number = float(value)
        return ABSENT if np.isnan(number) else f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    return f"{value:,}" if hasattr(value, "__index__") else str(value)


def _kind(value: object, numeric: bool) -> str:
    """The class of a cell that is not to be broken in two: a number or a day."""
    if numeric:
        return " class=number"
    return " class=day" if isinstance(value, str) and DAY.fullmatch(value) else ""


def table_html(frame: pd.DataFrame, caption: str) -> str:
    """One HTML table; the first column heads each row."""
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in frame]
    head = "".join(
        f'<th scope="col"{" class=number" if n else ""}>{escape(str(c))}</th>'
        for c, n in zip(frame, numeric, strict=True)
    )
    rows = []
    for values in frame.itertuples(index=False, name=None):
        cells = [f'<th scope="row">{escape(text_of(values[0]))}</th>']
        cells += [f"<td{_kind(v, n)}>{escape(text_of(v))}</td>" for v, n in zip(values[1:], numeric[1:], strict=True)]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def show_table(frame: pd.DataFrame, caption: object) -> None:
    """Display a table that stands on its own. caption: a text, or a finding."""
    caption = str(caption)
    display(
        {"text/html": table_html(frame, caption), "text/plain": f"[table] {caption}\n{frame.to_string(index=False)}"},
        raw=True,
    )
