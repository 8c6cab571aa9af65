"""Do the tables of an extract speak of the same people? Each is compared with the registrations by pseudonym.

A table made with another key, cut or shifted joins nobody or the wrong people, and nothing in it looks wrong.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import present_tables, quote, read_sql
from phm_utils.inputs.doubts import FEWEST, MANY, Doubt
from phm_utils.inputs.silence import LEFT_OUT
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

GP_TABLES = ("gp_event", "gp_medication", "gp_appointment")
# Shares of a table's rows. A GP system sends the rows of its registered patients, and an extract without leavers
# still has some of theirs; hospitals and councils also serve residents who are registered elsewhere.
MOST_UNKNOWN = {**dict.fromkeys(GP_TABLES, 0.25), "partner_list": 0.70, "asc_event": 0.60}
MOST_UNKNOWN_ELSE = 0.50
UNKNOWN_NOTED = 0.02
MOST_NOBODY, NOBODY_NOTED = 0.50, 0.02
# Sex and birth are mistyped in a few of a hundred records; homes are moved from.
MOST_CONTRADICTED = {"sex": 0.10, "birth_month": 0.10, "lsoa": 0.60, "practice_code": 0.60}
CONTRADICTED_NOTED = {"sex": 0.03, "birth_month": 0.03, "lsoa": 0.25, "practice_code": 0.10}
MOST_OF_ONE, SEVERAL = 0.05, 10_000  # share of the rows of a GP table with one pseudonym, from so many rows
MOST_BIRTHS, MOST_OF_UNLIKE = 3, 0.01  # births behind one pseudonym; share of other tables' rows with more of them
# Days after a death, with the shares of the dead in a table, noted and plausible, who have rows later still: results,
# letters and invoices come in for weeks, but nobody is admitted.
LATE = ((60, 0.05, 0.20), (14, 0.30, 0.60))
LATE_IN_HOSPITAL = ((3, 0.03, 0.20),)
HOSPITAL_TABLES = ("apc_episode", "ecds_attendance")
UNHEARD_YEARS, UNHEARD_NOTED = 2, 0.15  # registered for so long, and without a row of any GP table
MOST_BEFORE_BIRTH = 0.02  # of rows; mothers' records before birth are few
# One council or partner of several may have sent; a hospital's table without a practice is cut short. A programme
# runs where it runs.
LOCAL = ("asc_event", "partner_list", "death")
# People of a practice in a table, had it the ICS's share: a tenth of so many is no chance. Who moved since has rows.
EXPECTED_OF_A_PRACTICE, SILENT = 15, 0.10
LOOK = "whether the table and the registrations were pseudonymised with one key, and whether columns have moved"


def doubts_of_people(con: duckdb.DuckDBPyConnection, present: list[str], workbook: Workbook) -> Iterator[Doubt]:
    """Doubts about the people of each table but the registrations; none without registrations.

    Costs a grouping of each table by pseudonym, about as much as reading its rows once.
    """
    if "gp_registration" not in present:
        return
    _list_registered(con, "death" in present, workbook)
    con.execute("CREATE OR REPLACE TEMP TABLE people_heard_of (token_person_id VARCHAR)")
    for name in present:
        columns = {column for column, *_ in con.execute(f"DESCRIBE {name}").fetchall()}
        if name != "gp_registration" and "token_person_id" in columns:
            _list_people(con, name, columns)
            yield from _of_table(con, name, columns)
            if name in GP_TABLES:
                con.execute("INSERT INTO people_heard_of SELECT DISTINCT token_person_id FROM people_of_table")
            con.execute("DROP TABLE people_of_table")
    if set(GP_TABLES) <= set(present):
        yield from _unheard(con)
    con.execute("DROP TABLE people_heard_of")
    con.execute("DROP TABLE registered_people")


def _list_registered(con: duckdb.DuckDBPyConnection, has_deaths: bool, workbook: Workbook) -> None:
    day = f"DATE {quote(workbook.index_date.isoformat())}"
    long_listed = (
        f"registered_from <= {day} - INTERVAL {UNHEARD_YEARS} YEAR AND coalesce(registered_to, {day}) >= {day}"
    )
    died = "SELECT token_person_id, min(date_of_death) AS died FROM death GROUP BY token_person_id"
    none = "SELECT NULL::VARCHAR AS token_person_id, NULL::DATE AS died WHERE false"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE registered_people AS SELECT r.*, d.died FROM ("
        "SELECT token_person_id, min(sex) AS sex, min(birth_month) AS birth_month, min(lsoa) AS lsoa, "
        "max(lsoa) AS other_lsoa, min(practice_code) AS practice_code, max(practice_code) AS other_practice, "
        f"bool_or({long_listed}) AS long_listed "
        "FROM gp_registration WHERE token_person_id IS NOT NULL GROUP BY token_person_id) r "
        f"LEFT JOIN ({died if has_deaths else none}) d USING (token_person_id)"
    )


def _list_people(con: duckdb.DuckDBPyConnection, name: str, columns: set[str]) -> None:
    """`people_of_table`: rows by pseudonym and what the table says of the person, joined to the registrations."""
    day = TABLES[name].date
    said = [c for c in MOST_CONTRADICTED if c in columns]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE people_of_table AS "
        f"SELECT p.*, r.token_person_id IS NOT NULL AS known, r.died, r.birth_month AS born, "
        f"r.practice_code AS own_practice{''.join(f', {_differs(c)} AS differs_{c}' for c in said)} FROM ("
        f"SELECT token_person_id, count(*) AS n, min({day}) AS first_day, max({day}) AS last_day"
        f"{''.join(f', {c}' for c in said)} FROM {name} WHERE token_person_id IS NOT NULL GROUP BY ALL) p "
        "LEFT JOIN registered_people r USING (token_person_id)"
    )


def _differs(column: str) -> str:
    """SQL: does the table say something else than the registrations? Null where either says nothing."""
    other = {"lsoa": "r.other_lsoa", "practice_code": "r.other_practice"}.get(column)
    differs = f"p.{column} <> r.{column}" + (f" AND p.{column} <> {other}" if other else "")
    return f"CASE WHEN p.sex IN ('1', '2') AND r.sex IN ('1', '2') THEN {differs} END" if column == "sex" else differs


def _of_table(con: duckdb.DuckDBPyConnection, name: str, columns: set[str]) -> Iterator[Doubt]:
    said = [c for c in MOST_CONTRADICTED if c in columns]
    counts = read_sql(
        con,
        f"SELECT (SELECT count(*) FROM {name}) AS rows, coalesce(sum(n), 0) AS named, "
        "coalesce(sum(n) FILTER (NOT known), 0) AS unknown, coalesce(sum(n) FILTER (first_day < born), 0) AS unborn, "
        "count(DISTINCT token_person_id) FILTER (died IS NOT NULL) AS dead, "
        + "".join(
            f"count(DISTINCT token_person_id) FILTER (last_day > died + {days}) AS after_{days}, "
            for days, *_ in _late(name)
        )
        + f"({_shared('birth_month' in said)}) AS most"
        + "".join(
            f", coalesce(sum(n) FILTER (differs_{c}), 0) AS other_{c}, "
            f"coalesce(sum(n) FILTER (differs_{c} IS NOT NULL), 0) AS both_{c}"
            for c in said
        )
        + " FROM people_of_table",
    ).iloc[0]
    yield from _unknown(name, counts)
    for column in said:
        yield from _contradicted(name, column, int(counts[f"other_{column}"]), int(counts[f"both_{column}"]))
    if name in GP_TABLES:
        yield from _before_birth(name, int(counts["unborn"]), int(counts["named"]))
    if name not in ("death", "partner_list"):
        yield from _after_death(name, counts)
    if name != "programme_enrolment":
        yield from _silent(con, name)


def _shared(has_births: bool) -> str:
    """The query for the rows of the commonest pseudonym, or of all that unlike people share where births are given.

    Of one person's many rows some have a mistyped birth; most have the same.
    """
    if not has_births:
        return "SELECT coalesce(max(n), 0) FROM (SELECT sum(n) AS n FROM people_of_table GROUP BY token_person_id)"
    return (
        "SELECT coalesce(sum(n), 0) FROM (SELECT sum(n) AS n, max(n) AS alike, count(*) AS births FROM ("
        "SELECT token_person_id, birth_month, sum(n) AS n FROM people_of_table GROUP BY token_person_id, birth_month) "
        f"GROUP BY token_person_id) WHERE births > {MOST_BIRTHS} AND alike < n / 2"
    )


def _unknown(name: str, counts: pd.Series) -> Iterator[Doubt]:
    rows, named, unknown, most = (int(counts[c]) for c in ("rows", "named", "unknown", "most"))
    nobody, limit = rows - named, MOST_UNKNOWN.get(name, MOST_UNKNOWN_ELSE)
    if named and unknown >= FEWEST and unknown / named > UNKNOWN_NOTED:
        text = (
            f"{unknown:,} of {named:,} rows ({unknown / named:.0%}) are of people without a registration; "
            f"up to {limit:.0%} is plausible"
        )
        yield Doubt(name, "token_person_id", "unknown", unknown, named, unknown / named > limit, text, LOOK)
    if nobody >= FEWEST and nobody / rows > NOBODY_NOTED:
        text = f"{nobody:,} of {rows:,} rows ({nobody / rows:.0%}) have no pseudonym and count for nobody"
        yield Doubt(name, "token_person_id", "nobody", nobody, rows, False, text, LOOK)
    at_least, share = (SEVERAL, MOST_OF_ONE) if name in GP_TABLES else (MANY, MOST_OF_UNLIKE)
    if named >= at_least and most / named > share:
        whose = "one pseudonym" if name in GP_TABLES else f"a pseudonym with more than {MOST_BIRTHS} months of birth"
        text = f"{most:,} of {named:,} rows ({most / named:.0%}) have {whose}; up to {share:.0%} is plausible"
        yield Doubt(name, "token_person_id", "placeholder", most, named, True, text, "a filler for unknown numbers")


def _contradicted(name: str, column: str, other: int, both: int) -> Iterator[Doubt]:
    if other < FEWEST or other / both <= CONTRADICTED_NOTED[column]:
        return
    limit = MOST_CONTRADICTED[column]
    text = (
        f"{other:,} of {both:,} rows ({other / both:.0%}) say something else than the person's registration; "
        f"up to {limit:.0%} is plausible"
    )
    yield Doubt(name, column, "contradicted", other, both, other / both > limit, text, LOOK)


def _before_birth(name: str, unborn: int, rows: int) -> Iterator[Doubt]:
    if unborn >= FEWEST and unborn / rows > MOST_BEFORE_BIRTH:
        text = f"{unborn:,} of {rows:,} rows are of people who have rows before their birth"
        yield Doubt(name, TABLES[name].date or "", "before_birth", unborn, rows, True, text, LOOK)


def _late(name: str) -> tuple[tuple[int, float, float], ...]:
    return LATE_IN_HOSPITAL if name in HOSPITAL_TABLES else LATE


def _after_death(name: str, counts: pd.Series) -> Iterator[Doubt]:
    dead = int(counts["dead"])
    for days, noted, most in _late(name):
        after = int(counts[f"after_{days}"])
        if after >= FEWEST and after / dead > noted:
            text = (
                f"{after:,} of {dead:,} people who died have rows more than {days} days after their death; "
                f"up to {most:.0%} is plausible"
            )
            look = "the dates of death, and whether the deaths are those of these people"
            yield Doubt(name, TABLES[name].date or "", "after_death", after, dead, after / dead > most, text, look)
            return


def _unheard(con: duckdb.DuckDBPyConnection) -> Iterator[Doubt]:
    """People registered for years of whom no GP table says anything: others' registrations among ours."""
    [(unheard, listed)] = con.execute(
        "SELECT count(*) FILTER (token_person_id NOT IN (FROM people_heard_of)), count(*) "
        "FROM registered_people WHERE long_listed"
    ).fetchall()
    if unheard >= FEWEST and unheard / listed > UNHEARD_NOTED:
        text = (
            f"{unheard:,} of {listed:,} people registered for {UNHEARD_YEARS} years ({unheard / listed:.0%}) have no "
            f"row in any GP table; up to {UNHEARD_NOTED:.0%} is plausible"
        )
        look = "whether the registrations hold people of other areas, and whether the GP tables are whole"
        yield Doubt("gp_registration", "token_person_id", "unheard", unheard, listed, False, text, look)


