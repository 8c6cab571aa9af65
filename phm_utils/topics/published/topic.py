"""Declaration of the published topic, which needs no person-level data."""

from collections.abc import Iterator
from typing import Any, ClassVar

import duckdb
from pydantic import Field

from phm_utils.engine import read_sql
from phm_utils.errors import InputError
from phm_utils.params import Code, RunParams, Workbook
from phm_utils.topic import MISSING, OK, Facts, Line, Stage, Topic, aggregates
from phm_utils.topics.published.published_files import input_path
from phm_utils.topics.published.published_tables import RELEASES
from phm_utils.topics.published.read_published import MODELS

READ = tuple(model.name for model in MODELS)


class PublishedParams(RunParams):
    """04_inequalities_published."""

    NOTEBOOK: ClassVar[str] = "04_inequalities_published"

    register_code: Code = Field("DM", description="QOF register shown on the map and the gradient")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="coverage of intervals: 0.95, not 0.05")


def facts(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> dict[str, Any]:
    """The files, practices and patients of a run, which need no protection."""
    sources = read_sql(con, "SELECT short_name AS name FROM published_source ORDER BY input")
    practices = read_sql(con, "SELECT pcn_code, registered FROM published_practice WHERE in_practices")
    by_pcn = practices.groupby("pcn_code")["registered"]
    people = by_pcn.sum().astype("int64").to_dict() | {workbook.ics_code: int(practices["registered"].sum())}
    totals = by_pcn.size().to_dict() | {workbook.ics_code: len(practices)}
    return {
        "sources": [{"name": name, "state": "present", "last_date": None} for name in sources["name"]],
        "practices": {area: {"total": int(n), "missing": [], "stale": []} for area, n in totals.items()},
        "people": people,
    }


def examine(workbook: Workbook) -> Iterator[Line]:
    """For `phm doctor`: which of the files named are there, and where the others come from."""
    for name, file in workbook.files.items():
        try:
            there = input_path(workbook, name).exists()
        except InputError as fault:
            yield MISSING, str(fault)
            return
        missing = f"; download {workbook.downloads.get(name, 'it')}"
        yield (OK if there else MISSING), f"{name}: {file}" + ("" if there else missing)


TOPIC = Topic(
    "published",
    data="published",
    stages=(
        Stage(
            "published",
            "phm_utils.topics.published.read_published:read",
            makes=("published_source", "boundary", *READ),
            settings=("ics_code", "files"),
            files="phm_utils.topics.published.read_published:input_files",
        ),
        Stage(
            "published_tables",
            "phm_utils.topics.published.published_tables:published_tables",
            makes=aggregates(RELEASES),
            reads=("published_source", *READ),
            settings=("ics_code",),
        ),
    ),
    releases=RELEASES,
    notebook="04_inequalities_published",
    parameters=PublishedParams,
    reads=("boundary",),
    examine=examine,
    facts=Facts(facts, reads=("published_source", "published_practice"), settings=("ics_code",)),
    areas="phm_utils.topics.published.read_published:areas",
)
