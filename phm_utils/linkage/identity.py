"""Who is who where extracts hold names and NHS numbers: deterministic, and never by number alone.

Makes, in the connection it is given, one row per distinct set of identifiers
with the person whose it is. The SQL of `sql/identified` states the rules.
Records that differ by more than these allow stay apart.
"""

from importlib.resources import files

import duckdb
import pandas as pd

from phm_utils.engine import quote, read_sql
from phm_utils.errors import InputError
from phm_utils.linkage.link import IDENTITY_SOURCES, TOKEN_SOURCES, present_tables
from phm_utils.tables import DATE_FILLERS, TABLES

RAW = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "uprn", "sex")
NO_EVENTS = "SELECT NULL AS source, NULL AS nhs_number, NULL AS practice_code, NULL AS person WHERE false"
VERIFIED_STATUS = "01"  # NHS NUMBER STATUS INDICATOR CODE: number present and verified
# What is written where a name is not known, in letters A to Z alone; besides any row of Xs.
PLACEHOLDER_NAMES = (
    *("", "BABY", "BABYBOY", "BABYGIRL", "BABYOF", "INFANT", "NEWBORN", "MALE", "FEMALE", "BOY", "GIRL"),
    *("TWIN", "TWINONE", "TWINTWO", "TWINI", "TWINII", "UNKNOWN", "UNK", "NOTKNOWN", "NK", "NA", "NONE", "NULL"),
    *("NOTSTATED", "UNNAMED", "ANON", "ANONYMOUS", "TEST", "FORENAME", "SURNAME", "DUMMY"),
)


def link_people(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables `person_of` and `event_person` from the identified tables in `con`.

    person_of: one row per source and distinct raw identifiers (`RAW`), with
        `person` (a value to be pseudonymised), `method` and `contradicted`
        (its NHS number is somebody else's).
    event_person: one row per GP event source, NHS number and practice.
    Raises InputError where there are no GP registrations.
    """
    present = present_tables(con)
    if "gp_registration" not in present:
        raise InputError("No gp_registration table: the people of the GP extract are what others are linked to.")
    sources = [s for s in IDENTITY_SOURCES if s in present]
    _make(con, "identity", _union([_identities(source) for source in sources]))
    agrees = _sql("agrees")
    _make(con, "gp_person", _sql("gp_person", agrees=agrees))
    _make(con, "other_person", _sql("other_person", agrees=agrees))
    columns = ", ".join(("source", "first_id", "records", *RAW, "person", "method", "contradicted"))
    _make(con, "person_of", f"SELECT {columns} FROM gp_person UNION ALL SELECT {columns} FROM other_person")
    events = [_event_people(s) for s in TOKEN_SOURCES if s in present]
    _make(con, "event_person", _union(events) or NO_EVENTS)


def steps(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """After `link_people`: one row per source and method, with `records`, `identities` and `contradicted`."""
    return read_sql(
        con,
        "SELECT source, method, sum(records)::BIGINT AS records, count(*) AS identities,"
        " coalesce(sum(records) FILTER (WHERE contradicted), 0)::BIGINT AS contradicted"
        " FROM person_of GROUP BY source, method ORDER BY source, method",
    )


def same_identity(left: str, right: str) -> str:
    """SQL that is true where two rows have the same raw identifiers, missing ones alike."""
    return " AND ".join(f"{left}.{c} IS NOT DISTINCT FROM {right}.{c}" for c in RAW)


def valid_nhs_number(digits: str) -> str:
    """SQL that is true for ten digits that pass modulo 11 and are not one digit repeated.

    Source: NHS Data Dictionary, NHS NUMBER. A repeated digit passes the
    check: it is what people type where they have no number.
    """
    total = " + ".join(f"substr({digits}, {place}, 1)::INT * {11 - place}" for place in range(1, 11))
    return (
        f"CASE WHEN regexp_full_match({digits}, '[0-9]{{10}}') AND {digits} <> repeat(left({digits}, 1), 10) "
        f"THEN ({total}) % 11 = 0 ELSE false END"
    )


def _identities(source: str) -> str:
    """SQL for the cleaned identities of one source."""
    is_gp = source == "gp_registration"
    verified = f"bool_or(coalesce(nhs_number_status, '{VERIFIED_STATUS}') = '{VERIFIED_STATUS}')"
    return _sql(
        "identity",
        source=source,
        row_id=TABLES[source].key[0],
        verified=verified if is_gp else "NULL::BOOLEAN",
        latest="max(registered_from)" if is_gp else "NULL::DATE",
        nhs_number_is_valid=valid_nhs_number("digits"),
        placeholders=", ".join(quote(name) for name in PLACEHOLDER_NAMES),
        date_fillers=", ".join(f"DATE {quote(day)}" for day in DATE_FILLERS),
    )


def _event_people(source: str) -> str:
    found = _sql("event_person", source=source, same_identity=same_identity("registration", "gp_person"))
    return f"SELECT {quote(source)} AS source, * FROM (\n{found})"


def _union(selects: list[str]) -> str:
    return "\nUNION ALL\n".join(f"SELECT * FROM (\n{select}\n)" for select in selects)


def _make(con: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")


def _sql(name: str, **parts: str) -> str:
    text = files(__package__).joinpath("sql", "identified", f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**parts) if parts else text
