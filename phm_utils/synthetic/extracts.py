"""One network's extracts: its tables, with errors, written in each form; and the truth about them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phm_utils.schema import Form
from phm_utils.synthetic import data_errors, geography, identified_columns, pseudonymised_columns, truth
from phm_utils.synthetic.added_rows import AddedRows
from phm_utils.synthetic.draws import NULL, Coded, stream
from phm_utils.synthetic.network import Network, make_network, make_tables
from phm_utils.synthetic.rows import Rows
from phm_utils.synthetic.writing import FileFormat, write_rows
from phm_utils.tables import TABLES

IDENTITY_COLUMNS = {"pseudonymised": pseudonymised_columns.pseudonymised, "identified": identified_columns.identified}


@dataclass(frozen=True)
class Task:
    """What one worker process simulates and writes."""

    root: Path
    seed: int
    pcn: int
    registered: int
    forms: tuple[Form, ...]
    file_format: FileFormat


def write_network(task: Task) -> dict:
    """Simulate one network and write its part of every table. Returns its counts, for the summary of the ICS."""
    network = make_network(task.seed, task.pcn, task.registered, named="identified" in task.forms)
    part = geography.pcn_code(task.pcn)
    network_truth, added = truth.NetworkTruth(network), AddedRows(task.seed, network)
    for table, rows in make_tables(task.seed, network):
        more = added.below(table, rows)
        network_truth.add(table, rows, more)
        _place_practices(network, table, rows)
        if more:
            _place_practices(network, table, more)
        with_errors = data_errors.add_errors(stream(task.seed, task.pcn, f"dirt {table}"), table, rows)
        earlier = added.earlier(with_errors) if table == "partner_list" else None
        if earlier:
            network_truth.add_records(table, earlier.of(with_errors))
        for form in task.forms:
            complete = _with_identity(task, network, form, table, with_errors)
            complete = complete.followed_by(earlier.of(complete)) if earlier else complete
            if more:
                complete = complete.followed_by(_with_identity(task, network, form, table, more, " below"))
            write_rows(task.root / form, table, part, form, complete, task.file_format)
    network_truth.write(task.root / "truth", part, added)
    return {"pcn": task.pcn, "list_sizes": network.list_sizes(), **network_truth.summary(), **added.summary()}


def _with_identity(task: Task, network: Network, form: Form, table: str, rows: Rows, below: str = "") -> Rows:
    """The rows with the columns of identity of a form."""
    rng = stream(task.seed, task.pcn, f"{form} {table}{below}")
    return Rows(rows.who, rows.columns | IDENTITY_COLUMNS[form](rng, network, table, rows))


def _place_practices(network: Network, table: str, rows: Rows) -> None:
    """The practice of each row: of registration, or the one that the hospital recorded."""
    words = tuple(network.practices)
    if table == "gp_registration":
        rows.columns["practice_code"] = Coded(rows.coded("practice_code").index, words)
        return
    for name in ("practice_code", "gppract"):
        if any(column.name == name for column in TABLES[table].columns):
            index = network.people.practice[rows.who]
            placed = np.where(index == NULL, len(words), index).astype(np.uint8)
            rows.columns[name] = Coded(placed, (*words, "V81999"))
