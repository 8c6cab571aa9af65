"""Person-level inequalities on a page: who is counted, standardised for what, and what is withheld."""

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
from checked_tables import nothing_silent
from released_tables import protected

from phm_utils.errors import InputError
from phm_utils.measures.usual_variation import against_others, judged
from phm_utils.params import Disclosure, Workbook
from phm_utils.rules.concepts import concepts
from phm_utils.rules.groups import ETHNIC_GROUPS
from phm_utils.topics.inequalities.emergency_rates_page import follow_up, limits
from phm_utils.topics.inequalities.gap_parts import gap_parts_model
from phm_utils.topics.inequalities.inequality_tables import RELEASES, inequality_tables
from phm_utils.topics.inequalities.prevalence import _groups
from phm_utils.topics.inequalities.prevalence_page import condition_units
from phm_utils.topics.inequalities.small_areas import PROBABLE, _ratios
from phm_utils.topics.inequalities.standard import esp2013, esp2013_ten_years, gradient, standardised, ten_years
from phm_utils.topics.inequalities.strata import Period, emergency_strata, follow_people, whole_months

POLICY = Disclosure()
TWO_BANDS = pd.Series({"0-4": 3, "5-9": 1})
PRACTICES = pd.DataFrame(
    {
        "practice_code": ["A1", "A2"],
        "practice_name": ["One", "Two"],
        "pcn_code": ["U1", "U2"],
        "pcn_name": ["Left", "Right"],
    }
)


def strata(**columns):
    return pd.DataFrame({"place": "here", "age_band": ["0-4", "5-9"], **columns})


def test_standardised_rate_by_hand_and_rows_of_one_band_are_added_up():
    # (3 x 10/1000 + 1 x 30/1000) / 4 = 0.015
    whole = standardised(
        strata(events=[10, 30], person_years=[1000, 1000]), ["place"], TWO_BANDS, per=1000, confidence=0.95
    )
    halves = pd.concat([strata(events=[5, 15], person_years=[500, 500])] * 2)
    assert whole["value"].item() == pytest.approx(15)
    pd.testing.assert_frame_equal(whole, standardised(halves, ["place"], TWO_BANDS, per=1000, confidence=0.95))


def test_repeat_admissions_widen_the_limits_and_leave_the_rate():
    once = strata(events=[20, 20], person_years=[1000, 1000])
    again = once.assign(event_variance=[80, 80])  # everybody admitted came four times: variance 4 x as large
    plain, repeats = (standardised(s, ["place"], TWO_BANDS, per=1000, confidence=0.95).iloc[0] for s in (once, again))
    assert repeats["value"] == plain["value"]
    assert repeats["value"] - repeats["lower"] == pytest.approx(2 * (plain["value"] - plain["lower"]))


def test_a_group_with_nobody_of_some_age_is_withheld_and_the_others_are_not():
    some = strata(events=[20, 0], person_years=[1000, 0]).assign(place="no old")
    rows = pd.concat([strata(events=[20, 20], person_years=[1000, 1000]), some])
    found = standardised(rows, ["place"], TWO_BANDS, per=1000, confidence=0.95).set_index("place")
    assert found["value"].notna().to_dict() == {"here": True, "no old": False}
    assert found.loc["no old", "events"] == 20
    assert standardised(some, ["place"], TWO_BANDS, per=1000, confidence=0.95)["value"].isna().all()


def test_bands_of_other_names_and_nine_events_give_no_rate():
    unknown = strata(events=[500, 500], person_years=[10, 10]).assign(age_band="Not known")
    rows = pd.concat([strata(events=[4, 5], person_years=[1000, 1000]), unknown])
    found = standardised(rows, ["place"], TWO_BANDS, per=1000, confidence=0.95)
    assert found["events"].item() == 9
    assert np.isnan(found["value"].item())


def test_ten_year_bands_keep_the_standards_weight():
    bands = ten_years(pd.Series(["0-4", "5-9", "75-79", "80-84", "90+", None]))
    assert bands.tolist()[:5] == ["0-9", "0-9", "70-79", "80+", "80+"]
    assert bands.isna().tolist() == [False] * 5 + [True]
    assert esp2013_ten_years().sum() == esp2013().sum() == 100_000
    assert esp2013_ten_years()["80+"] == 5_000


