"""Encoded lists of a council (`phm encode`), linked to the spine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.errors import InputError
from phm_utils.linkage.bloom import FIELDS
from phm_utils.linkage.encoded import link_encoded
from phm_utils.linkage.scheme import Scheme


@dataclass(frozen=True)
class EncodedLists:
    """Files of `phm encode`, each a source named after its file, and the key shared with those who sent them."""

    files: tuple[Path, ...] = ()
    key: bytes | None = None


def add_encoded(con: duckdb.DuckDBPyConnection, scheme: Scheme, lists: EncodedLists) -> None:
    """After linking: link encoded lists to the spine and add their records to `person_of_record`.

    A record is linked to the person with the best match weight (method
    'encoded'), or is a separate person. Raises InputError where the key is not given, a
    file was encoded with another, or two sources have one name.
    """
    if not lists.files:
        return
    if lists.key is None:
        raise InputError("Encoded lists need the key that council and NHS share: `--encoded-key-file FILE`.")
    sources = [file.stem for file in lists.files]
    known = {name for (name,) in con.execute("SELECT DISTINCT source FROM record").fetchall()}
    if twice := sorted({s for s in sources if s in known or sources.count(s) > 1}):
        raise InputError(f"{', '.join(twice)}: two sources have this name. Rename an encoded file.")
    spine = read_sql(con, f"SELECT identity_id, person_of.person, {_fields()} FROM gp_person {_PERSON}")
    for source, found in zip(sources, _link_lists(spine, lists.files, lists.key, scheme), strict=True):
        con.register("_encoded", found.assign(source=source))
        con.execute(_ADD)
        con.unregister("_encoded")


def _fields() -> str:
    return ", ".join(f"gp_person.{field.name}" for field in FIELDS)


def _link_lists(spine: pd.DataFrame, files: Sequence[Path], key: bytes, scheme: Scheme) -> Sequence[pd.DataFrame]:
    return [
        link_encoded(spine, file, key, national=scheme.national)[["record_id", "identity_id", "match_weight"]]
        for file in files
    ]


_PERSON = "INNER JOIN person_of USING (identity_id) ORDER BY identity_id"
_ADD = """
INSERT INTO person_of_record BY NAME
SELECT
    _encoded.source,
    _encoded.record_id,
    coalesce(person_of.person, 'record|' || _encoded.source || '|' || _encoded.record_id) AS person,
    CASE WHEN person_of.person IS NULL THEN 'identity of its own' ELSE 'encoded' END AS method,
    CASE WHEN person_of.person IS NOT NULL THEN _encoded.match_weight END AS match_weight
FROM _encoded
LEFT JOIN person_of ON person_of.identity_id = _encoded.identity_id
"""
