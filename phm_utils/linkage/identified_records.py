"""Records for linkage alone, from a folder with one CSV or Parquet file per source."""

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb

from phm_utils.engine import guarded, literal_path, quote
from phm_utils.engine.csv_lines import refuse_line_breaks
from phm_utils.errors import InputError
from phm_utils.linkage.scheme import EARLIEST_BIRTH, historical_sql
from phm_utils.rules.day_order import Advice, day_forms
from phm_utils.rules.identifiers import fillers_of, none_of, unknown_sex
from phm_utils.rules.text_forms import day_sql, formed_day_sql, trimmed
from phm_utils.schema import NOTHING_WORDS, TEXT_FILLERS
from phm_utils.tables import TABLES

ENDINGS = (".parquet", ".csv")
# Columns of `record`; a one-line `address` is optional everywhere, `practice_code` is on the spine.
TEXTS = ("nhs_number", "forename", "surname", "sex", "postcode", "uprn")
IDENTIFYING = ("forename", "surname", "date_of_birth")  # without any of these, not even an NHS number is used
KNOWN = ("record_id", *TEXTS, "date_of_birth", "address", "practice_code")
NAMES = {"date_of_birth": "birth_text", "address": "line"}  # of columns as read, where another than the file's
NOTHING = (*TEXT_FILLERS, *NOTHING_WORDS)
SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".tsv", ".gz", ".zip")  # tables that are not read
MOST_UNREADABLE = 0.5  # of a source's dates of birth: more, and they are in a form that is not read
ADVICE = Advice(
    either="Write them as YYYY-MM-DD: 03/04/1980 can be read as two different days.",
    both="write them as YYYY-MM-DD",
)
WRONG_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "upright bars"}


@dataclass(frozen=True)
class Source:
    """One source as read: its records, and values that could not be used.

    unreadable_births: dates of birth that are no days, or in a form that is not read.
    impossible_births: those in the future or before 1890; of historical records (see `historical_sql`), in the future.
    historical: are its births of other centuries read?
    unknown_sexes: values of sex that are no code, letter or word for one.
    """

    name: str
    records: int
    columns: tuple[str, ...]
    unreadable_births: int
    impossible_births: int = 0
    historical: bool = False
    unknown_sexes: int = 0


def read_records(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    spine: str,
    *,
    spine_alone: bool = False,
    any_century: bool = False,
) -> list[Source]:
    """Make the temporary table `record` from every source in `folder`; return the sources read.

    One file alone is a list to be deduplicated, whatever its name, unless
    spine_alone: then it is the spine, and other records come from elsewhere.
    any_century: take births of any century from every source, not of historical ones alone (`historical_sql`).
    Raises InputError, with every fault listed once, where several files have no spine
    among them, a file cannot be read or has no identifying column, a
    record id is missing or used twice, or dates of birth cannot be read.
    """
    paths = _source_files(folder, spine, spine_alone)
    _make_table(con)
    sources, faults = [], []
    for name, path in paths.items():
        try:
            sources.append(_read(con, name, path, any_century))
        except InputError as fault:
            faults.append(str(fault))
    if faults:
        raise InputError(
            f"{folder.name}: {len(faults)} of {len(paths)} sources cannot be linked.\n- " + "\n- ".join(faults)
        )
    first = spine if spine in paths else next(iter(paths))
    if not any(source.records for source in sources if source.name == first):
        why = "" if len(paths) == 1 else ": other records are linked to its people"
        raise InputError(f"{paths[first].name} has no records{why}. Export it again.")
    return sources


def read_list(con: duckdb.DuckDBPyConnection, path: Path) -> Source:
    """Make the temporary table `record` from one file; its source is the file's name. Raises as `read_records`."""
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        raise InputError(f"There is no CSV or Parquet file {path}: give the path of a list with one row per record.")
    _make_table(con)
    return _read(con, path.stem, path)


