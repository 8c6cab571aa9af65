"""The people that each of two code lists finds, in a run's tables or in a file of people and codes."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import guarded, literal_path, quote, read_sql, session
from phm_utils.engine.csv_lines import refuse_line_breaks
from phm_utils.errors import InputError
from phm_utils.params import Disclosure, Workbook
from phm_utils.privacy.disclosure import protect_counts
from phm_utils.rules.code_systems import PREFIX_SYSTEMS, TITLES, is_code
from phm_utils.rules.codelist_reports import CodeList
from phm_utils.runs import Store, resolve

CODES_SHOWN = 5  # of the codes in only one list, those that find most people
CODES_SAMPLED = 2_000  # distinct codes of a file, enough to see whether its column has codes of the list's system
ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
DIAGNOSES = tuple(f"diag_{n:02d}" for n in range(1, 21))
# By system: SQL that puts `code` of the data into the form of a list.
_CODE_SQL = {
    "icd10": "replace(upper(trim(code)), '.', '')",
    "opcs4": "replace(upper(trim(code)), '.', '')",
    "bnf": "upper(trim(code))",
    "readv2": "left(trim(code), 5)",
}


@dataclass(frozen=True)
class PeopleFound:
    """The people that two lists find.

    counts: people with any code of `a`, of `b`, of `both`, of `only_a`, of
        `only_b`, and `people` in all; <NA> where a policy hides the count.
    by_code: one row per code of one list that finds people whom the other
        does not: `list` (a or b), `code`, `people`; those with most people.
    where: what was counted, in a reader's words.
    """

    counts: pd.Series
    by_code: pd.DataFrame
    where: str

    def protected(self, policy: Disclosure) -> "PeopleFound":
        """The same under disclosure control: small counts hidden, the others rounded."""
        by_code = self.by_code.assign(people=protect_counts(self.by_code["people"], policy))
        return PeopleFound(protect_counts(self.counts, policy), by_code, self.where)


def found_in_run(a: CodeList, b: CodeList, workbook: Workbook) -> PeopleFound:
    """The people of a run's `person` table that each list finds up to the index date, under its disclosure policy.

    Lists of SNOMED CT look in gp_event, of dm+d and BNF in gp_medication, of
    ICD-10 in every diagnosis of apc_episode; each list in its own system's table.

    >>> one = CodeList("diabetes", "icd10", ("E11",), Path("diabetes.csv"))
    >>> settings = {"title": "Demoshire", "ics_code": "QZZ", "synthetic": True, "landing": "landing/demo"}
    >>> workbook = Workbook(name="not_run_yet", index_date=date(2025, 3, 31), **settings)
    >>> found_in_run(one, one, workbook)
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: The run not_run_yet has no people yet. Run `phm run` for its parameter file first.
    """
    folder = resolve(workbook.outputs) / workbook.name
    store = Store(folder / "store")
    if not store.files("person"):
        raise InputError(f"The run {workbook.name} has no people yet. Run `phm run` for its parameter file first.")
    with session(folder / "temp") as con, guarded("Counting people", "Run `phm run` for this parameter file again."):
        store.register(con)
        for name, one in (("event_a", a), ("event_b", b)):
            con.execute(f"CREATE TEMP VIEW {name} AS {_events_of(one, store, workbook.index_date)}")
        found = _count(con, a, b, "SELECT count(*) FROM person", f"registered people of {workbook.title}")
    return found.protected(workbook.disclosure)


def _events_of(one: CodeList, store: Store, index_date: date) -> str:
    """A SELECT of `person` and `code` over the table that holds codes of a list's system."""
    gp = {"snomed": ("gp_event", "snomed_code", "event_date"), "bnf": ("gp_medication", "bnf_code", "issue_date")}
    gp["dmd"] = ("gp_medication", "dmd_code", "issue_date")
    if one.system not in gp and one.system != "icd10":
        raise InputError(f"A run has no table with codes of {TITLES[one.system]}: {one.name} cannot be counted.")
    table, code, day = gp.get(one.system, ("apc_episode", "", "epistart"))
    if not store.files(table):
        raise InputError(f"The run has no table {table}, which holds codes of {TITLES[one.system]}.")
    if table != "apc_episode":
        return (
            f"SELECT person.person_id AS person, {table}.{code} AS code FROM {table} "
            f"INNER JOIN person ON person.person_id = {table}.token_person_id "
            f"WHERE {table}.{day} <= DATE '{index_date}'"
        )
    return (
        f"SELECT person.person_id AS person, unnest([{', '.join(DIAGNOSES)}]) AS code FROM apc_episode "
        "INNER JOIN person_index ON person_index.source = 'apc_episode' "
        "AND person_index.token_person_id = apc_episode.token_person_id "
        "AND person_index.sex IS NOT DISTINCT FROM apc_episode.sex "
        "AND person_index.birth_month IS NOT DISTINCT FROM apc_episode.birth_month "
        "INNER JOIN person ON person.person_id = person_index.person_id "
        f"WHERE apc_episode.epistart <= DATE '{index_date}'"
    )


