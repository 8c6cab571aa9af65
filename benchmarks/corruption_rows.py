"""Corruptions of whole columns, rows and tables: shifted, swapped, emptied, missing, cut, doubled."""

import pandas as pd
from corruption_kinds import columns_of, dated, kind
from tiny_landing import DATES, EVENTS, GP, HOSPITAL, Change, as_text

SHIFTED = (
    "gp_registration.sex", "gp_registration.lsoa", "gp_registration.practice_code", "gp_event.event_date",
    "gp_event.snomed_code", "gp_medication.bnf_code", "gp_appointment.status", "apc_episode.sex",
    "apc_episode.admimeth", "apc_episode.diag_01", "ecds_attendance.sex", "ecds_attendance.department_type",
    "op_attendance.attended", "csds_contact.sex", "mhsds_contact.attended", "asc_event.client_type",
    "death.sex", "practice.pcn_code", "area.imd_rank",
)  # fmt: skip
SWAPPED = {
    "gp_registration": ("token_person_id household_token", "token_person_id registration_id", "lsoa practice_code",
                        "sex ethnicity", "registered_from registered_to", "birth_month registered_from",
                        "type_1_opt_out national_data_opt_out"),
    "gp_event": ("snomed_code value_num", "unit practice_code", "event_id token_person_id"),
    "gp_medication": ("quantity duration_days", "bnf_code practice_code"),
    "gp_appointment": ("status mode", "mode hcp_type"),
    "apc_episode": ("admidate disdate", "epistart epiend", "diag_01 diag_02", "procode gppract", "admimeth classpat",
                    "token_person_id spell_id", "birth_month admidate", "diag_01 opertn_01", "sex classpat"),
    "ecds_attendance": ("arrival_time duration_minutes", "department_type attendance_category"),
    "op_attendance": ("attended firstatt", "birth_month apptdate", "tretspef procode"),
    "mhsds_contact": ("contact_date referral_date",),
    "asc_event": ("event_start event_end", "client_type event_type"),
    "death": ("birth_month date_of_death",),
    "practice": ("pcn_code practice_code", "pcn_code sub_icb_code", "open_date close_date", "pcn_code pcn_name"),
    "area": ("imd_rank imd_decile", "imd_rank population", "lsoa lsoa_name"),
}  # fmt: skip
EMPTIED = (
    *columns_of("token_person_id", ("gp_registration", *EVENTS, "death")),
    "gp_registration.sex", "gp_registration.birth_month", "gp_registration.lsoa", "gp_event.snomed_code",
    "apc_episode.admimeth", "apc_episode.diag_01", "gp_registration.type_1_opt_out",
)  # fmt: skip
EMPTIED_MOSTLY = (
    "gp_registration.ethnicity", "gp_registration.household_token", "gp_event.value_num", "gp_event.practice_code",
    "gp_medication.bnf_code", "apc_episode.admidate", "apc_episode.disdate", "apc_episode.spell_id",
    "apc_episode.classpat", "ecds_attendance.department_type", "op_attendance.attended", "csds_contact.attended",
    "asc_event.event_type", "practice.pcn_code", "area.imd_decile", "area.imd_rank", "gp_registration.practice_code",
    "gp_event.event_date", "gp_appointment.status", "apc_episode.procode",
)  # fmt: skip
MISSING_COLUMNS = (
    "gp_registration.token_person_id", "gp_registration.sex", "gp_registration.birth_month", "gp_registration.lsoa",
    "gp_registration.ethnicity", "gp_registration.registered_to", "gp_registration.type_1_opt_out",
    "gp_event.value_num", "gp_event.practice_code", "apc_episode.admimeth", "apc_episode.diag_01",
    "apc_episode.disdate", "apc_episode.spell_id", "op_attendance.attended", "asc_event.event_end", "area.imd_decile",
    "practice.pcn_code", "practice.icb_code", "gp_medication.bnf_code",
)  # fmt: skip


@kind(*SHIFTED)
def shifted_column(change: Change) -> None:
    """From one column on every value stands a column too far to the right."""
    frame, start = change.frame, change.frame.columns.get_loc(change.column)
    frame.iloc[:, start + 1 :] = frame.iloc[:, start:-1].to_numpy()
    frame.iloc[:, start] = None


@kind("gp_registration.lsoa", "gp_event.snomed_code", "apc_episode.diag_01", "op_attendance.sex", shares=(0.1, 0.3))
def shifted_rows(change: Change) -> None:
    """In some rows every value from one column on stands a column too far: a comma without quotes."""
    frame, start, rows = change.frame, change.frame.columns.get_loc(change.column), change.chosen
    frame.iloc[rows, start + 1 :] = frame.iloc[rows, start:-1].to_numpy()
    frame.iloc[rows, start] = None


