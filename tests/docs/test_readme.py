"""The README's commands work as written, and its links lead somewhere."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from phm_utils.cli import parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def commands(language: str) -> list[str]:
    """Every command of the README's code blocks in one language, without its comment."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


MAKE = [c for c in commands("bash") if c.startswith("make ")]
PHM = [c for c in commands("bash") if c.startswith("phm ")]
POWERSHELL = commands("powershell")


def test_every_command_is_of_a_kind_that_is_tested():
    assert set(commands("bash")) == {*MAKE, *PHM}
    assert len(MAKE) >= 3
    assert len(PHM) >= 4


@pytest.mark.parametrize("command", MAKE)
def test_make_commands_are_targets(command):
    # `make -n` prints what would run: `make test` inside `make test` would never end.
    result = subprocess.run(["make", "-n", *shlex.split(command)[1:]], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_powershell_runs_what_make_demo_runs():
    recipe = subprocess.run(
        ["make", "-n", "-B", "demo", "lab"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for command in POWERSHELL[1:]:
        program, *arguments = shlex.split(command.replace("\\", "/"))
        assert f"{Path(program).name} {' '.join(arguments)}" in recipe, command


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """A copy of the workbook with a tiny make-believe ICS, in which commands can run."""
    root = tmp_path_factory.mktemp("readme")
    for folder in ("parameters", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder)
    simulate = next(c for c in POWERSHELL if " simulate " in c).replace("\\", "/")
    arguments = shlex.split(simulate)[1:]
    run(root, "phm", *arguments, "--people-per-pcn", "300")
    return root


def run(root: Path, program: str, *arguments: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PHM_ROOT": str(root)}
    result = subprocess.run(
        [str(BIN / program), *arguments], cwd=root, env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, f"{program} {' '.join(arguments)}\n{result.stdout}\n{result.stderr}"
    return result


def needs_real_data(command: str) -> bool:
    return "public_data" in command and "PHM_REAL_DATA" not in os.environ


@pytest.mark.full
@pytest.mark.parametrize("command", PHM)
def test_phm_commands_run(command, workbook):
    if needs_real_data(command):
        pytest.skip("PHM_REAL_DATA is not set: published files are absent")
    if "public_data" in command:
        command += " --dry-run"  # the whole run is tested with the published data
    run(workbook, *shlex.split(command))


def test_commands_of_the_linkage_page_are_understood():
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "LINKAGE.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]
    assert len(lines) > 5
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "phm"
        assert parser().parse_args(arguments)
        for named in re.findall(r"parameters/demo\S+yml", line):
            assert (ROOT / named).is_file()


def test_files_that_the_readme_names_exist():
    named = re.findall(r"`((?:parameters|benchmarks)/[\w./]+?)`", README) + re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert named
    for name in named:
        assert (ROOT / name.rstrip("/")).exists(), name


def test_every_notebook_stands_in_the_table_with_its_own_question():
    table = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", README, flags=re.MULTILINE))
    notebooks = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    titles = {
        name: "".join(n["cells"][0]["source"]).splitlines()[0].removeprefix("# ") for name, n in notebooks.items()
    }
    assert table == titles
