"""The house keeps its own rules: layers, lint, notebooks without outputs, an up-to-date dictionary."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from phm_utils.inputs.dictionary import PATH, dictionary
from phm_utils.topics.registry import notebooks

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK_FILES = sorted((ROOT / "notebooks").glob("*.ipynb"))
BIN = Path(sys.executable).parent
WORKED_IN = {"explore_cohort"}  # opened in JupyterLab and worked in: no run makes a report of these


def _run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_point_downward():
    result = _run(str(BIN / "lint-imports"), "--no-cache")
    assert result.returncode == 0, result.stdout


def test_ruff_finds_nothing():
    result = _run(str(BIN / "ruff"), "check", ".")
    assert result.returncode == 0, result.stdout
    result = _run(str(BIN / "ruff"), "format", "--check", ".")
    assert result.returncode == 0, result.stdout


def test_committed_notebooks_have_no_outputs():
    assert NOTEBOOK_FILES
    result = _run(str(BIN / "nbstripout"), "--verify", "--keep-id", *map(str, NOTEBOOK_FILES))
    assert result.returncode == 0, result.stdout + result.stderr


def test_nbstripout_would_notice_an_output(tmp_path):
    notebook = json.loads(NOTEBOOK_FILES[0].read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["817,000\n"]}]
    path = tmp_path / "with_output.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert _run(str(BIN / "nbstripout"), "--verify", "--keep-id", str(path)).returncode != 0


@pytest.mark.parametrize("path", NOTEBOOK_FILES, ids=lambda p: p.stem)
def test_a_notebook_is_thin(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    tagged = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    assert not any(line.startswith(("def ", "class ")) for source in code for line in source.splitlines())
    assert max(len(source.splitlines()) for source in code) <= 15
    assert cells[0]["cell_type"] == "markdown"
    assert "?" in "".join(cells[0]["source"]).splitlines()[0], "a notebook opens with its question"


def test_every_notebook_makes_a_report_by_a_parameter_model_or_is_worked_in():
    assert set(notebooks()) | WORKED_IN == {path.stem for path in NOTEBOOK_FILES}
    assert not set(notebooks()) & WORKED_IN


@pytest.mark.parametrize("name", sorted(WORKED_IN))
def test_a_notebook_that_is_worked_in_says_that_it_is_no_report(name):
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    assert "It is not a report" in "".join(cells[0]["source"])
    assert "open_run" not in json.dumps(cells)


def test_the_data_dictionary_is_made_from_the_tables():
    assert (ROOT / PATH).read_text(encoding="utf-8") == dictionary(), "run `python -m phm_utils.inputs.dictionary`"
