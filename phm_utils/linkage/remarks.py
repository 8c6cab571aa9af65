"""What `phm link INPUT_DIR` could not use, in a line each: files, births, sexes and numbers. No value is quoted."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from phm_utils.linkage.identified_records import Source, unread_tables
from phm_utils.rules.identifiers import SEX_WORDS
from phm_utils.schema import SEX


def of_files(folder: Path) -> Iterator[str]:
    """Tables of the folder that were not read."""
    if found := unread_tables(folder):
        yield f"not read: {', '.join(found)}. Save each as CSV UTF-8 or Parquet, or take it out of the folder"


def of_sources(sources: list[Source]) -> Iterator[str]:
    """Births and sexes that were not used, and births that are of other centuries."""
    for source in sources:
        if source.unreadable_births:
            yield f"{source.name}: {source.unreadable_births:,} dates of birth could not be read"
        if source.impossible_births:
            early = "" if source.historical else " or before 1890"
            yield f"{source.name}: {source.impossible_births:,} dates of birth are in the future{early}"
        if source.historical:
            yield f"{source.name}: taken for historical records, with births before 1890"
        if source.unknown_sexes:
            yield (
                f"{source.name}: the sex of {source.unknown_sexes:,} of {source.records:,} records is not understood, "
                f"and not used. Write {', '.join((*SEX, *SEX_WORDS))}"
            )


def of_numbers(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """After cleaning: numbers of many people, by source."""
    rows = con.execute(
        "SELECT source, count(*), sum(records)::BIGINT FROM default_number GROUP BY source ORDER BY source"
    ).fetchall()
    for source, numbers, records in rows:
        yield (
            f"{source}: {numbers:,} numbers stand on {records:,} records of many people, and were taken for missing. "
            "Ask the supplier for each person's own"
        )