def fifths(values, area="U1"):
    values = np.asarray(values, dtype=float)
    return pd.DataFrame(
        {
            "area_code": area, "quantile": [1, 2, 3, 4, 5], "population": 1000, "events": 100, "expected": 100,
            "value": values, "lower": values * 0.9, "upper": values / 0.9,
        }
    )  # fmt: skip


def test_a_gradient_is_positive_where_the_most_deprived_have_more():
    # An exact line on the log scale: twice as high at rank 0 (10) as at rank 1 (5).
    ranks = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    found = gradient(fifths(10 * 2**-ranks), ["area_code"], confidence=0.95).iloc[0]
    assert found[["sii", "rii"]].tolist() == pytest.approx([5, 2])
    shares = 1 / (1 + 2 ** (2 * ranks))  # odds from 1 to 1/4: 50% to 20%
    found = gradient(fifths(shares), ["area_code"], confidence=0.95, scale="logit").iloc[0]
    assert found[["sii", "rii"]].tolist() == pytest.approx([0.3, 2.5])
    flat = gradient(fifths([5, 5, 5, 5, 5]), ["area_code"], confidence=0.95).iloc[0]
    assert flat["sii"] == pytest.approx(0, abs=1e-9)
    assert flat["rii"] == pytest.approx(1)
    assert flat["rii_lower"] < 1 < flat["rii_upper"]


def test_a_gradient_needs_all_five_fifths():
    rows = pd.concat([fifths([9, 7, 5, 3, np.nan]), fifths([9, 7, 5, 3, 1], "U2").iloc[:4], fifths([5] * 5, "U3")])
    found = gradient(rows, ["area_code"], confidence=0.95).set_index("area_code")
    assert found["sii"].notna().to_dict() == {"U1": False, "U2": False, "U3": True}
    assert gradient(rows.iloc[:5], ["area_code"], confidence=0.95)["rii"].isna().all()


@pytest.mark.parametrize(
    ("from_date", "to_date", "first", "last"),
    [
        ("2024-04-01", "2025-03-31", "2024-04-01", "2025-03-31"),
        ("2024-04-16", "2025-04-15", "2024-05-01", "2025-03-31"),
        ("2023-03-01", "2024-02-29", "2023-03-01", "2024-02-29"),
    ],
)
def test_the_period_is_of_whole_months(from_date, to_date, first, last):
    found = whole_months(date.fromisoformat(from_date), date.fromisoformat(to_date))
    assert (str(found.first_day), str(found.last_day)) == (first, last)


@pytest.fixture
def con():
    with duckdb.connect(":memory:") as connection:
        yield connection


def followed(con, people, months):
    """Tables of follow-up: people as (id, start, end, died), months as (id, month, admissions)."""
    con.execute(
        "CREATE TABLE person_follow_up AS SELECT NULL::VARCHAR AS person_id, 0 AS person_no, 'U1' AS pcn_code,"
        " 'A1' AS practice_code, 'E01000001' AS lsoa, 1::BIGINT AS imd_quintile,"
        " DATE '1950-06-01' AS birth_month, NULL::DATE AS start_date,"
        " NULL::DATE AS end_date, false AS died WHERE false"
    )
    con.executemany(
        "INSERT INTO person_follow_up VALUES (?, ?, 'U1', 'A1', 'E01000001', 1, DATE '1950-06-01', ?, ?, ?)",
        [(name, number, *rest) for number, (name, *rest) in enumerate(people)],
    )
    con.execute("CREATE TABLE person_month (person_no INTEGER, month DATE, emergency_admissions INTEGER)")
    nothing_silent(con)
    numbers = {name: number for number, (name, *_) in enumerate(people)}
    if months:
        con.executemany("INSERT INTO person_month VALUES (?, ?, ?)", [(numbers[name], *rest) for name, *rest in months])


def test_people_count_for_the_days_and_admissions_of_their_registration(con):
    people = [
        ("all year", "2020-01-01", "2025-03-31", False),
        ("died", "2020-01-01", "2024-04-10", True),
        ("joined", "2025-03-22", "2025-03-31", False),
        ("left before", "2020-01-01", "2024-03-31", False),
    ]
    months = [
        ("all year", "2024-03-01", 9),  # before the period
        ("all year", "2024-04-01", 2),
        ("all year", "2025-03-01", 1),
        ("died", "2024-04-01", 1),
        ("joined", "2025-02-01", 5),  # registered elsewhere then
        ("left before", "2024-03-01", 1),
    ]
    followed(con, people, months)
    follow_people(con, Period(date(2024, 4, 1), date(2025, 3, 31)))
    found = emergency_strata(con, "practice_code").iloc[0]
    assert found["age_band"] == "70-74"  # 74 on 30 September 2024
    assert found["people"] == 3
    assert round(found["person_years"] * 365.25) == 365 + 10 + 10
    assert found["events"] == 4
    assert found["event_variance"] == 3**2 + 1**2
    assert (found["people_admitted"], found["died"]) == (2, 1)


