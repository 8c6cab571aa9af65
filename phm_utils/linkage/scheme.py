"""Cleaned identities of every source, and deterministic links by NHS number or description.

An NHS number alone is never enough: another person's is recorded too often.
The SQL of `sql/identified` states the rules. Identities that they leave open
go to `probabilistic`.
"""

from dataclasses import dataclass
from typing import Literal

import duckdb

from phm_utils.engine import quote
from phm_utils.linkage.queries import make, query
from phm_utils.linkage.short_names import short_names
from phm_utils.rules.check_digits import nhs_number_sql
from phm_utils.rules.identifiers import (
    nhs_number_form,
    plain_postcode_form,
    sex_form,
    uprn_form,
    usable_postcode,
    usable_uprn,
)
from phm_utils.schema import DATE_FILLERS

# Placeholders for a name, in letters alone; any row of Xs is one too.
PLACEHOLDER_NAMES = (
    *("", "BABY", "BABYBOY", "BABYGIRL", "BABYOF", "INFANT", "NEWBORN", "MALE", "FEMALE", "BOY", "GIRL"),
    *("TWIN", "TWINONE", "TWINTWO", "TWINI", "TWINII", "UNKNOWN", "UNK", "NOTKNOWN", "NK", "NA", "NONE", "NULL"),
    *("NOTSTATED", "UNNAMED", "ANON", "ANONYMOUS", "TEST", "FORENAME", "SURNAME", "DUMMY", "NAN", "NOTGIVEN"),
)
# Letters that are not accented, and are replaced where a keyboard lacks them: Łukasz, Groß.
STROKE_LETTERS, PLAIN_LETTERS = "ŁØĐÐĦŦ", "LODDHT"
JOINED_LETTERS = {"ẞ": "SS", "ß": "SS", "Æ": "AE", "Œ": "OE", "Þ": "TH"}
EARLIEST_BIRTH, EARLIEST_OF_ALL = "1890-01-01", "1000-01-01"  # of people of today, and of historical records
FEWEST_EARLY, EARLY_SHARE = 10, 0.1  # births before 1890, and of a source's births: so many are no slips
LEAST_SHARING = 11  # people of one source with one number: more than one person's records written in other ways
MOST_HOUSEHOLDS = 100  # with one birthday, where it is also one in a hundred of a source's: more, and it is a default


@dataclass(frozen=True)
class Scheme:
    """Which identifiers the records have.

    spine: the source whose people the others are linked to; '' where one list is deduplicated.
    national: 'nhs' for NHS numbers (modulo 11) and UK postcodes; 'any' takes
        every number and postcode as written, for data from elsewhere.
    """

    spine: str
    national: Literal["nhs", "any"] = "nhs"


def deterministic_links(con: duckdb.DuckDBPyConnection, scheme: Scheme) -> None:
    """From the view or table `record` make the temporary tables `identity`, `gp_person` and `other_person`.

    record: one row per record: source, record_id, nhs_number, forename,
        surname, date_of_birth (DATE), sex, postcode, uprn, line (one-line
        address), verified (is its NHS number traced), latest (DATE, which of
        two registrations is newer); text unless stated, null where absent.
    identity: one row per source and distinct raw identifiers, cleaned.
    gp_person: the spine's identities with their `person`.
    other_person: the others; `person` and `method` are null where no rule links them.
    """
    clean_identities(con, scheme)
    agrees = query("identified/agrees")
    make(con, "gp_person", query("identified/gp_person", agrees=agrees, spine=_escaped(scheme.spine)))
    make(con, "other_person", query("identified/other_person", agrees=agrees, spine=_escaped(scheme.spine)))


def clean_identities(con: duckdb.DuckDBPyConnection, scheme: Scheme) -> None:
    """From `record` make the temporary table `identity` alone (see `deterministic_links`)."""
    con.register("short_name", short_names())
    make(con, "default_number", query("identified/default_number", least=str(LEAST_SHARING)))
    make(con, "identity", _identities(scheme))
    con.unregister("short_name")


def _identities(scheme: Scheme) -> str:
    """SQL for the cleaned identities of every source."""
    is_nhs = scheme.national == "nhs"
    return query(
        "identified/identity",
        first_letters=_plain_letters("trim(words)"),
        last_letters=_plain_letters("words"),
        number_form=nhs_number_form("nhs_number"),
        number_is_usable=nhs_number_sql("digits") if is_nhs else "regexp_matches(digits, '[0-9]')",
        postcode_form=plain_postcode_form("postcode"),
        postcode_is_usable=usable_postcode("plain_postcode") if is_nhs else "plain_postcode <> ''",
        property_form=uprn_form("uprn"),
        property_is_usable=usable_uprn("property"),
        sex_form=sex_form("sex"),
        placeholders=", ".join(quote(name) for name in PLACEHOLDER_NAMES),
        most_households=str(MOST_HOUSEHOLDS),
        date_fillers=_fillers(),
        historical=historical_sql("date_of_birth") if is_nhs else "true",
        earliest=EARLIEST_BIRTH,
        earliest_of_all=EARLIEST_OF_ALL,
    )


def historical_sql(birth: str) -> str:
    """SQL over the records of a source: are its births those of historical records, before 1890, and not slips?

    More than half of them, or ten and a tenth; documented fillers, such as 1800-01-01, are not counted.
    """
    early = f"count(*) FILTER ({birth} < DATE '{EARLIEST_BIRTH}' AND {birth} NOT IN ({_fillers()}))"
    return (
        f"(2 * {early} > count({birth}) OR ({early} >= {FEWEST_EARLY} AND {early} >= {EARLY_SHARE} * count({birth})))"
    )


def _fillers() -> str:
    return ", ".join(f"DATE {quote(day)}" for day in DATE_FILLERS)


def _plain_letters(text: str) -> str:
    """SQL for a text in capitals without accents, and with plain letters for special ones."""
    plain = f"translate(upper(strip_accents({text})), {quote(STROKE_LETTERS)}, {quote(PLAIN_LETTERS)})"
    for joined, letters in JOINED_LETTERS.items():
        plain = f"replace({plain}, {quote(joined)}, {quote(letters)})"
    return plain


def _escaped(text: str) -> str:
    """Text escaped for use inside a quoted SQL literal."""
    return quote(text)[1:-1]