def found_in_file(
    a: CodeList, b: CodeList, path: Path, person: str, code: str, dated: str | None = None, until: date | None = None
) -> PeopleFound:
    """The people of a CSV or Parquet file that each list finds: true counts.

    person, code: the columns that hold a person's identifier and a code, one event per row.
    dated, until: with both, events dated later do not count.
    Raises InputError where a column is absent, or `code` holds no code of the lists' system.

    >>> one = CodeList("diabetes", "icd10", ("E11",), Path("diabetes.csv"))
    >>> two = CodeList("hypertension", "icd10", ("I10",), Path("hypertension.csv"))
    >>> pd.DataFrame({"who": ["A", "B", "B"], "code": ["E119", "E11", "I10"]}).to_csv("events.csv", index=False)
    >>> found_in_file(one, two, Path("events.csv"), "who", "code").counts.to_dict()
    {'people': 2, 'a': 2, 'b': 1, 'both': 1, 'only_a': 1, 'only_b': 0}
    """
    if (dated is None) != (until is None):
        raise InputError("--date names the column of dates and --until the last day that counts: give both or none.")
    with session() as con, guarded(f"Reading {path.name}", "Save it as CSV in UTF-8 with a header row, or as Parquet."):
        types = _open(con, path)
        for name in filter(None, (person, code, dated)):
            if name not in types:
                raise InputError(f"{path.name} has no column `{name}`; it has {', '.join(types)}.")
        if types[code] in ("DOUBLE", "FLOAT"):
            raise InputError(f"{path.name}: `{code}` holds decimal numbers, which round long ids. Export it as text.")
        rows = f"SELECT {_named(person)}::VARCHAR AS person, trim({_named(code)}::VARCHAR) AS code"
        when = f"try_cast({_named(dated)}::VARCHAR AS TIMESTAMP)::DATE" if dated else "NULL"
        con.execute(f"CREATE TEMP VIEW dated AS {rows}, {when} AS day FROM source WHERE {_named(person)} IS NOT NULL")
        if dated:
            _refuse_unreadable_days(con, path, dated)
        con.execute(f"CREATE TEMP VIEW event AS FROM dated{f' WHERE day <= DATE {quote(str(until))}' if until else ''}")
        _refuse_another_system(con, path, code, a)
        for name in ("event_a", "event_b"):
            con.execute(f"CREATE TEMP VIEW {name} AS FROM event")
        return _count(con, a, b, "SELECT count(DISTINCT person) FROM dated", f"people in {path.name}")


