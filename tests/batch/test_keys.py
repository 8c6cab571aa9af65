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


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of files given by name; the key of modules of it."""

    def key(*modules: str, **files: str | bytes) -> str:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        keys.source_key.cache_clear()
        keys._imports.cache_clear()
        return keys.source_key(modules)

    monkeypatch.setattr(keys, "PACKAGE", tmp_path)
    yield key
    keys.source_key.cache_clear()
    keys._imports.cache_clear()


def test_a_modules_source_is_its_code_what_it_imports_and_its_sql(package):
    start = package("phm_utils.room.a", room__a_dot_py="from phm_utils.lower import f", lower_dot_py="def f(): 1")
    assert package("phm_utils.room.a", room__b_dot_py="unused = 1", room__notes_dot_txt="words") == start
    imported = package("phm_utils.room.a", lower_dot_py="def f(): 2")
    assert imported != start
    assert package("phm_utils.room.a", room__sql__a_dot_sql="SELECT 1") != imported


def test_an_import_inside_a_function_counts(package):
    code = "def g():\n    from phm_utils import lower\n"
    start = package("phm_utils.a", a_dot_py=code, lower_dot_py="x = 1")
    assert package("phm_utils.a", lower_dot_py="x = 2") != start


def test_line_ends_of_windows_change_no_key(package):
    assert package("phm_utils.one", one_dot_py=b"x = 1\n") == package("phm_utils.one", one_dot_py=b"x = 1\r\n")


def test_behind_a_notebook_stand_the_modules_that_it_imports_and_those_that_render_it():
    code = "from phm_utils.topics.inequalities import prevalence\nimport phm_utils.methods.rates\n%matplotlib inline"
    cells = [{"cell_type": "code", "source": line} for line in code.splitlines()]
    modules = keys.notebook_modules({"cells": cells})
    files = {path.relative_to(keys.PACKAGE).as_posix() for path in keys.source_files(modules)}
    assert {
        "topics/inequalities/prevalence.py",
        "methods/rates.py",
        "reports/html.py",
        "reports/templates/report.css",
    } <= files
    assert "errors.py" in files
    assert not any(name.startswith(("linkage/", "synthetic/", "batch/")) for name in files)


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