def _make_table(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE record (source VARCHAR, record_id VARCHAR, nhs_number VARCHAR, forename VARCHAR,"
        " surname VARCHAR, date_of_birth DATE, sex VARCHAR, postcode VARCHAR, uprn VARCHAR, line VARCHAR,"
        " verified BOOLEAN, latest DATE)"
    )


def _source_files(folder: Path, spine: str, spine_alone: bool) -> dict[str, Path]:
    """The file of every source of a folder, by the source's name."""
    if not folder.is_dir():
        raise InputError(f"No folder {folder}: give one with one CSV or Parquet file per source.")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith((".", "~$"))
    )
    names = [p.stem for p in found]
    if barred := [name for name in names if "|" in name]:
        raise InputError(f"{folder.name}: a source's name may not contain `|`, and {len(barred)} do. Rename the file.")
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise InputError(f"{folder.name} has {', '.join(twice)} both as CSV and as Parquet: keep one of each.")
    if spine not in names and (len(names) != 1 or spine_alone):
        unread = "".join(f" Save {name} as CSV UTF-8 or Parquet." for name in unread_tables(folder))
        raise InputError(
            f"{folder.name} has no file {spine}.csv or {spine}.parquet: the list of people that others are linked to "
            f"(the spine). It has {', '.join(names) or 'no CSV or Parquet file'}; name another with `--spine NAME`."
            f"{unread}"
        )
    return {p.stem: p for p in found}


def unread_tables(folder: Path) -> list[str]:
    """Names of spreadsheets and other tables of a folder that are not read."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in SPREADSHEETS and not path.name.startswith((".", "~$"))
    )


def _read(con: duckdb.DuckDBPyConnection, name: str, path: Path, any_century: bool = False) -> Source:
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty (0 bytes): export it again, with its column names.")
    scan, columns = _scan(con, path)
    _refuse_columns(path.name, columns)
    read = ("record_id", *TEXTS, "date_of_birth", "address")
    given = ", ".join(f"{_given(columns, column)} AS {column}" for column in read)
    known = ", ".join(f"{_known(column)} AS {NAMES.get(column, column)}" for column in read)
    with guarded(f"Reading {path.name}", "Save it as CSV in UTF-8 with commas between fields, or as Parquet."):
        con.execute(f"CREATE OR REPLACE TEMP TABLE source_row AS SELECT {known} FROM (SELECT {given} FROM {scan})")
        # Each distinct date is parsed once: a million people share 40,000 birthdays.
        con.execute(
            f"WITH birthday AS (SELECT birth_text, {_birth(con, path.name)} AS date_of_birth FROM source_row"
            f" GROUP BY birth_text) INSERT INTO record BY NAME SELECT {quote(name)} AS source,"
            " source_row.* EXCLUDE (birth_text), date_of_birth, true AS verified, NULL::DATE AS latest"
            " FROM source_row LEFT JOIN birthday USING (birth_text)"
        )
        [(births,)] = con.execute("SELECT count(birth_text) FROM source_row").fetchall()
        con.execute("DROP TABLE source_row")
        [(rows, ids, distinct, days, before, future, historical, sexes)] = con.execute(
            "SELECT count(*), count(record_id), count(DISTINCT record_id), count(date_of_birth),"
            f" count(*) FILTER (date_of_birth < DATE '{EARLIEST_BIRTH}'),"
            " count(*) FILTER (date_of_birth > current_date),"
            f" {historical_sql('date_of_birth')}, count(*) FILTER ({unknown_sex('sex')})"
            f" FROM record WHERE source = {quote(name)}"
        ).fetchall()
        if path.suffix.lower() == ".csv":
            _refuse_broken_lines(con, path.name, name)
    _refuse_ids(path.name, rows, ids, distinct)
    if births and births - days > MOST_UNREADABLE * births:
        raise InputError(
            f"{path.name}: {births - days:,} of {births:,} dates of birth cannot be read as days. "
            "Write them as YYYY-MM-DD, such as 1980-05-17."
        )
    historical = bool(historical or (any_century and before))
    impossible = future + (0 if historical else before)
    return Source(name, rows, tuple(columns), births - days, impossible, historical, sexes)


def _scan(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, dict[str, str]]:
    """A FROM clause over a file's rows, and its column names by ours."""
    if path.suffix.lower() == ".parquet":
        scan = f"read_parquet({literal_path(path)}, hive_partitioning = false)"
    else:
        names = _header(path)
        refuse_line_breaks(path)
        columns = ", ".join(f"{quote(c)}: 'VARCHAR'" for c in names)
        scan = (
            f"read_csv({literal_path(path)}, columns = {{{columns}}}, header = true, auto_detect = false, delim = ',',"
            " quote = '\"', escape = '\"', nullstr = '', parallel = false)"
        )
    with guarded(f"Reading {path.name}", "The file may be damaged: copy or export it again."):
        description = con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    return scan, {name.strip().lower(): name for name, *_ in description if name.strip().lower() in KNOWN}


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            header = [cell.strip() for cell in next(csv.reader(handle), [])]
    except (UnicodeError, csv.Error):
        raise InputError(f"{path.name} is not a CSV file in UTF-8: save it as `CSV UTF-8`.") from None
    if len(header) == 1 and (sign := next((s for s in WRONG_SEPARATORS if s in header[0]), None)):
        raise InputError(
            f"{path.name}: its fields are separated by {WRONG_SEPARATORS[sign]}, not commas. "
            "Save it with commas, or as Parquet."
        )
    lowered = [name.lower() for name in header]
    if not any(header) or "" in header or len(set(lowered)) < len(lowered):
        raise InputError(f"{path.name}: the first line must name every column once; {len(header)} names were read.")
    return header


