"""The hazard log, the DPIA and the forms of the repository name what is there and ask for no patient data."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "HAZARD_LOG.md", ROOT / "docs" / "DPIA.md"]
FORMS = sorted(p for p in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if p.name != "config.yml")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _named(text: str) -> set[str]:
    """Modules and tests that a page names, as paths from the root."""
    found = set(re.findall(r"`([\w./]+(?:\.py|/))`", text))
    return {name if name.startswith(("tests/", "locks/", "docs/")) else f"phm_utils/{name}" for name in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_module_and_test_that_is_named_exists(page):
    named = _named(_text(page))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_hazard_has_cause_effect_controls_and_a_risk_left_to_judge():
    hazards = re.split(r"^### ", _text(PAGES[0]), flags=re.MULTILINE)[1:]
    assert len(hazards) >= 10
    for hazard in hazards:
        for part in ("**Cause.**", "**Effect.**", "**Controls.**", "**Residual risk"):
            assert part in hazard, hazard.splitlines()[0]
        assert "<" in hazard.split("**Residual risk")[1], f"somebody judged the risk of {hazard.splitlines()[0]}"


@pytest.mark.parametrize("form", FORMS, ids=lambda p: p.stem)
def test_a_form_asks_for_no_patient_data_and_makes_its_writer_say_so(form):
    body = yaml.safe_load(_text(form))["body"]
    assert "No patient data" in body[0]["attributes"]["value"]
    boxes = [option for part in body if part["type"] == "checkboxes" for option in part["attributes"]["options"]]
    assert any(option.get("required") and "real people" in option["label"] for option in boxes)


def test_pull_requests_are_told_the_same():
    assert "No patient data" in _text(ROOT / ".github" / "pull_request_template.md")


def test_the_citation_names_the_version_and_licence_of_the_package():
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]
    citation = yaml.safe_load(_text(ROOT / "CITATION.cff"))
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])


def test_workflows_may_only_read_and_run_actions_of_one_commit():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        content = yaml.safe_load(_text(path))
        assert content["permissions"] == {"contents": "read"}
        uses = re.findall(r"uses: (\S+)", _text(path))
        assert uses
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) for name in uses)


def test_workflows_are_linted():
    import subprocess
    import sys

    program = Path(sys.executable).parent / "zizmor"
    result = subprocess.run(
        [str(program), "--offline", "--no-progress", ".github"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_hooks_need_no_network():
    repositories = yaml.safe_load(_text(ROOT / ".pre-commit-config.yaml"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    assert all(hook["language"] == "system" for hook in repositories[0]["hooks"])
