"""`phm link`, then `phm check` on what it wrote: the way of identified extracts into an ordinary run."""

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from phm_utils.cli import main
from phm_utils.tables import TABLES


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """A tiny identified ICS, linked through the command line; what the command printed, and the workbook's folder."""
    root = tmp_path_factory.mktemp("linked")
    for folder in ("parameters", "notebooks"):
        shutil.copytree(Path(__file__).resolve().parents[2] / folder, root / folder)
    return root


def test_identified_extracts_become_a_landing_that_an_ordinary_run_accepts(linked, monkeypatch, capsys):
    monkeypatch.setenv("PHM_ROOT", str(linked))
    parameters = linked / "parameters"
    assert main(["simulate", "--pcns", "1", "--people-per-pcn", "500", "--form", "identified"]) == 0
    capsys.readouterr()
    assert main(["link", str(parameters / "demo_identified.yml")]) == 0
    landing = capsys.readouterr().out.splitlines()[0]
    demo = yaml.safe_load((parameters / "demo.yml").read_text(encoding="utf-8"))
    ordinary = parameters / "linked.yml"
    ordinary.write_text(yaml.safe_dump(demo | {"name": "linked", "landing": landing}), encoding="utf-8")
    assert main(["check", str(ordinary)]) == 0
    output = capsys.readouterr().out
    for table in ("gp_registration", "ecds_attendance", "partner_list"):
        row = re.search(rf"^{table} +([\d,]+) = +([\d,]+) \+ +([\d,]+)", output, flags=re.MULTILINE)
        rows_in, kept, quarantined = (int(n.replace(",", "")) for n in row.groups())
        assert rows_in == kept + quarantined
        assert kept > 0
    identifying = {c.name for t in TABLES.values() for c in t.columns if c.forms == ("identified",)}
    for path in (linked / "outputs" / "linked" / "store").rglob("*.parquet"):
        assert not identifying & set(pq.read_schema(path).names), path.name


def test_identified_extracts_are_refused_by_the_ordinary_run(linked, monkeypatch, capsys):
    monkeypatch.setenv("PHM_ROOT", str(linked))
    assert main(["run", str(linked / "parameters" / "demo_identified.yml")]) == 2
    assert "phm link" in capsys.readouterr().err
