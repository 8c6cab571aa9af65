"""What the explorer needs of an open question; `phm_utils.measures.asking` gives it."""

from typing import Protocol

import pandas as pd

from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.cohort_run import RunWords
from phm_utils.params import Workbook


class Asking(Protocol):
    """Questions about cohorts to the tables of a finished run. Every frame has true counts.

    run: what the run knows, and so what can be asked.
    """

    workbook: Workbook
    run: RunWords

    def attrition(self, cohort: Cohort) -> pd.DataFrame:
        """One row per `step`: `criterion`, `people` left, and `unknown`, whom it could not judge; 0 is everybody."""

    def by(self, cohort: Cohort, dimension: str) -> pd.DataFrame:
        """One row per `level` of a breakdown: `people`, `registered`, and `expected` at everybody's rates."""

    def describe(self, cohort: Cohort) -> str:
        """The definition in words."""

    def sql(self, cohort: Cohort) -> str:
        """The definition as SQL."""
