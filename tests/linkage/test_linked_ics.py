"""`phm link` on a small simulated ICS with names: measured against its truth, and searched for identifiers."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

from phm_utils.cli import main
from phm_utils.engine import parquet_source
from phm_utils.linkage.review import PAIRS_FILE
from phm_utils.linkage.scheme import PLACEHOLDER_NAMES
from phm_utils.runs import project_root
from phm_utils.tables import LINKAGE_TABLES, TABLES

IDENTIFIERS = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "uprn")


@pytest.fixture(scope="module")
def linked(tmp_path_factory) -> tuple[Path, Path]:
    """The folders of the simulated extract and of the landing that was linked from it."""
    folder = tmp_path_factory.mktemp("linked")
    size = ["--pcns", "1", "--people-per-pcn", "1000"]
    assert main(["simulate", *size, "--form", "both", "--out", str(folder / "extract")]) == 0
    content = yaml.safe_load((project_root() / "parameters" / "demo.yml").read_text(encoding="utf-8")) | {
        "form": "identified",
        "landing": str(folder / "extract" / "identified"),
        "truth": str(folder / "extract" / "truth"),
        "identified_root": str(folder / "identified"),
        "outputs": str(folder / "outputs"),
    }
    parameters = folder / "demoshire.yml"
    parameters.write_text(yaml.safe_dump(content), encoding="utf-8")
    with redirect_stdout(StringIO()) as output:
        assert main(["link", str(parameters)]) == 0
    return folder / "extract", Path(output.getvalue().splitlines()[0])


@pytest.fixture(scope="module")
def truth(linked) -> pd.DataFrame:
    """Links of all records of each source against the truth."""
    frame = pd.read_parquet(linked[1] / "linkage_truth.parquet")
    return frame[frame["characteristic"] == "All"].set_index("source")


def test_links_are_right_and_few_are_missed(linked, truth):
    assert truth["wrong"].sum() <= 0.0005 * truth["links"].sum()
    assert truth["missed"].sum() <= 0.004 * truth["findable"].sum()
    lists = truth.loc["partner_list"]  # mostly without NHS numbers
    assert lists["missed"] <= 0.025 * lists["findable"]
    assert lists["wrong"] <= 1


def test_no_token_of_the_gp_extract_mixes_two_people(linked):
    extract, landing = linked
    people = parquet_source(sorted((extract / "truth" / "record").glob("*.parquet")))
    index = landing.parents[2] / "linking" / "demoshire" / "person_index.parquet"  # record ids as the source has them
    tokens = set(pd.read_parquet(landing / "gp_registration.parquet")["token_person_id"])
    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT person_id, count(DISTINCT truth.person) FROM '{index}' AS given INNER JOIN {people} AS truth"
            " ON truth.table_name = 'gp_registration' AND truth.record_id::VARCHAR = given.record_id"
            " WHERE given.source = 'gp_registration' GROUP BY person_id"
        ).fetchall()
    assert {token for token, _ in rows} == tokens
    assert {count for _, count in rows} == {1}


def test_the_landing_brings_its_quality_and_the_estimates_are_near_the_truth(linked, truth):
    held = {name: pd.read_parquet(linked[1] / f"{name}.parquet") for name in LINKAGE_TABLES if name != "linkage_review"}
    for name, frame in held.items():
        assert list(frame) == [c.name for c in TABLES[name].columns]
    error = held["linkage_error"]
    whole = error[error["characteristic"] == "All"].set_index("source")
    assert (whole["records"] == truth["records"]).all()
    assert (whole["linked"] == truth["links"]).all()
    assert (truth["wrong"] / truth["links"] <= whole["false_upper"] + 0.001).all()
    assert (truth["missed"] / truth["findable"] <= whole["missed_upper"] + 0.01).all()
    steps = held["linkage_step"].groupby("source")["records"].sum()
    assert (steps.loc[truth.index] == truth["records"]).all()


def test_names_for_a_reviewer_stay_below_the_identified_root(linked):
    root = linked[1].parents[2]
    assert root.name == "identified"
    assert [path.relative_to(root).parts[:2] for path in root.rglob(PAIRS_FILE.name)] == [("linking", "demoshire")]


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