def _open(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Make a file readable as `source`; its columns and their types."""
    if not path.is_file():
        raise InputError(f"No file {path}.")
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path.name} is neither CSV nor Parquet.")
    source = f"read_parquet({literal_path(path)})"
    if path.suffix.lower() != ".parquet":
        refuse_line_breaks(path)
        source = f"read_csv({literal_path(path)}, all_varchar = true, header = true)"
    con.execute(f"CREATE TEMP VIEW source AS FROM {source}")
    return {name: kind for name, kind, *_ in con.execute("DESCRIBE source").fetchall()}


def _named(column: str | None) -> str:
    return '"' + str(column).replace('"', '""') + '"'


def _refuse_unreadable_days(con: duckdb.DuckDBPyConnection, path: Path, dated: str) -> None:
    [(days, unread)] = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE try_cast({_named(dated)}::VARCHAR AS TIMESTAMP) IS NULL) "
        f"FROM source WHERE nullif(trim({_named(dated)}::VARCHAR), '') IS NOT NULL"
    ).fetchall()
    if unread:
        raise InputError(
            f"{path.name}: {unread:,} of {days:,} dates in `{dated}` cannot be read. Write them as 2025-03-31."
        )


def _refuse_another_system(con: duckdb.DuckDBPyConnection, path: Path, column: str, one: CodeList) -> None:
    """Zeros from a column of another system would look like an answer."""
    sample = con.execute(f"SELECT DISTINCT code FROM event WHERE code <> '' LIMIT {CODES_SAMPLED}").fetchall()
    if sample and not any(is_code(code, one.system) for (code,) in sample):
        raise InputError(
            f"{path.name}: no code in `{column}` is one of {TITLES[one.system]}, the system of {one.name}. "
            "Choose the column that holds such codes, or lists of its system."
        )


def _count(con: duckdb.DuckDBPyConnection, a: CodeList, b: CodeList, everyone: str, where: str) -> PeopleFound:
    """Count the people of `event_a` and `event_b` that hold a code of each list."""
    for name, one in (("a", a), ("b", b)):
        listed = pd.DataFrame({"listed": one.codes}, dtype="str")
        con.register(f"wanted_{name}", listed)
        code = _CODE_SQL.get(one.system, "code")
        fits = f"starts_with({code}, listed)" if one.system in PREFIX_SYSTEMS else f"{code} = listed"
        con.execute(  # each code is looked at once, not each event
            f"CREATE TEMP TABLE match_{name} AS SELECT code, listed "
            f"FROM (SELECT DISTINCT code FROM event_{name}) INNER JOIN wanted_{name} ON {fits}"
        )
        con.execute(
            f"CREATE TEMP TABLE hit_{name} AS "
            f"SELECT DISTINCT person, listed FROM event_{name} INNER JOIN match_{name} USING (code)"
        )
    con.execute(
        "CREATE TEMP TABLE person_match AS SELECT person, bool_or(a) AS a, bool_or(b) AS b FROM "
        "(SELECT person, true AS a, false AS b FROM hit_a UNION ALL SELECT person, false, true FROM hit_b) GROUP BY ALL"
    )
    counts = read_sql(
        con,
        f"SELECT ({everyone}) AS people, count(*) FILTER (a) AS a, count(*) FILTER (b) AS b, "
        "count(*) FILTER (a AND b) AS both, count(*) FILTER (NOT b) AS only_a, count(*) FILTER (NOT a) AS only_b "
        "FROM person_match",
    )
    by_code = read_sql(con, " UNION ALL ".join(f"({_by_code(n)})" for n in "ab") + " ORDER BY list, people DESC, code")
    return PeopleFound(counts.iloc[0].rename("people"), by_code, where)


def _by_code(name: str) -> str:
    other = "b" if name == "a" else "a"
    return (
        f"SELECT '{name}' AS list, listed AS code, count(*) AS people FROM hit_{name} "
        f"INNER JOIN person_match USING (person) WHERE NOT person_match.{other} GROUP BY ALL "
        f"ORDER BY people DESC, code LIMIT {CODES_SHOWN}"
    )
