"""Is the extract plausible as a whole? Everything that can be read, breaks no rule of a row, and is unlikely.

What lies beyond its limit stops the check by a name that a parameter file may `accept`; the rest is a line of
the report. `benchmarks/corruptions.py` shows what is found, and which odd extracts are left alone.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import quote, read_sql
from phm_utils.inputs.doubts import FEWEST, Doubt
from phm_utils.inputs.known_people import doubts_of_people
from phm_utils.inputs.listed_addresses import doubts_of_addresses
from phm_utils.inputs.listed_people import doubts_of_opt_outs, doubts_of_registrations
from phm_utils.inputs.usual_values import doubts_of_values
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

NOT_DATED = ("partner_list", "address_list", "programme_enrolment")  # lists are true on a day, programmes begin and end
MOST_BEHIND, BEHIND_NOTED = 150, 45  # days behind the newest date; submissions come monthly or quarterly
BEGINS_LATE = 365  # days after the first date of all tables
MOST_SAME, SAME_NOTED = 0.30, 0.05  # of a table's rows; GP systems hold some of them twice
SAMPLED_ROWS = 500_000  # about as many rows of a table, those of some people, are compared with each other
AREAS = {"IMD2019": 32_844, "IoD2025": 33_755}  # small areas ranked
MOST_DISORDERED = 0.02  # of areas
MOST_SPELLS_JOINED = 0.10  # of hospital spells
GARBLED = ("Ã", "Â", "â€", "\ufffd")  # what UTF-8 looks like when read as cp1252, and what cannot be read
NAMES = {
    "practice": ("practice_name", "pcn_name"),
    "area": ("lsoa_name",),
    "partner_list": ("flag",),
    "address_list": ("value",),
}
MOST_CLOSED, CLOSED_NOTED = 0.25, 0.01  # of registrations: moved to the successor within a year
LEAST_LIST = 50  # people; a smaller list doubles with a family or two
YEARS_OLD = 2  # of a published register, before the index date


def doubts(
    con: duckdb.DuckDBPyConnection, tables: pd.DataFrame, completeness: pd.DataFrame, workbook: Workbook
) -> list[Doubt]:
    """Every doubt about the extract whose validated tables are readable in `con`.

    tables, completeness: `check_table` and `check_completeness` of it. None of an identified extract: its tables
    are checked when `phm link` has made them.
    """
    if workbook.form != "pseudonymised":
        return []
    rows = tables[(tables["state"] == "present") & (tables["rows_kept"] > 0)]
    present = [name for name in rows["table_name"] if name in TABLES]
    filled = completeness.groupby(["table_name", "column_name"])[["rows", "filled"]].max()
    found = [
        *_dates(rows.set_index("table_name").loc[present], workbook),
        *doubts_of_people(con, present, workbook),
        *doubts_of_addresses(con, present, workbook),
        *doubts_of_values(con, present, filled),
        *_same_content(con, rows.set_index("table_name").loc[present, "rows_kept"]),
        *_reference(con, present, workbook),
    ]
    if {"gp_registration", "practice"} <= set(present):
        found += _practices(con, workbook, "practice_register" in present)
    if "gp_registration" in present:
        found += [*doubts_of_registrations(con, present, workbook), *doubts_of_opt_outs(rows, filled)]
    if "apc_episode" in present:
        found += _spells(con)
    return found


def _dates(tables: pd.DataFrame, workbook: Workbook) -> Iterator[Doubt]:
    """Tables that end long before the others, or begin long after them."""
    dated = tables[~tables.index.isin(NOT_DATED) & tables["last_date"].notna() & (tables["rows_kept"] >= 100)]
    if dated.empty:
        return
    newest = max(dated["last_date"].max(), pd.Timestamp(workbook.index_date))
    first = dated.loc[dated.index != "gp_registration", "first_date"].min()
    for name, row in dated.iterrows():
        behind, rows = (newest - row["last_date"]).days, int(row["rows_kept"])
        column = TABLES[name].date or ""
        if behind > BEHIND_NOTED:
            text = (
                f"its newest row is of {row['last_date']:%d %B %Y}, {behind} days before {newest:%d %B %Y}, the newest "
                f"of the extract or the index date; up to {MOST_BEHIND} days is plausible"
            )
            look = "whether it is the file of an earlier delivery, or cut short"
            yield Doubt(name, column, "old", rows, rows, behind > MOST_BEHIND, text, look)
        if name != "gp_registration" and (row["first_date"] - first).days > BEGINS_LATE:
            text = f"its first row is of {row['first_date']:%d %B %Y}, the first of all tables of {first:%d %B %Y}"
            yield Doubt(name, column, "begins_late", rows, rows, False, text, "whether earlier files are missing")


def _same_content(con: duckdb.DuckDBPyConnection, rows: pd.Series) -> Iterator[Doubt]:
    """Rows that differ from another row in nothing but their id, among the rows of some people or addresses."""
    for name, kept in rows.items():
        columns = [c for c, *_ in con.execute(f"DESCRIBE {name}").fetchall()]
        who = next((c for c in ("token_person_id", "household_token") if c in columns), None)
        if who is None:
            continue
        content = ", ".join(c for c in columns if c not in (*TABLES[name].key, "nulled_fields"))
        part = max(1, int(kept) // SAMPLED_ROWS)
        [(same, of)] = con.execute(
            f"SELECT count(*) - count(DISTINCT hash({content})), count(*) FROM {name} "
            f"WHERE {who} IS NOT NULL AND hash({who}) % {part} = 0"
        ).fetchall()
        if same >= FEWEST and same / of > SAME_NOTED:
            text = (
                f"{same:,} of {of:,} rows ({same / of:.0%}) are the same as another but for their id; "
                f"up to {MOST_SAME:.0%} is plausible"
            )
            yield Doubt(name, "", "same_content", same, of, same / of > MOST_SAME, text, "a file that arrived twice")


def _spells(con: duckdb.DuckDBPyConnection) -> Iterator[Doubt]:
    [(joined, spells)] = con.execute(
        "SELECT count(*) FILTER (days > 1), count(*) FROM (SELECT count(DISTINCT admidate) AS days FROM apc_episode "
        "WHERE spell_id IS NOT NULL AND token_person_id IS NOT NULL GROUP BY procode, token_person_id, spell_id)"
    ).fetchall()
    if joined >= FEWEST and joined / spells > MOST_SPELLS_JOINED:
        text = (
            f"{joined:,} of {spells:,} spells ({joined / spells:.0%}) have more than one day of admission; "
            f"up to {MOST_SPELLS_JOINED:.0%} is plausible"
        )
        look = "whether the column numbers spells, not people or providers"
        yield Doubt("apc_episode", "spell_id", "unusual", joined, spells, True, text, look)
    [(shared, numbers)] = con.execute(
        "SELECT count(*) FILTER (people > 1), count(*) FROM (SELECT count(DISTINCT token_person_id) AS people "
        "FROM apc_episode WHERE spell_id IS NOT NULL GROUP BY procode, spell_id)"
    ).fetchall()
    if shared and shared / numbers > MOST_SPELLS_JOINED:
        text = (
            f"{shared:,} of {numbers:,} spells of a provider ({shared / numbers:.0%}) are of more than one person; "
            f"up to {MOST_SPELLS_JOINED:.0%} is plausible"
        )
        [(episodes,)] = con.execute("SELECT count(spell_id) FROM apc_episode").fetchall()
        yield Doubt("apc_episode", "spell_id", "shared", episodes, episodes, True, text, "where the numbers start anew")


def _reference(con: duckdb.DuckDBPyConnection, present: list[str], workbook: Workbook) -> Iterator[Doubt]:
    """Tables of practices and areas."""
    if "area" in present:
        yield from _ranks(con, AREAS[workbook.geography.imd_version])
    for name in (n for n in NAMES if n in present):
        for column in NAMES[name]:
            signs = " OR ".join(f"contains({column}, {quote(sign)})" for sign in GARBLED)
            [(rows, of)] = con.execute(f"SELECT count(*) FILTER ({signs}), count({column}) FROM {name}").fetchall()
            if rows:
                text = f"{rows:,} of {of:,} names hold letters that were read in the wrong encoding"
                yield Doubt(name, column, "garbled", rows, of, False, text, "the file's `encoding` in the mapping file")
    if "practice" in present:
        [(others, of)] = con.execute(
            f"SELECT count(*) FILTER (icb_code <> {quote(workbook.ics_code)}), count(icb_code) FROM practice"
        ).fetchall()
        if others:
            text = f"{others:,} of {of:,} practices are of another ICB than {workbook.ics_code}"
            yield Doubt(
                "practice", "icb_code", "elsewhere", others, of, False, text, "`ics_code` in the parameter file"
            )
    if "practice_register" in present:
        day = f"DATE {quote(workbook.index_date.isoformat())} - INTERVAL {YEARS_OLD} YEAR"
        [(old, of)] = con.execute(f"SELECT count(*) FILTER (as_at < {day}), count(*) FROM practice_register").fetchall()
        if old >= FEWEST:
            text = f"{old:,} of {of:,} published counts are of more than {YEARS_OLD} years before the index date"
            yield Doubt("practice_register", "as_at", "long_ago", old, of, False, text, "the year of the publication")


def _practices(con: duckdb.DuckDBPyConnection, workbook: Workbook, has_registers: bool) -> Iterator[Doubt]:
    """Patients of practices that are closed, and lists far from their published size."""
    day = f"DATE {quote(workbook.index_date.isoformat())}"
    lists = read_sql(
        con,
        f"SELECT p.practice_code, p.published_list_size AS published, coalesce(p.close_date < {day}, false) AS closed, "
        "coalesce(r.people, 0) AS people FROM practice p LEFT JOIN (SELECT practice_code, count(*) AS people "
        f"FROM gp_registration WHERE registered_from <= {day} AND coalesce(registered_to, {day}) >= {day} "
        "GROUP BY practice_code) r USING (practice_code) ORDER BY p.practice_code",
    )
    people, closed = int(lists["people"].sum()), int(lists.loc[lists["closed"], "people"].sum())
    if closed >= FEWEST and closed / people > CLOSED_NOTED:
        text = (
            f"{closed:,} of {people:,} registrations on the index date are with practices that had closed; "
            f"up to {MOST_CLOSED:.0%} is plausible"
        )
        look = "the dates of closing, and registrations that were not moved to the successor"
        yield Doubt("practice", "close_date", "closed", closed, people, closed / people > MOST_CLOSED, text, look)
    yield from _list_sizes("practice", "published_list_size", lists)
    if has_registers:
        sizes = read_sql(
            con, "SELECT practice_code, published_count FROM practice_register WHERE register = 'list_size'"
        )
        lists = lists.drop(columns="published").merge(sizes.rename(columns={"published_count": "published"}))
        yield from _list_sizes("practice_register", "published_count", lists)


def _list_sizes(table: str, column: str, lists: pd.DataFrame) -> Iterator[Doubt]:
    """Practices whose `people` and `published` list differ twofold."""
    known = lists.dropna(subset="published")
    sized = known[(known["published"] >= LEAST_LIST) | (known["people"] >= LEAST_LIST)]
    off = sized[(sized["people"] > 2 * sized["published"]) | (sized["people"] < sized["published"] / 2)]
    if len(off):
        listed = ", ".join(off["practice_code"].head(5))
        text = f"{len(off)} of {len(sized)} practices ({listed}) have under half or over twice the published list"
        look = "files that are missing or doubled, the unit of the list size, and its year"
        yield Doubt(table, column, "list_size", len(off), len(sized), False, text, look)


def _ranks(con: duckdb.DuckDBPyConnection, areas: int) -> Iterator[Doubt]:
    expected = f"CAST(floor((imd_rank - 1) * 10.0 / {areas}) AS BIGINT) + 1"
    [(wrong, of)] = con.execute(
        f"SELECT count(*) FILTER (abs(imd_decile - ({expected})) > 1), count(*) FROM area "
        "WHERE imd_decile IS NOT NULL AND imd_rank IS NOT NULL"
    ).fetchall()
    if wrong >= FEWEST and wrong / of > MOST_DISORDERED:
        text = (
            f"{wrong:,} of {of:,} areas ({wrong / of:.0%}) have another decile than their rank among {areas:,} areas "
            f"of England gives; up to {MOST_DISORDERED:.0%} is plausible"
        )
        look = "whether 1 is the most deprived in both, and whether both are of England and one version"
        yield Doubt("area", "imd_decile", "order", wrong, of, True, text, look)
