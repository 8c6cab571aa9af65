"""Write the form `linkage`: one file per source, and the truth about every record."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from phm_utils.synthetic import geography
from phm_utils.synthetic.data_errors import LINKAGE_SOURCES
from phm_utils.synthetic.draws import Coded, stream
from phm_utils.synthetic.extracts import Task
from phm_utils.synthetic.linkage.population import make_population
from phm_utils.synthetic.linkage.records import make_sheet
from phm_utils.synthetic.linkage.sheet import Sheet
from phm_utils.synthetic.linkage.sources import choose
from phm_utils.synthetic.linkage.traps import trap_of_records
from phm_utils.synthetic.people import ETHNIC_CODES
from phm_utils.synthetic.rows import Column, Numbers
from phm_utils.synthetic.writing import FileFormat, to_arrow, write_table

FORM, TRUTH = "linkage", "truth"
_PARTS = ".parts"  # networks are written apart, by whichever worker, and joined in their order


def write_linkage(task: Task) -> dict:
    """Simulate one network's people and write its part of every source, and of the truth."""
    county = geography.geography(task.seed, task.pcn)
    population = make_population(task.seed, task.pcn, task.registered)
    truths = []
    for source, who in choose(stream(task.seed, task.pcn, "linkage sources"), population).items():
        sheet = make_sheet(stream(task.seed, task.pcn, f"linkage {source}"), population, county.places, source, who)
        if source == "gp":
            sheet.columns["practice_code"] = _practices(sheet, county)
        _write_part(task, source, _table(sheet.columns))
        truths.append(_table(_truth(sheet)))
    _write_part(task, TRUTH, pa.concat_tables(truths))
    return {"pcn": task.pcn}


def join_parts(root: Path, file_format: FileFormat) -> None:
    """Put the networks' parts together: one file per source, and the truth, always Parquet."""
    for source in LINKAGE_SOURCES:
        _join(root / _PARTS / source, root / FORM / f"{source}.{file_format}")
    _join(root / _PARTS / TRUTH, root / TRUTH / f"{FORM}.parquet")
    shutil.rmtree(root / _PARTS)


def _practices(sheet: Sheet, county: geography.Geography) -> Coded:
    """The practice of each registration; a person's second one is with another practice of the network."""
    mine = county.practices_of(sheet.population.people.pcn)
    practice = sheet.population.people.practice[sheet.who].astype(int)
    second = np.ones(len(sheet), bool)
    second[np.unique(sheet.who, return_index=True)[1]] = False
    other = practice + 1 + sheet.rng.integers(0, max(len(mine) - 1, 1), len(sheet))
    return Coded(np.where(second, other % len(mine), practice).astype(np.uint8), tuple(county.practice_code[mine]))


def _truth(sheet: Sheet) -> dict[str, Column]:
    """Whose each record is, and what was planted in it."""
    population, who = sheet.population, sheet.who
    return {
        "source": Coded(np.zeros(len(who), np.uint8), (sheet.source,)),
        "record_id": sheet.columns["record_id"],
        "person": Numbers(population.people.numbers()[who]),
        "registered": Numbers(population.in_gp[who]),
        "ethnicity": Coded(population.people.ethnicity[who], ETHNIC_CODES),
        "trap": trap_of_records(sheet),
        "faults": sheet.faults(),
    }


def _table(columns: dict[str, Column]) -> pa.Table:
    """Words spelt out: each network has its own dictionaries."""
    table = pa.table({name: to_arrow(column) for name, column in columns.items()})
    spelt = [pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema(spelt))


def _write_part(task: Task, source: str, table: pa.Table) -> None:
    write_table(task.root / _PARTS / source / f"{geography.pcn_code(task.pcn)}.parquet", table, "parquet")


def _join(folder: Path, path: Path) -> None:
    """One file of all networks, a network at a time."""
    path.parent.mkdir(exist_ok=True)
    parts = sorted(folder.iterdir())
    schema = pq.read_schema(parts[0])
    if path.suffix == ".csv":
        writer = pyarrow.csv.CSVWriter(path, schema)
    else:
        writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, store_schema=False)
    with writer:
        for part in parts:
            writer.write_table(pq.read_table(part))
