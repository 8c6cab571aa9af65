"""The released tables and columns that a notebook names, read from its code and checked against the declarations.

A misspelt table or column is refused with its cell before anything runs, not
met as a KeyError when the report is due.
"""

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from phm_utils.errors import InputError
from phm_utils.privacy.release import Release
from phm_utils.reports.headings import ICS

TABLE_METHODS = ("table", "ics_table")  # methods of `reports.notebook.Run` that name a released table
DRAWING_MODULES = ("charts",)  # modules whose functions take a table and then names of its columns
CHART_FUNCTIONS = ("bars", "caterpillar", "grid", "grouped_bars", "heatmap", "lines", "pyramid", "flow_grid")
TABLE_FUNCTIONS = ("table", *CHART_FUNCTIONS)  # functions that take a table and column names
AREA_COLUMN = "area_code"  # `run.table` drops this column: a notebook gets one area's rows


@dataclass
class TableReference:
    """A table that a notebook names, and the columns that its code uses. cell: from 1, code cells only."""

    table: str
    cell: int
    columns: set[str] = field(default_factory=set)


def tables_named(notebook: Mapping[str, Any]) -> list[str]:
    """Names of the released tables in a notebook's code."""
    return sorted({reference.table for reference in table_references(notebook)})


def check_table_references(notebook: Mapping[str, Any], where: str, releases: Mapping[str, Release]) -> None:
    """Refuse a notebook that names an undeclared table or column; one InputError lists them all."""
    faults = []
    for reference in table_references(notebook):
        release = releases.get(reference.table)
        if release is None:
            faults.append(
                f"cell [{reference.cell}]: no topic declares a table "
                f"`{reference.table}`{_near(reference.table, releases)}"
            )
            continue
        known = [n for n in release.names if n != AREA_COLUMN]
        faults += [
            f"cell [{reference.cell}]: `{reference.table}` has no column `{name}`{_near(name, known)}"
            for name in sorted(reference.columns - {*known, *(f"{ICS}{n}" for n in known)})
        ]
    if faults:
        raise InputError(f"{where} names undeclared tables or columns:\n" + "\n".join(f"- {fault}" for fault in faults))


def _near(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else f". There are: {', '.join(sorted(known))}."


def table_references(notebook: Mapping[str, Any]) -> list[TableReference]:
    """Every reference of a notebook's code cells, in order. A column counts if taken from the table directly."""
    by_variable: dict[str, TableReference] = {}  # by the variable with the table
    found: list[TableReference] = []
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    for number, cell in enumerate(cells, start=1):
        with suppress(SyntaxError):  # a magic or a slip: the kernel reports it
            for node in ast.parse("".join(cell["source"])).body:
                found += _read(node, number, by_variable)
    return found


def _read(statement: ast.stmt, cell: int, by_variable: dict[str, TableReference]) -> Iterator[TableReference]:
    """The references of one statement. Columns are added to the references known so far."""
    for node in ast.walk(statement):
        if (name := _table(node)) is not None:
            yield TableReference(name, cell)
    for node in ast.walk(statement):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Name)
            and node.value.id in by_variable
        ):
            by_variable[node.value.id].columns.update(_texts([node.slice]))
        if isinstance(node, ast.Call) and _takes_columns(node.func) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Name) and first.id in by_variable:
                by_variable[first.id].columns.update(_texts(node.args[1:]))
    yield from _assigned(statement, cell, by_variable)


def _assigned(statement: ast.stmt, cell: int, by_variable: dict[str, TableReference]) -> Iterator[TableReference]:
    """Variables that hold a table just as it was released, from here on; any other assignment ends that."""
    for node in ast.walk(statement):
        if not isinstance(node, ast.Assign):
            continue
        for target, value in _pairs(node):
            if isinstance(target, ast.Name):
                by_variable.pop(target.id, None)
                if (name := _table(value)) is not None:
                    by_variable[target.id] = TableReference(name, cell)
                    yield by_variable[target.id]
            elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                by_variable.pop(target.value.id, None)  # a column of the notebook's own


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        elif isinstance(target, ast.Tuple):
            yield from ((name, node.value) for name in target.elts)
        else:
            yield target, node.value


def _takes_columns(function: ast.expr) -> bool:
    """Does a function take a table and then the names of its columns?"""
    if isinstance(function, ast.Attribute):
        drawn = isinstance(function.value, ast.Name) and function.value.id in DRAWING_MODULES
        return drawn or function.attr in TABLE_FUNCTIONS
    return isinstance(function, ast.Name) and function.id in TABLE_FUNCTIONS


def _table(node: ast.AST) -> str | None:
    """The table that a call such as `run.table("cohort_size")` names."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in TABLE_METHODS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "run"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        return node.args[0].value
    return None


def _texts(nodes: list[ast.expr]) -> set[str]:
    """Texts that stand in an expression as they are, alone or in a list."""
    found = set()
    for node in nodes:
        parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
        found |= {p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)}
    return found
