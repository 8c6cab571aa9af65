"""Errors of real extracts, planted at stated rates: in dates, values, codes and duplicated rows.

Errors of identity are planted by `identified_columns` and `pseudonymised_columns`, at the rates stated here.
"""

from dataclasses import dataclass

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import NULL, Coded, chance
from phm_utils.synthetic.people import BLACK, ETHNIC_CODES, People
from phm_utils.synthetic.rows import Dates, Numbers, Rows

DUPLICATED = 0.0004  # rows sent twice, alike in every column but their place
DATE_ABSENT, DATE_IN_FUTURE = 0.00006, 0.00004
DATE_UNREADABLE = 0.002  # of lists, whose dates are text
ADDRESS_MISSING, ADDRESS_WRONG = 0.03, 0.003  # of rows of lists of addresses: no key, or that of another; assumed
FUTURE_DAYS = 3_650  # a year mistyped by ten
VALUE_IMPOSSIBLE = 0.0006  # of GP measurements: 0, or a slipped decimal point
DISCHARGE_FILLER = "1801-01-01"  # documented null of HES
DISCHARGE_FILLED = 0.002  # of closed episodes; every open one has it or nothing, half and half
DIAGNOSIS_FAULT = 0.001  # 7999 or 0000
PRACTICE_FILLER = 0.003  # V81997, no practice recorded by the hospital
ETHNICITY_NULL, ETHNICITY_NOT_STATED, ETHNICITY_NOT_KNOWN = 0.020, 0.025, 0.015
ETHNICITY_MORE_MINORITY, ETHNICITY_MORE_YOUNG_MEN = 2.6, 1.5  # times likelier
DATED = {
    "gp_event": "event_date",
    "gp_medication": "issue_date",
    "gp_appointment": "appt_date",
    "apc_episode": "epistart",
    "ecds_attendance": "arrival_date",
    "op_attendance": "apptdate",
    "csds_contact": "contact_date",
    "mhsds_contact": "contact_date",
}
TEXT_DATES = ("partner_list", "address_list")
NOT_DUPLICATED = ("death", "programme_enrolment")


@dataclass(frozen=True)
class IdentityFaults:
    """Rates of errors in a source's identifiers: shares of rows, or of people where stated.

    missing, wrong: the pseudonym or NHS number. mistyped: of people, a name
    (identified) or sex or birth month (pseudonymised). moved: of people, the
    address of a former home. placeholder: of people, a filler for a name or
    birth date.
    """

    missing: float
    wrong: float = 0.001
    sex_unknown: float = 0.002
    mistyped: float = 0.010
    moved: float = 0.04
    placeholder: float = 0.002
    place_missing: float = 0.004


IDENTITY = {
    "apc_episode": IdentityFaults(0.008),
    "ecds_attendance": IdentityFaults(0.015, mistyped=0.015, placeholder=0.004),
    "op_attendance": IdentityFaults(0.004),
    "csds_contact": IdentityFaults(0.010),
    "mhsds_contact": IdentityFaults(0.012, sex_unknown=0.01),
    "asc_event": IdentityFaults(0.060, mistyped=0.02),
    "partner_list": IdentityFaults(0.080, 0.003, 0.02, 0.03, 0.06, 0.006, 0.03),
    "programme_enrolment": IdentityFaults(0.004, 0.0, 0.0, 0.005, 0.02, 0.0, 0.0),
    "death": IdentityFaults(0.004, 0.0005, 0.0, 0.005, 0.02, 0.0, 0.0),
}
# Councils and charities mostly do not know the NHS number; it matters where extracts arrive without pseudonyms.
NUMBER_UNKNOWN = {"partner_list": 0.55, "asc_event": 0.15}


