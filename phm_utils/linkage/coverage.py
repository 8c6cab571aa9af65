"""What the linkage shows: how every source was settled, who was missed, and households."""

import duckdb
import pandas as pd

from phm_utils.engine import quote, read_sql
from phm_utils.linkage.measured_quality import CATEGORIES, quality_releases, titled
from phm_utils.methods.rates import wilson
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import area_blocks
from phm_utils.privacy.release import Release

# Column of the released table, by the method of the link stage.
METHODS = {
    "agrees": "token",
    "sex_differs": "token, sex differs",
    "month_differs": "token, birth month differs",
    "conflict": "conflict",
    "not_in_extract": "not in extract",
    "no_token": "no token",
}
CONFIDENCE = 0.95
ATTACHED = ("agrees", "sex_differs", "month_differs")
KINDS = (
    *("Alone", "2 people", "3 to 5 people", "6 to 10 people", "Other communal (11 or more)"),
    *("Probable care home", "Address not known"),
)


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """The linkage's aggregates for each PCN and the ICS, and its quality for the ICS, from the link stage's tables.

    A record stands with the PCN of its person's practice; one whose person
    is not in the GP extract with the PCN of its small area, if it has one.
    """
    by_area = [_sources(con, workbook), _coverage(con, workbook), _households(con, workbook)]
    return [*by_area, *quality_releases(con, workbook)]


def _sources(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    """One row per area and source: its records by how they were settled; an absent source has none."""
    methods = ", ".join(
        f"coalesce(sum(records) FILTER (WHERE method = {quote(method)}), 0)::BIGINT AS {column}"
        for column, method in METHODS.items()
    )
    found = read_sql(
        con,
        f"SELECT pcn_code, source, sum(records)::BIGINT AS records, {methods} FROM link_pcn GROUP BY pcn_code, source"
        f" UNION ALL SELECT NULL, source, {', '.join(['0'] * (1 + len(METHODS)))}"
        " FROM link_summary WHERE method = 'absent'",
    )
    return Release(
        "link_sources",
        "Records of each source by how they were attached to a person of the GP extract",
        titled(area_blocks(found, workbook.ics_code, ["source"], ["records", *METHODS])),
        keys=("area_code", "source", "title"),
        counts=("records", *METHODS),
        derive=_share_attached,
    )


def _share_attached(shown: pd.DataFrame) -> pd.DataFrame:
    """Add the share of records attached, from protected counts; a suppressed part counts as none."""
    attached = shown[list(ATTACHED)].fillna(0).sum(axis=1)
    attached = attached.mask((attached > shown["records"]).fillna(False), shown["records"])
    records = shown["records"].where(shown["records"] > 0)
    return shown.assign(attached=attached, share=attached / records, conflict_share=shown["conflict"] / records)


def _coverage(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    """One row per area, source and category of record: how many were attached, and how many not."""
    found = read_sql(con, "SELECT pcn_code, source, characteristic, category, linked, not_linked FROM link_coverage")
    blocks = area_blocks(found, workbook.ics_code, ["source", "characteristic", "category"], ["linked", "not_linked"])
    return Release(
        "link_coverage",
        "Records attached and not attached to a person of the GP extract, by what the record says of them",
        titled(blocks).assign(place=blocks["category"].map(CATEGORIES.index)),
        keys=("area_code", "source", "title", "characteristic", "place", "category"),
        counts=("linked", "not_linked"),
        derive=_share_linked,
    )


def _share_linked(shown: pd.DataFrame) -> pd.DataFrame:
    """Add the share attached with Wilson limits, from protected counts."""
    limits = wilson(shown["linked"], shown["linked"] + shown["not_linked"], CONFIDENCE)
    return shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])


def _households(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    """One row per area and kind of household: people registered now who live so, and households."""
    found = read_sql(con, "SELECT pcn_code, kind, people, households FROM household_pcn")
    blocks = area_blocks(found, workbook.ics_code, ["kind"], ["people", "households"])
    return Release(
        "household_kinds",
        "People registered now, and households, by kind of household",
        blocks.assign(place=blocks["kind"].map(KINDS.index)),
        keys=("area_code", "place", "kind"),
        counts=("people", "households"),
    )
