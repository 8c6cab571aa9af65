"""Memory and disk: what a stage may use, and what is said where they run out."""

from types import SimpleNamespace

import duckdb
import pytest

from phm_utils.engine import limits, shortages
from phm_utils.errors import DiskFull, InputError

MANY_ROWS = "CREATE TEMP TABLE t AS SELECT range AS a, md5(range::VARCHAR) AS b FROM range(3000000)"


@pytest.fixture
def machine(monkeypatch):
    """A machine of so many bytes, of which so many are free."""

    def made(total, free):
        memory = SimpleNamespace(total=total, available=free)
        monkeypatch.setattr(limits.psutil, "virtual_memory", lambda: memory)
        monkeypatch.setattr(limits, "CONTAINER_LIMIT", SimpleNamespace(is_file=lambda: False))

    return made


def test_by_default_a_stage_uses_half_of_the_free_memory(machine):
    machine(total=8_000_000_000, free=5_000_000_000)
    assert limits.stage_memory(None) == 2_500_000_000
    assert limits.stage_memory("6GB") == 6_000_000_000


def test_a_container_has_no_more_than_its_limit(machine, monkeypatch, tmp_path):
    machine(total=64_000_000_000, free=60_000_000_000)
    monkeypatch.setattr(limits, "CONTAINER_LIMIT", tmp_path / "memory.max")
    (tmp_path / "memory.max").write_text("4000000000\n")
    assert limits.stage_memory(None) == 2_000_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert limits.stage_memory(None) == 30_000_000_000


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("9GB", r"asks for 9.0 GB, and this machine has 8.0 GB \(5.0 GB free\)"),
        ("299MB", "is 299 MB; the smallest that will do is 300 MB"),
    ],
)
def test_more_than_the_machine_has_and_too_little_are_refused(machine, asked, words):
    machine(total=8_000_000_000, free=5_000_000_000)
    with pytest.raises(InputError, match=words):
        limits.stage_memory(asked)


def test_a_machine_with_hardly_any_free_memory_is_refused(machine):
    machine(total=4_000_000_000, free=500_000_000)
    with pytest.raises(InputError, match="Only 500 MB of memory are free"):
        limits.stage_memory(None)


def test_out_of_memory_says_how_much_there_was_and_what_to_set(monkeypatch):
    monkeypatch.setenv("PHM_MEMORY", "60MB")
    con = duckdb.connect(config={"memory_limit": "60MB", "temp_directory": ""})
    words = r"^linking: 60 MB of memory are not enough \(asked for .* more\)"
    with pytest.raises(InputError, match=words) as error, shortages("linking"):
        con.execute(MANY_ROWS)
    assert "`stage_memory`" in str(error.value)
    assert "to 120 MB or more" in str(error.value)


def test_a_full_disk_says_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("PHM_TEMP", str(tmp_path / "not yet there"))
    config = {"memory_limit": "60MB", "temp_directory": str(tmp_path), "max_temp_directory_size": "20MB"}
    con = duckdb.connect(config=config)
    with pytest.raises(DiskFull, match=r"^linking: the disk of .* is full \(.* free\)"), shortages("linking"):
        con.execute(MANY_ROWS)


def test_another_error_of_the_database_is_left_as_it_is():
    with pytest.raises(duckdb.ConversionException), shortages("linking"):
        duckdb.execute("SELECT CAST('x' AS INTEGER)")
