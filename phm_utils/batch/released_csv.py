"""The released tables as CSV, for people who work in spreadsheets."""

from pathlib import Path

import pandas as pd

from phm_utils.printable import printable
from phm_utils.privacy.disclosure import SUPPRESSED
from phm_utils.privacy.release import RELEASED
from phm_utils.reports.notebook import read_released
from phm_utils.runs import Store, write_atomically

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NOTE = "\ufeff"  # Excel needs it to read the file as UTF-8


def write_tables(store: Store, release: Path, areas: dict[str, str]) -> int:
    """Write every released table's rows for each area, and remove what is no longer released.

    Returns the number of files. A file whose content is unchanged is not written.
    """
    kept = set()
    for table in [t for t in store.tables() if t.startswith(RELEASED)]:
        frame = read_released(store.files(table))
        for area, rows in frame.groupby("area_code", sort=True):
            if area not in areas:
                continue
            path = release / area / f"{table.removeprefix(RELEASED)}.csv"
            _write(path, rows.drop(columns="area_code"))
            kept.add(path)
    for path in release.glob("*/*.csv"):
        if path not in kept:
            path.unlink()
    return len(kept)


def _write(path: Path, frame: pd.DataFrame) -> None:
    text = NOTE + csv_text(frame)
    if not path.exists() or path.read_bytes() != text.encode():
        write_atomically(path, text)


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
