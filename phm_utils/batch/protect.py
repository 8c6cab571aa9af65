"""The protect stage: true figures in, released tables out, for every topic together.

Reports draw from released tables only. All of them pass through here, so that
rules across tables have one place.
"""

from collections.abc import Iterable, Sequence

import duckdb

from phm_utils.engine import Model, present_tables, read_table
from phm_utils.params import RunParams, Workbook
from phm_utils.privacy import disclosure
from phm_utils.privacy.release import CATALOGUE, Release, catalogue


def protect(
    given: Sequence[tuple[Release, type[RunParams] | None]], con: duckdb.DuckDBPyConnection, workbook: Workbook
) -> Iterable[Model]:
    """`release_<name>` for each release whose true figures were made, and the catalogue of all.

    given: releases, each with the parameters of its topic.
    """
    present = present_tables(con)
    made = [(release, model) for release, model in given if release.aggregate_name in present]
    for release, model in made:
        values = model.run_values(workbook) if model and release.parameters else {}
        shown = disclosure.protect(release, read_table(con, release.aggregate_name), workbook.disclosure, values)
        yield Model(release.released_name, release.keys, frame=shown)
    names = [release.name for release, _ in made]
    yield Model(CATALOGUE, ("name",), frame=catalogue([release for release, _ in given], names))
