"""Where everybody is registered: what is kept of `person`, and nothing else of it."""

from collections.abc import Iterator

import duckdb

from phm_utils.engine import Model
from phm_utils.params import Workbook


def person_place(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `person_place`, one row per person of `person`: number, pseudonym, practice and PCN."""
    yield Model("person_place", ("person_no",), sql="SELECT person_no, person_id, practice_code, pcn_code FROM person")
