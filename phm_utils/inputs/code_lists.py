"""The code lists of this workbook, checked once and stored as a table for every stage that uses codes."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model
from phm_utils.params import Workbook
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import concepts

FILES = ("parameters/concepts.csv", "parameters/codelists/*.csv")


def code_lists(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `code_list`, one row per list that a concept names and code of it, in the order of the file.

    Columns `list_name`, `code`, `place` (from 1). Raises InputError that
    names the list, the rows and the likely cause where one cannot be used.
    """
    systems = {concept.codes_from: concept.system for concept in concepts()}
    rows = [
        (name, code, place)
        for name, system in sorted(systems.items())
        for place, code in enumerate(load(name, system=system), start=1)
    ]
    frame = pd.DataFrame(rows, columns=["list_name", "code", "place"])
    frame = frame.astype({"list_name": "str", "code": "str", "place": "int64"})
    yield Model("code_list", ("list_name", "place"), frame=frame)