def _silent(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[Doubt]:
    """Practices whose patients are (nearly) all missing from a table that has its share of the others'.

    A practice whose GP records fell silent is named as such, and its people are not counted: it is no doubt here.
    """
    practices = read_sql(
        con,
        "SELECT r.practice_code, r.people, coalesce(t.people, 0) AS found FROM ("
        "SELECT practice_code, count(*) AS people FROM registered_people GROUP BY practice_code) r LEFT JOIN ("
        "SELECT own_practice, count(DISTINCT token_person_id) AS people FROM people_of_table WHERE known "
        "GROUP BY own_practice) t ON t.own_practice = r.practice_code ORDER BY r.practice_code",
    )
    with_rows = practices[practices["found"] > 0]
    if with_rows.empty:
        return
    expected = practices["people"] * with_rows["found"].sum() / with_rows["people"].sum()
    silent = practices[(practices["found"] <= expected * SILENT) & (expected >= EXPECTED_OF_A_PRACTICE)]
    if name in GP_TABLES and "silent_practice" in present_tables(con):
        silent = silent[~silent["practice_code"].isin(read_sql(con, LEFT_OUT)["practice_code"])]
    if len(silent):
        listed, found = ", ".join(silent["practice_code"].head(5)), int(silent["found"].sum())
        text = (
            f"{found:,} patients of {len(silent)} of {len(practices)} practices ({listed}) have rows, "
            f"where {expected[silent.index].sum():,.0f} would at the others' share"
        )
        people = int(silent["people"].sum())
        look = "files that are missing or cut short; practices and networks that the source left out"
        yield Doubt(
            name, "token_person_id", "silent", people, int(practices["people"].sum()), name not in LOCAL, text, look
        )