def _refuse_columns(file: str, columns: dict[str, str]) -> None:
    if "record_id" not in columns:
        raise InputError(f"{file} has no column record_id: every record needs a unique identifier. Add the column.")
    if not any(column in columns for column in IDENTIFYING):
        raise InputError(
            f"{file} has none of the columns {', '.join(IDENTIFYING)}: an NHS number alone does not identify "
            "a person, as it may be another's. Rename its columns to these, or leave the file out."
        )


def _refuse_broken_lines(con: duckdb.DuckDBPyConnection, file: str, source: str) -> None:
    """Refuse line breaks in fields: two stray quotation marks merge the rows between them."""
    broken = " OR ".join(f"contains({column}, chr(10))" for column in ("record_id", *TEXTS))
    [(rows,)] = con.execute(f"SELECT count(*) FROM record WHERE source = {quote(source)} AND ({broken})").fetchall()
    if rows:
        raise InputError(
            f"{file}: {rows:,} records have a line break within a name, number or postcode. Other rows may be "
            "merged into them: look for a stray quotation mark."
        )


def _refuse_ids(file: str, rows: int, ids: int, distinct: int) -> None:
    if ids < rows or distinct < ids:
        raise InputError(
            f"{file}: of {rows:,} records {rows - ids:,} have no record_id and {ids - distinct:,} repeat another's. "
            "Give every record a unique record_id before linking."
        )


def _given(columns: dict[str, str], column: str) -> str:
    """SQL for a column as text without blanks around it, null where it is absent."""
    if column not in columns:
        return "NULL::VARCHAR"
    return trimmed("({}::VARCHAR)".format('"' + columns[column].replace('"', '""') + '"'))


def _known(column: str) -> str:
    """SQL over a column of text: null where a word for nothing stands in it."""
    if column == "record_id":
        return "nullif(record_id, '')"
    fillers = fillers_of(TABLES["gp_registration"].column(column)) if column != "address" else NOTHING
    return f"CASE WHEN {' AND '.join(none_of(column, fillers))} THEN {column} END"


def _birth(con: duckdb.DuckDBPyConnection, file: str) -> str:
    """SQL for the day in the text `birth_text` of `source_row`, null where it is none."""
    values = "SELECT DISTINCT birth_text AS v FROM source_row"
    forms = day_forms(con, {"date_of_birth": values}, file, ADVICE).get("date_of_birth", ())
    return f"coalesce({day_sql('birth_text', is_month=False)}, {formed_day_sql('birth_text', forms)})"
