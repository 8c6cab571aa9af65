"""Put a figure on the page: never without alternative text and the table behind it."""

import base64
import io
import re
from html import escape

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from phm_utils.figures.table import table_html

MAX_SVG_BYTES = 250_000  # a larger drawing is sent as a picture of dots
PNG_DPI = 130
FONTS = "'DejaVu Sans', Verdana, Arial, sans-serif"  # Verdana, on Windows and macOS, is as wide as DejaVu Sans


def show(fig: Figure, *, alt: str, caption: str, table: pd.DataFrame) -> None:
    """Display a figure with its words and the table behind it.

    alt: what a reader who cannot see the figure needs to know, one or two sentences.
    caption: what is drawn, its unit and source.
    table: one row per mark drawn, ready to read (labels as column names).
    """
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
    """The same drawing in fewer bytes: coordinates to a hundredth of a point, no comments, fonts that readers have."""
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]).replace("\n", " "), svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    return svg.replace("'DejaVu Sans'", FONTS)
