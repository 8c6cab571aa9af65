"""Practices, hospitals and months of which an extract holds next to nothing."""

from datetime import date, timedelta

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.inputs.check_report import report

PEOPLE, LAST = 40, date(2025, 3, 31)
PRACTICES = ("A99001", "A99002", "A99003", "A99004", "A99005", "A99006")
CODES = ("44054006", "195967001", "38341003")
MONTHS = pd.period_range("2023-04", "2025-03", freq="M")


def working_day(month: pd.Period, place: int) -> str:
    """A day of a month that is no Sunday."""
    day = month.start_time.date() + timedelta(place)
    return str(day + timedelta(day.weekday() == 6))


@pytest.fixture
def county(small, rows):
    """Six practices of 40 people, each person with an event a month; `sent` lays the events out."""
    small.put("practice", *(rows["practice"] | {"practice_code": code} for code in PRACTICES))
    people = [(f"t{p}{n}", code) for p, code in enumerate(PRACTICES) for n in range(PEOPLE)]
    small.put("gp_registration", *(
        rows["gp_registration"] | {"registration_id": token, "token_person_id": token, "practice_code": code,
                                   "household_token": token, "sex": "12"[n % 2],
                                   "birth_month": f"19{20 + n % 70}-0{1 + n % 9}-01"}
        for n, (token, code) in enumerate(people)
    ))  # fmt: skip

    def sent(table: str, row: dict, day: str, keep, practice: bool = True) -> None:
        made = [
            row | {row["key"]: f"{token}-{month}", "token_person_id": token,
                   "practice_code": code if practice else None,
                   day: working_day(month, (n * 11 + month.month) % 27), "sex": "12"[n % 2]}
            | ({"snomed_code": CODES[(n + month.month) % 3]} if table == "gp_event" else {})
            for n, (token, code) in enumerate(people) for month in MONTHS if keep(code, month)
        ]  # fmt: skip
        small.put(table, *({k: v for k, v in m.items() if k != "key"} for m in made))

    small.sent = sent
    small.event = rows["gp_event"] | {"key": "event_id"}
    return small


def silent(store) -> dict:
    found = store.read("silent_practice").set_index(["table_name", "practice_code"])
    return {key: (row.silent, row.left_out) for key, row in found.iterrows()}


def test_a_practice_that_fell_silent_is_left_out_and_named(county):
    county.sent("gp_event", county.event, "event_date", lambda c, m: c != "A99002" or m < pd.Period("2025-01"))
    store = county.checked()
    assert silent(store) == {("gp_event", "A99002"): (3, True)}
    account = store.read("people_account").set_index("what")["people"]
    assert account["practice whose GP records fell silent"] == PEOPLE
    assert "practice A99002 in gp_event, 3 of 12 months (last rows in December 2024)" in report(store)


def test_one_month_late_is_named_and_counted(county):
    county.sent("gp_event", county.event, "event_date", lambda c, m: c != "A99002" or m < pd.Period("2025-03"))
    store = county.checked()
    assert silent(store) == {("gp_event", "A99002"): (1, False)}
    assert "counted all the same" in report(store)


def test_a_practice_without_a_single_row_is_silent(county):
    county.sent("gp_event", county.event, "event_date", lambda c, m: c != "A99002")
    assert silent(county.checked()) == {("gp_event", "A99002"): (12, True)}


def test_where_rows_name_no_practice_the_registration_does(county):
    county.sent("gp_event", county.event, "event_date", lambda c, m: c != "A99002", practice=False)
    assert silent(county.checked()) == {("gp_event", "A99002"): (12, True)}


def test_a_practice_that_opened_lately_is_not_silent_before(county):
    path = county.folder / "gp_registration.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[frame["practice_code"] == "A99002", "registered_from"] = "2025-01-02"
    frame.to_csv(path, index=False)
    county.sent("gp_event", county.event, "event_date", lambda c, m: c != "A99002" or m > pd.Period("2025-01"))
    assert silent(county.checked()) == {}


def test_above_a_stated_share_of_people_the_run_stops(county):
    quiet = {"A99001", "A99002"}
    county.sent("gp_event", county.event, "event_date", lambda c, m: c not in quiet or m < pd.Period("2024-06"))
    with pytest.raises(InputError, match=r"gp_event:silent: 2 practices with 80 of 240 people \(33%\) are silent"):
        county.checked()
    county.checked(county.workbook(limits={"silent": 0.5}))
    accepted = county.checked(county.workbook(accept=["gp_event:silent"]))
    assert accepted.read("check_alarm")["name"].tolist() == ["gp_event:silent"]


def arrivals(rows) -> dict:
    return {"key": "attendance_id", "sex": "1", "birth_month": None, "department_type": "01", "procode": "RXX"}


def test_a_month_without_attendances_is_found_inside_and_at_the_end(county, rows):
    gone = {pd.Period("2024-09"), pd.Period("2025-03")}
    county.sent("ecds_attendance", arrivals(rows), "arrival_date", lambda c, m: m not in gone or c == "A99006")
    frame = county.checked().read("silent_month")
    assert frame.empty  # a sixth of the usual rows is few, not nothing
    county.sent("ecds_attendance", arrivals(rows), "arrival_date", lambda c, m: m not in gone)
    found = county.checked(store="gone").read("silent_month")
    assert found[["table_name", "unit"]].drop_duplicates().to_numpy().tolist() == [["ecds_attendance", ""]]
    assert found["month"].dt.strftime("%Y-%m").tolist() == ["2024-09"]  # the source ends with February 2025


def test_a_hospital_that_sends_nothing_for_a_month_is_named(county, rows):
    def procode(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(procode=frame["token_person_id"].str[1].map(lambda p: "RAA" if p in "012" else "RBB"))

    county.sent("ecds_attendance", arrivals(rows), "arrival_date", lambda c, m: True)
    path = county.folder / "ecds_attendance.csv"
    frame = procode(pd.read_csv(path, dtype=str))
    gap = (frame["procode"] == "RAA") & frame["arrival_date"].str.startswith("2024-09")
    frame[~gap].to_csv(path, index=False)
    store = county.checked()
    found = store.read("silent_month")
    assert found[["unit", "rows"]].to_numpy().tolist() == [["RAA", 0]]
    assert "silent: ecds_attendance from RAA, (nearly) no rows in Sep 2024" in report(store)


def test_many_silent_months_stop_the_run(county, rows):
    gone = set(MONTHS[6:12])
    county.sent("ecds_attendance", arrivals(rows), "arrival_date", lambda c, m: m not in gone)
    with pytest.raises(InputError, match="ecds_attendance:months: 6 of the last 24 months hold next to nothing"):
        county.checked()
