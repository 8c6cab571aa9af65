"""The protect stage: every room's releases, under disclosure control, once for the whole ICS.

Reports draw from these tables only. All of them pass through here together,
so that a rule that looks across tables has one place to stand.
"""

from collections.abc import Callable, Iterable
from importlib import import_module

import duckdb
import pandas as pd

from phm_utils.batch.stages import PERSON_LEVEL_RELEASES, PUBLISHED_RELEASES
from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.privacy.disclosure import protect
from phm_utils.privacy.release import Release

ReleasesFunction = Callable[[duckdb.DuckDBPyConnection, Workbook], list[Release]]
PREFIX = "release_"


def protect_person_level(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterable[Model]:
    """`release_<name>` for every aggregate that a room of the person-level route declares."""
    return protected([import_module(m).releases for m in PERSON_LEVEL_RELEASES], con, workbook)


def protect_published(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterable[Model]:
    """`release_<name>` for the published figures, passed on as they are."""
    return protected([import_module(m).releases for m in PUBLISHED_RELEASES], con, workbook)


def protected(
    functions: Iterable[ReleasesFunction], con: duckdb.DuckDBPyConnection, workbook: Workbook
) -> Iterable[Model]:
    """Each declared release as a table of the store, its counts suppressed and rounded.

    Raises InputError where two rooms declare one name, or where a table has
    no `area_code`: nobody could tell whose report it is for.
    """
    declared = [release for function in functions for release in function(con, workbook)]
    names = [r.name for r in declared]
    if repeated := sorted({n for n in names if names.count(n) > 1}):
        raise InputError(f"{len(repeated)} released tables are declared twice: {', '.join(repeated)}. Rename one.")
    if placeless := [r.name for r in declared if r.keys[:1] != ("area_code",)]:
        raise InputError(f"Released tables without `area_code` as their first key: {', '.join(placeless)}.")
    for release in declared:
        yield Model(PREFIX + release.name, release.keys, frame=protect(release, workbook.disclosure))
    yield Model("released_table", ("name",), frame=_catalogue(declared))


def _catalogue(declared: list[Release]) -> pd.DataFrame:
    """One row per released table: what it shows, and which of its columns count people or events."""
    rows = [(r.name, r.title, ",".join(r.counts), r.published) for r in declared]
    return pd.DataFrame(rows, columns=["name", "title", "counts", "published"]).astype(
        {"name": "str", "title": "str", "counts": "str", "published": "bool"}
    )
