"""Step keys: a step is done again when, and only when, something that it depends on has changed."""

import ast
import hashlib
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import phm_utils
from phm_utils.errors import InputError
from phm_utils.runs import sha256_file, write_atomically

PACKAGE = Path(phm_utils.__file__).parent
FOUNDATION = ("methods", "rules", "privacy", "engine", "runs", "params", "tables", "errors")
PRESENTATION = ("reports", "figures")
SOURCE_SUFFIXES = (".py", ".sql", ".css", ".j2", ".json")
STAGE_PACKAGES = ("duckdb", "numpy", "pandas", "pyarrow", "scipy", "geopandas")
REPORT_PACKAGES = (*STAGE_PACKAGES, "matplotlib", "seaborn", "nbconvert", "jinja2")
SETTLED_NS = 2_000_000_000  # a file changed so lately may change again within one tick of its clock


def key_of(**parts: Any) -> str:
    """A hash of everything named, the same for the same content in any order of names."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@cache
def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Versions of Python and of the packages whose results may differ between versions."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "phm-utils": _version("phm-utils")}
    return found | {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


@cache
def source_key(parts: tuple[str, ...]) -> str:
    """Hash of the source text of rooms (`persons`) and modules (`engine`) of this package.

    A room's SQL, templates and style sheets count as source.
    """
    digest = hashlib.sha256()
    for part in sorted(set(parts)):
        folder = PACKAGE / part
        files = sorted(folder.rglob("*")) if folder.is_dir() else [folder.with_suffix(".py")]
        for path in files:
            if path.suffix in SOURCE_SUFFIXES and path.is_file():
                digest.update(f"\0{path.relative_to(PACKAGE).as_posix()}\0".encode())
                digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def rooms_used(notebook: dict[str, Any]) -> tuple[str, ...]:
    """The rooms of this package that a notebook's code imports, with all that they stand on."""
    used = set(FOUNDATION) | set(PRESENTATION)
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        try:
            tree = ast.parse("".join(cell["source"]))
        except SyntaxError:
            continue  # a magic or a slip: the kernel reports it, and the notebook's text is in the key anyway
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            used |= {n.split(".")[1] for n in names if n.startswith("phm_utils.")}
    return tuple(sorted(u for u in used if (PACKAGE / u).is_dir() or (PACKAGE / f"{u}.py").is_file()))


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
                self.known = json.loads(self.path.read_text(encoding="utf-8"))
            except ValueError:
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
        size, changed, known = self.known.get(str(path), (None, None, None))
        if (size, changed) == (facts.st_size, facts.st_mtime_ns):
            return known
        digest = sha256_file(path)
        if time.time_ns() - facts.st_mtime_ns > SETTLED_NS:
            self.known[str(path)] = [facts.st_size, facts.st_mtime_ns, digest]
        return digest

    def save(self) -> None:
        """Write the cache, where it changed."""
        text = json.dumps(self.known, indent=0, sort_keys=True)
        if not self.path.exists() or self.path.read_text(encoding="utf-8") != text:
            write_atomically(self.path, text)
