"""A cohort that is edited, added or removed: its own tables and the cohort reports, and nothing else."""

import re
import shutil

import pandas as pd
import pytest

from phm_utils.cli import main

EDITED = "polypharmacy_75_and_over"
REPORTS = ["QZZ/03_cohorts", "U99001/03_cohorts"]
OF_COHORTS = ["cohort_tables", "cohort_nest", "questions", "cohort_change"]  # stages that read all of them


@pytest.fixture
def copy(tiny_run, tmp_path, monkeypatch):
    """A copy of the tiny run's folder, to change."""
    root = tmp_path / "copy"
    shutil.copytree(tiny_run.root, root)
    monkeypatch.setenv("PHM_ROOT", str(root))
    return root


def plan(root, capsys) -> dict[str, str]:
    """Every step of a dry run and what it says."""
    capsys.readouterr()
    assert main(["run", str(root / "parameters" / "tiny.yml"), "--areas", "QZZ,U99001", "--dry-run"]) == 0
    return dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())


def due(root, capsys) -> list[str]:
    return [step for step, state in plan(root, capsys).items() if state != "up to date"]


def test_an_edited_cohort_makes_its_own_tables_and_reports_due(copy, capsys):
    path = copy / "parameters" / "cohorts" / f"{EDITED}.yml"
    text = path.read_text(encoding="utf-8")
    assert "75" in text
    path.write_text(text.replace("75", "80"), encoding="utf-8")
    assert due(copy, capsys) == [f"cohorts/{EDITED}", *OF_COHORTS, "protect", *REPORTS]


def test_a_new_cohort_makes_no_other_due(copy, capsys):
    folder = copy / "parameters" / "cohorts"
    text = (folder / f"{EDITED}.yml").read_text(encoding="utf-8")
    (folder / "another.yml").write_text(text.replace(EDITED, "another"), encoding="utf-8")
    assert due(copy, capsys) == ["cohorts/another", *OF_COHORTS, "protect", *REPORTS]


@pytest.mark.full
def test_a_removed_cohort_is_gone_from_the_tables_of_the_same_run(copy, capsys):
    (copy / "parameters" / "cohorts" / f"{EDITED}.yml").unlink()
    assert due(copy, capsys) == [*OF_COHORTS, "protect", *REPORTS]
    arguments = ["run", str(copy / "parameters" / "tiny.yml"), "--areas", "QZZ", "--notebooks", "03"]
    assert main(arguments) == 0
    sizes = pd.read_csv(copy / "outputs" / "tiny" / "release" / "QZZ" / "cohort_size.csv")
    assert len(sizes)
    assert EDITED not in set(sizes["cohort"])
    assert "cohort_tables" not in due(copy, capsys)


def test_another_caption_makes_only_its_reports_due(copy, capsys):
    path = copy / "notebooks" / "03_cohorts.ipynb"
    text = path.read_text(encoding="utf-8")
    assert "caption=" in text
    path.write_text(re.sub(r"(caption=f?\\[\"'])", r"\1Now: ", text, count=1), encoding="utf-8")
    assert due(copy, capsys) == REPORTS


def test_a_dry_run_refuses_a_faulty_cohort_with_its_line(copy, capsys):
    path = copy / "parameters" / "cohorts" / f"{EDITED}.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("column: age", "column: agee", 1), encoding="utf-8")
    line = next(n for n, line in enumerate(text.splitlines(), start=1) if "column: age" in line)
    capsys.readouterr()
    assert main(["run", str(copy / "parameters" / "tiny.yml"), "--areas", "QZZ", "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert f"{EDITED}.yml: 1 fault.\n- line {line}: " in said
    assert "Did you mean age?" in said
