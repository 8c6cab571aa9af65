"""The folders of a run, and the store: how a stage's tables are written and committed.

A stage writes its tables into a new folder and then commits them by writing
a new version of the store's manifest, in one atomic replace. A run that is
killed half-way leaves the manifest, and so every reader, at the last whole
version.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from phm_utils.engine import ROW_GROUP_SIZE, Model, activity, parquet_source, quote
from phm_utils.errors import InputError
from phm_utils.json_files import load_json

ROOT_ENV = "PHM_ROOT"
MAX_MANIFEST_BYTES = 200_000_000
NO_MANIFEST = "Put the last file of `manifests` in its place, or remove the folder `store` and run again."


def project_root() -> Path:
    """The workbook's folder: with `parameters/` and `notebooks/`.

    Found from the environment variable PHM_ROOT, else upwards from the
    current folder, else from an editable install of this package.
    """
    starts = [Path(os.environ[ROOT_ENV])] if ROOT_ENV in os.environ else []
    starts += [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[1]]
    for folder in starts:
        if (folder / "parameters").is_dir() and (folder / "notebooks").is_dir():
            return folder
    raise InputError(
        "No workbook here: no folder has both `parameters` and `notebooks`. "
        f"Change into the workbook's folder, or set {ROOT_ENV} to it."
    )


def resolve(path: Path | str) -> Path:
    """A path of a parameter file, taken from the workbook's folder; `${NAME}` is an environment variable."""
    path = Path(os.path.expandvars(path)).expanduser()
    return path if path.is_absolute() else project_root() / path


def stamp_of(patterns: Iterable[str]) -> tuple[Any, ...]:
    """What files of the workbook's folder are there, how large, and when changed: the same stamp, the same content."""
    root = project_root()
    found = sorted(path for pattern in patterns for path in root.glob(pattern))
    return root, tuple((path, (known := path.stat()).st_mtime_ns, known.st_size) for path in found)


def sha256_file(path: Path) -> str:
    """Content hash of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that readers see the old content or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)  # cut short by a full disk
        raise


@dataclass
class StageWriter:
    """A stage's folder while it is being written. See `Store.stage`."""

    folder: Path
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, con: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Write one model's table and make it readable, by its name, in `con`.

        A partitioned table has one file per value; rows without a value go to `none`,
        and a table without rows still has a file, so that its columns can be read.
        """
        activity.begin(model.name)
        if model.frame is not None:
            con.register("_frame", model.frame)
        source = "SELECT * FROM _frame" if model.frame is not None else str(model.sql)
        if model.partition_by is None and not model.slices:
            self._write_part(con, model, f"({source})", model.part)
        else:
            self._write_slices(con, model, source)
        if model.frame is not None:
            con.unregister("_frame")
        paths = [self.folder / file for file in self.files_of(model.name)]
        con.execute(f"CREATE OR REPLACE TEMP VIEW {model.name} AS SELECT * FROM {parquet_source(paths)}")

    def _write_slices(self, con: duckdb.DuckDBPyConnection, model: Model, source: str) -> None:
        """Write the rows of a slice at a time, one file for each value of the column that parts them."""
        written = False
        for condition in model.slices or ("true",):
            con.execute(f"CREATE OR REPLACE TEMP TABLE _model AS SELECT * FROM ({source}) WHERE {condition}")
            for part, rows in _parts(con, model.partition_by):
                self._write_part(con, model, f"(SELECT * FROM _model WHERE {rows})", part)
                written = True
        if not written:  # a table without rows has a file all the same, so that its columns can be read
            self._write_part(con, model, "_model", "none")
        con.execute("DROP TABLE _model")

    def replace(self, con: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Write one model's table in place of one of that name written before."""
        for file in self.tables.pop(model.name, {"files": ()})["files"]:
            (self.folder / file).unlink()
        self.add(con, model)

    def _write_part(self, con: duckdb.DuckDBPyConnection, model: Model, rows: str, part: str) -> None:
        """Write one file of a table: its rows, a FROM clause, in the order of the table's key."""
        path = self.folder / model.name / f"{part}.parquet"
        path.parent.mkdir(exist_ok=True)
        con.execute(
            f"COPY (SELECT * FROM {rows} ORDER BY {', '.join(model.key)}) "
            f"TO {quote(path)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
        )
        self.record(model.name, path, con)

    def files_of(self, name: str) -> list[str]:
        """The files of a table written so far."""
        return list(self.tables.get(name, {}).get("files", {}))

    def record(self, name: str, path: Path, con: duckdb.DuckDBPyConnection) -> None:
        """Enter a Parquet file, already written below the stage's folder, as part of table `name`."""
        [(rows,)] = con.execute(f"SELECT count(*) FROM read_parquet({quote(path)})").fetchall()
        entry = self.tables.setdefault(name, {"rows": 0, "files": {}})
        entry["rows"] += rows
        entry["files"][path.relative_to(self.folder).as_posix()] = sha256_file(path)


