"""The form `linkage`: six sources that tell who somebody is and nothing else, one file each, and who is behind each record."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from phm_utils.synthetic import geography
from phm_utils.synthetic.draws import NULL, Coded, stream
from phm_utils.synthetic.extracts import Task
from phm_utils.synthetic.linkage_people import TRAPS, Known, ethnicity, make_known
from phm_utils.synthetic.linkage_records import FAULTS, Sheet, traps, write_down
from phm_utils.synthetic.linkage_sources import NAMES, choose
from phm_utils.synthetic.writing import FileFormat, to_arrow

FORM = "linkage"
_PARTS = ".parts"


def write_linkage(task: Task) -> dict:
    """Simulate one network's people and write its part of every source, and of the truth."""
    known = make_known(task.seed, task.pcn, task.registered)
    county = geography.demoshire(task.seed)
    part = geography.pcn_code(task.pcn)
    truth = []
    for source, who in choose(stream(task.seed, task.pcn, "linkage sources"), known).items():
        sheet = write_down(stream(task.seed, task.pcn, f"linkage {source}"), known, county.places, source, who)
        if source == "gp":
            sheet.columns["practice_code"] = _practices(sheet, county)
        _write_part(task.root, source, part, {name: to_arrow(column) for name, column in sheet.columns.items()})
        truth.append(_truth(known, sheet))
    whole = pa.concat_tables([t.cast(truth[0].schema) for t in truth])
    _write_part(task.root, "truth", part, whole)
    return {"pcn": task.pcn}


def gather(root: Path, file_format: FileFormat) -> None:
    """Put the networks' parts together: one file per source, and the truth."""
    folder = root / FORM
    folder.mkdir()
    for source in NAMES:
        _join(root / _PARTS / source, folder / f"{source}.{file_format}")
    (root / "truth").mkdir(exist_ok=True)
    _join(root / _PARTS / "truth", root / "truth" / "linkage.parquet")
    shutil.rmtree(root / _PARTS)


def _practices(sheet: Sheet, county: geography.Geography) -> Coded:
    """The practice of each registration: a second one of a person is with another practice of the network."""
    mine = county.practices_of(sheet.known.people.pcn)
    practice = sheet.known.people.practice[sheet.who].astype(int)
    _, first = np.unique(sheet.who, return_index=True)
    second = np.ones(len(practice), bool)
    second[first] = False
    other = practice + 1 + sheet.rng.integers(0, max(len(mine) - 1, 1), len(practice))
    return Coded(np.where(second, other % len(mine), practice).astype(np.uint8), tuple(county.practice_code[mine]))


def _truth(known: Known, sheet: Sheet) -> pa.Table:
    """One row per record: whose it is, and what was planted in it."""
    who, trap = sheet.who, traps(sheet)
    kinds, kind = np.unique(sheet.noted, return_inverse=True)
    told = ["; ".join(f for place, f in enumerate(FAULTS) if bits >> place & 1) for bits in kinds.tolist()]
    columns = {
        "source": pa.array([sheet.source]).dictionary_encode().take(pa.array(np.zeros(len(who), np.int8))),
        "record_id": to_arrow(sheet.columns["record_id"]),
        "person": pa.array(who.astype(np.int64) + 1 + known.people.pcn * 1_000_000),
        "registered": pa.array(known.in_gp[who]),
        "ethnicity": pa.array(ethnicity(known, who)).dictionary_encode(),
        "trap": to_arrow(Coded(trap, TRAPS)),
        "faults": pa.DictionaryArray.from_arrays(kind, pa.array([t or None for t in told])),
    }
    return pa.table({name: _words(column) for name, column in columns.items()})


def _words(column: pa.Array) -> pa.Array:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _write_part(root: Path, source: str, part: str, columns: dict[str, pa.Array] | pa.Table) -> None:
    path = root / _PARTS / source / f"{part}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    table = columns if isinstance(columns, pa.Table) else pa.table({n: _words(c) for n, c in columns.items()})
    pq.write_table(table, path, compression="zstd", compression_level=1, store_schema=False)


def _parts(folder: Path) -> Iterator[pa.Table]:
    for path in sorted(folder.iterdir()):
        yield pq.read_table(path)


def _join(folder: Path, path: Path) -> None:
    """One file of all networks, a network at a time."""
    writer = None
    for table in _parts(folder):
        if writer is None:
            if path.suffix == ".csv":
                writer = pyarrow.csv.CSVWriter(path, table.schema)
            else:
                writer = pq.ParquetWriter(
                    path, table.schema, compression="zstd", compression_level=1, store_schema=False
                )
        writer.write_table(table)
    writer.close()
