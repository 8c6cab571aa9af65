"""docs/AUDIT.md names tests that are there, for everything that it says is found."""

import re
from pathlib import Path

from phm_utils.cli import parser

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "AUDIT.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_is_in_the_file_that_is_named():
    verify, killed, log = (ROOT / name for name in re.findall(r"`(tests/privacy/\w+\.py)`", PAGE))
    marks = {"": verify, "¹": killed, "²": log}
    named = re.findall(r"`(test_\w+)`(?: ([¹²]))?", PAGE)
    assert len(named) > 15
    for name, mark in named:
        assert f"def {name}(" in marks[mark].read_text(encoding="utf-8"), name


def test_every_row_of_what_is_found_names_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and ("found" in line or "anchor" in line)]
    assert all("`test_" in row for row in rows if not row.startswith(("| somebody", "| **auditor"))), rows


def test_every_command_is_one_of_ours():
    lines = re.findall(r"^phm (audit .*?)\s+#", PAGE, flags=re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        assert parser().parse_args(line.split()).command.__module__ == "phm_utils.audit_commands"
