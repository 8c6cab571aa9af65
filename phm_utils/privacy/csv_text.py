"""Tables as CSV text, for people who work in spreadsheets: suppressed counts are *, and no text runs as a formula."""

import pandas as pd

from phm_utils.printable import printable
from phm_utils.privacy.disclosure import SUPPRESSED

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NOTE = "\ufeff"  # Excel needs it to read the file as UTF-8


def csv_text(frame: pd.DataFrame) -> str:
    """A released table as CSV: * where a count is suppressed, text that no spreadsheet runs as a formula."""
    shown = pd.DataFrame({column: _shown(frame[column]) for column in frame})
    return shown.to_csv(index=False, lineterminator="\n")


def _shown(values: pd.Series) -> pd.Series:
    if pd.api.types.is_integer_dtype(values):
        return values.astype(object).where(values.notna(), SUPPRESSED)
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return values
    return values.map(lambda v: _cell(v) if isinstance(v, str) else v)


def _cell(text: str) -> str:
    """Text in one line that a spreadsheet shows and does not run; blanks before a formula do not hide it."""
    shown = printable(text)
    runs = text.startswith(FORMULA_STARTS) or shown.lstrip().startswith(FORMULA_STARTS)
    return f"'{shown}" if runs else shown
