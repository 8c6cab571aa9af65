"""The explorer's page: opens a rule file, shows what its criteria leave at every change, saves and exports."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import Javascript, display

from phm_utils.errors import InputError
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.runs import resolve
from phm_utils.topics.cohorts.explorer import export, files, view
from phm_utils.topics.cohorts.explorer.asking import Asking
from phm_utils.topics.cohorts.explorer.controls import (
    Control,
    button,
    choice,
    column,
    html,
    on_value,
    row,
    text,
    tick,
    value_control,
    value_of,
)
from phm_utils.topics.cohorts.explorer.rules import GroupBox
from phm_utils.topics.cohorts.explorer.said import SAID, SaidFields
from phm_utils.topics.cohorts.explorer.tree import Tree

HERE = Path(__file__).parent
NEW, EVERY = "(a new cohort)", "All of these"
NOTHING_ON = "No criterion is on yet. Find below what one could ask about, then Add; or open a rule file above."
FAILED = (
    "This could not be counted ({}). Undo the last change; where the run was made again meanwhile, run this cell again."
)
FOLDER = "explored"  # of what is exported, below the run's own


class Explorer:
    """Criteria as widgets over an open question; `phm_utils.explore` makes one.

    area_code: of the people who are asked about. definitions: the folder of rule files.
    """

    def __init__(self, asking: Asking, area_code: str, definitions: Path | None = None) -> None:
        self.asking, self.area_code, self.definitions = asking, area_code, definitions
        workbook = asking.workbook
        self.policy, self.folder = workbook.disclosure, resolve(workbook.outputs) / workbook.name / FOLDER
        self.tree = Tree(asking.run.words, self.refresh)
        self.root = GroupBox(self.tree, [])
        self.parameters: dict[str, Control] = {}
        self._rest: dict[str, Any] = {}  # of the file: alternatives, limits, what else it has
        self._make_controls()
        self.box = self._page()
        self.refresh()

    def _make_controls(self) -> None:
        self.file = choice("Rule file", self._files(), NEW)
        self.open = button("Open", self._open)
        self.size, self.problem, self.told = (html("", "phm-said") for _ in range(3))
        dimensions = [(EVERY, EVERY), *((name, name) for name in view.DIMENSIONS)]
        self.dimension, self.with_sql = choice("Broken down by", dimensions, EVERY), tick("Show the SQL")
        self.tables, self.words = html(), html()
        self.said = SaidFields()
        self.name, self.replace = text("Name of the file", hint="small_letters_and_digits"), tick("Replace the file")
        self.save = button("Save the rule file", self._reported(self._save))
        self.export = button("Export protected tables", self._reported(self._export))
        on_value((self.dimension, self.with_sql), self.refresh)

    def _page(self) -> Any:
        style = html(f"<style>{(HERE / 'explorer.css').read_text(encoding='utf-8')}</style>")
        self._parameters, self._criteria = column(()), column((self.root.box,))
        parts = (
            style,
            row((self.file, self.open)),
            self.size,
            self.problem,
            self._parameters,
            html("<h3>Criteria, applied in this order</h3>"),
            self._criteria,
            html("<h3>Who they are</h3>"),
            row((self.dimension,)),
            self.tables,
            html("<h3>The definition</h3>"),
            row((self.with_sql,)),
            self.words,
            html("<h3>Save and export</h3>"),
            row(self.said.controls.values()),
            row((self.name, self.replace, self.save, self.export)),
            self.told,
        )
        return column(parts, "phm-explorer")

    def _files(self) -> list[tuple[str, str]]:
        return [(name, name) for name in (NEW, *files.names(self.definitions))]

    def _ipython_display_(self) -> None:
        """Show the explorer. What a saved notebook keeps of it has no number."""
        page = self.box._repr_mimebundle_() | {"text/plain": "The cohort explorer: run this cell to see it."}
        display(Javascript((HERE / "explorer.js").read_text(encoding="utf-8")))
        display(page, raw=True)

    @property
    def content(self) -> dict[str, Any]:
        """The definition as a rule file has it: what is said of it, the criteria that are on, and the file's rest."""
        values = {name: value_of(control) for name, control in self.parameters.items()}
        parameters = {"parameters": values} if values else {}
        return {**self.said.read(), **parameters, "criteria": self.root.contents(), **self._rest}

    @property
    def cohort(self) -> Cohort:
        """The cohort on the screen. Raises InputError that lists every fault of it."""
        cohort = files.cohort_of(self.content, self.asking.run.words)
        if late := cohort.out_of_season(self.asking.run.index_date):
            raise InputError(f"This is not counted: {late}.")
        return cohort

    def refresh(self) -> None:
        """Count again and show everything anew; where that cannot be done no old number stays."""
        self.told.value = ""
        if not self.root.contents():
            self._clear(NOTHING_ON)
            return
        try:
            cohort = self.cohort
            attrition = self.asking.attrition(cohort)
            by = self.breakdowns(cohort)
            described, sql = self.asking.describe(cohort), self.asking.sql(cohort) if self.with_sql.value else None
        except InputError as fault:
            self._clear(str(fault), wrong=True)
            return
        except Exception as error:  # its text may quote rows, and no old number may stay
            self._clear(FAILED.format(type(error).__name__), wrong=True)
            return
        self.said.ask_of_households(cohort.names_others)
        self.problem.value = ""
        self.size.value = view.size_html(attrition)
        self._mark(attrition.to_dict("records"))
        self.tables.value = view.breakdowns_html(by)
        self.words.value = view.words_html(described, sql)

    def breakdowns(self, cohort: Cohort) -> dict[str, pd.DataFrame]:
        """The chosen breakdowns of a cohort; of all, those that the run knows."""
        if self.dimension.value != EVERY:
            return {self.dimension.value: self.asking.by(cohort, self.dimension.value)}
        found = {}
        for dimension in view.DIMENSIONS:
            try:
                found[dimension] = self.asking.by(cohort, dimension)
            except InputError:  # the run does not know it: choosing it alone says so
                continue
        return found

    def _mark(self, steps: list[dict[Any, Any]]) -> None:
        """Beside each criterion that is on: how many it leaves."""
        on = pairwise(steps)
        for rule in self.root.rules:
            pair = next(on, None) if rule.content() is not None else None
            rule.mark.value = view.mark_html(*pair) if pair else "not applied"

    def _clear(self, why: str, *, wrong: bool = False) -> None:
        for part in (self.size, self.tables, self.words, *(rule.mark for rule in self.root.rules)):
            part.value = ""
        self.problem.value = view.told_html(why, wrong=wrong)

    def _reported(self, does: Callable[[], str]) -> Callable[[], None]:
        """A button's work: it ends with a message, or with the sentence that says why it could not be done."""

        def work() -> None:
            try:
                self.told.value = view.told_html(does())
            except InputError as fault:
                self.told.value = view.told_html(str(fault), wrong=True)

        return work

    def _open(self) -> None:
        """Show a rule file, or begin a new cohort. A file with a fault changes nothing."""
        name = self.file.value
        try:
            content = {} if name == NEW else files.opened(name, self.asking.run.words, self.definitions)
        except InputError as fault:
            self.problem.value = view.told_html(str(fault), wrong=True)
            return
        with self.tree.held():
            self.root = GroupBox(self.tree, content.get("criteria", []))
        self._criteria.children = (self.root.box,)
        self._set_parameters(content.get("parameters", {}))
        self.said.write(content)
        shown_here = (*self.said.controls, "parameters", "criteria")
        self._rest = {key: value for key, value in content.items() if key not in shown_here}
        self.name.value, self.replace.value = "" if name == NEW else name, False
        self.refresh()
        if not self.problem.value:
            self.problem.value = view.told_html(f"Opened {name}.yml.")

    def _set_parameters(self, values: dict[str, Any]) -> None:
        """A control for each value that the file's criteria use by its name."""
        self.parameters = {name: value_control(name, value) for name, value in values.items()}
        on_value(self.parameters.values(), self.refresh)
        heading = html("<h3>Values that the criteria use by name</h3>")
        self._parameters.children = (heading, row(self.parameters.values())) if values else ()

    def _save(self) -> str:
        content = self.content
        if lacking := [SAID[name] for name in files.missing(content) if name in SAID]:
            raise InputError(f"A rule file also says: {', '.join(lacking)}. Fill them in, then save.")
        name, words = self.name.value.strip(), self.asking.run.static
        path = files.save(name, content, words, self.definitions, replace=self.replace.value)
        off = sum(rule.content() is None for rule in self.root.rules)
        self.file.options = self._files()
        left = f" Criteria that are off are not in it: {off}." if off else ""
        return f"Saved {path.name}: the next run counts it.{left}"

    def _export(self) -> str:
        cohort = self.cohort
        tables = {
            "attrition": export.protected_attrition(self.asking.attrition(cohort), self.area_code, self.policy),
            "breakdown": export.protected_breakdown(self.breakdowns(cohort), self.area_code, self.policy),
        }
        name = self.name.value.strip() or "new_cohort"
        if not files.NAME.fullmatch(name):
            raise InputError(
                "Give the file a name of small letters, digits and _ first: the exported files begin with it."
            )
        made = export.write(self.folder, name, tables, self.asking.describe(cohort), self.policy)
        return f"Written to {self.folder}: {', '.join(path.name for path in made)}. Small counts are *, others rounded."
