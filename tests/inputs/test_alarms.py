"""What cannot be right stops the check, by a name that a parameter file may accept."""

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.inputs.check_report import report

N = 1_200


def events(rows, **columns):
    """Events of four years, changed in some columns: each a function of the place."""
    frame = pd.DataFrame([rows["gp_event"]] * N)
    frame["event_id"] = [f"e{i:04d}" for i in range(N)]
    frame["event_date"] = [f"{2021 + i // 12 % 4}-{i % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(N)]
    for name, value in columns.items():
        frame[name] = [value(i) for i in range(N)]
    return frame


def registrations(rows, n=N, **columns):
    frame = pd.DataFrame([rows["gp_registration"]] * n)
    frame["registration_id"] = [f"r{i:04d}" for i in range(n)]
    frame["token_person_id"] = [f"token-{i}" for i in range(n)]
    frame["sex"] = [str(i % 2 + 1) for i in range(n)]
    frame["birth_month"] = [f"{1940 + i % 70}-{i % 12 + 1:02d}-01" for i in range(n)]
    frame["registered_from"] = [f"{2011 + i % 9}-{i % 12 + 1:02d}-01" for i in range(n)]
    frame["lsoa"] = [["E01999001", "E01999002"][i % 2] for i in range(n)]
    for name, value in columns.items():
        frame[name] = [value(i) for i in range(n)]
    return frame


@pytest.fixture
def put(small, rows):
    """Write whole frames to the landing folder."""

    def write(**frames):
        area = [rows["area"], rows["area"] | {"lsoa": "E01999002"}]
        pd.DataFrame(area).to_csv(small.folder / "area.csv", index=False)
        for table, frame in frames.items():
            frame.to_csv(small.folder / f"{table}.csv", index=False)
        return small

    return write


def raised(small, **changes) -> list[str]:
    """Names of the alarms that stop a check; empty where none does."""
    try:
        small.checked(small.workbook(**changes))
    except InputError as error:
        return [line.split(": ")[0].removeprefix("- ") for line in str(error).splitlines() if line.startswith("- ")]
    return []


def test_a_sound_extract_raises_none(put, rows):
    assert raised(put(gp_event=events(rows), gp_registration=registrations(rows))) == []


@pytest.mark.parametrize(
    ("alarm", "change"),
    [
        ("gp_event:quarantined", {"event_date": lambda i: f"{i % 28 + 1} of June"}),
        (
            "gp_event:quarantined",
            {"event_date": lambda i: "2031-01-01" if i % 10 == 0 else f"2024-{i % 9 + 1:02d}-01"},
        ),
        ("gp_event.snomed_code:emptied", {"snomed_code": lambda i: "44054007" if i % 5 == 0 else "44054006"}),
        ("gp_event.snomed_code:empty", {"snomed_code": lambda i: "44054006" if i % 5 == 0 else None}),
        ("gp_event.token_person_id:empty", {"token_person_id": lambda i: None}),
        ("gp_event.event_date:one_value", {"event_date": lambda i: "2024-06-01"}),
    ],
)
def test_events_that_cannot_be_right_stop_the_check(put, rows, alarm, change):
    assert raised(put(gp_event=events(rows, **change))) == [alarm]


@pytest.mark.parametrize(
    ("alarm", "change"),
    [
        ("gp_registration.sex:one_value", {"sex": lambda i: "1"}),
        ("gp_registration.birth_month:one_value", {"birth_month": lambda i: "1970-01-01"}),
        ("gp_registration.token_person_id:emptied", {"token_person_id": lambda i: f"token-{max(i - 200, 0)}"}),
        ("gp_registration.birth_month:emptied", {"birth_month": lambda i: f"{2040 + i % 9}-01-01"}),
        ("gp_registration.sex:emptied", {"sex": lambda i: ["Herr", "Frau"][i % 2]}),
    ],
)
def test_registrations_that_cannot_be_right_stop_the_check(put, rows, alarm, change):
    assert alarm in raised(put(gp_registration=registrations(rows, **change)))


def test_costs_in_pounds_instead_of_pence_stop_the_check(put, rows):
    care = {"asc_event_id": "1", "token_person_id": "token-1", "event_type": "Service", "event_start": "2024-01-01"}
    frame = pd.DataFrame([care | {"asc_event_id": str(i), "unit_cost_pence": 300 + i} for i in range(50)])
    assert raised(put(asc_event=frame)) == ["asc_event.unit_cost_pence:scale"]
    assert raised(put(asc_event=frame.assign(unit_cost_pence=frame["unit_cost_pence"] * 100))) == []


def test_an_alarm_that_is_accepted_is_kept_for_the_reports(put, rows):
    small = put(gp_event=events(rows, event_date=lambda i: "2024-06-01"))
    store = small.checked(small.workbook(accept=["gp_event.event_date:one_value"]))
    assert store.read("check_alarm")["name"].tolist() == ["gp_event.event_date:one_value"]
    assert "1,200 rows have the day 01 June 2024" in store.read("check_alarm")["text"].iloc[0]


def test_all_rows_rejected_stop_the_check_however_few(small, rows):
    assert raised(small.put("gp_event", rows["gp_event"] | {"event_date": "never"})) == ["gp_event:quarantined"]


def test_a_single_fault_in_a_small_table_does_not(small, rows):
    small.put("gp_event", rows["gp_event"], rows["gp_event"] | {"event_id": "e2", "event_date": "never"})
    assert raised(small) == []


def test_fewer_rows_than_at_the_last_run_stop_it(put, rows):
    small = put(gp_event=events(rows))
    before = small.checked().read("check_table")
    put(gp_event=events(rows).head(N // 2))
    with pytest.raises(InputError, match="gp_event:fewer: 600 rows, and 1,200 at the last run"):
        small.checked(before=before)
    (small.folder / "gp_event.csv").unlink()
    with pytest.raises(InputError, match="gp_event:fewer: 0 rows"):
        small.checked(before=before)


def test_a_doubt_stops_the_check_until_it_is_accepted(small, rows):
    ranks = range(50, 33_750, 250)
    places = [rows["area"] | {"lsoa": "E01999001" if r == 50 else f"E0100{r:05d}"[:9], "imd_rank": r,
                              "imd_decile": 10 - (r - 1) * 10 // 33_755} for r in ranks]  # fmt: skip
    small.put("area", *{place["lsoa"]: place for place in places}.values())
    assert raised(small) == ["area.imd_decile:order"]
    assert raised(small, accept=["area.imd_decile:order"]) == []


def test_what_is_unlikely_within_its_limit_is_a_line_of_the_report(small, rows):
    small.put(
        "gp_event", *[rows["gp_event"] | {"event_id": f"e{i}", "token_person_id": f"resident-{i}"} for i in range(30)]
    )
    assert "30  kept: gp_event.token_person_id, of people without a registration" in report(small.checked())
