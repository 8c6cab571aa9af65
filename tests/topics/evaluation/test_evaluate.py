"""The stage: from the store's tables to what is released, with tables absent, and with rows in another order."""

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
from released_tables import protected

from phm_utils.params import Workbook
from phm_utils.topics.evaluation import effect_page, people_page, programme_page, returns_page
from phm_utils.topics.evaluation.analysis import analyse
from phm_utils.topics.evaluation.evaluate import evaluate
from phm_utils.topics.evaluation.evaluation_tables import RELEASES, evaluation_tables
from phm_utils.topics.evaluation.load_panel import calendar, load_panel

WORKBOOK = Workbook(
    name="tiny", title="Tiny ICS", ics_code="QZZ", synthetic=True, index_date=date(2025, 3, 31), landing="nowhere"
)


def run(con) -> dict[str, pd.DataFrame]:
    """Run the stage, leave its tables readable in `con`, and return them."""
    made = {}
    for model in evaluate(con, WORKBOOK):
        made[model.name] = model.frame.sort_values(list(model.key), ignore_index=True)
        assert not model.frame.duplicated(list(model.key)).any()
        con.register("frame", made[model.name])
        con.execute(f"CREATE OR REPLACE TABLE {model.name} AS SELECT * FROM frame")
        con.unregister("frame")
    return made


def released(con, area: str):
    """What a notebook of one area can read."""
    shown = protected(evaluation_tables(con, WORKBOOK), RELEASES)

    def of_area(name: str) -> pd.DataFrame:
        here = shown[name]["area_code"] == area
        return shown[name][here].drop(columns="area_code").reset_index(drop=True)

    return of_area


@pytest.fixture(scope="module")
def con(drawn_panel, stored):
    with duckdb.connect() as connection:
        stored(connection, drawn_panel(1, 0.6))
        yield connection


@pytest.fixture(scope="module")
def made(con):
    return run(con)


def test_the_panel_read_from_the_store_is_the_one_that_was_written(con, drawn_panel, programme):
    wanted = drawn_panel(1, 0.6)
    read = load_panel(con, programme, ["HIU"], calendar(con, WORKBOOK.index_date))
    assert len(read.months) == 48
    assert len(read.people) == len(wanted.people)
    assert read.counts["ed_attendances"].sum() == wanted.counts["ed_attendances"].sum()
    assert read.people["enrolled"].replace(np.inf, np.nan).count() == np.isfinite(wanted.people["enrolled"]).sum()


def test_the_stage_finds_what_the_analysis_of_the_panel_finds(made, drawn_panel, programme):
    plain = drawn_panel(1, 0.6)
    plain.people["leaves"] = np.floor(plain.people["leaves"])  # as stored
    direct = analyse(plain, programme, 280.17)["effect"].set_index("estimator")
    effect = made["evaluation_effect"].query("intervention == 'ed_frequent_attenders'").set_index("estimator")
    # Age is a month of birth in the store, so the last digits differ.
    assert effect.loc["doubly_robust", "rate_ratio"] == pytest.approx(
        direct.loc["doubly_robust", "rate_ratio"], abs=0.01
    )
    assert effect.loc["doubly_robust", "treated"] == direct.loc["doubly_robust", "treated"]


def test_a_programme_without_enrolments_has_a_reason(made):
    other = made["evaluation_effect"].query("intervention == 'telephone_check_in'")
    assert other["reason"].str.contains("Fewer than 10").any()
    assert other["rate_ratio"].isna().all()


def test_rows_in_another_order_give_the_same_tables(made, drawn_panel, stored):
    with duckdb.connect() as shuffled:
        stored(shuffled, drawn_panel(1, 0.6))
        for table in ("person_follow_up", "person_month", "programme_enrolment"):
            shuffled.execute(
                f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY hash({table}::VARCHAR)"
            )
        again = run(shuffled)
    for name, table in made.items():
        pd.testing.assert_frame_equal(again[name], table)


@pytest.mark.parametrize("absent", ["person_month", "programme_enrolment", "person_index"])
def test_an_absent_table_leaves_empty_tables_and_a_reason(drawn_panel, stored, absent):
    with duckdb.connect() as lacking:
        stored(lacking, drawn_panel(1, 0.6))
        lacking.execute(f"DROP TABLE {absent}")
        tables = run(lacking)
        of = programme_page.evaluation(released(lacking, "QZZ"), "ed_frequent_attenders")
    assert tables["evaluation_effect"].empty
    assert of.needs == ("enrolments in a programme" if absent == "programme_enrolment" else absent)


@pytest.mark.parametrize("lacking", ["ecds_attendance", "ecds_attendance.department_type"])
def test_without_the_contacts_that_it_counts_a_programme_is_not_evaluated(drawn_panel, stored, lacking):
    with duckdb.connect() as con:
        stored(con, drawn_panel(1, 0.6))
        con.execute("INSERT INTO person_left_out VALUES (?, 'ed_attendances_12m')", [lacking])
        tables = run(con)
        of = programme_page.evaluation(released(con, "QZZ"), "ed_frequent_attenders")
    assert tables["evaluation_effect"].empty
    assert of.needs.startswith("emergency department attendances")


def effect_of(made: dict[str, pd.DataFrame]) -> float:
    rows = made["evaluation_effect"].set_index(["intervention", "estimator"])
    return rows.loc[("ed_frequent_attenders", "doubly_robust"), "rate_ratio"]


