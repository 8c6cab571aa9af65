"""The lock fits pyproject.toml, and one sentence says if a lock or a wheelhouse does not."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.tags import sys_tags

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "locks" / "lock.py"
HASH = f"--hash=sha256:{'0' * 64}"
PROJECT = """
[build-system]
requires = ["setuptools>=77"]
[project]
dependencies = ["duckdb>=2.0,<2.1"]
[project.optional-dependencies]
lab = ["jupyterlab>=4.3"]
"""


def _load():
    spec = importlib.util.spec_from_file_location("lock", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lock = _load()


@pytest.fixture
def small(tmp_path):
    """A project and its lock; a function that writes lock files by name and gives the faults."""
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    locks = tmp_path / "locks"
    locks.mkdir()

    def faults(**files: list[str]) -> list[str]:
        whole = {"run": ["setuptools==84.0", "wheel==0.48.0", "duckdb==2.0.1"], "lab": ["jupyterlab==4.6.6"]}
        for name, pins in (whole | files).items():
            text = "".join(f"{pin} \\\n    {HASH}\n" for pin in pins)
            (locks / f"{name}.txt").write_text(text, encoding="utf-8")
        return list(lock.faults(locks, tmp_path / "pyproject.toml"))

    return faults


def test_the_lock_fits_pyproject():
    assert list(lock.faults()) == []


def test_the_lock_holds_the_tools_of_the_build():
    names = {pin.name for pin in lock.pinned((ROOT / "locks" / "run.txt").read_text(encoding="utf-8"))}
    assert {"setuptools", "wheel"} <= names


def test_no_lock_file_holds_an_address_or_an_option():
    for path in (ROOT / "locks").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:", text), path.name
        assert not re.search(r"^-", text, flags=re.MULTILINE), path.name


def test_no_two_lock_files_disagree_on_a_version():
    pins = {p for f in (ROOT / "locks").glob("*.txt") for p in map(str, lock.pinned(f.read_text(encoding="utf-8")))}
    found = {}
    for pin in pins:
        name, version = re.match(r"([\w.-]+)==([^;]+)", pin).groups()
        found.setdefault(name, set()).add(version.strip())
    several = {name for name, versions in found.items() if len(versions) > 1}
    forked = {n for n in several if all(";" in p for p in pins if p.startswith(f"{n}=="))}
    assert several == forked  # versions differ only by Python or system, never by lock file


def test_a_lock_that_fits_has_no_fault(small):
    assert small() == []


def test_a_requirement_that_the_lock_lacks_is_named(small):
    assert small(lab=[]) == [
        "locks/lab.txt lacks jupyterlab, which pyproject.toml asks for. Run `make lock` and commit what it changes."
    ]


def test_a_version_that_does_not_fit_is_named(small):
    assert small(run=["setuptools==84.0", "wheel==0.48.0", "duckdb==2.1.0"]) == [
        "locks/run.txt holds duckdb 2.1.0, and pyproject.toml asks for duckdb<2.1,>=2.0. "
        "Run `make lock` and commit what it changes."
    ]


def test_each_version_of_a_package_that_forks_must_fit(small):
    forked = ["duckdb==2.0.1 ; python_full_version < '3.12'", "duckdb==1.9 ; python_full_version >= '3.12'"]
    assert "holds duckdb 1.9" in small(run=["setuptools==84.0", "wheel==0.48.0", *forked])[0]


def test_a_file_of_no_extra_is_named(small):
    assert small(notes=[]) == ["locks/notes.txt belongs to no extra of pyproject.toml. Delete it."]


def test_an_entry_without_a_hash_is_named(small, tmp_path):
    small()
    (tmp_path / "locks" / "lab.txt").write_text("jupyterlab==4.6.6\n", encoding="utf-8")
    found = list(lock.faults(tmp_path / "locks", tmp_path / "pyproject.toml"))
    assert found == ["locks/lab.txt gives no hash for jupyterlab==4.6.6. Run `make lock` and commit what it changes."]


@pytest.fixture
def wheelhouse(tmp_path):
    """A lock of three packages, and a folder for their wheels; a function that gives the command's answer."""
    (tmp_path / "locks").mkdir()
    pins = ["alpha==1.0", "beta-two==2.0", "gamma==3.0 ; sys_platform == 'elsewhere'"]
    (tmp_path / "locks" / "run.txt").write_text("".join(f"{p} \\\n    {HASH}\n" for p in pins), encoding="utf-8")
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


def missing(folder: Path) -> list[str]:
    return lock.missing_wheels(folder, ["run"], folder.parent / "locks")


def test_a_wheelhouse_with_every_wheel_lacks_nothing(wheelhouse):
    (wheelhouse / "alpha-1.0-py3-none-any.whl").touch()
    (wheelhouse / f"beta_two-2.0-{next(iter(sys_tags()))}.whl").touch()
    assert missing(wheelhouse) == []


@pytest.mark.parametrize("other", ["beta_two-2.1-py3-none-any.whl", "beta_two-2.0-cp27-cp27m-plan9_sparc.whl", "x.whl"])
def test_a_wheel_of_another_version_or_system_does_not_count(wheelhouse, other):
    (wheelhouse / "alpha-1.0-py3-none-any.whl").touch()
    (wheelhouse / other).touch()
    assert missing(wheelhouse) == ["beta-two 2.0"]


def test_the_command_names_the_wheels_that_are_missing_in_one_sentence(tmp_path):
    answer = subprocess.run(
        [sys.executable, str(SCRIPT), "wheels", str(tmp_path), "spark"], capture_output=True, text=True
    )
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1
    assert re.search(r"lacks a wheel for py4j [\d.]+, pyspark [\d.]+\. Run `make wheelhouse`", answer.stderr)


def test_make_checks_the_lock_before_pip_starts():
    recipe = subprocess.run(
        ["make", "-n", "-B", ".venv/.installed"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert recipe.index("locks/lock.py check") < recipe.index("pip install --require-hashes")


def test_make_offline_looks_at_the_wheelhouse_before_pip_starts():
    recipe = subprocess.run(["make", "-n", "offline"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert recipe.index("locks/lock.py wheels wheelhouse run lab") < recipe.index("--no-index --find-links wheelhouse")
    for line in recipe.splitlines():
        assert "pip install" not in line or "--no-index" in line


def test_the_bill_of_materials_does_not_change_from_one_making_to_the_next(tmp_path):
    pytest.importorskip("cyclonedx_py", reason="locks/release.txt is not installed: `make sbom` installs it")
    written = []
    for name in ("a.json", "b.json"):
        command = ["cyclonedx-py", "requirements", "locks/run.txt", "--pyproject", "pyproject.toml"]
        command += ["--output-reproducible", "--output-format", "JSON", "--output-file", str(tmp_path / name)]
        program = Path(sys.executable).parent / command[0]
        subprocess.run([str(program), *command[1:]], cwd=ROOT, check=True, capture_output=True)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert b'"name": "duckdb"' in written[0]
