"""The store: stages are committed whole or not at all."""

import json

import pandas as pd
import pytest

from phm_utils import engine
from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.runs import Store, project_root, resolve, write_atomically


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def con():
    with engine.session() as connection:
        yield connection


def people(*numbers: int) -> pd.DataFrame:
    return pd.DataFrame({"pcn_code": [f"U9900{n % 2 + 1}" for n in numbers], "number": numbers})


def write(store, con, frame, key="k1", partition_by=None):
    with store.stage("persons", key) as writer:
        writer.add(con, Model("person", ("pcn_code", "number"), frame=frame, partition_by=partition_by))


def test_a_committed_table_can_be_read_whole_and_by_partition(store, con):
    write(store, con, people(1, 2, 3, 4), partition_by="pcn_code")
    assert sorted(store.read("person")["number"]) == [1, 2, 3, 4]
    assert list(store.read("person", "U99001")["number"]) == [2, 4]
    assert store.manifest()["stages"]["persons"]["tables"]["person"]["rows"] == 4


def test_shuffled_rows_give_the_same_bytes(store, con):
    frame = people(*range(500))
    write(store, con, frame)
    before = store.manifest()["stages"]["persons"]["tables"]
    write(store, con, frame.sample(frac=1, random_state=1), key="k2")
    assert store.manifest()["stages"]["persons"]["tables"] == before


def test_a_stage_that_breaks_leaves_the_last_version_readable(store, con):
    write(store, con, people(1, 2))
    version = store.manifest()["version"]
    with pytest.raises(RuntimeError), store.stage("persons", "k2") as writer:
        writer.add(con, Model("person", ("number",), frame=people(9)))
        raise RuntimeError("killed")
    assert store.manifest()["version"] == version
    assert sorted(store.read("person")["number"]) == [1, 2]


def test_every_version_of_the_manifest_is_kept_and_old_tables_are_not(store, con):
    write(store, con, people(1))
    first = store.files("person")[0]
    write(store, con, people(2), key="k2")
    kept = sorted((store.root / "manifests").iterdir())
    assert [json.loads(path.read_text())["version"] for path in kept] == [1, 2]
    assert not first.exists()
    assert store.files("person")[0].exists()


def test_an_empty_table_can_still_be_read(store, con):
    write(store, con, people(1).iloc[:0])
    assert list(store.read("person").columns) == ["pcn_code", "number"]
    with store.stage("next", "k") as writer:
        writer.add(con, Model("empty_parts", ("number",), frame=people(1).iloc[:0], partition_by="pcn_code"))
    assert list(store.read("empty_parts").columns) == ["pcn_code", "number"]


def test_an_absent_table_says_what_to_run(store):
    with pytest.raises(InputError, match="phm run"):
        store.read("person")


def test_a_later_model_reads_an_earlier_one_of_its_stage(store, con):
    with store.stage("persons", "k") as writer:
        writer.add(con, Model("person", ("number",), frame=people(1, 2, 3)))
        writer.add(con, Model("total", ("people",), sql="SELECT count(*) AS people FROM person"))
    assert store.read("total")["people"].tolist() == [3]


def test_write_atomically_leaves_no_draft(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    write_atomically(path, "Zoë\n")
    assert path.read_bytes() == "Zoë\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_the_workbook_is_found_from_a_folder_below_it(monkeypatch, tmp_path):
    for name in ("parameters", "notebooks"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("PHM_ROOT", raising=False)
    monkeypatch.chdir(tmp_path / "notebooks")
    assert project_root() == tmp_path
    assert resolve("outputs") == tmp_path / "outputs"