def world(con, rng, people=4000, gp=True, admissions=True, missing=(), deaths=True):
    """A store of two networks with one practice each; network U2 is admitted twice as often.

    missing: further columns of `person` that are null throughout.
    """
    number = np.arange(people)
    practice = np.where(number % 2, "A1", "A2")
    frame = pd.DataFrame(
        {
            "person_id": [f"P{n}" for n in number],
            "person_no": number,
            "practice_code": practice,
            "pcn_code": np.where(number % 2, "U1", "U2"),
            "lsoa": np.where(number % 10 == 0, "E01000002", np.where(number % 2, "E01000001", "E01000002")),
            "imd_quintile": number % 5 + 1,
            "imd_decile": (number % 5 + 1) * 2,
            "ethnic_group": rng.choice(ETHNIC_GROUPS, people),
            "age": (number // 10) % 95,
        }
    )
    frame["age_band"] = np.where(
        frame["age"] >= 90, "90+", (frame["age"] // 5 * 5).astype(str) + "-" + (frame["age"] // 5 * 5 + 4).astype(str)
    )
    frame["emergency_admissions_12m"] = rng.poisson(np.where(number % 2, 0.1, 0.2)) if admissions else None
    recorded = {concept.concept: rng.random(people) < 0.2 for concept in concepts()}
    frame = pd.concat([frame, pd.DataFrame(recorded)], axis=1)
    lacking = {name: "gp_event" for name in recorded if not gp}
    lacking |= {} if admissions else {"emergency_admissions_12m": "apc_episode"}
    lacking |= dict.fromkeys(missing, "some_table")
    numbers = frame.select_dtypes("integer").columns.intersection(list(lacking))
    frame = frame.assign(**dict.fromkeys(lacking)).astype(dict.fromkeys(numbers, "Int64"))
    months = frame.loc[frame["emergency_admissions_12m"].fillna(0) > 0, ["person_no", "emergency_admissions_12m"]]
    months = months.rename(columns={"emergency_admissions_12m": "emergency_admissions"}).assign(
        month=pd.Timestamp("2024-06-01")
    )
    birth = pd.Timestamp("2024-09-30") - pd.to_timedelta(frame["age"] * 365.25 + 200, unit="D")
    follow = frame[["person_id", "person_no", "pcn_code", "practice_code", "lsoa", "imd_quintile"]].assign(
        birth_month=birth.dt.to_period("M").dt.to_timestamp(), start_date=pd.Timestamp("2021-04-01"),
        end_date=pd.Timestamp("2025-03-31"), died=False if deaths else None,
    )  # fmt: skip
    window = pd.DataFrame(
        {"source": ["apc_episode"], "from_date": [pd.Timestamp("2024-04-01")], "to_date": [pd.Timestamp("2025-03-31")]}
    )
    area = pd.DataFrame({"lsoa": ["E01000001"], "lsoa_name": ["Left 001A"]})
    tables = {"person": frame, "person_month": months, "person_follow_up": follow, "practice": PRACTICES, "area": area}
    nothing_silent(con)
    left_out = pd.DataFrame({"column_name": list(lacking), "table_name": list(lacking.values())}).astype("str")
    tables |= {"activity_window": window, "person_left_out": left_out}
    for name, table in tables.items():
        con.register("_t", table)
        dates = ", ".join(f"{c}::DATE AS {c}" for c in table if pd.api.types.is_datetime64_any_dtype(table[c]))
        con.execute(f"CREATE TABLE {name} AS SELECT * {f'REPLACE ({dates})' if dates else ''} FROM _t")
        con.unregister("_t")
    return frame


@pytest.fixture
def workbook():
    return Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="outputs/none"
    )


def released(con, workbook):
    return protected(inequality_tables(con, workbook), RELEASES, {"confidence": 0.95})


def test_every_table_has_a_block_for_each_network_and_for_the_ics(con, workbook):
    frame = world(con, np.random.default_rng(1))
    tables = released(con, workbook)
    assert sorted(tables) == [
        "condition_gradient", "condition_groups", "condition_units", "emergency_areas", "emergency_deprivation",
        "emergency_gap_parts", "emergency_gradient", "emergency_units", "ethnicity_recorded", "small_areas",
    ]  # fmt: skip
    for name, table in tables.items():
        assert set(table["area_code"]) == {"U1", "U2"} | ({"QZZ"} if name != "emergency_gap_parts" else set())
    units = tables["condition_units"].query("area_code == 'QZZ' and condition == 'diabetes'").set_index("unit_code")
    true = frame.groupby("pcn_code")["diabetes"].sum()
    assert (units["with_condition"] - true).abs().max() <= 2.5
    assert units["unit_name"].to_dict() == {"U1": "Left", "U2": "Right"}
    rates = tables["emergency_units"].query("area_code == 'QZZ'").set_index("unit_code")["value"]
    assert rates["U2"] / rates["U1"] == pytest.approx(2, rel=0.25)
    assert tables["ethnicity_recorded"].query("dimension == 'Unit'")["share"].between(0.65, 0.78).all()


def test_a_small_area_is_one_networks_and_shows_the_same_people_in_both_blocks(con, workbook):
    world(con, np.random.default_rng(2))
    table = released(con, workbook)["small_areas"].set_index(["area_code", "lsoa"])
    assert table.loc[("U1", "E01000001"), "lsoa_name"] == "Left 001A"
    assert table.loc[("U2", "E01000002"), "lsoa_name"] == "E01000002"  # a code stands for a name that is missing
    assert ("U1", "E01000002") not in table.index
    for code, lsoa in (("U1", "E01000001"), ("U2", "E01000002")):
        pd.testing.assert_series_equal(table.loc[("QZZ", lsoa)], table.loc[(code, lsoa)], check_names=False)
    # Two areas say nothing about how much areas usually differ.
    assert table["ratio"].isna().all()
    assert table["against_age"].isna().all()


def test_one_persons_admissions_are_no_rate_of_an_area(con, workbook):
    # All of network U1's admissions are one person's twelve; 80 people of U2 have one each.
    world(con, np.random.default_rng(5))
    con.execute("DROP TABLE person_month")
    con.execute(
        "CREATE TABLE person_month AS SELECT person_no, DATE '2024-06-01' AS month, "
        "CASE WHEN person_no = 1 THEN 12 ELSE 1 END AS emergency_admissions "
        "FROM person WHERE person_no = 1 OR person_no % 50 = 0"
    )
    tables = released(con, workbook)
    unit = tables["emergency_units"].query("area_code == 'U1'").iloc[0]
    assert unit[["admissions", "people_admitted", "crude", "value", "lower", "upper"]].isna().all()
    assert unit["people"] == 2000
    area = tables["emergency_areas"].set_index("area_code")
    assert area.loc["U1", ["admissions", "crude", "value"]].isna().all()
    assert area.loc["U2", ["admissions", "people_admitted"]].tolist() == [80, 80]
    assert 0 < area.loc["U2", "lower"] < area.loc["U2", "value"]
    small = tables["small_areas"].query("area_code == 'U1'")
    assert small["ratio"].isna().all()
    assert small["against_age"].isna().all()
    assert tables["emergency_gradient"].drop(columns="area_code").isna().all(axis=None)


def test_a_gradient_is_decided_by_the_events_expected_and_not_by_those_that_occurred():
    rows = fifths([8, 7, 5, 3, 2]).assign(events=[100, 12, 90, 80, 4], people_admitted=[50, 9, 30, 29, 4])
    found = gradient(rows, ["area_code"], confidence=0.95).iloc[0]
    assert (found["events"], found["people_admitted"]) == (286, 122)  # of all fifths, on which it rests
    assert found["rii"] > 1
    few = gradient(rows.assign(expected=[100, 90, 80, 70, 9]), ["area_code"], confidence=0.95).iloc[0]
    assert np.isnan(few["rii"])


@pytest.mark.parametrize(("gp", "admissions"), [(False, True), (True, False), (False, False)])
def test_what_an_absent_source_would_show_is_left_out(con, workbook, gp, admissions):
    world(con, np.random.default_rng(3), people=1000, gp=gp, admissions=admissions)
    tables = released(con, workbook)
    assert ("condition_units" in tables) == gp
    assert ("emergency_units" in tables) == admissions
    assert ("with_condition" in tables["small_areas"]) == gp
    assert ("ratio" in tables["small_areas"]) == admissions
    assert "ethnicity_recorded" in tables  # it needs the registrations alone


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        ("imd_quintile", {"condition_gradient", "emergency_deprivation", "emergency_gap_parts", "emergency_gradient"}),
        ("ethnic_group", {"ethnicity_recorded"}),
        ("age", {"condition_gradient", "condition_groups", "emergency_areas", "emergency_deprivation",
                 "emergency_gap_parts", "emergency_gradient", "emergency_units"}),
        ("lsoa", {"small_areas"}),
    ],
)  # fmt: skip
def test_a_comparison_between_groups_that_nobody_is_known_to_be_in_is_left_out(con, workbook, missing, gone):
    world(con, np.random.default_rng(3), people=1000, missing=[missing])
    tables = released(con, workbook)
    assert {release.name for release in RELEASES} - set(tables) == gone
    if "condition_groups" in tables:
        dimension = {"imd_quintile": "Deprivation", "ethnic_group": "Ethnic group"}.get(missing)
        assert dimension not in set(tables["condition_groups"]["dimension"])


