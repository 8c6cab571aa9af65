"""Releases of linkage coverage: links by source, records not linked, and households."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, quote, read_sql
from phm_utils.linkage.quality_releases import CATEGORIES, QUALITY, quality_models, titled
from phm_utils.methods.discovery import of_one_page
from phm_utils.methods.rates import proportion
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import area_blocks
from phm_utils.privacy.relations import AcrossAreas, RowSum
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, aggregate, count, counts, derived, estimate, keys

# Column of the released table: method of the link stage.
METHODS = {
    "agrees": "token",
    "sex_differs": "token, sex differs",
    "month_differs": "token, birth month differs",
    "conflict": "conflict",
    "not_in_extract": "not in extract",
    "no_token": "no token",
}
CONFIDENCE = 0.95
FAMILIES = 4  # of comparisons in the report: sources, and groups by records not linked and by either error
RATE = of_one_page(FAMILIES)
ATTACHED = ("agrees", "sex_differs", "month_differs")
KINDS = (
    *("Alone", "2 people", "3 to 5 people", "6 to 10 people", "Other communal (11 or more)"),
    *("Probable care home", "Address not known"),
)


def _share_attached(shown: pd.DataFrame) -> pd.DataFrame:
    """Add the share of records attached, from protected counts; a suppressed count adds 0."""
    attached = shown[list(ATTACHED)].fillna(0).sum(axis=1)
    attached = attached.mask((attached > shown["records"]).fillna(False), shown["records"])
    records = shown["records"].where(shown["records"] > 0)
    return shown.assign(attached=attached, share=attached / records, conflict_share=shown["conflict"] / records)


def _share_linked(shown: pd.DataFrame) -> pd.DataFrame:
    """Add the share attached with Wilson limits, from protected counts.

    All records of a person are linked or none is: limits are of as many records as would be independent.
    """
    linked, not_linked = (shown[name] / shown["repeats"] for name in ("linked", "not_linked"))
    limits = proportion(linked, linked + not_linked, CONFIDENCE)
    return shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])


SOURCES = Release(
    "link_sources",
    "Records of each source by how they were attached to a person of the GP extract",
    (
        *(AREA, *keys("source", "title"), *(count(name, "rows") for name in ("records", *METHODS))),
        *(derived("attached", "int"), derived("share"), derived("conflict_share")),
    ),
    relations=(AcrossAreas(("records", *METHODS), exact=False), RowSum(tuple(METHODS), "records")),
    derive=_share_attached,
)
COVERAGE = Release(
    "link_coverage",
    "Records attached and not attached to a person of the GP extract, by characteristic of the record",
    (
        *(AREA, *keys("source", "title", "characteristic"), PLACE, *keys("category")),
        *(count("linked", "rows"), count("not_linked", "rows"), estimate("repeats", "records"), *SHARES),
    ),
    relations=(AcrossAreas(("linked", "not_linked"), exact=False),),
    derive=_share_linked,
)
HOUSEHOLDS = Release(
    "household_kinds",
    "People registered now, and households, by kind of household",
    (AREA, PLACE, *keys("kind"), *counts("people", "households")),
    relations=(AcrossAreas(("people",), exact=False),),
    part="Who lives together",
    needs="addresses or months of birth in the GP registrations",
)
RELEASES = (SOURCES, COVERAGE, HOUSEHOLDS, *QUALITY)


def linkage_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: the linkage's figures for each PCN and the ICS, and its quality for the ICS.

    A record counts in the PCN of its person's practice; where the person is
    not in the GP extract, in the PCN of its small area, if it has one.
    """
    ics = workbook.ics_code
    yield aggregate(SOURCES, titled(area_blocks(_sources(con), ics, ["source"], ["records", *METHODS])))
    columns = ["linked", "not_linked", "squared"]
    found = read_sql(con, f"SELECT pcn_code, source, characteristic, category, {', '.join(columns)} FROM link_coverage")
    blocks = titled(area_blocks(found, ics, ["source", "characteristic", "category"], columns))
    blocks["records"] = blocks["linked"] + blocks["not_linked"]
    blocks["repeats"] = blocks["squared"] / blocks["records"].where(blocks["records"] > 0)
    yield aggregate(COVERAGE, blocks.assign(place=blocks["category"].map(CATEGORIES.index)))
    if "household_pcn" in present_tables(con):
        found = read_sql(con, "SELECT pcn_code, kind, people, households FROM household_pcn")
        blocks = area_blocks(found, ics, ["kind"], ["people", "households"])
        yield aggregate(HOUSEHOLDS, blocks.assign(place=blocks["kind"].map(KINDS.index)))
    yield from quality_models(con, workbook)


def _sources(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """One row per PCN and source: its records by method; an absent source has 0."""
    methods = ", ".join(
        f"coalesce(sum(records) FILTER (WHERE method = {quote(method)}), 0)::BIGINT AS {column}"
        for column, method in METHODS.items()
    )
    return read_sql(
        con,
        f"SELECT pcn_code, source, sum(records)::BIGINT AS records, {methods} FROM link_pcn GROUP BY pcn_code, source"
        f" UNION ALL SELECT NULL, source, {', '.join(['0'] * (1 + len(METHODS)))}"
        " FROM link_summary WHERE method = 'absent'",
    )