@kind(*(f"{table}.{pair}" for table, pairs in SWAPPED.items() for pair in pairs))
def swapped_columns(change: Change) -> None:
    """Two columns stand under each other's name."""
    one, other = change.column.split()
    change.set(change.frame.rename(columns={one: other, other: one}))


@kind(*EMPTIED, shares=(1, 0.9, 0.5, 0.1))
@kind(*EMPTIED_MOSTLY, shares=(1, 0.5))
def emptied(change: Change) -> None:
    """A column without its values, in all rows or some."""
    change.fill(None)


@kind(*MISSING_COLUMNS)
def missing_column(change: Change) -> None:
    """A table without one column."""
    change.frame.drop(columns=change.column, inplace=True)


@kind(*MISSING_COLUMNS)
def renamed_column(change: Change) -> None:
    """A column under a name that nobody gave in the mapping file."""
    change.frame.rename(columns={change.column: f"{change.column}_code"}, inplace=True)


@kind("gp_registration", *EVENTS, "death", "partner_list", "practice", "area", "practice_register")
def missing_table(change: Change) -> None:
    """A table that did not arrive."""
    change.remove()


@kind("gp_registration", *EVENTS, "death", "practice", "area", shares=(0.5, 0.1))
def cut_off(change: Change) -> None:
    """The file ends early: its first rows alone."""
    change.set(change.frame.head(int(len(change.frame) * change.share)))


@kind(*GP, "gp_registration", "practice")
def practice_missing(change: Change) -> None:
    """One practice's rows are not there."""
    change.keep(change.frame["practice_code"] != "A99004")


@kind(*GP, *HOSPITAL, "csds_contact", "mhsds_contact", "gp_registration", "practice")
def pcn_missing(change: Change) -> None:
    """The rows of one PCN's patients are not there."""
    practices = as_text(change.source / "practice.parquet").query("pcn_code == 'U99002'")["practice_code"]
    people = as_text(change.source / "gp_registration.parquet")
    gone = people.loc[people["practice_code"].isin(practices), "token_person_id"]
    column, values = ("token_person_id", gone) if "token_person_id" in change.frame else ("practice_code", practices)
    change.keep(~change.frame[column].isin(values))


@kind(*dated(EVENTS, DATES))
def month_missing(change: Change) -> None:
    """One month's rows are not there."""
    change.keep(~change.frame[change.column].fillna("").str.startswith("2024-02"))


@kind(*dated(EVENTS, DATES))
def half_year_missing(change: Change) -> None:
    """The last half year is not there."""
    change.keep(change.frame[change.column].fillna("") < "2024-11")


@kind(*dated(EVENTS, DATES))
def first_years_missing(change: Change) -> None:
    """The first three of five years are not there."""
    change.keep(change.frame[change.column].fillna("") >= "2023-04")


@kind("apc_episode.admimeth", options=("no emergency", "emergencies alone"))
def filtered_admissions(change: Change) -> None:
    """An extract of emergency admissions, or of all others."""
    emergency = change.frame["admimeth"].str.startswith("2").fillna(False).astype(bool)
    change.keep(emergency if change.option == "emergencies alone" else ~emergency)


@kind("gp_registration", options=("women", "over 65", "children", "leavers alone"))
def filtered_people(change: Change) -> None:
    """Registrations of some people alone."""
    frame = change.frame
    rows = {
        "women": frame["sex"] == "2",
        "over 65": frame["birth_month"] < "1960",
        "children": frame["birth_month"] > "2007",
        "leavers alone": frame["registered_to"].notna(),
    }
    change.keep(rows[change.option])


@kind("gp_registration", *EVENTS, "death", options=("same ids", "new ids"))
def file_twice(change: Change) -> None:
    """Every row twice, under the same ids or new ones."""
    again = change.frame.copy()
    if change.option == "new ids":
        again.iloc[:, 0] = "9" + again.iloc[:, 0]
    change.set(pd.concat([change.frame, again], ignore_index=True))


@kind("gp_registration", "gp_event", "apc_episode", "op_attendance", shares=(0.1,))
def rows_twice(change: Change) -> None:
    """Some rows twice, under new ids."""
    again = change.frame[change.chosen].copy()
    again.iloc[:, 0] = "9" + again.iloc[:, 0]
    change.set(pd.concat([change.frame, again], ignore_index=True))