def test_without_deaths_nobody_is_counted_as_dead_or_living(con, workbook):
    world(con, np.random.default_rng(3), people=1000, deaths=False)
    tables = released(con, workbook)
    assert all("died" not in tables[name] for name in ("emergency_areas", "emergency_units", "emergency_deprivation"))
    areas = tables["emergency_areas"].query("area_code == 'QZZ'")
    assert "died" not in follow_up(areas, areas, "All", is_ics=True)
    assert any("does not have deaths" in str(limit) for limit in limits(areas))
    assert not any("does not have deaths" in str(limit) for limit in limits(areas.assign(died=0)))


def test_people_of_unknown_age_are_followed_and_are_not_infants(con):
    followed(con, [("all year", "2020-01-01", "2025-03-31", False)], [("all year", "2024-04-01", 2)])
    con.execute("UPDATE person_follow_up SET birth_month = NULL")
    follow_people(con, Period(date(2024, 4, 1), date(2025, 3, 31)))
    [row] = emergency_strata(con, "practice_code").to_dict("records")
    assert (row["age_band"], row["people"], row["events"]) == ("Not known", 1, 2)


def test_a_condition_that_is_none_is_refused_with_those_there_are(con, workbook):
    world(con, np.random.default_rng(3), people=1000)
    wrong = workbook.model_copy(update={"notebooks": {"04_inequalities": {"mapped_condition": "housebound"}}})
    with pytest.raises(InputError, match=r"`housebound` is not a long-term condition.*diabetes"):
        list(inequality_tables(con, wrong))
    units = released(con, workbook)["condition_units"]
    with pytest.raises(InputError, match=r"No condition `housebound` in this run. There are: .*diabetes"):
        condition_units(units, units, "housebound")


