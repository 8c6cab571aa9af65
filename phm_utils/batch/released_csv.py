"""The released tables as CSV, for people who work in spreadsheets."""

from pathlib import Path

import pandas as pd

from phm_utils.privacy.csv_text import NOTE, csv_text
from phm_utils.privacy.release import RELEASED
from phm_utils.reports.notebook import read_released
from phm_utils.runs import Store, write_atomically


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
