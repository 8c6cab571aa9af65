"""What a notebook asks of the released tables, found by reading its code, and held against the declarations.

A misspelt table or column is refused before anything runs, with the cell in
which it stands; without this it would be met as a KeyError by whoever waits
for the report.
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

ASKING = ("table", "ics_table")  # methods of `reports.notebook.Run` that name a released table
DRAWING = ("charts",)  # modules whose functions take a table and then names of its columns
DRAWN = ("bars", "caterpillar", "grid", "grouped_bars", "heatmap", "lines", "pyramid", "flow_grid")
READING = ("table", *DRAWN)  # functions that do
ASKED_AREA = "area_code"  # a table is asked for by area: the column itself is not in what a notebook gets


@dataclass
class Request:
    """One table that a notebook names, and the columns that its code then asks of it. cell: from 1, code cells only."""

    table: str
    cell: int
    columns: set[str] = field(default_factory=set)


def asked_for(notebook: Mapping[str, Any]) -> list[str]:
    """Names of the released tables that a notebook's code asks for."""
    return sorted({request.table for request in requests(notebook)})


def check_requests(notebook: Mapping[str, Any], where: str, releases: Mapping[str, Release]) -> None:
    """Refuse a notebook that asks for a table or a column that nobody declares; one InputError names them all."""
    faults = []
    for request in requests(notebook):
        release = releases.get(request.table)
        if release is None:
            faults.append(
                f"cell [{request.cell}]: no topic declares a table `{request.table}`{_near(request.table, releases)}"
            )
            continue
        known = [n for n in release.names if n != ASKED_AREA]
        faults += [
            f"cell [{request.cell}]: `{request.table}` has no column `{name}`{_near(name, known)}"
            for name in sorted(request.columns - {*known, *(f"{ICS}{n}" for n in known)})
        ]
    if faults:
        raise InputError(f"{where} asks for what nobody declares:\n" + "\n".join(f"- {fault}" for fault in faults))


def _near(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else f". There are: {', '.join(sorted(known))}."


def requests(notebook: Mapping[str, Any]) -> list[Request]:
    """Every request of a notebook's code cells, in order. A column counts where it is asked of the table directly."""
    held: dict[str, Request] = {}  # by the variable that holds the table
    found: list[Request] = []
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    for number, cell in enumerate(cells, start=1):
        with suppress(SyntaxError):  # a magic or a slip: the kernel reports it
            for node in ast.parse("".join(cell["source"])).body:
                found += _read(node, number, held)
    return found


def _read(statement: ast.stmt, cell: int, held: dict[str, Request]) -> Iterator[Request]:
    """The requests of one statement. Columns are entered in the requests that are held already."""
    for node in ast.walk(statement):
        if (name := _table(node)) is not None:
            yield Request(name, cell)
    for node in ast.walk(statement):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Name)
            and node.value.id in held
        ):
            held[node.value.id].columns.update(_texts([node.slice]))
        if isinstance(node, ast.Call) and _takes_columns(node.func) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Name) and first.id in held:
                held[first.id].columns.update(_texts(node.args[1:]))
    yield from _assigned(statement, cell, held)


def _assigned(statement: ast.stmt, cell: int, held: dict[str, Request]) -> Iterator[Request]:
    """Variables that hold a table just as it was released, from here on; any other assignment ends that."""
    for node in ast.walk(statement):
        if not isinstance(node, ast.Assign):
            continue
        for target, value in _pairs(node):
            if isinstance(target, ast.Name):
                held.pop(target.id, None)
                if (name := _table(value)) is not None:
                    held[target.id] = Request(name, cell)
                    yield held[target.id]
            elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                held.pop(target.value.id, None)  # a column of the notebook's own


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
        drawn = isinstance(function.value, ast.Name) and function.value.id in DRAWING
        return drawn or function.attr in READING
    return isinstance(function, ast.Name) and function.id in READING


def _table(node: ast.AST) -> str | None:
    """The table that a call such as `run.table("cohort_size")` names."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ASKING
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
