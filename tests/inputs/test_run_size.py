"""What a run will need, from the sizes of files alone."""

import duckdb
import pandas as pd

from phm_utils.inputs.doctor_extracts import extracts
from phm_utils.inputs.run_size import RunSize, run_size, size_lines
from phm_utils.params import Resources

LARGE = RunSize(people=4_300_000, rows=660_000_000, memory=3_000_000_000, disk=12_000_000_000, cpu_seconds=1_800)


def test_rows_are_those_of_parquet_files_and_about_those_of_csv(tmp_path):
    frame = pd.DataFrame({"registration_id": range(1_140), "token_person_id": [f"{n:032d}" for n in range(1_140)]})
    frame.to_parquet(tmp_path / "r.parquet")
    wide = pd.DataFrame({"text": ["x" * 94] * 2_000})
    wide.to_csv(tmp_path / "e.csv", index=False)
    found = {"gp_registration": [tmp_path / "r.parquet"], "gp_event": [tmp_path / "e.csv"]}
    with duckdb.connect() as con:
        size = run_size(con, found)
    assert size.people == 1_000
    assert size.rows == 1_140 + 2_000
    assert size.memory == 350_000_000 + 600 * 1_000


def test_a_run_that_fits_is_said_to_fit():
    lines = size_lines(LARGE, Resources(stage_memory="3GB"), free_disk=20_000_000_000)
    assert [fits for fits, _ in lines] == [True, True, True]
    assert "about 4,300,000 people in 660,000,000 rows" in lines[2][1]


def test_too_little_memory_and_disk_say_what_to_change():
    memory, disk, _ = size_lines(LARGE, Resources(stage_memory="900MB"), free_disk=5_000_000_000)
    assert not memory[0]
    assert "a stage may use 900 MB (as `stage_memory` says); about 3.0 GB will do. Set `stage_memory`" in memory[1]
    assert not disk[0]
    assert "about 12.0 GB will be needed, 5.0 GB are free; free some, or set `outputs`" in disk[1]


def test_the_default_is_half_of_what_is_free(monkeypatch):
    monkeypatch.setattr("phm_utils.inputs.run_size.free_memory", lambda: 7_000_000_000)
    [(fits, text), *_] = size_lines(LARGE, Resources(), free_disk=20_000_000_000)
    assert fits
    assert "a stage may use 3.5 GB (half of what is free)" in text


def test_the_doctor_says_the_size_of_a_run(small):
    said = [text for _, text in extracts(small.workbook())]
    assert sum(text.startswith(("memory:", "disk:", "time:")) for text in said) == 3
