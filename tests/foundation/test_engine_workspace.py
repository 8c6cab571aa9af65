"""Models run in a workspace on DuckDB: what it makes is remembered, and dropped at its end."""

import duckdb
import pandas as pd
import pytest

from phm_utils.engine import DuckWorkspace, open_workspace
from phm_utils.errors import InputError


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE listed AS SELECT 1 AS id, 'Zoe Private' AS name")
        yield con


def left(con) -> list[str]:
    return [name for (name,) in con.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()]


def test_a_model_reads_what_was_made_before_it(con):
    with open_workspace(con) as work:
        work.register("more", pd.DataFrame({"id": [2], "name": ["b"]}))
        work.make("all_listed", "SELECT * FROM listed UNION ALL SELECT * FROM more")
        assert sorted(work.read("SELECT id FROM all_listed")["id"]) == [1, 2]
        assert work.has("all_listed")
        assert not work.has("neither")
        assert work.result("SELECT id FROM all_listed") == "SELECT id FROM all_listed"


def test_everything_made_is_dropped_the_last_first_and_nothing_else(con):
    with open_workspace(con) as work:
        work.make("one", "SELECT * FROM listed")
        work.make("two", "SELECT * FROM one", view=True)
        work.register("three", pd.DataFrame({"id": [2]}))
    assert left(con) == ["listed"]


def test_everything_made_is_dropped_after_an_error_too(con):
    with pytest.raises(ZeroDivisionError), DuckWorkspace(con) as work:
        work.make("one", "SELECT * FROM listed")
        raise ZeroDivisionError
    assert left(con) == ["listed"]


def test_a_table_may_be_made_anew_from_itself_and_become_a_view(con):
    with DuckWorkspace(con) as work:
        work.make("one", "SELECT id FROM listed")
        work.make("one", "SELECT id + 1 AS id FROM one")
        assert work.read("SELECT id FROM one")["id"].tolist() == [2]
        work.make("one", "SELECT id + 10 AS id FROM listed", view=True)
        assert work.read("SELECT id FROM one")["id"].tolist() == [11]
        work.drop("one")
        work.drop("one")  # what is not there needs no dropping
        assert not work.has("one")


def test_an_error_quotes_no_row(con):
    with DuckWorkspace(con) as work, pytest.raises(InputError, match="Making ages failed") as caught:
        work.make("ages", "SELECT CAST(name AS INTEGER) AS age FROM listed")
    assert "Zoe" not in str(caught.value)


def test_an_engine_that_is_not_known_is_refused(con):
    with pytest.raises(InputError, match="`duckdb` or `spark`"), open_workspace(con, "pandas"):
        pass