def _parts(con: duckdb.DuckDBPyConnection, column: str | None) -> list[tuple[str, str]]:
    """File name and row condition of each partition of `_model`."""
    if column is None:
        return [("all", "true")]
    values = con.execute(f"SELECT DISTINCT {column} AS v FROM _model ORDER BY v NULLS LAST").fetchall()
    return [(str(v), f"{column} = {quote(v)}") if v is not None else ("none", f"{column} IS NULL") for (v,) in values]


@dataclass(frozen=True)
class Store:
    """The pseudonymised tables of one ICS, read through a versioned manifest."""

    root: Path

    @property
    def manifest_path(self) -> Path:
        return self.root / "manifest.json"

    def manifest(self) -> dict[str, Any]:
        """The current version: `version`, and per stage its `key`, `folder`, `tables`."""
        if not self.manifest_path.exists():
            return {"version": 0, "stages": {}}
        return load_json(self.manifest_path, NO_MANIFEST, most=MAX_MANIFEST_BYTES)

    def files(self, table: str, part: str | None = None) -> list[Path]:
        """The Parquet files of a table, or of one partition of it; empty where it is absent."""
        return [
            path
            for stage in self._stages_with(table)
            for name in sorted(stage["tables"][table]["files"])
            if part in (None, (path := self.root / stage["folder"] / name).stem)
        ]

    def _stages_with(self, table: str) -> list[dict[str, Any]]:
        """The entries of the stages that make a table or a part of it, by stage name."""
        return [entry for _, entry in sorted(self.manifest()["stages"].items()) if table in entry["tables"]]

    def content(self, table: str) -> dict[str, str]:
        """Hash of each file of a table, by position; two runs that made the same bytes give the same."""
        files = [file for stage in self._stages_with(table) for file in stage["tables"][table]["files"].items()]
        return {f"{n}:{name}": digest for n, (name, digest) in enumerate(files)}

    def tables(self) -> list[str]:
        """Names of the tables that the store holds now."""
        return sorted({name for stage in self.manifest()["stages"].values() for name in stage["tables"]})

    def register(self, con: duckdb.DuckDBPyConnection, part: str | None = None) -> None:
        """Make every table of the store readable, by its name, in `con`."""
        self.register_some(con, self.tables(), part)

    def register_some(self, con: duckdb.DuckDBPyConnection, tables: Iterable[str], part: str | None = None) -> None:
        """Make those of some tables that the store has readable, by their names, in `con`."""
        for table in tables:
            if files := self.files(table, part) or self.files(table):
                con.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM {parquet_source(files)}")

    def read(self, table: str, part: str | None = None) -> pd.DataFrame:
        """A whole table, or one partition of it, as a DataFrame."""
        files = self.files(table, part)
        if not files:
            raise InputError(
                f"The store has no table `{table}`{f' for {part}' if part else ''}. "
                "Run `phm run` for this parameter file first."
            )
        return pd.concat([pd.read_parquet(f) for f in files], ignore_index=True)

    @contextmanager
    def stage(self, name: str, key: str) -> Iterator[StageWriter]:
        """Write a stage's tables into a new folder and commit them when the block ends well."""
        folder = self.root / name / f"{self.manifest()['version'] + 1:06d}-{key[:12]}"
        shutil.rmtree(folder, ignore_errors=True)  # left by a run that was killed before it committed
        folder.mkdir(parents=True)
        writer = StageWriter(folder)
        try:
            yield writer
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._commit(name, key, writer)

    def tables_of_other_stages(self, names: Iterable[str]) -> set[str]:
        """Tables that stages not among `names` made, in whole or in part."""
        stages = self.manifest()["stages"]
        return {table for stage in set(stages) - set(names) for table in stages[stage]["tables"]}

    def keep_stages(self, names: Iterable[str]) -> None:
        """Drop the tables of stages that are not among `names`, such as a cohort whose file was deleted."""
        manifest = self.manifest()
        dropped = set(manifest["stages"]) - set(names)
        if not dropped:
            return
        folders = [manifest["stages"].pop(name)["folder"] for name in sorted(dropped)]
        manifest["version"] += 1
        self._write(manifest)
        for folder in folders:
            shutil.rmtree(self.root / folder, ignore_errors=True)

    def _commit(self, name: str, key: str, writer: StageWriter) -> None:
        manifest = self.manifest()
        old = manifest["stages"].get(name, {}).get("folder")
        manifest["version"] += 1
        manifest["stages"][name] = {
            "key": key,
            "folder": writer.folder.relative_to(self.root).as_posix(),
            "tables": dict(sorted(writer.tables.items())),
        }
        self._write(manifest)
        if old and old != manifest["stages"][name]["folder"]:
            shutil.rmtree(self.root / old, ignore_errors=True)

    def _write(self, manifest: dict[str, Any]) -> None:
        text = json.dumps(manifest, indent=1, sort_keys=True, default=str) + "\n"
        write_atomically(self.root / "manifests" / f"{manifest['version']:06d}.json", text)
        write_atomically(self.manifest_path, text)
