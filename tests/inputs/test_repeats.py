"""Repeated keys are found in any order of rows and files; rows are divided without losing any."""

from collections import Counter
from datetime import date

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phm_utils.inputs import repeats
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.landing import LandingFile, open_file
from phm_utils.inputs.mapping import TableMapping
from phm_utils.inputs.portions import portions, rows_at_once, same_shape
from phm_utils.tables import TABLES

EVENT = {"token_person_id": "token-1", "event_date": "2024-06-01", "snomed_code": "44054006"}


def opened(con, folder, files):
    """An extract of gp_event whose files have these keys."""
    made = []
    for number, keys in enumerate(files):
        path = folder / f"f{number}.parquet"
        pd.DataFrame({"event_id": keys} | {name: [value] * len(keys) for name, value in EVENT.items()}).to_parquet(path)
        made.append(open_file(con, TABLES["gp_event"], path, TableMapping(), "pseudonymised"))
    return Extract(TABLES["gp_event"], made, TableMapping(), "pseudonymised", date(2025, 1, 1), False)


KEYS = st.lists(st.lists(st.integers(90, 130), min_size=1, max_size=12), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=KEYS, as_text=st.booleans(), in_order=st.booleans(), late=st.sampled_from([0.0, 0.1, 1.0]))
def test_every_key_that_occurs_twice_is_found_and_no_other(tmp_path, monkeypatch, files, as_text, in_order, late):
    monkeypatch.setattr(repeats, "MOST_LATE_SHARE", late)
    if in_order:
        files = [sorted(keys) for keys in files]
    kind = str if as_text else int
    files = [[kind(key) for key in keys] for keys in files]
    every = Counter(key for keys in files for key in keys)
    twice = {key: n for key, n in every.items() if n > 1}
    with duckdb.connect() as con:
        extract = opened(con, tmp_path, files).in_key_order(con)
        found = repeats.find_repeated_keys(con, extract, memory=1_000)
        sql = f"SELECT DISTINCT event_id FROM {extract.one_shape.scan} WHERE {extract.key_hash(extract.one_shape)} IN "
        named = {key for (key,) in con.execute(f"{sql} (SELECT key_hash FROM {repeats.REPEATED_TABLE})").fetchall()}
    assert named == set(twice)
    assert found.repeated == sum(twice.values())
    rest = [str(key) for file in extract.files for key in keys_of(file) if every[kind(key)] == 1]
    if found.ascending:
        assert rest == sorted(rest)


def keys_of(file):
    return [key for path in file.paths for key in pd.read_parquet(path)["event_id"]]


def test_files_in_order_of_their_keys_are_known_to_be_so(tmp_path):
    with duckdb.connect() as con:
        extract = opened(con, tmp_path, [range(5_000, 6_000), [*range(3_000, 4_000), 3_999]]).in_key_order(con)
        assert [file.paths[0].name for file in extract.files] == ["f1.parquet", "f0.parquet"]
        assert repeats.find_repeated_keys(con, extract, 10**9) == repeats.Keys(repeated=2, ascending=True)


@pytest.mark.parametrize("keys", [range(3_000, 2_000, -1), [*range(9_000, 9_900), *range(8_000, 8_010)], [9, 10, 11]])
def test_files_in_another_order_are_sorted(tmp_path, keys):
    with duckdb.connect() as con:
        extract = opened(con, tmp_path, [list(keys)]).in_key_order(con)
        assert not repeats.find_repeated_keys(con, extract, 10**9).ascending


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(1, 15))
def test_portions_hold_every_row_once_and_none_too_many(sizes, most):
    files = [LandingFile(f"f{n}", (f"f{n}.parquet",), {"a": "BIGINT"}, rows) for n, rows in enumerate(sizes)]
    made = portions(files, most)
    assert all(portion.rows <= most for portion in made)
    assert sum(portion.rows for portion in made) == sum(sizes)
    for file in files:
        ranges = [p.where for p in made if file.paths[0] in p.paths]
        assert len(set(ranges)) == len(ranges) >= 1


def test_a_large_file_is_divided_where_its_rows_lie(tmp_path):
    with duckdb.connect() as con:
        [file] = opened(con, tmp_path, [range(100, 207)]).files
        divided = portions([file], 25)
        rows = [con.execute(f"SELECT min(event_id), max(event_id), count(*) FROM {p.scan}").fetchone() for p in divided]
    assert rows == [(100, 121, 22), (122, 143, 22), (144, 165, 22), (166, 187, 22), (188, 206, 19)]
    assert [p.rows for p in divided] == [n for _, _, n in rows]


def test_files_with_other_columns_are_read_apart():
    one, two, three = (LandingFile(n, (n,), {c: "BIGINT"}, 5) for n, c in (("x", "a"), ("y", "b"), ("z", "a")))
    assert [f.paths for f in same_shape([one, two, three])] == [("x", "z"), ("y",)]
    assert [f.paths for f in portions([one, two, three], 100)] == [("x",), ("y",), ("z",)]


def test_fewer_rows_are_taken_where_memory_is_small_or_tables_are_wide():
    assert rows_at_once(800_000_000, 7) < rows_at_once(3_000_000_000, 7)
    assert rows_at_once(3_000_000_000, 40) < rows_at_once(3_000_000_000, 7)
    assert rows_at_once(1, 7) == 1
