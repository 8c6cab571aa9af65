"""Corruptions of dates, numbers and codes."""

import numpy as np
import pandas as pd
from corruption_kinds import columns_of, dated, kind
from tiny_landing import DATES, EVENTS, GP, HOSPITAL, Change

WRITTEN = (*dated((*GP, *HOSPITAL, "csds_contact", "asc_event", "death", "gp_registration"), DATES),
           "gp_registration.birth_month", "gp_registration.registered_to", "apc_episode.admidate",
           "apc_episode.disdate")  # fmt: skip
SOME_DATES = ("gp_event.event_date", "apc_episode.epistart", "op_attendance.apptdate", "gp_registration.birth_month")
EPOCH = pd.Timestamp("1970-01-01")


@kind(*WRITTEN, shares=(1, 0.5))
def day_and_month_swapped(change: Change) -> None:
    """Day and month changed round wherever that is a day."""
    change.each(lambda v: f"{v[:4]}-{v[8:]}-{v[5:7]}" if v[8:] <= "12" else v)


@kind(*SOME_DATES, options=("month first", "day first"))
def year_last(change: Change) -> None:
    """Days with the year last: right where the table shows which number is the month."""
    order = (5, 7, 8, 10) if change.option == "month first" else (8, 10, 5, 7)
    a, b, c, d = order
    change.each(lambda v: f"{v[a:b]}/{v[c:d]}/{v[:4]}")


@kind(*SOME_DATES, shares=(0.5,))
def two_orders(change: Change) -> None:
    """Half the days with the month first, half with the day first."""
    change.each(lambda v: f"{v[5:7]}/{v[8:]}/{v[:4]}")
    change.share = 1
    change.each(lambda v: v if "/" in v else f"{v[8:]}/{v[5:7]}/{v[:4]}")


@kind(*SOME_DATES, shares=(1, 0.1))
def two_digit_years(change: Change) -> None:
    """A year of two digits."""
    change.each(lambda v: f"{v[8:]}/{v[5:7]}/{v[2:4]}")


@kind(*SOME_DATES, shares=(1, 0.1))
def excel_days(change: Change) -> None:
    """Days as the numbers of a spreadsheet."""
    change.each(lambda v: str((pd.Timestamp(v) - pd.Timestamp("1899-12-30")).days))


@kind(*SOME_DATES, options=("s", "ms"))
def epoch_time(change: Change) -> None:
    """Days as seconds or milliseconds since 1970."""
    factor = 1 if change.option == "s" else 1000
    change.each(lambda v: str(int((pd.Timestamp(v) - EPOCH).total_seconds()) * factor))


@kind(*dated((*EVENTS, "gp_registration", "death", "partner_list"), DATES))
def last_years_file(change: Change) -> None:
    """The file of a year ago under this year's name: every day but births is a year older."""
    _move_days(change, 365)


def _move_days(change: Change, days: int) -> None:
    last = pd.Timestamp("2025-04-30") - pd.Timedelta(days=days)
    change.keep(~(change.days() > pd.Timestamp("2025-04-30")).to_numpy())
    for name in change.frame.columns:
        if name.endswith(("date", "start", "end", "_from", "_to", "_of_death")) and name != "birth_month":
            moved = change.days(name) - pd.Timedelta(days=days)
            change.frame[name] = moved.dt.strftime("%Y-%m-%d").where(moved <= last, None)


@kind("gp_registration", options=(365,))
def all_of_last_year(change: Change) -> None:
    """Every table of a year ago."""
    for table, column in DATES.items():
        change.table, change.column = table, column
        _move_days(change, 365)


@kind(*dated((*EVENTS, "gp_registration", "death"), DATES))
@kind("gp_registration.registered_to", "gp_registration.birth_month", "apc_episode.admidate", "apc_episode.disdate",
      "mhsds_contact.referral_date", "apc_episode.epiend")  # fmt: skip
def export_day(change: Change) -> None:
    """The day of the export stands in every row."""
    change.fill("2025-04-30")


@kind("gp_event.event_date", "op_attendance.apptdate", "apc_episode.epistart", "gp_registration.registered_from",
      options=("month", "year"))  # fmt: skip
def days_cut(change: Change) -> None:
    """Days cut to the first of their month or year."""
    change.each(lambda v: f"{v[:8]}01" if change.option == "month" else f"{v[:4]}-01-01")


@kind("gp_event.event_date", "ecds_attendance.arrival_date", "csds_contact.contact_date", "death.date_of_death",
      "gp_registration.registered_from", shares=(0.1, 0.02))  # fmt: skip
def years_mistyped(change: Change) -> None:
    """A year later in some rows."""
    change.each(lambda v: f"{int(v[:4]) + 1}{v[4:]}" if v[5:] != "02-29" else v)


@kind("apc_episode.disdate", "apc_episode.epiend", "asc_event.event_end", "gp_registration.registered_to",
      shares=(1, 0.3))  # fmt: skip
def end_before_begin(change: Change) -> None:
    """Ends two years before, so that they lie before their begin."""
    change.each(lambda v: str((pd.Timestamp(v) - pd.Timedelta(days=20_000)).date()))


@kind("apc_episode.disdate", "apc_episode.epiend")
def years_long(change: Change) -> None:
    """Stays of years: ends in the wrong year."""
    change.each(lambda v: f"{int(v[:4]) + 3}{v[4:]}" if v[5:] != "02-29" else v)


