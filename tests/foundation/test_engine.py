"""DuckDB sessions keep to their limits, clean up, and never quote a row."""

import os

import pytest

from phm_utils import engine
from phm_utils.errors import InputError


def test_spill_files_lie_in_a_folder_that_goes_with_the_session(tmp_path):
    with engine.session(tmp_path) as con:
        [spill] = list(tmp_path.iterdir())
        assert con.execute("SELECT current_setting('temp_directory')").fetchone()[0] == str(spill)
        assert os.name == "nt" or spill.stat().st_mode & 0o077 == 0  # Windows has no such modes
    assert list(tmp_path.iterdir()) == []


def test_limits_come_from_the_worker_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PHM_THREADS", "1")
    monkeypatch.setenv("PHM_MEMORY", "300MB")
    with engine.session(tmp_path) as con:
        assert con.execute("SELECT current_setting('threads')").fetchone()[0] == 1
        assert con.execute("SELECT current_setting('memory_limit')").fetchone()[0].startswith("286")


def test_a_database_error_never_quotes_the_row(tmp_path):
    with engine.session(tmp_path) as con, pytest.raises(InputError) as caught, engine.guarded("Reading gp_event"):
        con.execute("SELECT 'Zoe Private'::DATE")
    assert "Zoe" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "Reading gp_event" in str(caught.value)


def test_quote_keeps_hostile_text_as_text(tmp_path):
    with engine.session(tmp_path) as con:
        text = "it's; DROP TABLE person --"
        assert con.execute(f"SELECT {engine.quote(text)}").fetchone()[0] == text
