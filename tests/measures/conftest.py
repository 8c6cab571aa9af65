"""A person table to be made anew for each example, shared by the tests of one module."""

import pytest
from person_table import People
from small_runs import IDS

from phm_utils import engine
from phm_utils.measures import id_files


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Tables of a small run; a file names two of its people."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / IDS).write_text("person_id\nperson-0001\nperson-0000\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, engine.session(folder) as con:
        patch.setattr(id_files, "resolve", lambda file: folder / file)
        tables = People(con, folder)
        tables.are([{}])  # for the tables that say what the run lacks
        yield tables
