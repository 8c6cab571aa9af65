"""Rows to files: Parquet or CSV, in the columns that `tables` lays down."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from phm_utils.schema import Form
from phm_utils.synthetic.days import EPOCH, NO_DAY
from phm_utils.synthetic.draws import Coded
from phm_utils.synthetic.rows import Column, Dates, Rows
from phm_utils.tables import TABLES

FileFormat = Literal["parquet", "csv"]
ROWS_PER_GROUP = 1_000_000
_DICTIONARY_BYTES = 32 << 20  # a network's pseudonyms stay one dictionary; the default would spell them out


def to_arrow(column: Column) -> pa.Array:
    """An Arrow array: words stay a dictionary, so that millions of rows cost an index each."""
    if isinstance(column, Coded):
        null = column.index == column.null
        index, words = _distinct(column.index, column.words, null)
        if len(words) > len(index):  # a small table need not carry every pseudonym of its network
            used, index = np.unique(np.where(null, 0, index), return_inverse=True)
            words = words.take(pa.array(used))
        index = pa.array(index, mask=null) if null.any() else pa.array(index)
        return pa.DictionaryArray.from_arrays(index, words)
    if isinstance(column, Dates):
        null = column.days == NO_DAY
        days = column.days.astype(np.int32) + np.int32(EPOCH)
        return (pa.array(days, mask=null) if null.any() else pa.array(days)).view(pa.date32())
    return pa.array(column.values, mask=column.null)


def _distinct(index: np.ndarray, words: Iterable[str] | pa.Array, null: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Each word once: a dictionary with repeats is not written to the same bytes every time."""
    if isinstance(words, pa.Array):
        return index, words
    coded = pa.array(list(words), pa.string()).dictionary_encode()
    if len(coded.dictionary) == len(coded):
        return index, coded.dictionary
    place = coded.indices.to_numpy()
    return place[np.where(null, 0, index)], coded.dictionary


def write_rows(folder: Path, table: str, part: str, form: Form, rows: Rows, file_format: FileFormat) -> Path:
    """Write one network's part of a table; columns in the order of `tables`, those that it lacks left out."""
    names = [column.name for column in TABLES[table].for_form(form) if column.name in rows.columns]
    content = pa.table({name: to_arrow(rows.columns[name]) for name in names})
    return write_table(folder / table / f"{part}.{file_format}", content, file_format)


def write_table(path: Path, content: pa.Table, file_format: FileFormat) -> Path:
    """Write a table; the same content gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if file_format == "csv":
        plain = [_plain(content.column(name)) for name in content.column_names]
        pyarrow.csv.write_csv(pa.table(plain, names=content.column_names), path)
        return path
    counters = [f.name for f in content.schema if pa.types.is_int64(f.type)]
    pq.write_table(
        content,
        path,
        compression="zstd",
        compression_level=1,
        row_group_size=ROWS_PER_GROUP,
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        use_dictionary=[name for name in content.column_names if name not in counters],
        column_encoding=dict.fromkeys(counters, "DELTA_BINARY_PACKED"),
        write_statistics=[f.name for f in content.schema if not pa.types.is_dictionary(f.type)],
        store_schema=False,
    )
    return path


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Words spelt out: the CSV writer knows no dictionaries."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
