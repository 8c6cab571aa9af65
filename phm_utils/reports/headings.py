"""The headings that readers see above the columns of released tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

PERCENT = "(%)"  # how the heading of a share ends
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
        return self.own[column] if column in self.own else COMMON[column]

    def table(self, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """The named columns in their order, under their headings; shares in per cent.

        Raises KeyError for a column that has no heading.
        """
        shown = frame[list(columns)].reset_index(drop=True)
        for column in columns:
            if self[column].endswith(PERCENT):
                shown[column] = (100 * shown[column].astype("Float64")).round(self.shares)
            elif column in self.decimals:
                shown[column] = shown[column].astype("Float64").round(self.decimals[column])
        return shown.rename(columns={column: self[column] for column in columns})
