"""The code lists of this workbook, checked once and stored as a table for every stage that uses codes."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import concepts
from phm_utils.rules.restricted_codes import RESTRICTED_FILE, restricted_codes

FILES = ("parameters/concepts.csv", "parameters/codelists/*.csv", RESTRICTED_FILE)


def code_lists(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `code_list`, one row per list that a concept names and code of it, in the order of the file.

    Columns `list_name`, `code`, `place` (from 1). Raises InputError that
    names the list, the rows and the likely cause where one cannot be used, and for a list of legally restricted
    codes alone: the check keeps no record with them, so that it would find nobody.
    """
    systems = {concept.codes_from: concept.system for concept in concepts()}
    lists = {name: load(name, system=system) for name, system in sorted(systems.items())}
    restricted = restricted_codes()
    for name, codes in lists.items():
        if all(restricted.covers(systems[name], code) for code in codes):
            raise InputError(
                f"{name}.csv: all {len(codes)} codes are legally restricted ({RESTRICTED_FILE}): no record with them "
                "is kept, so it would find nobody. Take its concept out of concepts.csv."
            )
    rows = [(name, code, place) for name, codes in lists.items() for place, code in enumerate(codes, start=1)]
    frame = pd.DataFrame(rows, columns=["list_name", "code", "place"])
    frame = frame.astype({"list_name": "str", "code": "str", "place": "int64"})
    yield Model("code_list", ("list_name", "place"), frame=frame)
