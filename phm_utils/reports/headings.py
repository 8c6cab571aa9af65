"""Column headings of released tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

PERCENT = "(%)"  # how the heading of a share ends
ICS = "ics_"  # how the name of a column with the ICS's figure begins
COMPARED = ("share", "per_1000", "cost_per_person_gbp", "value", "says")  # columns whose ICS figure is shown
COMMON = {
    "area": "Area",
    "category": "Group",
    "cost_gbp": "Cost, £",
    "lsoa": "LSOA",
    "lsoa_name": "Small area",
    "people": "People",
    "practice_code": "Code",
    "practice_name": "Practice",
    "registered": "Registered",
    "sex": "Sex",
    "unit_name": "Practice or PCN",
    "why": "Not compared, because",
}


@dataclass(frozen=True)
class Headings:
    """The headings of one report: those common to all, and its own.

    own: heading by column; one that ends with "(%)" is of a share, shown in per cent.
    decimals: how many a column is rounded to. shares: the same for every share.
    """

    own: Mapping[str, str]
    decimals: Mapping[str, int] = field(default_factory=dict)
    shares: int = 2

    def __getitem__(self, column: str) -> str:
        if column.startswith(ICS):
            return self._ics_heading(self[column.removeprefix(ICS)])
        return self.own[column] if column in self.own else COMMON[column]

    def __contains__(self, column: object) -> bool:
        name = str(column).removeprefix(ICS)
        return name in self.own or name in COMMON

    @staticmethod
    def _ics_heading(heading: str) -> str:
        """The heading of a column with the ICS's figure."""
        words, share = (
            (heading.removesuffix(PERCENT).rstrip(), f" {PERCENT}") if heading.endswith(PERCENT) else (heading, "")
        )
        return f"{words}, ICS{share}"

    def readable(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns of `frame` that have headings, renamed; a table without any is returned unchanged.

        A table whose first column is a number is reordered to begin with its labels. Of the ICS's columns
        only those in COMPARED are shown.

        >>> frame = pd.DataFrame({"people": [20], "place": [1], "practice_name": ["Ash"]})
        >>> Headings({}).readable(frame).columns.tolist()
        ['Practice', 'People']
        """
        known = [c for c in frame if c in self and (not str(c).startswith(ICS) or c.removeprefix(ICS) in COMPARED)]
        if not known:
            return frame
        if pd.api.types.is_numeric_dtype(frame[known[0]]):
            known.sort(key=lambda column: pd.api.types.is_numeric_dtype(frame[column]))
        return self.table(frame, *known)

    def table(self, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """The named columns in this order, with their headings; shares in per cent.

        Raises KeyError for a column that has no heading.
        """
        shown = frame[list(columns)].reset_index(drop=True)
        for column in columns:
            if self[column].endswith(PERCENT):
                shown[column] = (100 * shown[column].astype("Float64")).round(self.shares)
            elif column in self.decimals:
                shown[column] = shown[column].astype("Float64").round(self.decimals[column])
        return shown.rename(columns={column: self[column] for column in columns})
