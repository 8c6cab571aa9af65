"""Functions for notebooks: open the run, read released tables, add findings, close."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from IPython.display import display

from phm_utils.absent import Absent
from phm_utils.engine import whole_numbers
from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.params import RunParams
from phm_utils.privacy.release import AREA, CATALOGUE, PLACE, RELEASED
from phm_utils.reports.headings import ICS, Headings
from phm_utils.reports.show import PAGE
from phm_utils.runs import Store, resolve, sha256_file, write_atomically

# Keys of practices, PCNs and small areas: a PCN's rows and the ICS's are of others, or the same.
UNIT_KEYS = {"unit_code", "practice_code", "lsoa"}


def read_released(files: Iterable[Path]) -> pd.DataFrame:
    """A released table. Integers stay integers: a suppressed count is <NA>, not a broken number.

    >>> pd.DataFrame({"people": pd.array([10, None], "Int64")}).to_parquet("released.parquet")
    >>> read_released([Path("released.parquet")])["people"].tolist()
    [10, <NA>]
    """
    return whole_numbers(pa.concat_tables([pq.read_table(file) for file in files]))


def with_ics(frame: pd.DataFrame, ics: pd.DataFrame, keys: Iterable[str]) -> pd.DataFrame:
    """A PCN's rows with the ICS's figures of the same row as `ics_*` columns; rows of places stay as they are.

    frame, ics: rows of one released table for the PCN and for the ICS. keys: its key columns.

    >>> pcn = pd.DataFrame({"segment": ["Well"], "share": [0.3]})
    >>> ics = pd.DataFrame({"segment": ["Well", "Ill"], "share": [0.25, 0.75]})
    >>> with_ics(pcn, ics, ["area_code", "segment"]).loc[0].to_dict()
    {'segment': 'Well', 'share': 0.3, 'ics_share': 0.25}
    """
    same = [k for k in keys if k not in (AREA.name, PLACE.name)]
    if not same or set(same) & UNIT_KEYS:
        return frame
    ics_figures = ics.drop(columns=[PLACE.name], errors="ignore")
    ics_figures = ics_figures.rename(columns={c: f"{ICS}{c}" for c in ics_figures if c not in same})
    return frame.merge(ics_figures, how="left", on=same, validate="one_to_one")


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

    def table(self, name: str) -> pd.DataFrame | Absent:
        """A released table: this area's rows, in the order of the report.

        In a PCN's report the ICS's figures of the same row are there as
        `ics_*` columns. Suppressed counts are <NA>; never true counts: a
        report draws from released tables only. Where this run does not have
        the table, an `Absent` that `show` turns into its sentence.
        Raises InputError for a name that no topic declares.
        """
        declared = self._declared(name)
        frame = self._rows(declared, self.area_code)
        if isinstance(frame, Absent):
            return frame
        if self.is_ics:
            return frame
        ics = self._rows(declared, self.ics_code)
        return frame if isinstance(ics, Absent) else with_ics(frame, ics, declared["keys"].split(","))

    def ics_table(self, name: str) -> pd.DataFrame | Absent:
        """The whole ICS's rows of a released table, for what is counted or estimated for the ICS alone."""
        return self._rows(self._declared(name), self.ics_code)

    def outlines(self) -> pd.DataFrame | Absent:
        """The outlines of small areas, if the run has them."""
        if not self.store.files("boundary"):
            return Absent("The map", "outlines of small areas")
        return self.store.read("boundary")

    def _rows(self, declared: pd.Series, area: str) -> pd.DataFrame | Absent:
        """The rows for one area, in their order."""
        files = self.store.files(RELEASED + str(declared.name))
        frame = read_released(files) if files else None
        if frame is not None and AREA.name in frame:
            frame = frame[frame[AREA.name] == area].drop(columns=AREA.name)
        if frame is None or not (len(frame) or declared["may_be_empty"]):
            return Absent(declared["part"], declared["needs"])
        if PLACE.name in frame:
            frame = frame.sort_values(PLACE.name, kind="stable")
        return frame.reset_index(drop=True)

    def _declared(self, name: str) -> pd.Series:
        """The catalogue's row of a table. Refuses a name that no topic declares: it is misspelt, not absent."""
        known = self.store.read(CATALOGUE).set_index("name")
        if name in known.index:
            return known.loc[name]
        near = get_close_matches(name, list(known.index), n=1)
        raise InputError(
            f"No topic declares a released table `{name}`."
            + (f" Did you mean `{near[0]}`?" if near else f" There are: {', '.join(known.index)}.")
        )

    def definition(self, path: str) -> Path:
        """A definition file, such as `parameters/cohorts/x.yml`, if it still is as this run used it.

        Raises InputError where it has changed since: its text would describe another definition's figures.
        """
        used = self.facts.get("notebooks", {}).get(self.notebook, {}).get("definitions", {})
        there = resolve(path)
        if path not in used or not there.is_file():
            known = ", ".join(sorted(used)) or "none"
            raise InputError(f"This run did not use {path}. It used: {known}. To use another file, `phm run` first.")
        if sha256_file(there) != used[path]:
            raise InputError(f"{path} has changed since this run. To see its figures: `phm run` first.")
        return there

    def close(self) -> None:
        """Write the findings next to the notebook, for the report's top and the index."""
        path = self.folder / "notebooks" / self.area_code / f"{self.notebook}.findings.json"
        write_atomically(path, json.dumps(PAGE.as_json(), indent=1, ensure_ascii=False) + "\n")


def open_run(notebook: str, params: RunParams, headings: Headings) -> Run:
    """Open the run that `phm run` made for this workbook, begin its page and show its card.

    headings: of the tables on the page.

    >>> from datetime import date
    >>> params = RunParams(workbook="not_run_yet", area_code="QZZ", index_date=date(2025, 3, 31))
    >>> open_run("04_inequalities", params, Headings({}))
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
    facts = load_json(path, "Run `phm run` again, which writes it.")
    if params.area_code not in facts["areas"]:
        raise InputError(f"Area {params.area_code} is not in this run. It has: {', '.join(facts['areas'])}.")
    _refuse_other_run(notebook, params, facts)
    run = Run(notebook, params, folder, facts)
    PAGE.begin(headings)
    text = f"{run.area_name} ({run.area_code}), {facts['title']}: up to {params.index_date:%d %B %Y}"
    if facts.get("synthetic"):
        text += ". SYNTHETIC DATA"
    display({"text/html": f'<p class="run-card">{escape(text)}</p>', "text/plain": text}, raw=True)
    return run


def _refuse_other_run(notebook: str, params: RunParams, facts: dict) -> None:
    """Refuse a parameter of the run that is not the run's: its figures were made with another value."""
    used = facts.get("notebooks", {}).get(notebook, {}).get("parameters", {})
    asked = params.model_dump(mode="json", include=set(params.run_fields()))
    others = [
        f"{name} = {used[name]!r}, not {asked[name]!r}" for name in asked if name in used and asked[name] != used[name]
    ]
    if others:
        raise InputError(
            f"This run used {'; '.join(others)}. A notebook cannot change what the figures were made with. "
            f"To change it: set it in the parameter file of `{params.workbook}`, then `phm run` that file."
        )
