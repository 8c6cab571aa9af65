"""Where SQL models are run."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Model:
    """One table that a stage makes.

    name: the table's name in the store.
    sql: a SELECT over the tables that the stage reads, or None with `frame`.
    key: columns that identify a row; the file is ordered by them, so that
        its bytes do not depend on threads or on the order of the input.
        Never a pseudonym first: order by place and number.
    frame: the table itself, where Python computed it.
    partition_by: a column, one file for each of its values (`pcn_code`).
    """

    name: str
    key: tuple[str, ...]
    sql: str | None = None
    frame: pd.DataFrame | None = None
    partition_by: str | None = None
