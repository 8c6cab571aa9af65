"""Each notebook, executed on a tiny seeded ICS, says what it said before.

Text outputs are compared with `expected/` by pytest-notebook; pictures are asserted apart, by
number and alternative text. After a meant change: `pytest tests/notebooks --nb-force-regen`,
then read the difference in `expected/` like any other code.
"""

import json
import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from phm_utils.topics.registry import notebooks

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = Path(__file__).parent / "expected"
IMAGE = re.compile(r"<img\b[^>]*>")
ALT = re.compile(r'\balt="([^"]+)"')
IGNORED = (
    "/metadata",
    "/cells/*/metadata",
    "/cells/*/id",
    "/cells/*/execution_count",
    "/cells/*/outputs/*/execution_count",
    "/cells/*/outputs/*/metadata",
    "/cells/*/outputs/*/data/text/html",
)
CASES = [
    (name, area)
    for name in ("00_data_quality", "01_linkage", "02_segmentation", "03_cohorts", "04_inequalities", "05_evaluation")
    for area in ("ics", "pcn")
]


def texts(notebook) -> list[list[dict]]:
    """Per code cell, its outputs as plain text: what a reader of the terminal would see."""
    cells = []
    for cell in notebook.cells:
        outputs = []
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                outputs.append({"stream": output.name, "text": output.text.splitlines()})
            else:
                outputs.append({"data": output.data.get("text/plain", "").splitlines()})
        cells.append(outputs)
    return cells


def failures(notebook) -> list[str]:
    """Errors that stopped a cell, and warnings that a reader of the notebook would stumble over."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    errors = [f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error"]
    return errors + [o.text for o in outputs if o.get("name") == "stderr"]


def pictures(notebook) -> list[str]:
    """The alternative text of every picture shown; an empty string where one has none."""
    html = "\n".join(
        output.data.get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type != "stream"
    )
    return [unescape(found.group(1)) if (found := ALT.search(image)) else "" for image in IMAGE.findall(html)]


def with_outputs(notebook, cells: list[list[dict]]):
    """The notebook as if it had been executed with these text outputs."""
    for cell, outputs in zip(notebook.cells, cells, strict=False):
        if cell.cell_type != "code":
            continue
        for output in outputs:
            if "stream" in output:
                made = new_output("stream", name=output["stream"], text="\n".join([*output["text"], ""]))
            else:
                made = new_output("display_data", data={"text/plain": "\n".join(output["data"]), "text/html": ""})
            cell.outputs.append(made)
    return notebook


@pytest.mark.parametrize(("name", "area"), CASES, ids=lambda value: value)
def test_notebook_says_what_it_said_before(name, area, tiny_run, nb_regression, tmp_path, monkeypatch):
    expected_path = EXPECTED / f"{name}.{area}.json"
    expected = {"cells": [], "pictures": []}
    if expected_path.exists():
        expected = json.loads(expected_path.read_text(encoding="utf-8"))
    code = tiny_run.workbook.ics_code if area == "ics" else tiny_run.pcn_codes[0]
    params = notebooks()[name].of(tiny_run.workbook, code).model_dump(mode="json")
    source = parameterize_notebook(load_notebook_node(str(ROOT / "notebooks" / f"{name}.ipynb")), params)
    path = tmp_path / f"{name}.ipynb"
    nbformat.write(with_outputs(source, expected["cells"]), path)

    monkeypatch.setenv("PHM_ROOT", str(tiny_run.root))
    nb_regression.diff_ignore = IGNORED
    nb_regression.diff_use_color = False
    nb_regression.exec_cwd = str(tmp_path)
    regenerate = nb_regression.force_regen
    nb_regression.force_regen = False
    result = nb_regression.check(path, raise_errors=False)
    assert failures(result.nb_final) == []
    found = {"cells": texts(result.nb_final), "pictures": pictures(result.nb_final)}
    if regenerate:
        expected_path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
        pytest.skip("expected text outputs made anew: read the difference")
    assert result.diff_filtered == [], result.diff_string
    assert found["pictures"] == expected["pictures"]
    assert all(found["pictures"])
