"""A step's key changes when, and only when, something that it depends on changes."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.batch import keys
from phm_utils.errors import InputError


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1))
def test_a_key_does_not_depend_on_the_order_of_its_parts(parts):
    backwards = dict(reversed(list(parts.items())))
    assert keys.key_of(x=parts) == keys.key_of(x=backwards)


def test_a_key_depends_on_every_part():
    assert len({keys.key_of(a=1), keys.key_of(a=2), keys.key_of(b=1), keys.key_of(a=1, b=1)}) == 4


def test_a_rooms_source_is_its_code_and_its_sql(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "PACKAGE", tmp_path)
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "a.py").write_text("x = 1\n")
    found = []
    for name, text in (("a.sql", "SELECT 1"), ("a.sql", "SELECT 2"), ("notes.txt", "hello")):
        (tmp_path / "room" / name).write_text(text)
        keys.source_key.cache_clear()
        found.append(keys.source_key(("room",)))
    keys.source_key.cache_clear()
    assert found[0] != found[1] == found[2]


def test_line_ends_of_windows_change_no_key(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "PACKAGE", tmp_path)
    found = []
    for text in (b"x = 1\n", b"x = 1\r\n"):
        (tmp_path / "one.py").write_bytes(text)
        keys.source_key.cache_clear()
        found.append(keys.source_key(("one",)))
    keys.source_key.cache_clear()
    assert found[0] == found[1]


def test_the_rooms_of_a_notebook_are_those_that_it_imports_and_what_they_stand_on():
    code = "from phm_utils.inequalities import gaps\nimport phm_utils.methods.rates\n%matplotlib inline"
    cells = [{"cell_type": "code", "source": line} for line in code.splitlines()]
    used = keys.rooms_used({"cells": cells})
    assert {"inequalities", "methods", "reports", "figures", "engine"} <= set(used)
    assert "linkage" not in used


def test_an_unchanged_file_is_not_read_again(tmp_path, monkeypatch):
    data = tmp_path / "gp_event.csv"
    data.write_text("one")
    os.utime(data, (1, 1))
    reads = []
    monkeypatch.setattr(keys, "sha256_file", lambda path: reads.append(path) or str(len(reads)))
    first = keys.Fingerprints(tmp_path / "cache.json")
    assert first.of([data], tmp_path) == {"gp_event.csv": "1"}
    first.save()
    again = keys.Fingerprints(tmp_path / "cache.json")
    assert again.of([data], tmp_path) == {"gp_event.csv": "1"}
    data.write_text("two!")
    os.utime(data, (1, 1))
    assert again.of([data], tmp_path) == {"gp_event.csv": "2"}
    assert len(reads) == 2


def test_a_file_changed_a_moment_ago_is_read_again_for_its_clock_may_be_coarse(tmp_path):
    data = tmp_path / "gp_event.csv"
    data.write_text("one")
    prints = keys.Fingerprints(tmp_path / "cache.json")
    before = prints.of([data], tmp_path)
    when = data.stat().st_mtime_ns
    data.write_text("two")
    os.utime(data, ns=(when, when))
    assert prints.of([data], tmp_path) != before


def test_an_absent_input_is_refused(tmp_path):
    with pytest.raises(InputError, match="No file"):
        keys.Fingerprints(tmp_path / "cache.json").of([tmp_path / "none.csv"], tmp_path)
