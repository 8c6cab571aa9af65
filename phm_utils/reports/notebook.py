"""A notebook's side of a report: open the run, read released tables, add findings, close."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from html import escape
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from IPython.display import display

from phm_utils.engine import whole_numbers
from phm_utils.errors import InputError
from phm_utils.params import RunParams
from phm_utils.privacy.release import CATALOGUE, RELEASED
from phm_utils.reports.findings import Findings
from phm_utils.runs import Store, resolve, sha256_file, write_atomically


def read_released(files: Iterable[Path]) -> pd.DataFrame:
    """A released table. Whole numbers stay whole: a suppressed count is <NA>, not a broken number.

    >>> pd.DataFrame({"people": pd.array([10, None], "Int64")}).to_parquet("released.parquet")
    >>> read_released([Path("released.parquet")])["people"].tolist()
    [10, <NA>]
    """
    return whole_numbers(pa.concat_tables([pq.read_table(file) for file in files]))


@dataclass(frozen=True)
class Run:
    """One notebook's view of one area: its released tables and where it may write."""

    notebook: str
    params: RunParams
    folder: Path
    facts: dict

    @property
    def store(self) -> Store:
        return Store(self.folder / "store")

    @property
    def area_code(self) -> str:
        return self.params.area_code

    @property
    def ics_code(self) -> str:
        return self.facts["ics_code"]

    @property
    def is_ics(self) -> bool:
        return self.area_code == self.ics_code

    @property
    def area_name(self) -> str:
        return self.facts["areas"][self.area_code]

    def has(self, name: str, area_code: str | None = None) -> bool:
        """Was this table released, with at least one row for an area, by default this one?"""
        self._declared(name)
        files = self.store.files(RELEASED + name)
        if not files:
            return False
        frame = read_released(files)
        if "area_code" in frame:
            frame = frame[frame["area_code"] == (area_code or self.area_code)]
        return len(frame) > 0

    def released(self, name: str, area_code: str | None = None) -> pd.DataFrame:
        """The rows of a released table that are for one area, by default this one.

        Suppressed counts are <NA>. Never true counts: a report draws from
        released tables only.
        """
        self._declared(name)
        files = self.store.files(RELEASED + name)
        if not files:
            raise InputError(f"No table `{name}` was released in this run. Ask `run.has({name!r})` first.")
        frame = read_released(files)
        if "area_code" not in frame:
            return frame
        here = frame["area_code"] == (area_code or self.area_code)
        return frame[here].drop(columns="area_code").reset_index(drop=True)

    def _declared(self, name: str) -> None:
        """Refuse the name of a table that no topic declares: it is misspelt, not merely absent from this run."""
        known = self.store.read(CATALOGUE)["name"].tolist()
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise InputError(
                f"No topic declares a released table `{name}`."
                + (f" Did you mean `{near[0]}`?" if near else f" There are: {', '.join(known)}.")
            )

    def definition(self, path: str) -> Path:
        """A definition file, such as `parameters/cohorts/x.yml`, if it still is as this run used it.

        Raises InputError where it has changed since: its words would stand beside another definition's figures.
        """
        used = self.facts.get("notebooks", {}).get(self.notebook, {}).get("definitions", {})
        there = resolve(path)
        if path not in used or not there.is_file():
            known = ", ".join(sorted(used)) or "none"
            raise InputError(f"This run knew no file {path}. It used: {known}. To use another: `phm run` it first.")
        if sha256_file(there) != used[path]:
            raise InputError(f"{path} has changed since this run. To see its figures: `phm run` first.")
        return there

    def left_out(self, what: str, needs: str) -> None:
        """Say that a part of the report is missing, and which table it needs."""
        text = f"{what} is left out: it needs {needs}, which this run does not have."
        display({"text/html": f'<p class="left-out">{escape(text)}</p>', "text/plain": text}, raw=True)

    def close(self, findings: Findings) -> None:
        """Write the findings beside the notebook, for the report's top and the index."""
        path = self.folder / "notebooks" / self.area_code / f"{self.notebook}.findings.json"
        items = [asdict(found) for found in findings.items]
        write_atomically(path, json.dumps(items, indent=1, ensure_ascii=False) + "\n")


def open_run(notebook: str, params: RunParams) -> Run:
    """Open the run that `phm run` made for this workbook and show its card.

    >>> from datetime import date
    >>> open_run("04_inequalities", RunParams(workbook="not_run_yet", area_code="QZZ", index_date=date(2025, 3, 31)))
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: No run of `not_run_yet` in outputs. Make one first: `phm run parameters/demo.yml`.
    """
    folder = resolve(params.outputs) / params.workbook
    path = folder / "run.json"
    if not path.exists():
        raise InputError(
            f"No run of `{params.workbook}` in {params.outputs}. Make one first: `phm run parameters/demo.yml`."
        )
    facts = json.loads(path.read_text(encoding="utf-8"))
    if params.area_code not in facts["areas"]:
        raise InputError(f"Area {params.area_code} is not in this run. It has: {', '.join(facts['areas'])}.")
    _refuse_other_run(notebook, params, facts)
    run = Run(notebook, params, folder, facts)
    text = f"{run.area_name} ({run.area_code}), {facts['title']}: up to {params.index_date:%d %B %Y}"
    if facts.get("synthetic"):
        text += ". SYNTHETIC DATA"
    display({"text/html": f'<p class="run-card">{escape(text)}</p>', "text/plain": text}, raw=True)
    return run


def _refuse_other_run(notebook: str, params: RunParams, facts: dict) -> None:
    """Refuse a parameter of the run that is not the run's: its figures were made with another value."""
    used = facts.get("notebooks", {}).get(notebook, {}).get("parameters", {})
    asked = params.model_dump(mode="json", include=set(params.fields_of_run()))
    others = [
        f"{name} = {used[name]!r}, not {asked[name]!r}" for name in asked if name in used and asked[name] != used[name]
    ]
    if others:
        raise InputError(
            f"This run used {'; '.join(others)}. A notebook cannot change what the figures were made with. "
            f"To change it: set it in the parameter file of `{params.workbook}`, then `phm run` that file."
        )
