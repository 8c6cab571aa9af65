"""The lock: every package that an install needs, at one version with its hashes.

`run.txt` is what the workbook needs. `dev.txt`, `lab.txt`, `dask.txt`,
`spark.txt` and `release.txt` are what an extra adds to it, and are installed
together with it. Only pip and the standard library are needed here.

    python locks/lock.py make                  # needs uv
    python locks/lock.py check                 # does the lock fit pyproject.toml?
    python locks/lock.py wheels FOLDER run lab # does a folder hold every wheel of these files?

Exit codes: 0 as it should be, 2 not, with one sentence for each fault.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

try:
    from packaging.requirements import Requirement
    from packaging.tags import sys_tags
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
except ModuleNotFoundError:  # a new environment holds pip and nothing else
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.packaging.tags import sys_tags
    from pip._vendor.packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

LOCKS = Path(__file__).resolve().parent
PROJECT = LOCKS.parent / "pyproject.toml"
RUN = "run"
BUILD = ("wheel>=0.45",)  # as well as what [build-system] requires
PYTHON = "3.11"  # the lowest that the lock must serve
HEAD = "# Made by `make lock`. Install with `pip install --require-hashes --no-deps`, {extra}.\n"
REMAKE = "Run `make lock` and commit what it changes."
OK, REFUSED = 0, 2


def wanted(project: Path = PROJECT) -> dict[str, list[str]]:
    """What pyproject.toml asks for, by lock file: `run` with the build's own needs, and each extra."""
    content = tomllib.loads(project.read_text(encoding="utf-8"))
    run = [*content["project"]["dependencies"], *content["build-system"]["requires"], *BUILD]
    return {RUN: run} | content["project"].get("optional-dependencies", {})


def entries(text: str) -> list[str]:
    """The requirements of a lock file, each with its hashes on the lines that follow it."""
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith((" ", "\t")) and found:
            found[-1] += "\n" + line
        elif line and not line.startswith(("#", "-", " ", "\t")):
            found.append(line)
    return found


def pinned(text: str) -> list[Requirement]:
    """The requirements of a lock file without their hashes."""
    return [Requirement(entry.splitlines()[0].removesuffix("\\").strip()) for entry in entries(text)]


def _version(pin: Requirement) -> str:
    return next(iter(pin.specifier)).version


def faults(locks: Path = LOCKS, project: Path = PROJECT) -> Iterator[str]:
    """A sentence for each requirement of pyproject.toml that the lock does not fit, and for each lock without one."""
    asked = wanted(project)
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(locks.glob("*.txt"))}
    for name in sorted(texts.keys() - asked.keys()):
        yield f"locks/{name}.txt belongs to no extra of pyproject.toml. Delete it."
    for name, requirements in asked.items():
        if name not in texts:
            yield f"locks/{name}.txt is missing. {REMAKE}"
            continue
        pins = pinned("\n".join((texts.get(RUN, ""), texts[name])))
        yield from (f"{fault} {REMAKE}" for text in requirements for fault in _misfit(Requirement(text), pins, name))
        for entry in entries(texts[name]):
            if "--hash=sha256:" not in entry:
                yield f"locks/{name}.txt gives no hash for {entry.split()[0]}. {REMAKE}"


def _misfit(requirement: Requirement, pins: Iterable[Requirement], lock: str) -> Iterator[str]:
    same = [pin for pin in pins if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
    if not same:
        yield f"locks/{lock}.txt lacks {requirement.name}, which pyproject.toml asks for."
    for pin in same:
        if not requirement.specifier.contains(_version(pin), prereleases=True):
            yield f"locks/{lock}.txt holds {pin.name} {_version(pin)}, and pyproject.toml asks for {requirement}."
            return


def missing_wheels(folder: Path, names: Iterable[str], locks: Path = LOCKS) -> list[str]:
    """Packages of the lock that this Python on this system needs and for which a folder holds no wheel that fits."""
    here = set(sys_tags())
    held = set()
    for path in folder.glob("*.whl"):
        try:
            package, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if tags & here:
            held.add((package, str(version)))
    pins = [pin for name in names for pin in pinned((locks / f"{name}.txt").read_text(encoding="utf-8"))]
    needed = {
        (canonicalize_name(pin.name), _version(pin)) for pin in pins if pin.marker is None or pin.marker.evaluate()
    }
    return [f"{package} {version}" for package, version in sorted(needed - held)]


def make(locks: Path = LOCKS, project: Path = PROJECT) -> None:
    """Write every lock file anew. All are resolved together first, so that no two disagree on a version."""
    with tempfile.TemporaryDirectory() as folder:
        asked = {}
        for name, requirements in wanted(project).items():
            asked[name] = Path(folder) / f"{name}.in"
            asked[name].write_text("\n".join(requirements) + "\n", encoding="utf-8")
        together = Path(folder) / "together.txt"
        _compile([*asked.values()], together)
        run = Path(folder) / "run.txt"
        _compile([asked[RUN]], run, together)
        known = set(entries(run.read_text(encoding="utf-8")))
        _write(locks / "run.txt", entries(run.read_text(encoding="utf-8")), "or with the file of an extra as well")
        for name in asked.keys() - {RUN}:
            extra = Path(folder) / f"{name}.txt"
            _compile([asked[RUN], asked[name]], extra, together)
            added = [entry for entry in entries(extra.read_text(encoding="utf-8")) if entry not in known]
            _write(locks / f"{name}.txt", added, "together with run.txt")


def _compile(sources: list[Path], out: Path, constraints: Path | None = None) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", PYTHON, "--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["--no-emit-find-links", "--output-file", str(out), *map(str, sources)]
    subprocess.run([*command, *(["--constraints", str(constraints)] if constraints else [])], check=True)


def _write(path: Path, found: list[str], extra: str) -> None:
    text = HEAD.format(extra=extra) + "\n".join(found) + "\n"
    if re.search(r"https?://", text):
        raise SystemExit(f"{path.name} would hold an address: a lock is by names and hashes only.")
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> int:
    """Run one of the three commands; the exit code."""
    match arguments:
        case ["make"]:
            make()
            return OK
        case ["check"]:
            found = list(faults())
        case ["wheels", folder, *names] if names:
            lacking = missing_wheels(Path(folder), names)
            found = lacking and [
                f"{folder} lacks a wheel for {', '.join(lacking)}. "
                "Run `make wheelhouse` on a machine with a network, the same system and the same Python, and copy it."
            ]
        case _:
            found = ["python locks/lock.py make | check | wheels FOLDER LOCK [LOCK ...]"]
    for fault in found:
        print(fault, file=sys.stderr)
    return REFUSED if found else OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
