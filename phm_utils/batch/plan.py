"""The plan of a run: areas x notebooks, and the checks before anything runs."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phm_utils.batch.route import Route
from phm_utils.batch.table_references import check_table_references
from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.params import RunParams, Workbook, validated
from phm_utils.runs import project_root

SAVE_AGAIN = "It is not a readable notebook: open and save it in JupyterLab."
MAX_NOTEBOOK_BYTES = 50_000_000


@dataclass(frozen=True)
class Report:
    """One notebook for one area."""

    area: str
    notebook: str

    @property
    def step(self) -> str:
        return f"{self.area}/{self.notebook}"


@dataclass(frozen=True)
class Plan:
    """All areas and notebooks of a run, and the reports chosen."""

    areas: dict[str, str]
    notebooks: tuple[str, ...]
    chosen: tuple[Report, ...]

    @property
    def every(self) -> tuple[Report, ...]:
        """Every report of the run, chosen or not: the index shows them all."""
        return tuple(Report(area, notebook) for area in self.areas for notebook in self.notebooks)


def make_plan(workbook: Workbook, route: Route, areas: str = "all", notebooks: str | None = None) -> Plan:
    """The plan of a run, or an InputError that lists the areas and notebooks there are.

    areas: `all`, `ics`, or codes parted by commas. notebooks: beginnings of
        names parted by commas (`03,04`), or None for all.
    """
    known = {workbook.ics_code: workbook.title} | route.areas(workbook)
    chosen_areas = _areas(areas, known, workbook.ics_code)
    chosen_notebooks = _notebooks(notebooks, route.notebooks)
    return Plan(known, route.notebooks, tuple(Report(a, n) for a in chosen_areas for n in chosen_notebooks))


def _areas(asked: str, known: dict[str, str], ics_code: str) -> list[str]:
    codes = [ics_code if a.lower() == "ics" else a for a in _parts(asked, "--areas")]
    if [c.lower() for c in codes] == ["all"]:
        return list(known)
    if unknown := [c for c in codes if c not in known]:
        listed = ", ".join(f"{code} ({name})" for code, name in known.items())
        raise InputError(
            f"{len(unknown)} of {len(codes)} areas are not in this data: {', '.join(unknown)}.\nThere are: {listed}."
        )
    return [code for code in known if code in codes]


def _notebooks(asked: str | None, known: tuple[str, ...]) -> list[str]:
    if asked is None:
        return list(known)
    parts = _parts(asked, "--notebooks")
    if unknown := [p for p in parts if not any(name.startswith(p) for name in known)]:
        raise InputError(
            f"No notebook of this kind of data begins with {', '.join(unknown)}. There are: {_list(known)}."
        )
    return [name for name in known if any(name.startswith(p) for p in parts)]


def _parts(text: str, option: str) -> list[str]:
    parts = [p.strip() for p in text.split(",") if p.strip()]
    if not parts:
        raise InputError(f"{option} names nothing. Leave it out for everything, or give names parted by commas.")
    return parts


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def notebook_path(name: str) -> Path:
    """The path of a notebook's source."""
    return project_root() / "notebooks" / f"{name}.ipynb"


def read_notebook(name: str, route: Route) -> dict[str, Any]:
    """A notebook's JSON, checked against the declarations of all topics.

    Papermill only logs a misspelt parameter and runs on with the default:
    here every name of the cell must be known to the model and the reverse,
    and every default must be valid; and every released table and column that
    the code names must be declared. Raises InputError otherwise.
    """
    path = notebook_path(name)
    if not path.is_file():
        raise InputError(f"No notebook {name}.ipynb in {path.parent}. Restore it, or leave it out with --notebooks.")
    notebook = load_json(path, SAVE_AGAIN, most=MAX_NOTEBOOK_BYTES)
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) and "source" in cell for cell in cells):
        raise InputError(f"{path.name} lacks its cells. {SAVE_AGAIN}")
    _check_parameters(cells, path.name, route.by_notebook[name].own_parameters)
    check_table_references(notebook, path.name, {release.name: release for release in route.releases})
    return notebook


def _check_parameters(cells: list[dict[str, Any]], where: str, model: type[RunParams]) -> None:
    """Check a notebook's parameters cell against its parameter model."""
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise InputError(f"{where} has {len(tagged)} cells tagged `parameters`; it needs one.")
    defaults = _literals("".join(tagged[0]["source"]), where)
    if missing := [field for field in model.model_fields if field not in defaults]:
        raise InputError(
            f"{where}: its parameters cell lacks {', '.join(missing)}, which its parameter model names. "
            "Add a line for each, with a default."
        )
    validated(model, defaults, f"{where}, parameters cell")


def _literals(source: str, where: str) -> dict[str, Any]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        raise InputError(f"{where}: the parameters cell is not readable Python.") from None
    values: dict[str, Any] = {}
    for line in tree.body:
        target = line.targets[0] if isinstance(line, ast.Assign) and len(line.targets) == 1 else None
        if not isinstance(line, ast.Assign) or not isinstance(target, ast.Name):
            raise InputError(f"{where}: line {line.lineno} of the parameters cell is not `name = value`.")
        try:
            values[target.id] = ast.literal_eval(line.value)
        except ValueError:
            raise InputError(f"{where}: parameter `{target.id}` has no plain value (text, number, list).") from None
    return values


def title_of(notebook: dict[str, Any]) -> str:
    """The question in a notebook's first heading."""
    first = "".join(notebook["cells"][0]["source"]).splitlines() if notebook["cells"] else []
    return first[0].lstrip("# ").strip() if first else ""
