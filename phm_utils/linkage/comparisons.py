"""Comparisons and blocking rules of the linkage model.

Conditions are in DuckDB's SQL; Splink translates them for Spark. The columns
are those of `COMPARED`, cleaned. Levels go from the closest to the furthest;
the first that is true applies.
"""

from dataclasses import dataclass
from typing import Any

# Columns that a comparison or a blocking rule reads, by the SQL that makes them from the table `identity`.
COMPARED = {
    "given": "given",
    "root": "root",
    "family": "family",
    "born": "strftime(born, '%Y%m%d')",
    "place": "place",
    "address": "address",
    "known_sex": "known_sex",
    "address_line": "address_line",
    "digits": "nhs",
}


@dataclass(frozen=True)
class Level:
    """One level of a comparison: its label and condition. frequent: the column for term frequency adjustment."""

    words: str
    sql: str
    frequent: str | None = None


@dataclass(frozen=True)
class Compared:
    """One comparison. missing: SQL condition for missing values, which add 0 bits."""

    name: str
    missing: str
    levels: tuple[Level, ...]


ELSE = "different"
ONE_SLIP = "one slip, or day and month swapped"


def _missing(column: str) -> str:
    return f"{column}_l IS NULL OR {column}_r IS NULL"


def _alike(column: str, at_least: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {at_least}"


def _slip(column: str, most: int = 1) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {most}"


def _one_letter(column: str) -> str:
    """One slip, in words of three letters or more."""
    return f"({_slip(column)} AND least(length({column}_l), length({column}_r)) >= 3)"


_SWAPPED = "(given_l = family_r AND family_l = given_r)"
_YEAR, _MONTH, _DAY = (
    f"substr(born_l, {start}, {length}) = substr(born_r, {start}, {length})"
    for start, length in ((1, 4), (5, 2), (7, 2))
)
GIVEN = Compared(
    "given",
    _missing("given"),
    (
        Level("the same", "given_l = given_r", "given"),
        Level("swapped with the surname", _SWAPPED),
        Level("a short form or a first of several", "root_l = root_r"),
        Level("nearly the same", f"{_alike('given', 0.88)} OR {_alike('root', 0.88)} OR {_one_letter('given')}"),
        Level(
            "an initial, or one is part of the other",
            "starts_with(given_l, given_r) OR starts_with(given_r, given_l)"
            " OR (length(given_l) >= 3 AND contains(given_r, given_l))"
            " OR (length(given_r) >= 3 AND contains(given_l, given_r))",
        ),
    ),
)
FAMILY = Compared(
    "family",
    _missing("family"),
    (
        Level("the same", "family_l = family_r", "family"),
        Level("swapped with the forename", _SWAPPED),
        Level("nearly the same", f"{_alike('family', 0.88)} OR {_one_letter('family')}"),
        Level(
            "one is part of the other",
            "(length(family_l) >= 4 AND contains(family_r, family_l))"
            " OR (length(family_r) >= 4 AND contains(family_l, family_r))",
        ),
    ),
)
BORN = Compared(
    "born",
    _missing("born"),
    (
        Level("the same", "born_l = born_r"),
        Level(
            ONE_SLIP,
            f"{_slip('born')} OR ({_YEAR} AND substr(born_l, 5, 2) = substr(born_r, 7, 2)"
            " AND substr(born_l, 7, 2) = substr(born_r, 5, 2))",
        ),
        Level("two of day, month and year", f"({_YEAR} AND {_MONTH}) OR ({_YEAR} AND {_DAY}) OR ({_MONTH} AND {_DAY})"),
        Level("the year alone", _YEAR),
    ),
)
HOME = Compared(
    "home",
    f"({_missing('address')}) AND ({_missing('place')})",
    (
        Level("the same property", "address_l = address_r"),
        Level("the same postcode", "place_l = place_r"),
        Level("a postcode with one slip", _slip("place")),
        Level("the same sector", "substr(place_l, 1, length(place_l) - 2) = substr(place_r, 1, length(place_r) - 2)"),
    ),
)
SEX = Compared("sex", _missing("known_sex"), (Level("the same", "known_sex_l = known_sex_r"),))
# Only for data that have them: addresses written in a line, and numbers that have no check digit.
LINE = Compared(
    "address_line",
    _missing("address_line"),
    (
        Level("the same", "address_line_l = address_line_r"),
        Level("nearly the same", _alike("address_line", 0.92)),
        Level("alike", _alike("address_line", 0.8)),
        Level("a little alike", _alike("address_line", 0.7)),
    ),
)
NUMBER = Compared(
    "number",
    _missing("digits"),
    (Level("the same", "digits_l = digits_r"), Level("one slip", _slip("digits"))),
)
STANDARD = (GIVEN, FAMILY, BORN, HOME, SEX)
EVERY = (*STANDARD, LINE, NUMBER)

BLOCKING = (
    ("family", "born"),
    ("root", "born"),
    ("place", "born"),
    ("address", "root"),
    ("place", "given", "family"),
    ("address", "family", "substr(born, 1, 4)"),
    ("substr(given, 1, 3)", "family", "substr(born, 1, 4)"),
    ("given", "family", "substr(born, 5, 4)"),
)
SWAPPED_NAMES = "l.given = r.family AND l.family = r.given AND l.born = r.born"
# Wider rules, each used only where it yields at most MOST_WIDE_PAIRS: for small data.
WIDE_BLOCKING = (
    ("born",),
    ("given", "family"),
    ("place", "family"),
    ("place", "given"),
    ("place", "substr(born, 1, 4)"),
    ("address_line",),
    ("substr(address_line, 1, 8)", "place"),
    ("given",),
    ("family",),
    ("place",),
    ("digits",),
)
MOST_WIDE_PAIRS = 400_000


def comparison_settings(compared: tuple[Compared, ...]) -> list[dict[str, Any]]:
    """The comparisons as Splink's settings state them, without probabilities."""
    return [
        {
            "output_column_name": one.name,
            "comparison_levels": [
                {"sql_condition": one.missing, "label_for_charts": "missing", "is_null_level": True},
                *(_level(level) for level in one.levels),
                {"sql_condition": "ELSE", "label_for_charts": ELSE},
            ],
        }
        for one in compared
    ]


def _level(level: Level) -> dict[str, Any]:
    stated = {"sql_condition": level.sql, "label_for_charts": level.words}
    return stated | ({"tf_adjustment_column": level.frequent} if level.frequent else {})


def rule(keys: tuple[str, ...]) -> str:
    """The blocking rule that two identities have equal keys."""
    return " AND ".join(f"{_side('l', key)} = {_side('r', key)}" for key in keys)


def _side(side: str, key: str) -> str:
    return key.replace("substr(", f"substr({side}.") if key.startswith("substr(") else f"{side}.{key}"
