"""DuckDB sessions and the running of SQL models.

One convention of age everywhere: completed years on the index date, counted
from the first day of the month of birth, because pseudonymised extracts hold
no day of birth. A person's age is therefore never too low, and too high by
one year for at most the days left of the birth month.
"""

from phm_utils.engine.duck import (
    MEMORY_ENV,
    ROW_GROUP_SIZE,
    TEMP_ENV,
    THREADS_ENV,
    distrusted_statistics,
    guarded,
    insertion_order,
    literal_path,
    memory_limit,
    parquet_source,
    present_tables,
    quote,
    read_sql,
    read_table,
    session,
    shortages,
    whole_numbers,
)
from phm_utils.engine.workspace import DuckWorkspace, Kind, Model, Workspace, open_workspace

__all__ = [
    "MEMORY_ENV",
    "ROW_GROUP_SIZE",
    "TEMP_ENV",
    "THREADS_ENV",
    "DuckWorkspace",
    "Kind",
    "Model",
    "Workspace",
    "distrusted_statistics",
    "guarded",
    "insertion_order",
    "literal_path",
    "memory_limit",
    "open_workspace",
    "parquet_source",
    "present_tables",
    "quote",
    "read_sql",
    "read_table",
    "session",
    "shortages",
    "whole_numbers",
]