def ethnic_strata(known, unknown):
    """Strata of one condition in one network: people and those who have it, by group and ten-year band."""
    rows = [(group, band, people, having) for group, bands in known.items() for band, people, having in bands]
    rows += [("Not known", band, people, having) for band, people, having in unknown]
    frame = pd.DataFrame(rows, columns=["ethnic_group", "age_band", "people", "with_condition"])
    return frame.assign(pcn_code="U1", practice_code="A1", imd_quintile="1", condition="x")


def test_bounds_of_an_ethnic_group_are_on_the_scale_of_its_standardised_share():
    # The younger group has a lower crude share and the same share at every age: bounds lie about the latter.
    bands = [f"{low}-{low + 4}" for low in range(0, 90, 5)] + ["90+"]
    young = [(band, 400 if place < 9 else 40, (400 if place < 9 else 40) * (place + 1) // 40)
             for place, band in enumerate(bands)]  # fmt: skip
    old = [(band, 40 if place < 9 else 400, (40 if place < 9 else 400) * (place + 1) // 40)
           for place, band in enumerate(bands)]  # fmt: skip
    unknown = [(band, 4, 1) for band in bands]
    strata = ethnic_strata({"White": old, "Asian": young}, unknown)
    groups = _groups(strata, {"Ethnic group": ("ethnic_group", ETHNIC_GROUPS)}, "QZZ", 0.95)
    rows = groups[groups["area_code"] == "QZZ"].set_index("category")
    assert rows.loc["Asian", "adjusted"] == pytest.approx(rows.loc["White", "adjusted"], rel=0.05)
    for group in ("White", "Asian"):
        row = rows.loc[group]
        assert row["least"] < row["adjusted"] < row["greatest"]
        assert row["greatest"] - row["least"] < 0.1
    assert rows.loc["Not known", ["least", "greatest"]].isna().all()


def test_a_unit_is_judged_by_what_all_others_of_its_kind_predict():
    sizes = np.full(16, 2_000.0)
    events = np.array([200, 190, 210, 205, 195, 200, 188, 212, 199, 201, 193, 207, 203, 197, 200, 420.0])
    practices = pd.DataFrame({"area_code": ["U1", "U2"] * 8, "unit_code": range(16), "x": events, "n": sizes})
    networks = pd.DataFrame({"area_code": "QZZ", "unit_code": ["U1", "U2"], "x": [1600, 1820.0], "n": [16_000.0] * 2})
    found = against_others(pd.concat([practices, networks], ignore_index=True), "QZZ", "x", "n", kind="proportion")
    assert (found["p_adjusted"] < 0.05).tolist() == [False] * 15 + [True] + [False] * 2
    # Two networks say nothing about how much networks usually differ.
    assert found[["usual_lower", "usual_upper", "p_adjusted", "pooled"]].iloc[16:].isna().all(axis=None)
    assert found["usual_upper"].iloc[15] < found["pooled"].iloc[15] < 420 / 2000
    shown = judged(found.assign(unit_name="u", value=found["x"] / found["n"], lower=0.0, upper=1.0), events="x")
    assert shown["verdict"].tolist() == ["cannot tell"] * 15 + ["above"] + ["too few"] * 2


def test_parts_of_a_gap_add_up_and_repeats_widen_their_limits():
    rows = pd.DataFrame(
        {
            "pcn_code": ["U1", "U1", "U2", "U2"], "age_band": ["0-4", "90+"] * 2, "imd_quintile": "1",
            "events": [10, 90, 20, 40], "person_years": [500.0, 500, 900, 100], "people_admitted": [10, 60, 20, 30],
        }
    )  # fmt: skip
    once = gap_parts_model(rows.assign(event_variance=rows["events"]), 0.95, per=1_000).frame
    again = gap_parts_model(rows.assign(event_variance=rows["events"] * 4), 0.95, per=1_000).frame
    one = once[once["area_code"] == "U1"].set_index("part")
    # Crude: 100 of 1,000 against 60 of 1,000. Age: at the mean rates .021 and .29, older by 400 of 1,000.
    assert one.loc["gap", "value"] == pytest.approx(40)
    assert one.loc["age", "value"] == round(1_000 * 0.4 * ((0.18 + 0.4) / 2 - (0.02 + 0.02 / 0.9) / 2))
    assert one.loc[["age", "deprivation", "rest"], "value"].sum() == pytest.approx(40, abs=1.5)
    wide = again[again["area_code"] == "U1"].set_index("part")
    assert (wide["upper"] - wide["lower"]).to_numpy() == pytest.approx(
        2 * (one["upper"] - one["lower"]).to_numpy(), abs=3
    )
    alone = gap_parts_model(rows[rows["pcn_code"] == "U1"].assign(event_variance=0), 0.95, per=1_000).frame
    assert alone.empty


def test_equal_small_areas_are_not_told_apart_and_one_with_twice_as_many_is():
    rng = np.random.default_rng(4)
    years = np.full(103, 1_500.0)
    events = rng.poisson(years * 0.1)
    codes = [f"E{n:08}" for n in range(103)]
    strata = pd.DataFrame(
        {"lsoa": codes, "age_band": "0-4", "events": events, "person_years": years, "event_variance": events,
         "people_admitted": events}
    )  # fmt: skip
    places = pd.DataFrame({"lsoa": codes, "imd_decile": [n % 10 + 1 for n in range(103)]})
    equal = _ratios(strata, places, 0.95)
    assert (equal["probability_more"] >= PROBABLE).sum() <= 1
    planted = strata.assign(events=events + np.where(np.arange(103) == 50, 150, 0))
    found = _ratios(planted.assign(event_variance=planted["events"]), places, 0.95).set_index("lsoa")
    assert found.loc[codes[50], "probability_more"] > 0.99
    assert 1.3 < found.loc[codes[50], "ratio"] < 2.1
    few = _ratios(strata.iloc[:9], places.iloc[:9], 0.95)
    assert few[["ratio", "probability_more"]].isna().all(axis=None)
