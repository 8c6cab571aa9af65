"""`phm doctor` says what is missing, on a machine and in a parameter file."""

import builtins
import sys

import pytest

from phm_utils import doctor
from phm_utils.doctor import ADVICE, MISSING, parameter_file


def parameters(small, **changes):
    path = small.root / "ics.yml"
    path.write_text(small.workbook(**changes).model_dump_json(), encoding="utf-8")  # JSON is YAML
    return path


def said(lines, state):
    return [text for kind, text in lines if kind == state]


def test_a_complete_folder_lacks_nothing(small):
    assert said(parameter_file(parameters(small)), "missing") == []


def test_absent_tables_and_unused_files_are_advice(small, rows):
    small.put("gp_events", rows["gp_event"])
    advice = said(parameter_file(parameters(small)), "advice")
    assert any(text.startswith("gp_event: absent") for text in advice)
    assert any(text.startswith("gp_events.csv: not read") for text in advice)


def test_a_missing_column_and_an_unreadable_file_are_missing(small):
    small.put("apc_episode", {"epikey": "1"})
    (small.folder / "gp_event.parquet").write_bytes(b"x")
    missing = said(parameter_file(parameters(small)), "missing")
    assert [text.split(":")[0] for text in missing] == ["gp_event", "apc_episode"]


def test_no_landing_folder_is_missing(small):
    assert len(said(parameter_file(parameters(small, landing="${PHM_NOWHERE}")), "missing")) == 1


def test_an_extract_that_ends_before_the_index_date_is_advice(small, rows):
    small.put("gp_event", rows["gp_event"], file="gp_event.parquet")
    advice = said(parameter_file(parameters(small)), "advice")
    assert any("ends on 01 June 2024, before the index date" in text for text in advice)


def test_a_machine_with_everything_has_no_package_fault():
    assert list(doctor.package_faults()) == []


def test_a_package_of_another_version_is_named(monkeypatch):
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["duckdb>=99", "no-such-thing", 'x; extra == "dev"'])
    first, second = doctor.package_faults()
    assert first.startswith("package duckdb")
    assert ">=99" in first
    assert second.startswith("package no-such-thing")


def test_without_packages_it_says_so_and_does_not_fail(monkeypatch, capsys, tmp_path):
    real = builtins.__import__

    def bare(name, *args, **kw):
        if name.startswith(("packaging", "psutil", "jupyter_client", "phm_utils.inputs")):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kw)

    monkeypatch.setattr(builtins, "__import__", bare)
    assert doctor.doctor(tmp_path / "x.yml") == doctor.EXIT_MISSING
    assert "pip install" in capsys.readouterr().out


@pytest.mark.full
def test_a_kernel_starts():
    assert [state for state, _ in doctor._kernel()] == ["ok"]


def test_spark_that_is_asked_for_and_absent_is_missing(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    lines = list(parameter_file(parameters(small, resources={"engine": "spark"})))
    assert any("locks/spark.txt" in text for text in said(lines, MISSING))


def test_on_windows_an_open_identified_folder_is_advice(small, monkeypatch):
    monkeypatch.setattr("phm_utils.privacy.access.open_to_others", lambda folder: f"{folder.name} is open")
    monkeypatch.setattr("phm_utils.privacy.access.WINDOWS", True)
    assert list(doctor._folder_access(small.root)) == [(ADVICE, f"{small.root.name} is open")]
    monkeypatch.setattr("phm_utils.privacy.access.WINDOWS", False)
    assert list(doctor._folder_access(small.root)) == []
