"""One network's extracts: its tables, with errors, written in each form; and the truth about them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phm_utils.schema import Form
from phm_utils.synthetic import data_errors, geography, identified_columns, outreach, pseudonymised_columns, truth
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
    network_truth = truth.NetworkTruth(network)
    registrations: Rows | None = None
    for table, rows in make_tables(task.seed, network):
        registrations = rows if table == "gp_registration" else registrations
        planted = (
            _planted(task.seed, network, network_truth, registrations, rows)
            if table == "gp_event" and registrations
            else None
        )
        network_truth.add(table, rows.followed_by(planted) if planted else rows)
        _place_practices(network, table, rows)
        with_errors = data_errors.add_errors(stream(task.seed, task.pcn, f"dirt {table}"), table, rows)
        if planted:
            _place_practices(network, table, planted)
            with_errors = with_errors.followed_by(planted)
        for form in task.forms:
            identity = IDENTITY_COLUMNS[form](
                stream(task.seed, task.pcn, f"{form} {table}"), network, table, with_errors
            )
            complete = Rows(with_errors.who, with_errors.columns | identity)
            write_rows(task.root / form, table, part, form, complete, task.file_format)
    network_truth.write(task.root / "truth", part)
    return {"pcn": task.pcn, "list_sizes": network.list_sizes(), **network_truth.summary()}


def _planted(
    seed: int, network: Network, network_truth: truth.NetworkTruth, registrations: Rows, events: Rows
) -> Rows | None:
    """The GP events that follow up the planted lists, in the network that has them."""
    if network.people.pcn != outreach.PCN:
        return None
    found = outreach.make_outreach(stream(seed, outreach.PCN, "outreach"), network, registrations, events)
    network_truth.outreach = found.rows()
    return found.events(outreach.PCN)


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