def test_a_month_without_data_is_left_out_of_follow_up_and_said(drawn_panel, stored, programme):
    with duckdb.connect() as con:
        stored(con, drawn_panel(1, 0.6))
        before = effect_of(run(con))
        gone = "month = DATE '2024-11-01'"
        con.execute(f"DELETE FROM person_month WHERE {gone}")
        con.execute("INSERT INTO silent_month SELECT 'ecds_attendance', '', DATE '2024-11-01', 0, 900 FROM range(1)")
        con.execute("INSERT INTO silent_month SELECT 'op_attendance', '', DATE '2024-10-01', 0, 900 FROM range(1)")
        assert load_panel(con, programme, ["HIU"], calendar(con, WORKBOOK.index_date)).silent == (43,)
        made = run(con)
        assert effect_of(made) == pytest.approx(before, abs=0.1)
        chosen = programme_page.evaluation(released(con, "QZZ"), "ed_frequent_attenders")
        assert "Follow-up leaves out November 2024" in str(people_page.flow(chosen, "QZZ", "Tiny ICS"))
        rates = made["evaluation_trend"].query(
            "intervention == 'ed_frequent_attenders' and people_group == 'Enrolled' and month >= 0"
        )
        assert (rates["rate"] > 0.3).all()


def test_contacts_that_are_not_known_are_no_covariate(drawn_panel, stored, programme):
    with duckdb.connect() as con:
        stored(con, drawn_panel(1, 0.6))
        con.execute("INSERT INTO person_left_out VALUES ('apc_episode', 'emergency_admissions_12m')")
        panel = load_panel(con, programme, ["HIU"], calendar(con, WORKBOOK.index_date))
    assert list(panel.counts) == ["ed_attendances"]


def test_what_the_groups_cannot_be_compared_in_is_a_limit(con, made):
    of = programme_page.evaluation(released(con, "QZZ"), "ed_frequent_attenders")

    def limits(*left_out: tuple[str, str]) -> str:
        frame = pd.DataFrame(list(left_out), columns=["table_name", "column_name"])
        return " ".join(str(found) for found in programme_page.limits_of(of, frame))

    assert "does not know" not in limits()
    words = limits(("gp_event", "n_conditions"), ("gp_event", "palliative_care"), ("death", ""))
    unknown = "long-term conditions, who is at the end of life and deaths, which end follow-up"
    assert f"This run does not know {unknown}:" in words


def test_each_network_sees_the_effect_of_all_and_its_own_people(con, made):
    for area in ("U99001", "U99002", "QZZ"):
        of = programme_page.evaluation(released(con, area), "ed_frequent_attenders")
        assert of.shown
        assert of.headline["rate_ratio"] == pytest.approx(made["evaluation_effect"]["rate_ratio"].iloc[0], rel=0.01)
    own = people_page.flow_rows(programme_page.evaluation(released(con, "U99002"), "ed_frequent_attenders"), "U99002")
    assert own.set_index("criterion").loc["Enrolled in the programme", "people"] == 0
    assert released(con, "U99002")("evaluation_people")["unit_code"].unique().tolist() == ["U99002"]
    assert released(con, "QZZ")("evaluation_people")["unit_code"].nunique() == 10


def test_counts_are_rounded_and_modelled_figures_have_three_digits(con, made):
    of = programme_page.evaluation(released(con, "QZZ"), "ed_frequent_attenders")
    assert (of.people["people"].dropna() % 5 == 0).all()
    assert of.headline["rate_ratio"] == float(f"{made['evaluation_effect']['rate_ratio'].iloc[0]:.3g}")


def test_findings_say_the_effect_and_that_before_and_after_is_none(con, made):
    of = programme_page.evaluation(released(con, "QZZ"), "ed_frequent_attenders")
    said = str(effect_page.effect(of))
    assert "fewer attendances than expected without it over 6 months (95% limits" in said
    assert "The limits allow for differences between networks" in said
    assert "would overturn the result" in said
    assert "not evidence" in str(effect_page.before_after(of))
    assert "Elsewhere the rate ratio was 0.86 (0.63 to 1.16" in str(effect_page.compared_with_elsewhere(of))
    assert "Over the 11 months from the first enrolment" in str(returns_page.money(of))
    withheld = programme_page.evaluation(released(con, "QZZ"), "telephone_check_in")
    assert str(effect_page.effect(withheld)).startswith("No effect of Telephone check-in is shown. Fewer than 10")


def test_an_unknown_programme_is_refused(con, made):
    from phm_utils.errors import InputError

    with pytest.raises(InputError, match=r"No file nothing\.yml"):
        programme_page.evaluation(released(con, "QZZ"), "nothing")


def test_months_end_with_the_last_that_every_source_covers():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE activity_window AS SELECT 'ecds_attendance' AS source, DATE '2025-02-28' AS to_date")
        months = calendar(con, date(2025, 3, 31))
    assert (months[0], months[-1]) == (pd.Timestamp("2021-04-01"), pd.Timestamp("2025-02-01"))


def test_an_index_date_within_a_month_leaves_that_month_out():
    with duckdb.connect() as con:
        months = calendar(con, date(2025, 3, 15))
    assert (months[0], months[-1]) == (pd.Timestamp("2021-04-01"), pd.Timestamp("2025-02-01"))


@pytest.mark.parametrize(
    ("ratio", "words"), [(0.59, "41% fewer"), (1.2, "20% more"), (1.001, "as many"), (0.996, "as many")]
)
def test_ratios_in_words(ratio, words):
    assert programme_page.change(ratio) == words
