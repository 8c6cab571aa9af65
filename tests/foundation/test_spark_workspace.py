"""Models run in a workspace on Spark: the same tables as on DuckDB, and nothing left behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from phm_utils.engine import open_workspace, session
from phm_utils.engine import spark as spark_home
from phm_utils.engine.duck import parquet_source
from phm_utils.errors import InputError


def test_without_pyspark_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with (
        duckdb.connect() as con,
        pytest.raises(InputError, match=r"locks/spark\.txt.*Java 17"),
        open_workspace(con, "spark"),
    ):
        pass


def test_without_java_the_error_says_so(monkeypatch, tmp_path):
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PHM_TEMP", str(tmp_path))
    with duckdb.connect() as con, pytest.raises(InputError, match="needs Java 17"), open_workspace(con, "spark"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "java"), [("2GB", "2000m"), ("1.5GiB", "1536m"), ("800 MB", "800m"), ("1tb", "1000000m")]
)
def test_java_gets_the_memory_that_the_worker_has(limit, java):
    assert spark_home._java_memory(limit) == java


def test_a_size_that_is_none_is_refused():
    with pytest.raises(InputError, match="PHM_MEMORY"):
        spark_home._java_memory("80%")


def test_the_folder_is_for_its_owner_alone_and_goes(monkeypatch, tmp_path):
    monkeypatch.setenv("PHM_TEMP", str(tmp_path / "new"))
    with spark_home.spark_folder() as folder:
        assert os.name == "nt" or folder.stat().st_mode & 0o077 == 0  # Windows has no such modes
        (folder / "plain.txt").write_text("a row")
    assert list((tmp_path / "new").iterdir()) == []


def test_the_command_line_starts_without_sqlglot_and_spark():
    code = "import sys, phm_utils.cli, phm_utils.engine; print([m for m in ('sqlglot', 'pyspark') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A connection with a table of the store, as files, and one of its own; a workspace on Spark over both."""
    if not shutil.which("java"):
        pytest.skip("no Java on this machine: Spark cannot run")
    pytest.importorskip("pyspark", reason="pyspark is not installed: `pip install -e .[spark]`")
    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHM_SPARK_MASTER", "local[2]")
        patch.setenv("PHM_TEMP", str(folder / "temp"))
        patch.chdir(folder)
        with session(folder) as con:
            files = [folder / "it's a" / "U1.parquet", folder / "it's a" / "none.parquet"]
            files[0].parent.mkdir()
            for n, file in enumerate(files):
                quoted = str(file).replace("'", "''")
                con.execute(f"COPY (SELECT {n} AS id, {n} * 2.5::DOUBLE AS x) TO '{quoted}' (FORMAT parquet)")
            con.execute(f"CREATE TEMP VIEW stored AS SELECT * FROM {parquet_source(files)}")
            con.execute(
                "CREATE TABLE own AS SELECT 7 AS id, 'Zoe Private' AS name, TIMESTAMP '2024-03-31 01:30:00' AS at"
            )
            with open_workspace(con, "spark", {"stored": files, "own": []}) as work:
                yield work
        assert os.listdir(folder / "temp") == []
        assert sorted(os.listdir(folder)) == ["it's a", "temp"]  # nothing where the run was started either


@pytest.mark.full
def test_the_stores_files_are_read_where_they_lie_and_other_tables_are_copied(place):
    assert sorted(place.read("SELECT id FROM stored UNION ALL SELECT id FROM own")["id"]) == [0, 1, 7]
    assert [path.name for path in place.folder.glob("*_stored")] == []
    assert len(list(place.folder.glob("*_own"))) == 1


@pytest.mark.full
def test_a_table_that_the_connection_has_replaced_is_not_read_from_its_old_files(place):
    con = place.con
    place.tables["changed"] = place.tables["stored"]
    con.execute("CREATE OR REPLACE TEMP VIEW changed AS SELECT 99 AS id")
    assert place.read("SELECT id FROM changed")["id"].tolist() == [99]


@pytest.mark.full
def test_results_have_duckdbs_types_and_values(place):
    whole = pd.array([1, None], dtype="Int64")
    frame = pd.DataFrame({"id": [7, 8], "word": ["é", None], "whole": whole, "flag": [True, False]})
    sql = """SELECT frame.*, own.at, length(own.name) AS n, CAST(frame.id AS SMALLINT) AS s
        FROM frame LEFT JOIN own ON own.id = frame.id"""
    place.register("frame", frame)
    with place.con.cursor() as other:
        other.execute("CREATE TEMP TABLE own AS SELECT * FROM memory.main.own")
        other.register("frame", frame)
        expected = other.execute(f"{sql} ORDER BY frame.id").df()
    pd.testing.assert_frame_equal(place.read(sql).sort_values("id", ignore_index=True), expected)


@pytest.mark.full
def test_a_table_is_worked_out_once_and_a_view_whenever_it_is_read(place):
    place.make("base", "SELECT 1 AS id")
    place.make("seen", "SELECT id + 1 AS id FROM base", view=True)
    place.make("kept", "SELECT id + 1 AS id FROM base")
    place.make("base", "SELECT id + 10 AS id FROM base")
    assert place.read("SELECT id FROM seen")["id"].tolist() == [12]
    assert place.read("SELECT id FROM kept")["id"].tolist() == [2]
    assert len(list(place.folder.glob("*_base"))) == 1  # the files of the first are gone
    place.drop("seen")
    place.drop("base")
    assert not place.has("base")
    assert list(place.folder.glob("*_base")) == []


@pytest.mark.full
def test_an_empty_table_keeps_its_columns(place):
    place.make("nobody", "SELECT id, name FROM own WHERE id > 100")
    found = place.read("SELECT name, id FROM nobody")
    assert found.columns.tolist() == ["name", "id"]
    assert len(found) == 0


@pytest.mark.full
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT no_such FROM own", "names of tables and columns"),
        ("SELECT id FROM no_such", "names of tables and columns"),
        ("SELECT sum(id) AS n FROM own", r"HUGEINT.*CAST"),
        ("SELECT lower(name) AS n FROM own", "model ages"),
        ("SELECT CAST(x AS INTEGER) AS n FROM stored", "floor, ceil or round"),
        ("SELECT CAST(name AS INTEGER) AS n FROM own", "CAST_INVALID_INPUT"),
    ],
)
def test_an_error_names_the_model_and_quotes_no_row(place, sql, said, capfd):
    with pytest.raises(InputError, match=said) as caught:
        place.make("ages", sql)
    assert "Zoe" not in str(caught.value) + "".join(capfd.readouterr())
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.full
def test_a_session_at_hand_is_used_and_given_back_as_it_was(place, tmp_path):
    spark = place.spark
    spark.conf.set("spark.sql.session.timeZone", "Europe/London")
    try:
        with open_workspace(place.con, "spark") as work:
            assert work.spark is spark
            assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
            assert work.read("SELECT id FROM own")["id"].tolist() == [7]
        assert spark.conf.get("spark.sql.session.timeZone") == "Europe/London"
        assert place.read("SELECT 1 AS id")["id"].tolist() == [1]  # it goes on
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_the_house_of_spark_is_one():
    package = Path(spark_home.__file__).parents[1]
    users = [path for path in package.rglob("*.py") if "SparkSession" in path.read_text(encoding="utf-8")]
    assert users == [Path(spark_home.__file__)]
