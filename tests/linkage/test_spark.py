"""The Spark path: the same settings, the same clusters, and nothing left behind."""

import os
import shutil
import sys
from importlib.util import find_spec

import pandas as pd
import pytest

from phm_utils.cli import main
from phm_utils.errors import InputError
from phm_utils.linkage import scoring
from phm_utils.linkage.probabilistic import Options
from phm_utils.linkage.standalone import Request, link_folder
from phm_utils.linkage.training import use_saved
from phm_utils.privacy.pseudonyms import demo_key, make_key
from phm_utils.synthetic import simulate


def linked(folder, out, score):
    request = Request(
        folder, out, demo_key(1), "population_health_management", choose=use_saved(), options=Options(score=score)
    )
    link_folder(request)
    return pd.read_parquet(out)


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("java"), reason="no Java on this machine: Spark cannot run")
@pytest.mark.skipif(not find_spec("pyspark"), reason="pyspark is not installed: `pip install -e .[spark]`")
def test_spark_gives_the_clusters_of_duckdb_and_leaves_no_file(tmp_path, monkeypatch):
    from phm_utils.linkage import spark_scoring as spark

    monkeypatch.setenv("PHM_SPARK_MASTER", "local[2]")
    monkeypatch.setenv("PHM_TEMP", str(tmp_path / "temp"))
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    root = simulate(tmp_path / "made", pcns=1, people_per_pcn=1_500, seed=11, form="linkage", workers=1)
    here = linked(root / "linkage", tmp_path / "duckdb.parquet", scoring.score)
    there = linked(root / "linkage", tmp_path / "spark.parquet", spark.score)
    pd.testing.assert_frame_equal(here, there)
    assert (here["method"] == "probabilistic").sum() > 10
    assert os.listdir(tmp_path / "temp") == []


def test_without_java_the_spark_path_says_so(tmp_path, monkeypatch):
    from phm_utils.linkage import spark_scoring as spark

    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(InputError, match=r"Java 17|locks/spark\.txt"):
        spark.score(None, "left", "right", {"comparisons": []}, 0.0)


def test_without_pyspark_the_command_says_what_to_install_before_it_reads_anything(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    (tmp_path / "in").mkdir()  # no source at all: a command that looked would speak of that
    key = tmp_path / "phm.key"
    make_key(key)
    asked = ["link", str(tmp_path / "in"), str(tmp_path / "index.parquet"), "--key-file", str(key)]
    assert main([*asked, "--engine", "spark"]) == 2
    said = capsys.readouterr().err
    assert "pip install --require-hashes --no-deps -r locks/spark.txt" in said
    assert len(said.splitlines()) == 1
