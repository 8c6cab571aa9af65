"""The protect stage: true figures in, released tables out, for every topic together.

Reports draw from released tables only. All of them pass through here, so that
rules across tables have one place.
"""

from collections.abc import Iterable, Mapping, Sequence

import duckdb

from phm_utils.engine import Model, present_tables, read_table
from phm_utils.params import RunParams, Workbook
from phm_utils.privacy import disclosure
from phm_utils.privacy.release import CATALOGUE, Release, catalogue
from phm_utils.wording import all_lacking


def protect(
    given: Sequence[tuple[Release, type[RunParams] | None]], con: duckdb.DuckDBPyConnection, workbook: Workbook
) -> Iterable[Model]:
    """`release_<name>` for each release whose true figures were made, and the catalogue of all.

    given: releases, each with the parameters of its topic. Of those that were not made the catalogue says
    what the run lacks.
    """
    present = present_tables(con)
    made = [(release, model) for release, model in given if release.aggregate_name in present]
    for release, model in made:
        values = model.run_values(workbook) if model and release.parameters else {}
        shown = disclosure.protect(release, read_table(con, release.aggregate_name), workbook.disclosure, values)
        yield Model(release.released_name, release.keys, frame=shown)
    names, releases = [release.name for release, _ in made], [release for release, _ in given]
    lacking = _lacking(con, [release for release, _ in made])
    needs = {release.name: words for release in releases if (words := all_lacking(_lacked(release, lacking)))}
    yield Model(CATALOGUE, ("name",), frame=catalogue(releases, names, needs))


def _lacking(con: duckdb.DuckDBPyConnection, made: Iterable[Release]) -> dict[str, list[str]]:
    """The tables and fields that this run lacks, by the column of `person` that is null for it."""
    found: dict[str, list[str]] = {}
    for table in (release.aggregate_name for release in made if release.lists_lacks):
        for name, column in con.execute(f"SELECT table_name, column_name FROM {table} ORDER BY ALL").fetchall():
            found.setdefault(column, []).append(name)
    return found


def _lacked(release: Release, lacking: Mapping[str, list[str]]) -> list[str]:
    """What a release lacks; nothing where all columns that it rests on are there."""
    without = [column for column in release.rests_on if column in lacking]
    if release.one_of and all(column in lacking for column in release.one_of):
        without += release.one_of
    return [name for column in without for name in lacking[column]]
