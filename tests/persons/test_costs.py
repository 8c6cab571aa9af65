"""What contacts count and what they cost, by setting, window and month."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.rules.columns import ACTIVITIES, COSTS, cost_column
from phm_utils.rules.unit_costs import ITEMS, unit_costs
from phm_utils.runs import project_root

OCTOBER = date(2024, 10, 1)
COST_COLUMNS = [cost_column(name) for name in COSTS]


def test_attendances_are_unplanned_and_of_departments_01_to_03(world):
    kinds = [("01", "1"), ("03", "2"), (None, None), ("04", "1"), ("05", "1"), ("01", "4"), ("99", "1"), ("01", "9")]
    person = world.one(
        ecds_attendance=[
            world.about(arrival_date=OCTOBER, department_type=kind, attendance_category=category)
            for kind, category in kinds
        ]
    )
    assert person["ed_attendances_12m"] == 3  # a field that could not be read throws no attendance away
    assert person["cost_ed_pence_12m"] == 3 * 28_017


def test_contacts_count_where_they_were_attended(world):
    codes = ("0", "2", "3", "4", "5", "6", "7", None)  # 5 seen, 6 late but seen
    person = world.one(
        op_attendance=[world.about(attended=code, apptdate=OCTOBER) for code in codes],
        csds_contact=[world.about(attended=code, contact_date=OCTOBER) for code in codes],
        mhsds_contact=[world.about(attended=code, contact_date=OCTOBER) for code in codes],
        gp_appointment=[
            {"token_person_id": "person-01", "appt_date": OCTOBER, "status": status}
            for status in ("Attended", "DNA", "Unknown", "Cancelled", None)
        ],
    )
    assert person[["op_attendances_12m", "community_contacts_12m", "mental_health_contacts_12m"]].tolist() == [2] * 3
    assert person["gp_appointments_12m"] == 1


def contact(world, activity: str, day: date, token: str = "person-01") -> tuple[str, dict]:
    """The table and a row of one contact that counts."""
    table = ACTIVITIES[activity][1]
    row = {
        "gp_appointments": {"token_person_id": token, "appt_date": day, "status": "Attended"},
        "ed_attendances": world.about(token, arrival_date=day, department_type="01"),
        "emergency_admissions": world.episode(token, spell_id=f"E{day}", admidate=day, disdate=day),
        "other_admissions": world.episode(token, spell_id=f"P{day}", admimeth="11", admidate=day, disdate=day),
        "op_attendances": world.about(token, apptdate=day, attended="5"),
        "community_contacts": world.about(token, contact_date=day, attended="5"),
        "mental_health_contacts": world.about(token, contact_date=day, attended="5"),
    }[activity]
    return table, row


def test_each_activity_is_counted_in_the_year_the_year_before_and_in_neither(world):
    days = {
        "last": date(2025, 3, 31), "first": date(2024, 4, 1), "prior last": date(2024, 3, 31),
        "prior first": date(2023, 4, 1), "before": date(2023, 3, 31),
    }  # fmt: skip
    tables: dict[str, list] = {"gp_registration": [world.registered(name) for name in days]}
    for activity in ACTIVITIES:
        for name, day in days.items():
            table, row = contact(world, activity, day, name)
            tables.setdefault(table, []).append(row)
    person = world.person(**tables)
    for activity in ACTIVITIES:
        assert person[f"{activity}_12m"].to_dict() == dict.fromkeys(days, 0) | {"last": 1, "first": 1}, activity
        prior = dict.fromkeys(days, 0) | {"prior last": 1, "prior first": 1}
        assert person[f"{activity}_prior_12m"].to_dict() == prior, activity


def test_each_setting_is_priced_and_the_total_is_their_sum(world):
    tables: dict[str, list] = {}
    for activity in ACTIVITIES:
        table, row = contact(world, activity, OCTOBER)
        tables.setdefault(table, []).append(row)
    tables["apc_episode"].append(world.episode(spell_id="L", admidate=OCTOBER, disdate=date(2024, 10, 3)))
    person = world.one(**tables)
    # Emergency: one spell under two days and one of two nights.
    assert person[["cost_gp_pence_12m", "cost_ed_pence_12m"]].tolist() == [4_800, 28_017]
    assert person["cost_emergency_pence_12m"] == 82_586 + 541_928
    assert person[["cost_community_pence_12m", "cost_mental_health_pence_12m"]].tolist() == [8_400, 30_594]
    assert person["cost_pence_12m"] == 4_800 + 28_017 + 82_586 + 541_928 + 8_400 + 30_594


def test_one_night_is_a_short_spell_and_two_are_a_long_one(world):
    nights = {"none": 0, "one": 1, "two": 2}
    person = world.person(
        gp_registration=[world.registered(name) for name in nights],
        apc_episode=[
            world.episode(name, admidate=OCTOBER, disdate=OCTOBER + timedelta(days=n)) for name, n in nights.items()
        ],
    )
    assert person["cost_emergency_pence_12m"].to_dict() == {"none": 82_586, "one": 82_586, "two": 541_928}


def test_a_setting_without_a_price_is_null_and_said_and_the_total_stands(world):
    made = world.made(
        op_attendance=[world.about(attended="5", apptdate=OCTOBER)],
        gp_appointment=[{"token_person_id": "person-01", "appt_date": OCTOBER, "status": "Attended"}],
    )
    priced = set(unit_costs())
    unpriced = {cost_column(s) for s, items in ITEMS.items() if not set(items) <= priced}
    assert unpriced == {"cost_op_pence_12m", "cost_other_admissions_pence_12m"}
    person = made["person"].iloc[0]
    assert person[sorted(unpriced)].isna().all()
    assert person["op_attendances_12m"] == 1
    assert person["cost_pence_12m"] == 4_800
    left = made["person_left_out"]
    assert set(left["column_name"]) == unpriced
    assert set(left["table_name"]) == {"unit_costs"}
    assert made["person_month"]["cost_pence"].tolist() == [4_800]


@pytest.fixture
def priced(tmp_path, monkeypatch):
    """A workbook's folder of one's own, whose prices are written by `priced(rows)`."""
    root = tmp_path / "root"
    shutil.copytree(project_root() / "parameters", root / "parameters")
    (root / "notebooks").mkdir()
    path = root / "parameters" / "reference" / "unit_costs.csv"
    monkeypatch.setenv("PHM_ROOT", str(root))

    def write(text: str) -> Path:
        path.write_text("item,title,pence,year,source\n" + text, encoding="utf-8")
        return path

    return write


def test_without_the_price_of_one_kind_of_spell_emergencies_have_no_cost(world, priced):
    priced("emergency_spell_short,Short,100,2024,x\nop_attendance,Outpatients,7,2024,x\n")
    person = world.one(
        apc_episode=[world.episode(admidate=OCTOBER, disdate=OCTOBER)],
        op_attendance=[world.about(attended="5", apptdate=OCTOBER)],
    )
    assert pd.isna(person["cost_emergency_pence_12m"])
    assert person[["cost_op_pence_12m", "cost_pence_12m"]].tolist()[0] == 7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ed_attendance,A,1.5,2024,x\n", "whole numbers"),
        ("ed_attendance,A,-1,2024,x\n", "0 or more"),
        ("ed_attendance,A,,2024,x\n", "line 2: no pence"),
        ("ed_attendance,A,1,2024,x\ned_attendance,A,1,2024,x\n", "`ed_attendance` twice"),
        ("taxi,A,1,2024,x\n", "prices `taxi`, which nothing counts"),
    ],
)
def test_prices_that_are_none_are_refused(priced, text, says):
    with pytest.raises(InputError, match=says):
        unit_costs(priced(text))


def test_without_a_file_of_prices_or_with_half_a_table_nothing_is_guessed(tmp_path):
    with pytest.raises(InputError, match=r"No file unit_costs\.csv"):
        unit_costs(tmp_path / "unit_costs.csv")
    (tmp_path / "unit_costs.csv").write_text("item,pence\ned_attendance,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="lacks the columns year, source"):
        unit_costs(tmp_path / "unit_costs.csv")


SERVICE = {"event_type": "Service", "client_type": "Service User", "service_type": "Long Term Support: Residential"}
WEEK = {"Nursing": 121_100, "Residential": 104_300, "Community": 43_400}


def test_social_care_costs_the_days_inside_the_window(world):
    spells = {
        "a week": (date(2024, 6, 3), date(2024, 6, 9)),
        "a day": (date(2024, 6, 3), date(2024, 6, 3)),
        "from before": (date(2020, 1, 1), date(2024, 4, 14)),  # 14 days from 1 April
        "open": (date(2025, 3, 25), None),  # seven days to 31 March
        "to after": (date(2025, 3, 25), date(2026, 1, 1)),
        "over": (date(2024, 1, 1), date(2024, 3, 31)),
        "whole year": (date(2020, 1, 1), None),  # 365 days
    }
    person = world.person(
        gp_registration=[world.registered(name) for name in spells],
        asc_event=[world.about(name, event_start=a, event_end=b, **SERVICE) for name, (a, b) in spells.items()],
    )
    day = WEEK["Residential"] // 7
    assert person["cost_social_care_pence_12m"].to_dict() == {
        "a week": 7 * day, "a day": day, "from before": 14 * day, "open": 7 * day, "to after": 7 * day, "over": 0,
        "whole year": 365 * day,
    }  # fmt: skip
    assert person["asc_open"].to_dict() == dict.fromkeys(spells, False) | dict.fromkeys(
        ("open", "to after", "whole year"), True
    )


def test_social_care_is_priced_as_recorded_else_by_kind_and_the_setting_is_the_most_intensive(world):
    week = {"event_start": date(2025, 3, 25)}
    kinds = {name: f"Long Term Support: {name}" for name in WEEK} | {"Short term": "Short Term Support"}
    services = [world.about(name, **SERVICE | {"service_type": kind} | week) for name, kind in kinds.items()]
    services += [
        world.about("recorded", unit_cost_pence=70_000, **SERVICE, **week),
        world.about("all", **SERVICE | {"service_type": kinds["Community"]} | week),
        world.about("all", **SERVICE | {"service_type": kinds["Nursing"]} | week),
        world.about("carer", **SERVICE | {"service_type": "Carer Support"} | week),
        world.about("for a carer", **SERVICE | {"client_type": "Carer"} | week),
        world.about("assessed", **SERVICE | {"event_type": "Assessment"} | week),
        world.about("nobody's kind", **SERVICE | {"client_type": None, "service_type": None} | week),
    ]
    tokens = dict.fromkeys(row["token_person_id"] for row in services)
    person = world.person(gp_registration=[world.registered(t) for t in tokens], asc_event=services)
    assert person["cost_social_care_pence_12m"].to_dict() == {
        **WEEK, "Short term": 112_000, "recorded": 70_000, "all": 43_400 + 121_100, "carer": 0, "for a carer": 0,
        "assessed": 0, "nobody's kind": 112_000,
    }  # fmt: skip
    none = dict.fromkeys(("carer", "for a carer", "assessed"), "None")
    assert person["asc_setting"].to_dict() == {
        **{name: name for name in kinds}, "recorded": "Residential", "all": "Nursing", **none,
        "nobody's kind": "Short term",
    }  # fmt: skip


def test_months_have_a_row_where_there_was_any_contact_or_cost(world):
    tables: dict[str, list] = {}
    for n, activity in enumerate(ACTIVITIES):
        table, row = contact(world, activity, date(2024, n + 1, 9))
        tables.setdefault(table, []).append(row)
    too_early = contact(world, "ed_attendances", date(2021, 3, 31))[1]  # 48 months begin on 1 April 2021
    first = contact(world, "ed_attendances", date(2021, 4, 1))[1]
    tables["ecds_attendance"] += [too_early, first]
    tables["asc_event"] = [world.about(event_start=date(2024, 9, 30), event_end=date(2024, 10, 1), **SERVICE)]
    month = world.named(world.made(**tables), "person_month").set_index("month")
    assert list(month.columns) == ["person_id", "pcn_code", *ACTIVITIES, "cost_pence"]
    assert list(month.index) == [
        pd.Timestamp(2021, 4, 1), *(pd.Timestamp(2024, n + 1, 1) for n in range(7)),
        pd.Timestamp(2024, 9, 1), pd.Timestamp(2024, 10, 1),
    ]  # fmt: skip
    for n, activity in enumerate(ACTIVITIES):
        row = month.loc[pd.Timestamp(2024, n + 1, 1), list(ACTIVITIES)]
        assert row.to_dict() == dict.fromkeys(ACTIVITIES, 0) | {activity: 1}
    care = WEEK["Residential"] // 7
    assert month["cost_pence"].tolist() == [28_017, 4_800, 28_017, 82_586, 0, 0, 8_400, 30_594, care, care]


def test_months_of_those_who_left_are_kept(world):
    made = world.made(
        gp_registration=[world.registered(registered_to=date(2024, 5, 20))],
        ecds_attendance=[contact(world, "ed_attendances", date(2024, 5, 2))[1]],
    )
    assert made["person"].empty
    assert made["person_month"]["ed_attendances"].tolist() == [1]


DAYS = st.dates(date(2023, 1, 1), date(2025, 4, 30))
CONTACTS = st.lists(st.tuples(st.sampled_from(list(ACTIVITIES)), DAYS), max_size=25)
SERVICES = st.lists(
    st.tuples(DAYS, st.none() | st.integers(0, 500), st.none() | st.integers(0, 200_000)), max_size=3
)  # first day, days, pence per week


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(CONTACTS, SERVICES)
@example([], [(date(2024, 4, 1), None, 1_000)])  # 365 days at 1,000 pence a week are 52,142.86
def test_months_add_up_to_the_years_counts_and_costs(page, contacts, services):
    # The index date ends a month, and every source reaches beyond it: both windows are 12 whole months.
    tables: dict[str, list] = {}
    for n, (activity, day) in enumerate(contacts):
        table, row = contact(page, activity, day)
        tables.setdefault(table, []).append(row | ({"spell_id": f"S{n}"} if table == "apc_episode" else {}))
    tables["asc_event"] = [
        page.about(
            event_start=start,
            event_end=None if days is None else start + timedelta(days=days),
            unit_cost_pence=pence,
            **SERVICE,
        )
        for start, days, pence in services
    ]
    made = page.made(**tables)
    [(_, person)] = made["person"].iterrows()
    month = made["person_month"]
    year = month[month["month"] >= "2024-04-01"]
    before = month[(month["month"] >= "2023-04-01") & (month["month"] < "2024-04-01")]
    for activity in ACTIVITIES:
        assert year[activity].sum() == person[f"{activity}_12m"]
        assert before[activity].sum() == person[f"{activity}_prior_12m"]
    assert year["cost_pence"].sum() == person["cost_pence_12m"]
    assert person["cost_pence_12m"] == person[COST_COLUMNS].dropna().sum()
