"""Identifiers of nobody: pseudonyms of an empty NHS number or address, which many unlike people share.

Found by how many share one and how unlike they are, and by the hashes of texts that mean nothing.
"""

import hashlib

import duckdb

from phm_utils.engine import guarded, quote
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.portions import same_shape

MOST_BIRTHS = 3  # months of birth behind one pseudonym: mistyped ones make two, seldom three
MOST_PLACES = 3  # small areas behind one address
WORDS = ("", " ", "0", "NULL", "null", "None", "nan")
HASHES = tuple(
    sorted({f(hashlib.new(kind, word.encode()).hexdigest()) for kind in ("md5", "sha1", "sha256", "sha512")
            for word in WORDS for f in (str.lower, str.upper)})
)  # fmt: skip
UNLIKE = {"token_person_id": ("birth_month", MOST_BIRTHS), "household_token": ("lsoa", MOST_PLACES)}
MOST_VALUES = 1_000  # kept by column; where there are more, an alarm of the check stops it


def shared_identifiers(con: duckdb.DuckDBPyConnection, extracts: dict[str, Extract]) -> dict[str, tuple[str, ...]]:
    """By column, the pseudonyms that stand for nobody, from the registrations and every source with a birth.

    >>> hashlib.md5(b"").hexdigest() in HASHES
    True
    """
    found: dict[str, set[str]] = {column: set() for column in UNLIKE}
    for name, extract in extracts.items():
        if extract.form != "pseudonymised" or not any(c.name == "birth_month" for c in extract.table.columns):
            continue
        with guarded(f"Reading the pseudonyms of {name}"):
            for column in UNLIKE:
                found[column] |= _hashes_of_nothing(con, extract, column)
            if name == "gp_registration":
                for column, values in _shared(con, extract).items():
                    found[column] |= values
    return {column: tuple(sorted(values))[:MOST_VALUES] for column, values in found.items() if values}


def _hashes_of_nothing(con: duckdb.DuckDBPyConnection, extract: Extract, column: str) -> set[str]:
    listed = ", ".join(map(quote, HASHES))
    values = set()
    for file in same_shape(extract.files):
        for field in (f for f in extract.fields(file) if f.name == column and f.kind == "VARCHAR"):
            rows = con.execute(
                f"SELECT DISTINCT {field.raw} FROM {file.scan} WHERE {field.raw} IN ({listed})"
            ).fetchall()
            values |= {value for (value,) in rows}
    return values


def _shared(con: duckdb.DuckDBPyConnection, registrations: Extract) -> dict[str, set[str]]:
    """By column, pseudonyms of the registrations with more different births, or areas, than mistakes explain."""
    asked = [*UNLIKE, *(of for of, _ in UNLIKE.values())]
    registrations.list_valid_values(con, asked)
    rows = " UNION ALL ".join(
        f"SELECT {', '.join(asked)} FROM ({registrations.values_sql(file, asked)})"
        for file in same_shape(registrations.files)
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE registered_identifiers AS {rows}")
    found = {}
    for column, (of, most) in UNLIKE.items():
        listed = con.execute(
            f"SELECT {column} FROM (SELECT DISTINCT {column}, {of} FROM registered_identifiers "
            f"WHERE {column} IS NOT NULL AND {of} IS NOT NULL) GROUP BY {column} HAVING count(*) > {most} "
            f"ORDER BY count(*) DESC, {column} LIMIT {MOST_VALUES}"
        ).fetchall()
        found[column] = {value for (value,) in listed}
    con.execute("DROP TABLE registered_identifiers")
    return found
