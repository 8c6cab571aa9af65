"""Are the registrations those of a population? Who is current, of which ages, in which households; deaths, opt-outs."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import quote, read_sql
from phm_utils.inputs.doubts import FEWEST, MANY, Doubt
from phm_utils.params import Workbook

MOST_TWICE, TWICE_NOTED = 0.05, 0.01  # of current registrations
MOST_ALIKE, ALIKE_NOTED = 0.12, 0.05  # of registrations: twins are 3 in 100, and half of them of one sex
LEAST_OF_AN_AGE = 0.01  # of current registrations: under 18, 18 to 64, and 65 or over
LEAST_CURRENT = 0.40  # of registrations: twenty years of leavers are still fewer than those who stay
LARGEST_USUAL_HOUSEHOLD = 15  # people, in which half of a population cannot live
MOST_ALONE = 0.98  # of people who live alone
LEAST_ALIKE = 0.20  # of the agreement of a household's ethnic categories that is beyond chance
# A practice of ONE_CATEGORY lists so many of one ethnic category; with MANY_SUCH of the people in such practices, it
# would be that of nearly everybody (NEARLY_ALL) in a place without a fault.
ONE_CATEGORY, FEWEST_LISTED, MANY_SUCH, NEARLY_ALL = 0.99, 30, 0.50, 0.97
MOST_WITHHELD = 0.20  # of registrations; one in twenty people in England has opted out
MOST_DEATHS = 0.05  # of the people registered, in a year; one in a hundred dies


def doubts_of_registrations(con: duckdb.DuckDBPyConnection, present: list[str], workbook: Workbook) -> Iterator[Doubt]:
    """Doubts about who is registered, how old they are, with whom they live, and how many died."""
    day = f"DATE {quote(workbook.index_date.isoformat())}"
    current = f"registered_from <= {day} AND coalesce(registered_to, {day}) >= {day}"
    row = read_sql(
        con,
        f"SELECT count(*) AS rows, count(*) FILTER (registered_from <= {day}) AS begun, "
        f"count(*) FILTER ({current}) AS current, count(DISTINCT token_person_id) FILTER ({current}) AS people, "
        f"count(token_person_id) FILTER ({current}) AS named, "
        f"count(birth_month) FILTER ({current}) AS aged, "
        f"count(*) FILTER ({current} AND birth_month > {day} - INTERVAL 18 YEAR) AS young, "
        f"count(*) FILTER ({current} AND birth_month <= {day} - INTERVAL 65 YEAR) AS old FROM gp_registration",
    ).iloc[0]
    n = {name: int(value) for name, value in row.items()}
    if n["begun"] >= MANY and n["current"] / n["begun"] < LEAST_CURRENT:
        text = (
            f"{n['current']:,} of {n['begun']:,} registrations ({n['current'] / n['begun']:.0%}) are current on the "
            f"index date; at least {LEAST_CURRENT:.0%} is plausible"
        )
        look = "the ends of registrations, and whether the extract holds leavers alone"
        ended = n["begun"] - n["current"]
        yield Doubt("gp_registration", "registered_to", "current", ended, n["begun"], True, text, look)
    if (twice := n["named"] - n["people"]) >= FEWEST and twice / n["named"] > TWICE_NOTED:
        share = twice / n["named"]
        text = (
            f"{twice:,} of {n['named']:,} current registrations ({share:.0%}) are a second one of their person; "
            f"up to {MOST_TWICE:.0%} is plausible"
        )
        look = "ends of registrations that are missing, or a file that arrived twice"
        yield Doubt("gp_registration", "token_person_id", "twice", twice, n["named"], share > MOST_TWICE, text, look)
    yield from _ages(n)
    yield from _alike(con)
    yield from _households(con, current)
    yield from _strangers(con, current)
    yield from _one_category(con, current)
    if "death" in present:
        yield from _deaths(con, n["people"])


def _ages(n: dict[str, int]) -> Iterator[Doubt]:
    if n["aged"] < MANY:
        return
    groups = {"under 18": n["young"], "18 to 64": n["aged"] - n["young"] - n["old"], "65 or over": n["old"]}
    for group, people in groups.items():
        if people / n["aged"] < LEAST_OF_AN_AGE:
            text = f"{people:,} of {n['aged']:,} people are {group}; at least {LEAST_OF_AN_AGE:.0%} is plausible"
            look = "whether the extract was restricted by age, and the form of the births"
            yield Doubt("gp_registration", "birth_month", "ages", n["aged"] - people, n["aged"], True, text, look)


def _alike(con: duckdb.DuckDBPyConnection) -> Iterator[Doubt]:
    [(alike, of)] = con.execute(
        "SELECT coalesce(sum(people - 1), 0), coalesce(sum(people), 0) FROM ("
        "SELECT count(DISTINCT token_person_id) AS people FROM gp_registration WHERE household_token IS NOT NULL "
        "AND birth_month IS NOT NULL GROUP BY birth_month, sex, household_token, registered_from)"
    ).fetchall()
    if alike >= FEWEST and alike / of > ALIKE_NOTED:
        text = (
            f"{alike:,} of {of:,} people ({alike / of:.0%}) have the birth, sex, household and first day of another; "
            f"up to {MOST_ALIKE:.0%} is plausible"
        )
        look = "people who are listed twice under two pseudonyms"
        yield Doubt(
            "gp_registration", "token_person_id", "alike", int(alike), int(of), alike / of > MOST_ALIKE, text, look
        )


def _households(con: duckdb.DuckDBPyConnection, current: str) -> Iterator[Doubt]:
    [(people, alone, shared)] = con.execute(
        f"SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (n = 1), 0), "
        f"coalesce(sum(n) FILTER (n > {LARGEST_USUAL_HOUSEHOLD}), 0) FROM (SELECT count(*) AS n FROM gp_registration "
        f"WHERE household_token IS NOT NULL AND {current} GROUP BY household_token)"
    ).fetchall()
    if people < MANY:
        return
    text = ""
    if alone / people > MOST_ALONE:
        text = f"{alone:,} of {people:,} people ({alone / people:.0%}) have a household of their own"
    elif shared / people > 0.5:
        text = f"{shared:,} of {people:,} people live in households of more than {LARGEST_USUAL_HOUSEHOLD}"
    if text:
        look = "what the household's pseudonym was made of: an address, not a postcode or a person"
        yield Doubt("gp_registration", "household_token", "households", int(max(alone, shared)), int(people), True,
                    text, look)  # fmt: skip


def _strangers(con: duckdb.DuckDBPyConnection, current: str) -> Iterator[Doubt]:
    """Households whose people are of one ethnic category no more often than by chance (Cohen's kappa of pairs)."""
    [(same, pairs, chance)] = con.execute(
        "WITH listed AS (SELECT household_token, ethnicity, count(*) AS n FROM gp_registration WHERE "
        f"household_token IS NOT NULL AND ethnicity NOT IN ('Z', '99') AND {current} GROUP BY ALL), "
        "household AS (SELECT household_token, sum(n * (n - 1)) AS same, sum(n) * (sum(n) - 1) AS pairs FROM listed "
        f"GROUP BY ALL HAVING sum(n) BETWEEN 2 AND {LARGEST_USUAL_HOUSEHOLD}), "
        "category AS (SELECT sum(n) AS n FROM listed SEMI JOIN household USING (household_token) GROUP BY ethnicity) "
        "SELECT coalesce(sum(same), 0), coalesce(sum(pairs), 0), "
        "(SELECT sum(n * n) / pow(sum(n), 2) FROM category) FROM household"
    ).fetchall()
    if pairs < MANY or chance > MOST_ALONE:
        return
    alike = (same / pairs - chance) / (1 - chance)
    if alike < LEAST_ALIKE:
        text = (
            f"{same / pairs:.0%} of pairs of people in one household are of one ethnic category, where {chance:.0%} "
            "would be by chance"
        )
        look = "whether the column was sorted or moved by itself, and what the household's pseudonym was made of"
        yield Doubt(
            "gp_registration", "ethnicity", "strangers", int(pairs - same) // 2, int(pairs) // 2, False, text, look
        )


def _one_category(con: duckdb.DuckDBPyConnection, current: str) -> Iterator[Doubt]:
    """Practices whose people are all of one ethnic category, where the place's are of several."""
    [(alike, people, largest)] = con.execute(
        "WITH listed AS (SELECT practice_code, ethnicity, count(*) AS n FROM gp_registration WHERE "
        f"ethnicity NOT IN ('Z', '99') AND {current} GROUP BY ALL), "
        "practice AS (SELECT sum(n) AS people, max(n) / sum(n) AS share FROM listed GROUP BY practice_code), "
        "category AS (SELECT sum(n) AS people FROM listed GROUP BY ethnicity) "
        f"SELECT coalesce(sum(people) FILTER (share >= {ONE_CATEGORY} AND people >= {FEWEST_LISTED}), 0), "
        "coalesce(sum(people), 0), coalesce((SELECT max(people) / sum(people) FROM category), 0) FROM practice"
    ).fetchall()
    if people >= MANY and alike / people > MANY_SUCH and largest < NEARLY_ALL:
        text = (
            f"{alike:,} of {people:,} people ({alike / people:.0%}) are with practices of one ethnic category, which "
            f"{largest:.0%} of all people have at most"
        )
        look = "whether the column was sorted or moved by itself"
        yield Doubt("gp_registration", "ethnicity", "one_category", int(alike), int(people), False, text, look)


def _deaths(con: duckdb.DuckDBPyConnection, people: int) -> Iterator[Doubt]:
    [(deaths,)] = con.execute(
        "SELECT count(*) FROM death WHERE date_of_death > (SELECT max(date_of_death) FROM death) - INTERVAL 365 DAY"
    ).fetchall()
    if people >= MANY and deaths / people > MOST_DEATHS:
        text = (
            f"{deaths:,} deaths in the last year among {people:,} people ({deaths / people:.0%}); "
            f"up to {MOST_DEATHS:.0%} is plausible"
        )
        yield Doubt("death", "", "deaths", deaths, people, True, text, "whether every row is a death")


def doubts_of_opt_outs(tables: pd.DataFrame, filled: pd.DataFrame) -> Iterator[Doubt]:
    """Doubts about how many people have opted out.

    tables: `check_table`. filled: `rows` and `filled` by table and column.
    """
    row = tables.set_index("table_name").loc["gp_registration"]
    rows, withheld = int(row["rows_in"]), int(row["rows_withheld"])
    key = ("gp_registration", "type_1_opt_out")
    if rows >= 100 and withheld / rows > MOST_WITHHELD:
        text = (
            f"{withheld:,} of {rows:,} registrations ({withheld / rows:.0%}) are of people who have opted out; "
            f"up to {MOST_WITHHELD:.0%} is plausible"
        )
        yield Doubt("gp_registration", "type_1_opt_out", "withheld", withheld, rows, True, text,
                    "whether the flag's words mean what they seem to")  # fmt: skip
    if rows >= MANY and not withheld and key in filled.index and filled.loc[key, "filled"]:
        text = f"none of {rows:,} registrations is of a person who has opted out, though they carry the flag"
        yield Doubt("gp_registration", "type_1_opt_out", "none", rows, rows, False, text, "where the flag comes from")
