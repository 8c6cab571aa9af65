"""What the explorer needs of the engine that answers questions about cohorts."""

from typing import Protocol

import pandas as pd

from phm_utils.measures.definitions import Cohort


class Asking(Protocol):
    """An open question: the person table of a finished run, ready to be asked. Every frame has true counts."""

    def attrition(self, cohort: Cohort) -> pd.DataFrame:
        """One row per `step`: `criterion`, `people` left, and `unknown`, those whom it could not judge.

        Step 0 is everybody registered.
        """

    def by(self, cohort: Cohort, dimension: str) -> pd.DataFrame:
        """One row per `level` of a breakdown: `people`, `registered`, and `expected` at everybody's rates."""

    def columns(self, word: str | None = None) -> pd.DataFrame:
        """One row for all that can be asked, or what fits a word: `name`, `kind`, `title`, `type`, `unit`, `words`."""

    def describe(self, cohort: Cohort) -> str:
        """The definition in words."""

    def sql(self, cohort: Cohort) -> str:
        """The definition as SQL."""
