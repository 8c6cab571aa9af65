"""`phm link` on a small make-believe ICS with names: measured against its truth, and searched for identifiers."""

import runpy
from pathlib import Path

import duckdb
import pytest

from phm_utils.batch.preparing import link_identified
from phm_utils.cli import main
from phm_utils.engine import parquet_source
from phm_utils.linkage.identity import PLACEHOLDER_NAMES
from phm_utils.params import load_workbook
from phm_utils.runs import project_root
from phm_utils.tables import TABLES

IDENTIFIERS = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "uprn")


@pytest.fixture(scope="module")
def linked(tmp_path_factory) -> tuple[Path, Path]:
    """The folders of the simulated extract and of the landing that was linked from it."""
    folder = tmp_path_factory.mktemp("linked")
    size = ["--pcns", "1", "--people-per-pcn", "1000"]
    assert main(["simulate", *size, "--form", "both", "--out", str(folder / "extract")]) == 0
    workbook = load_workbook(project_root() / "parameters" / "demo.yml").model_copy(
        update={
            "form": "identified",
            "landing": str(folder / "extract" / "identified"),
            "identified_root": str(folder / "identified"),
            "outputs": str(folder / "outputs"),
        }
    )
    told = link_identified(workbook, None)
    return folder / "extract", Path(told.splitlines()[0])


def test_links_are_right_and_few_are_missed(linked):
    extract, landing = linked
    measure = runpy.run_path(str(project_root() / "benchmarks" / "linkage.py"))["measure"]
    found = measure(landing, extract / "truth").set_index("source")
    assert found.loc["all", "precision"] >= 0.9999
    assert found.loc["all", "recall"] >= 0.985
    assert found.loc["partner_list", "recall"] >= 0.8  # lists without NHS numbers: names alone are not enough
    assert (found["mixed_gp_tokens"] == 0).all()


def test_no_value_written_is_an_identifier_of_anybody(linked):
    extract, landing = linked
    with duckdb.connect() as con:
        sources = [t for t in TABLES if (extract / "identified" / t).is_dir()]
        known = set()
        for source in sources:
            rows = parquet_source(sorted((extract / "identified" / source).glob("*.parquet")))
            held = {name for (name, *_) in con.execute(f"DESCRIBE FROM {rows}").fetchall()}
            for column in held & set(IDENTIFIERS):
                query = f"SELECT DISTINCT upper({column}::VARCHAR) FROM {rows} WHERE {column} IS NOT NULL"
                known |= {value for (value,) in con.execute(query).fetchall()}
        known -= set(PLACEHOLDER_NAMES)
        assert len(known) > 1000
        # A birth date that is the first of its month is also a month of birth, and days of care are dates.
        dates = {value for value in known if value[4:5] == "-"}
        for file in sorted(landing.glob("*.parquet")):
            columns = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE FROM '{file}'").fetchall()}
            assert not set(columns) & set(IDENTIFIERS)
            for name, kind in columns.items():
                if kind == "VARCHAR":
                    query = f"SELECT DISTINCT upper({name}) FROM '{file}' WHERE {name} IS NOT NULL"
                    found = {value for (value,) in con.execute(query).fetchall()}
                    assert not found & (known - dates), (file.stem, name)
            if "birth_month" in columns:
                [(days,)] = con.execute(f"SELECT count(*) FROM '{file}' WHERE day(birth_month) <> 1").fetchall()
                assert days == 0