@kind("gp_event.event_date", "gp_registration.birth_month", "apc_episode.epistart")
def zone_shifted(change: Change) -> None:
    """Midnight an hour early, and then the time cut off: the day before."""
    change.each(lambda v: str((pd.Timestamp(v) - pd.Timedelta(hours=1)).date()))


@kind("ecds_attendance.arrival_time", options=(1, 12))
def clock_shifted(change: Change) -> None:
    """Times of the day moved by hours."""
    hours = change.option
    change.each(lambda v: f"{(int(v[:2]) + hours) % 24:02d}{v[2:]}")


FACTORS = {
    "asc_event.unit_cost_pence": (0.01, 100), "ecds_attendance.duration_minutes": (1 / 60, 60),
    "gp_medication.duration_days": (1 / 7,), "gp_medication.quantity": (1000,), "area.population": (0.001, 1000),
    "practice.published_list_size": (0.001, 1000), "practice_register.published_count": (100,),
}  # fmt: skip


@kind(*FACTORS, options=(0, 1))
def wrong_unit(change: Change) -> None:
    """A number in another unit than the column's."""
    factors = FACTORS[f"{change.table}.{change.column}"]
    factor = factors[min(change.option or 0, len(factors) - 1)]
    change.each(lambda v: str(round(float(v) * factor)))


MEASURES = {
    "hba1c per cent": ("999791000000106", lambda v: (v / 10.929) + 2.15),
    "cholesterol mg/dL": ("412808005", lambda v: v * 38.67),
    "bmi as weight in pounds": ("60621009", lambda v: v * 6.4),
    "egfr in mL/s": ("1011481000000105", lambda v: v / 60),
    "blood pressure in kPa": ("271649006", lambda v: v * 0.133),
}


@kind("gp_event.value_num", options=MEASURES)
def wrong_measure(change: Change) -> None:
    """A measurement in another unit than it says."""
    code, formula = MEASURES[change.option]
    rows = (change.frame["snomed_code"] == code) & change.frame["value_num"].notna()
    values = change.frame.loc[rows, "value_num"].astype(float).map(formula)
    change.frame.loc[rows, "value_num"] = values.round(1).astype(str)


@kind("area.population", "area.imd_rank", "practice.published_list_size", "ecds_attendance.duration_minutes",
      "asc_event.unit_cost_pence")  # fmt: skip
def thousands_commas(change: Change) -> None:
    """Numbers with a comma for thousands."""
    change.each(lambda v: f"{float(v):,.0f}")


@kind("gp_event.value_num", "gp_medication.quantity", "area.population", "ecds_attendance.duration_minutes")
def decimal_commas(change: Change) -> None:
    """Numbers with a decimal comma."""
    change.each(lambda v: f"{float(v):.1f}".replace(".", ","))


@kind("ecds_attendance.duration_minutes", "asc_event.unit_cost_pence", "gp_medication.quantity",
      "gp_event.value_num", shares=(1, 0.3))  # fmt: skip
def negative(change: Change) -> None:
    """Negative numbers."""
    change.each(lambda v: f"-{v}")


@kind("gp_event.value_num", "gp_medication.quantity", "ecds_attendance.duration_minutes", options=("0", "999", "1"))
def one_number(change: Change) -> None:
    """One number for every one that is recorded."""
    change.each(lambda v: change.option)


ONE = {
    **dict.fromkeys(columns_of("sex", ("gp_registration", "apc_episode", "op_attendance", "death")), "1"),
    "gp_registration.ethnicity": "A", "gp_registration.lsoa": "E01999007", "gp_registration.practice_code": "A99001",
    "gp_registration.household_token": "h0", "gp_event.snomed_code": "44054006", "gp_event.practice_code": "A99001",
    "gp_medication.bnf_code": "0206020A0", "gp_appointment.status": "Attended", "apc_episode.admimeth": "11",
    "apc_episode.classpat": "1", "apc_episode.diag_01": "R69X", "ecds_attendance.department_type": "03",
    "ecds_attendance.procode": "RZ7", "op_attendance.attended": "5", "csds_contact.attended": "2",
    "asc_event.event_type": "Service", "area.imd_decile": "1", "area.rural_urban": "Urban",
    "practice.pcn_code": "U99001", "practice.icb_code": "QZZ", "gp_registration.birth_month": "1970-01-01",
    **dict.fromkeys(columns_of("token_person_id", ("gp_registration", "gp_event", "apc_episode")), "t0"),
}  # fmt: skip


@kind(*ONE)
def one_code(change: Change) -> None:
    """One and the same value in every row."""
    change.fill(ONE[f"{change.table}.{change.column}"])


@kind("gp_registration.sex", "gp_registration.lsoa", "gp_registration.ethnicity", "gp_event.snomed_code",
      "apc_episode.diag_01", "apc_episode.admimeth", "gp_registration.birth_month")  # fmt: skip
def sorted_alone(change: Change) -> None:
    """A column sorted by itself in a spreadsheet: each value beside another's row."""
    change.frame[change.column] = np.sort(change.frame[change.column].fillna("").to_numpy().astype(str))


@kind("gp_registration.registered_to", "asc_event.event_end")
def all_ended(change: Change) -> None:
    """Ends of ten years ago in every row."""
    change.fill("2015-03-31")