def recorded_ethnicity(rng: np.random.Generator, people: People) -> np.ndarray:
    """Ethnicity as the practice recorded it: position in ETHNIC_CODES, then Z, then 99; NULL for nothing."""
    times = np.where(people.ethnicity >= ETHNIC_CODES.index("D"), ETHNICITY_MORE_MINORITY, 1.0)
    times *= np.where((people.sex == 0) & (people.age >= 18) & (people.age < 40), ETHNICITY_MORE_YOUNG_MEN, 1.0)
    times *= np.where(people.is_ethnic(BLACK), 1.3, 1.0)
    draw = rng.random(len(people)) / times
    steps = np.cumsum([ETHNICITY_NULL, ETHNICITY_NOT_STATED, ETHNICITY_NOT_KNOWN])
    fillers = (NULL, len(ETHNIC_CODES), len(ETHNIC_CODES) + 1)
    return np.select([draw < step for step in steps], fillers, people.ethnicity.astype(int)).astype(np.uint8)


def add_errors(rng: np.random.Generator, table: str, rows: Rows) -> Rows:
    """The table with errors added; duplicated rows come last."""
    if table in DATED:
        _add_date_errors(rng, rows.dates(DATED[table]))
    if table == "gp_event":
        _add_value_errors(rng, rows.numbers("value_num"))
    if table == "apc_episode":
        _add_episode_errors(rng, rows)
    if table in TEXT_DATES:
        rows.columns["list_date"] = text_dates(rng, rows.dates("list_date"))
    if table in NOT_DUPLICATED:
        return rows
    twice = np.flatnonzero(chance(rng, DUPLICATED, len(rows)))
    return rows.repeated(twice) if len(twice) else rows


def _some(rng: np.random.Generator, share: float, size: int) -> np.ndarray:
    """A few positions, without looking at every row."""
    return np.unique(rng.integers(0, max(size, 1), rng.poisson(share * size))) if size else np.zeros(0, int)


def _add_date_errors(rng: np.random.Generator, column: Dates) -> None:
    column.days = column.days.astype(np.int32)
    column.days[_some(rng, DATE_IN_FUTURE, len(column))] += FUTURE_DAYS
    column.days[_some(rng, DATE_ABSENT, len(column))] = days.NO_DAY


def _add_value_errors(rng: np.random.Generator, column: Numbers) -> None:
    measured = np.arange(len(column)) if column.null is None else np.flatnonzero(~column.null)
    if not len(measured):
        return
    chosen = measured[_some(rng, VALUE_IMPOSSIBLE, len(measured))]
    zero = chance(rng, 0.5, len(chosen))
    column.values[chosen] = np.where(zero, 0.0, column.values[chosen] * 10)


def _add_episode_errors(rng: np.random.Generator, rows: Rows) -> None:
    columns, n = rows.columns, len(rows)
    discharge = rows.dates("disdate").days
    filler = (np.datetime64(DISCHARGE_FILLER) - np.datetime64(days.START)).astype(int)
    filled = ((discharge == days.NO_DAY) & chance(rng, 0.5, n)) | chance(rng, DISCHARGE_FILLED, n)
    columns["disdate"] = Dates(np.where(filled, filler, discharge).astype(np.int32))
    for name in ("diag_01", "diag_02"):
        column = rows.coded(name)
        words = (*column.words, "7999", "0000")
        index = column.index.copy()
        faulty = _some(rng, DIAGNOSIS_FAULT, n)
        index[faulty] = len(words) - 2 + chance(rng, 0.3, len(faulty))
        columns[name] = Coded(index, words)
    practice = rows.coded("gppract")
    index = practice.index.copy()
    index[_some(rng, PRACTICE_FILLER, n)] = len(practice.words)
    columns["gppract"] = Coded(index, (*practice.words, "V81997"))


def text_dates(rng: np.random.Generator, column: Dates) -> Coded:
    """Lists are kept in spreadsheets: dates as text, a few of them unreadable."""
    [day] = np.unique(column.days) if len(column) else [0]
    index = np.zeros(len(column), np.uint8)
    index[chance(rng, DATE_UNREADABLE, len(column))] = 1
    index[chance(rng, DATE_UNREADABLE / 2, len(column))] = NULL
    return Coded(index, (str(days.DATES[day]), "about a year ago"))


