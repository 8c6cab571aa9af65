"""`phm audit begin | verify | report | anchor`, and what they exit with."""

import shutil
from pathlib import Path

import pytest
import yaml
from audit_logs import FACTS, lines_of, put

from phm_utils.cli import main
from phm_utils.privacy.audit_log import AuditLog
from phm_utils.privacy.audit_place import Place, place_of
from phm_utils.privacy.pseudonyms import make_key
from phm_utils.topics.registry import load_workbook

SOURCE = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A workbook's folder without data."""
    shutil.copytree(SOURCE / "parameters", tmp_path / "workbook" / "parameters")
    (tmp_path / "workbook" / "notebooks").mkdir()
    monkeypatch.setenv("PHM_ROOT", str(tmp_path / "workbook"))
    return tmp_path / "workbook"


def audit(*arguments: object) -> int:
    return main(["audit", *map(str, arguments)])


def place_of_file(parameters: Path) -> Place:
    return place_of(load_workbook(parameters))


def real(root: Path) -> Path:
    """The demo's parameter file, as if it were of real people."""
    content = yaml.safe_load((root / "parameters" / "demo.yml").read_text(encoding="utf-8"))
    path = root / "parameters" / "real.yml"
    path.write_text(yaml.safe_dump(content | {"synthetic": False, "truth": None}), encoding="utf-8")
    return path


def test_the_demo_is_begun_written_verified_and_reported(root, capsys, tmp_path):
    demo = root / "parameters" / "demo.yml"
    assert audit("verify", demo) == 2
    assert audit("begin", demo) == 0
    assert audit("begin", demo) == 2
    assert "never begun again" in capsys.readouterr().err
    AuditLog.of(load_workbook(demo)).attempt("request", FACTS | {"requester": "@Dr A"}, refused="no")
    assert audit("verify", demo) == 0
    said = capsys.readouterr().out
    assert said.startswith("WHOLE: 2 entries, sealed under the demo's public key")
    assert "only an anchor shows" in said
    assert audit("report", demo, "--from", "2020-01-01", "--csv", tmp_path / "audit.csv") == 0
    assert "SYNTHETIC DATA" in capsys.readouterr().out
    assert "'@Dr A" in (tmp_path / "audit.csv").read_text(encoding="utf-8-sig")
    assert audit("report", demo, "--csv", place_of_file(demo).folder / "audit.csv") == 2


def test_each_shipped_run_has_a_log_of_its_own(root):
    files = [root / "parameters" / f"{name}.yml" for name in ("demo", "demo_linked", "demo_identified")]
    places = [place_of_file(file) for file in files]
    assert len({place.folder for place in places}) == len({place.head_folder for place in places}) == 3


def test_an_anchor_is_kept_and_compared(root, capsys, tmp_path):
    demo = root / "parameters" / "demo.yml"
    audit("begin", demo)
    assert audit("anchor", demo, "--out", tmp_path / "a.json") == 0
    assert '"count": 1' in capsys.readouterr().out
    AuditLog.of(load_workbook(demo)).attempt("request", FACTS, refused="no")
    assert audit("verify", demo, "--anchor", tmp_path / "a.json") == 0
    assert "goes on from the anchor" in capsys.readouterr().out
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    (tmp_path / "a.json").write_text(text.replace('"count": 1', '"count": 5'), encoding="utf-8")
    assert audit("verify", demo, "--anchor", tmp_path / "a.json") == 1
    assert "NOT WHOLE. Entry 3: it is gone" in capsys.readouterr().out


def test_a_log_that_is_not_whole_exits_with_1_and_has_no_anchor(root, capsys):
    demo = root / "parameters" / "demo.yml"
    audit("begin", demo)
    place = place_of_file(demo)
    put(place, [lines_of(place)[0].replace(b"begin", b"ended", 1)])
    assert audit("verify", demo) == 1
    assert audit("report", demo) == 1
    assert capsys.readouterr().out.count("NOT WHOLE. Entry 1") == 2
    assert audit("anchor", demo) == 2
    assert "No anchor is made" in capsys.readouterr().err


def test_real_data_need_the_auditors_own_key(root, capsys, tmp_path):
    parameters = real(root)
    assert audit("begin", parameters) == 2
    assert "begun by the holder of the auditor's key" in capsys.readouterr().err
    for name in ("auditor.key", "other.key"):
        make_key(tmp_path / name)
    assert audit("begin", parameters, "--key-file", tmp_path / "auditor.key") == 0
    assert audit("verify", parameters) == 0
    assert "CHAIN AND HEAD ONLY" in capsys.readouterr().out
    assert audit("verify", parameters, "--key-file", tmp_path / "auditor.key") == 0
    assert "WHOLE: 1 entry, sealed under the auditor's key" in capsys.readouterr().out
    assert audit("verify", parameters, "--key-file", tmp_path / "other.key") == 1
    assert "the key given is" in capsys.readouterr().out
    assert audit("verify", parameters, "--key-file", tmp_path / "absent.key") == 2


def test_without_the_setting_it_is_said_what_to_add(root, capsys):
    for command in ("begin", "verify", "report", "anchor"):
        assert audit(command, root / "parameters" / "synthea.yml") == 2
        assert "No audit, no list: the parameter file has no `audit`" in capsys.readouterr().err


def test_a_misspelt_day_is_refused(root, capsys):
    with pytest.raises(SystemExit):
        audit("report", root / "parameters" / "demo.yml", "--from", "yesterday")
    assert "yesterday is not a day such as 2025-03-31" in capsys.readouterr().err
