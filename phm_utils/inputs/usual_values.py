"""Shares that are much alike in every extract: by day of the week, by code, of filled fields.

A column that was recoded, shifted, cut or put in another order keeps its form and loses these shares.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pandas as pd

from phm_utils.engine import quote, read_sql
from phm_utils.inputs.doubts import FEWEST, MANY, Doubt
from phm_utils.schema import EMERGENCY_ADMIMETH
from phm_utils.tables import TABLES


@dataclass(frozen=True)
class Usual:
    """A share of a table's rows that lies within limits in every extract.

    rows: SQL condition of the rows counted. of: SQL condition of those among which.
    low, high: the share, limits included. stops: beyond them, or is it only mentioned? means: the rows, in words.
    """

    table: str
    column: str
    rows: str
    of: str
    low: float
    high: float
    means: str
    stops: bool = True
    look: str = "the column's codes and unit, and whether columns have moved"


_DAYS = "the form of the dates: day and month changed round, cut to the month, or moved by a day"
_EMERGENCY = f"admimeth IN ({', '.join(repr(code) for code in EMERGENCY_ADMIMETH)})"
_PREGNANCY = "diag_01[1] = 'O' AND sex IN ('1', '2')"
# Planned care has few Sundays (2 in 7 once dates are wrong); a thirtieth of days is a first of the month.
_PLANNED = ("gp_event", "gp_appointment", "op_attendance", "csds_contact", "mhsds_contact")
_ACTIVITY = (*_PLANNED, "gp_medication", "apc_episode", "ecds_attendance")
USUAL = (
    *(Usual(t, str(TABLES[t].date), f"isodow({TABLES[t].date}) = 7", "true", 0, 0.12, "on Sundays", look=_DAYS)
      for t in _PLANNED),
    *(Usual(t, str(TABLES[t].date), f"isodow({TABLES[t].date}) = 7", "true", 0, 0.06, "on Sundays", False, _DAYS)
      for t in _PLANNED),
    *(Usual(t, str(TABLES[t].date), f"day({TABLES[t].date}) = 1", "true", 0, 0.30, "on the first of a month",
            look=_DAYS)
      for t in _ACTIVITY),
    Usual("gp_registration", "registered_from", "day(registered_from) = 1", "true", 0, 0.70,
          "on the first of a month", False, _DAYS),
    Usual("gp_registration", "birth_month", "month(birth_month) = 1", "birth_month IS NOT NULL", 0, 0.30,
          "of people born in January", look="births cut to the year; day and month changed round"),
    Usual("gp_registration", "sex", "sex = '9'", "sex IS NOT NULL", 0, 0.05, "of indeterminate sex", False),
    Usual("gp_registration", "ethnicity", "ethnicity = 'Z'", "ethnicity IS NOT NULL", 0, 0.50, "not stated", False),
    Usual("gp_appointment", "status", "status = 'Attended'", "status <> 'Unknown'", 0.50, 1, "attended"),
    Usual("gp_medication", "is_repeat", "is_repeat", "is_repeat IS NOT NULL", 0.30, 1, "repeat medicines", False),
    Usual("gp_medication", "quantity", "quantity > 1000", "quantity IS NOT NULL", 0, 0.50, "above 1,000 dose units"),
    Usual("gp_medication", "bnf_code", "strlen(bnf_code) < 7", "bnf_code IS NOT NULL", 0, 0.50,
          "cut to the chapter or section", False),
    Usual("gp_medication", "duration_days", "duration_days < 14", "duration_days IS NOT NULL", 0, 0.50,
          "for less than two weeks", False),
    Usual("gp_event", "value_num", "value_num < 0", "value_num IS NOT NULL", 0, 0.01, "below 0", False),
    Usual("apc_episode", "epiorder", "epiorder = 1", "epiorder IS NOT NULL", 0, 0.98, "first episodes", False),
    Usual("apc_episode", "admimeth", _EMERGENCY, "admimeth IS NOT NULL", 0.05, 0.95, "emergency admissions"),
    Usual("apc_episode", "classpat", "classpat = '2'", f"{_EMERGENCY} AND classpat IS NOT NULL", 0, 0.25,
          "day cases among emergency admissions"),
    Usual("apc_episode", "sex", "sex = '1'", "admimeth IN ('31', '32') AND sex IN ('1', '2')", 0, 0.10,
          "men among admissions to give birth"),
    *(Usual("apc_episode", "diag_01", "sex = '1' OR birth_month > epistart - INTERVAL 10 YEAR", _PREGNANCY, 0, most,
            "of men or children among diagnoses of pregnancy and birth (O00 to O99)", stops)
      for most, stops in ((0.10, True), (0.05, False))),
    *(Usual("apc_episode", "epistart", "epistart < admidate OR (epiorder = 1 AND epistart > admidate)",
            "admidate IS NOT NULL", 0, most, "before the admission, or first episodes after it", stops, _DAYS)
      for most, stops in ((0.50, True), (0.10, False))),
    Usual("apc_episode", "diag_01", "strlen(diag_01) < 4 OR diag_01[4] IN ('X', '-')", "diag_01 IS NOT NULL", 0, 0.50,
          "without a fourth character", False),
    Usual("apc_episode", "disdate", "disdate - epistart > 365", "disdate IS NOT NULL", 0, 0.05, "of more than a year"),
    Usual("apc_episode", "epiend", "epiend > disdate", "disdate IS NOT NULL AND epiend IS NOT NULL", 0, 0.05,
          "that end after the discharge"),
    Usual("op_attendance", "attended", "attended IN ('5', '6')", "attended <> '0'", 0.50, 1, "seen"),
    Usual("op_attendance", "firstatt", "firstatt IN ('1', '3')", "firstatt IS NOT NULL", 0.10, 0.60, "first ones"),
    Usual("csds_contact", "attended", "attended IN ('5', '6')", "attended <> '0'", 0.50, 1, "attended"),
    Usual("mhsds_contact", "attended", "attended IN ('5', '6')", "attended <> '0'", 0.50, 1, "attended"),
    *(Usual(t, "attended", "attended = '6'", "attended IN ('5', '6')", 0, 0.50, "late among those seen", False)
      for t in ("op_attendance", "csds_contact", "mhsds_contact")),
    Usual("mhsds_contact", "referral_date", "referral_date > contact_date", "referral_date IS NOT NULL", 0, 0.10,
          "before their referral"),
    Usual("ecds_attendance", "arrival_time", "arrival_time < '06:00'", "arrival_time IS NOT NULL", 0, 0.30,
          "arrived between midnight and 6", False),
    Usual("ecds_attendance", "department_type", "department_type IN ('01', '02')", "department_type <> '99'", 0.25, 1,
          "at consultant-led departments", False),
    Usual("area", "population", "population > 20000", "population IS NOT NULL", 0, 0.02, "above 20,000 people", False),
    Usual("asc_event", "client_type", "client_type = 'Service User'", "client_type IS NOT NULL", 0.30, 1,
          "of service users", False),
)  # fmt: skip
# Measurements by their commonest code: their unit (parameters/concepts.csv) and the values that nearly everybody has.
MEASURES = {
    "60621009": ("body mass indexes", "kg/m2", 12, 70),
    "271649006": ("systolic blood pressures", "mmHg", 70, 250),
    "271650006": ("diastolic blood pressures", "mmHg", 30, 150),
    "999791000000106": ("HbA1c values", "mmol/mol", 15, 180),
    "412808005": ("cholesterol values", "mmol/L", 1, 15),
    "1011481000000105": ("eGFR values", "mL/min/1.73m2", 3, 200),
}
MOST_OFF = 0.20  # of the values of a measurement
# Shares of rows without a value that a standard asks for, beyond which the report says so.
NOT_FILLED = {
    "gp_registration": {"sex": 0.05, "birth_month": 0.05, "lsoa": 0.08, "household_token": 0.25, "ethnicity": 0.5,
                        "type_1_opt_out": 0.05, "registered_to": 0.999},
    "gp_event": {"snomed_code": 0.05, "practice_code": 0.05, "value_num": 0.98},
    "gp_medication": {"bnf_code": 0.99, "practice_code": 0.05,
                      "is_repeat": 0.25, "quantity": 0.25, "duration_days": 0.5},
    "gp_appointment": {"status": 0.05, "practice_code": 0.05},
    "apc_episode": {"admimeth": 0.05, "classpat": 0.05, "diag_01": 0.05, "admidate": 0.05, "disdate": 0.1,
                    "spell_id": 0.05, "procode": 0.05, "epiorder": 0.05, "gppract": 0.3},
    "ecds_attendance": {"department_type": 0.05, "duration_minutes": 0.25, "arrival_time": 0.25},
    "op_attendance": {"attended": 0.05, "firstatt": 0.1},
    "csds_contact": {"attended": 0.1},
    "mhsds_contact": {"attended": 0.1},
    "asc_event": {"event_type": 0.05, "client_type": 0.05, "event_end": 0.9, "service_type": 0.95},
    "death": {"underlying_cause": 0.5},
    "address_list": {"household_token": 0.25},
    "practice": {"icb_code": 0.05, "published_list_size": 0.25},
    "area": {"imd_decile": 0.05, "imd_rank": 0.05, "population": 0.05, "rural_urban": 0.05},
}  # fmt: skip
# Columns in which one value in nearly all rows cannot be right.
MANY_VALUED = {
    "gp_event": ("snomed_code", "value_num", "practice_code"),
    "gp_medication": ("bnf_code", "quantity", "practice_code", "duration_days"),
    "apc_episode": ("diag_01", "admimeth", "spell_id", "lsoa", "sex"),
    "ecds_attendance": ("duration_minutes", "lsoa", "sex"),
    "op_attendance": ("tretspef", "lsoa", "sex", "firstatt"),
    "csds_contact": ("lsoa", "sex"),
    "mhsds_contact": ("lsoa", "sex"),
    "asc_event": ("event_type",),
    "gp_registration": ("practice_code", "household_token", "ethnicity"),
    "area": ("imd_decile", "population", "imd_rank"),
    "practice": ("pcn_code", "published_list_size"),
}
ONE_VALUE = 0.97  # of the filled rows
NO_STOP = (
    "practice_code",
    "ethnicity",
    "imd_decile",
    "firstatt",
    "pcn_code",
    "population",
)  # of a very small or odd place
SAMPLE = 200_000  # rows that are looked at first


def doubts_of_values(con: duckdb.DuckDBPyConnection, present: list[str], filled: pd.DataFrame) -> Iterator[Doubt]:
    """Doubts about the values of each table. filled: `rows` and `filled` by table and column.

    Costs one reading of the columns of USUAL, and of a sample of those of MANY_VALUED.
    """
    if "gp_event" in present:
        yield from _measures(con)
    for name in present:
        yield from _unusual(con, name)
        for column, most in NOT_FILLED.get(name, {}).items():
            if (name, column) in filled.index:
                yield from _not_filled(name, column, most, filled.loc[(name, column)])
        for column in MANY_VALUED.get(name, ()):
            yield from _one_value(con, name, column)


def _unusual(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[Doubt]:
    rules = [rule for rule in USUAL if rule.table == name]
    if not rules:
        return
    counts = ", ".join(
        f"count(*) FILTER (({u.of}) AND ({u.rows})) AS n{i}, count(*) FILTER ({u.of}) AS of{i}"
        for i, u in enumerate(rules)
    )
    row = read_sql(con, f"SELECT {counts} FROM {name}").iloc[0]
    said: set[tuple[str, str]] = set()
    for i, rule in enumerate(rules):
        n, of = int(row[f"n{i}"]), int(row[f"of{i}"])
        enough = of >= (MANY if rule.stops else MANY // 10)
        if enough and not rule.low <= n / of <= rule.high and (rule.column, rule.means) not in said:
            said.add((rule.column, rule.means))
            text = (
                f"{n:,} of {of:,} rows ({n / of:.0%}) are {rule.means}; "
                f"between {rule.low:.0%} and {rule.high:.0%} is plausible"
            )
            unlike = n if n / of > rule.high else of - n
            yield Doubt(name, rule.column, "unusual", unlike, of, rule.stops, text, rule.look)


def _measures(con: duckdb.DuckDBPyConnection) -> Iterator[Doubt]:
    """Measurements with many values that hardly anybody has, in their own unit or none."""
    listed = ", ".join(
        f"({quote(code)}, {quote(unit.lower())}, {low}, {high})" for code, (_, unit, low, high) in MEASURES.items()
    )
    found = con.execute(
        f"SELECT code, count(*) FILTER (value_num NOT BETWEEN low AND high), count(*) FROM gp_event "
        f"INNER JOIN (VALUES {listed}) measure(code, own_unit, low, high) ON code = snomed_code "
        "WHERE value_num IS NOT NULL AND (unit IS NULL OR lower(unit) = own_unit) GROUP BY code ORDER BY code"
    ).fetchall()
    for code, off, of in found:
        what, unit, low, high = MEASURES[code]
        if of >= MANY // 10 and off / of > MOST_OFF:
            text = f"{off:,} of {of:,} {what} ({off / of:.0%}) are outside {low} to {high} {unit}"
            yield Doubt("gp_event", "value_num", "unusual", off, of, False, text, f"the unit of the {what}")


def _not_filled(name: str, column: str, most: float, counts: pd.Series) -> Iterator[Doubt]:
    rows, empty = int(counts["rows"]), int(counts["rows"] - counts["filled"])
    if rows >= FEWEST and empty / rows > most:
        text = f"{empty:,} of {rows:,} rows ({empty / rows:.0%}) do not have it"
        look = "the column's name in the extract and in the mapping file"
        yield Doubt(name, column, "not_filled", empty, rows, False, text, look)


def _one_value(con: duckdb.DuckDBPyConnection, name: str, column: str) -> Iterator[Doubt]:
    """A sample shows first whether it can be: only then the whole column is grouped."""
    for source in (f"(SELECT {column} FROM {name} WHERE {column} IS NOT NULL LIMIT {SAMPLE})", name):
        [(most, of)] = con.execute(
            f"SELECT coalesce(max(n), 0), coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {source} "
            f"WHERE {column} IS NOT NULL GROUP BY {column})"
        ).fetchall()
        few = FEWEST if name in ("area", "practice") else MANY
        if of < few or most / of <= (ONE_VALUE if source == name else ONE_VALUE / 2):
            return
    text = f"{most:,} of {of:,} rows ({most / of:.0%}) have one and the same value; up to {ONE_VALUE:.0%} is plausible"
    look = "a default or a filler in the extract"
    yield Doubt(name, column, "one_value", int(most), int(of), column not in NO_STOP, text, look)