# The form `linkage`: shares of records, in White British people, of each source. "Of those" means of the people whom
# the fault can befall. Population from England: hospital dates of birth and sexes differ from the national register in
# about 1 in 900 records, postcodes in every second record of the young, years later (Harron and others 2017,
# doi:10.1186/s12874-017-0306-8); one hospital record in 500 was linked to another person (Hagger-Johnson and others
# 2015, doi:10.1136/bmjopen-2015-008118); 1.4% of GP addresses found no UPRN, thrice as many of people lately moved
# (Harper and others 2021, doi:10.23889/ijpds.v6i1.1674). The rates of councils and charities are assumed, not measured.
LINKAGE_SOURCES = ("gp", "hospital", "mental_health", "community", "social_care", "voluntary")
_LINKAGE = {
    # fault              gp       hospital  mental    community social    voluntary
    "spelling":         (0.0015,  0.0040,   0.0050,   0.0040,   0.0070,   0.0110),  # of each of the two names
    "short form":       (0.03,    0.04,     0.12,     0.07,     0.16,     0.22),    # of those who go by one
    "second name used": (0.04,    0.07,     0.12,     0.09,     0.16,     0.20),    # of those who go by it
    "second name added": (0.008,  0.010,    0.008,    0.008,    0.008,    0.008),   # behind the first, in one field
    "other spelling":   (0.01,    0.03,     0.04,     0.03,     0.06,     0.08),    # of those whose name has several
    "half a surname":   (0.05,    0.10,     0.12,     0.12,     0.18,     0.22),    # of those with two, joined
    "names swapped":    (0.0002,  0.0010,   0.0010,   0.0008,   0.0020,   0.0030),
    "former name":      (0.03,    0.05,     0.06,     0.05,     0.06,     0.08),    # of those who took a spouse's
    "former home":      (0.06,    0.30,     0.30,     0.18,     0.25,     0.40),    # of those who moved of late
    "day and month swapped": (0.0003, 0.0006, 0.0008, 0.0006,   0.0020,   0.0050),  # of those born till the 12th
    "date slip":        (0.0006,  0.0012,   0.0020,   0.0014,   0.0040,   0.0090),
    "first of January": (0.0001,  0.0004,   0.0005,   0.0003,   0.0020,   0.0050),  # the year alone known
    "date filler":      (0.00002, 0.0003,   0.0002,   0.0001,   0.0006,   0.0015),
    "date missing":     (0.0,     0.0002,   0.0005,   0.0002,   0.0050,   0.0180),
    "number missing":   (0.0004,  0.0120,   0.0120,   0.0080,   0.45,     0.88),
    "another's number": (0.0,     0.0012,   0.0010,   0.0008,   0.0010,   0.0020),
    "nobody's number":  (0.0,     0.0006,   0.0005,   0.0004,   0.0005,   0.0010),
    "number slip":      (0.0,     0.0002,   0.0002,   0.0001,   0.0020,   0.0080),
    "placeholder":      (0.00002, 0.0006,   0.0006,   0.0003,   0.0010,   0.0020),  # half in names, half in numbers
    "postcode slip":    (0.001,   0.003,    0.003,    0.003,    0.006,    0.015),
    "postcode missing": (0.0006,  0.004,    0.006,    0.003,    0.008,    0.035),
    "UPRN missing":     (0.014,   0.10,     0.12,     0.08,     0.05,     0.97),
    "sex missing":      (0.0003,  0.002,    0.008,    0.003,    0.008,    0.080),
    "sex wrong":        (0.0003,  0.0010,   0.0015,   0.0008,   0.0020,   0.0040),
    "loose style":      (0.10,    0.25,     0.25,     0.25,     0.35,     0.50),    # blanks, apostrophes, accents
}  # fmt: skip
LINKAGE = {
    source: {fault: rates[place] for fault, rates in _LINKAGE.items()} for place, source in enumerate(LINKAGE_SOURCES)
}
# Times those rates by ethnic category, for names unfamiliar to whoever writes them down. Missed matches were commoner
# in Asian, Black and other groups (the studies of 2015 above and of 2017, doi:10.14236/jhi.v24i2.891).
LINKAGE_TIMES = {"C": 1.3, "D": 1.15, "E": 1.3, "F": 1.2, "G": 1.15, "H": 1.5, "J": 1.6, "K": 1.6, "L": 1.5, "M": 1.3,
                 "N": 1.6, "P": 1.4, "R": 1.4, "S": 1.5}  # fmt: skip
