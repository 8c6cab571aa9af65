"""A table of a page as HTML, with formatted numbers."""

import re
from datetime import date
from html import escape

import numpy as np
import pandas as pd

SUPPRESSED = "*"
ABSENT = "n/a"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def text_of(value: object) -> str:
    """A cell's text: thousands separated, three significant digits for fractions, * if suppressed."""
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
    """The CSS class of a cell without line breaks: a number or a day."""
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
