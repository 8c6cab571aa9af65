"""Step keys: a step is repeated if, and only if, something that it depends on has changed."""

import ast
import hashlib
import json
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import phm_utils
from phm_utils.errors import InputError
from phm_utils.runs import sha256_file, write_atomically

PACKAGE = Path(phm_utils.__file__).parent
RENDERING = ("phm_utils.reports.html", "phm_utils.reports.notebook")  # behind every report
DATA_SUFFIXES = (".sql", ".css", ".js", ".j2", ".json")  # read by modules of the same folder
DISTRIBUTION = "phm-utils"
# Not in pyproject.toml, yet they run cells and read boundaries.
UNDECLARED_PACKAGES = ("nbclient", "pyogrio", "pyproj", "shapely")
REPORTS_ONLY = (  # they draw and run notebooks; no stage uses them, so a new version makes no table again
    "beautifulsoup4",
    "ipykernel",
    "jinja2",
    "jupyter-client",
    "matplotlib",
    "nbclient",
    "nbconvert",
    "nbformat",
    "papermill",
    "psutil",
    "seaborn",
    "tqdm",
)
ENGINES = {"duckdb": (), "spark": ("pyspark",)}  # what computes where DuckDB, always there, does not
STABLE_AFTER_NS = 2_000_000_000  # a file changed so lately may change again within one tick of its clock


def key_of(**parts: Any) -> str:
    """A hash of the named parts; their order makes no difference."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@cache
def report_packages() -> tuple[str, ...]:
    """Every package that pyproject.toml requires, and UNDECLARED_PACKAGES: each may change a report."""
    names = {
        match[0].lower().replace("_", "-")
        for text in requires(DISTRIBUTION) or []
        if "extra ==" not in text and (match := re.match(r"[\w.-]+", text))
    }
    return tuple(sorted(names.union(UNDECLARED_PACKAGES)))


@cache
def stage_packages() -> tuple[str, ...]:
    """Packages that may change a table."""
    return tuple(name for name in report_packages() if name not in REPORTS_ONLY)


@cache
def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Versions of Python and of the packages whose results may differ between versions."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "phm-utils": _version(DISTRIBUTION)}
    return found | {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


@cache
def source_key(modules: tuple[str, ...]) -> str:
    """Hash of the source text of modules and of all that they import from this package.

    SQL, templates and style sheets in the folders of those modules count.
    Found by reading, not by importing: quick, and nothing runs.
    """
    digest = hashlib.sha256()
    for path in sorted(source_files(modules)):
        digest.update(f"\0{path.relative_to(PACKAGE).as_posix()}\0".encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def source_files(modules: Iterable[str]) -> set[Path]:
    """The files behind `source_key`."""
    waiting, files = set(modules), set()
    while waiting:
        path = _module_path(waiting.pop())
        if path is None or path in files:
            continue
        files.add(path)
        waiting |= _imports(path)
        if path.parent != PACKAGE:
            waiting.add(f"phm_utils.{'.'.join(path.parent.relative_to(PACKAGE).parts)}")
    folders = {path.parent for path in files} - {PACKAGE}
    return files | {f for folder in folders for f in folder.rglob("*") if f.suffix in DATA_SUFFIXES}


def _module_path(module: str) -> Path | None:
    """The file of a module or package of ours; None for a name that is neither, such as a function's."""
    parts = module.split(".")[1:]
    path = PACKAGE.joinpath(*parts)
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if parts and p.is_file()), None)


@cache
def _imports(path: Path) -> frozenset[str]:
    return frozenset(imported(path.read_text(encoding="utf-8")))


def imported(code: str) -> set[str]:
    """Names of this package that code imports, whether modules or what is in them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.startswith("phm_utils.")}


def notebook_modules(notebook: dict[str, Any]) -> tuple[str, ...]:
    """The modules behind a notebook's report: those its code imports, and those that render it."""
    used = set(RENDERING)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            with suppress(SyntaxError):  # a magic or a slip: the kernel reports it, and the text is in the key anyway
                used |= imported("".join(cell["source"]))
    return tuple(sorted(used))


@dataclass
class Fingerprints:
    """Content hashes of input files, remembered by path, size and time of change.

    Reading every extract to see that nothing changed would cost more than
    the run: a file is read again only when its size or time differs.
    """

    path: Path
    known: dict[str, list] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            try:
                self.known = dict(json.loads(self.path.read_text(encoding="utf-8")))
            except (ValueError, TypeError, RecursionError):
                self.known = {}  # a cache only: made again

    def of(self, files: Iterable[Path], root: Path) -> dict[str, str]:
        """Content hash of each file, by its path from `root` where it is below it."""
        found = {}
        for path in sorted(set(files)):
            if not path.is_file():
                raise InputError(f"No file {path}. Check the folders that the parameter file names.")
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
            found[name] = self._hash(path)
        return found

    def _hash(self, path: Path) -> str:
        facts = path.stat()
        size, changed, known = self.known.get(str(path), (None, None, ""))
        if (size, changed) == (facts.st_size, facts.st_mtime_ns):
            return known
        digest = sha256_file(path)
        if time.time_ns() - facts.st_mtime_ns > STABLE_AFTER_NS:
            self.known[str(path)] = [facts.st_size, facts.st_mtime_ns, digest]
        return digest

    def save(self) -> None:
        """Write the cache, where it changed."""
        text = json.dumps(self.known, indent=0, sort_keys=True)
        if not self.path.exists() or self.path.read_text(encoding="utf-8") != text:
            write_atomically(self.path, text)
