"""What changed in the cohorts: counted from two runs, protected, and said in words that hold no small number."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from kept_run import kept_run
from released_tables import protected, table_of

from phm_utils import engine
from phm_utils.absent import Absent
from phm_utils.measures import cohort_members
from phm_utils.measures.cohort_change import earlier_files
from phm_utils.measures.cohort_definitions import load_cohorts
from phm_utils.measures.person_place import person_place
from phm_utils.reports.notebook import read_released
from phm_utils.topics.cohorts import change_page, cohort_page
from phm_utils.topics.cohorts.change_releases import CHANGE, CHANGES, CRITERION
from phm_utils.topics.cohorts.change_tables import cohort_change

FREQUENT = "frequent_ed_attenders"
CHOSEN = {FREQUENT: load_cohorts()[FREQUENT]}
OFTEN, ONCE = {"ed_attendances_12m": 8}, {"ed_attendances_12m": 1}
HERE, THERE = {}, {"practice_code": "A99003", "pcn_code": "U99002"}


def crowd(**groups: tuple[int, dict]) -> list[dict]:
    """People of a table, those of a group with names of their own: `left3` is the third of `left`."""
    return [row | {"person_id": f"{name}{n}"} for name, (count, row) in groups.items() for n in range(count)]


def made(con, workbook) -> None:
    """Make what a run keeps: the tables of the one cohort and of where people are registered."""
    for model in (*cohort_members.cohort(con, workbook, FREQUENT), *person_place(con, workbook)):
        if model.frame is not None:
            con.register("_frame", model.frame)
        source = "SELECT * FROM _frame" if model.frame is not None else model.sql
        con.execute(f"CREATE OR REPLACE TABLE {model.name} AS {source}")


@pytest.fixture
def runs(people, tmp_path):
    """Run the one cohort at the end of February, keep it, and run it again; the true figures of what changed."""
    people.workbook = people.workbook.model_copy(update={"outputs": str(tmp_path / "outputs")})
    kept = tmp_path / "outputs" / "tiny" / "kept"

    def twice(then: list[dict], now: list[dict], died: tuple[str, ...] = ()) -> list[engine.Model]:
        people.are(then)
        made(people.con, people.workbook)
        kept_run(people.con, kept, "2025-02-28")
        people.are(now)
        made(people.con, people.workbook)
        followed = pd.DataFrame({"person_id": sorted({row["person_id"] for row in [*then, *now]})})
        people.con.register("_followed", followed.assign(died=followed["person_id"].isin(died)))
        people.con.execute("CREATE OR REPLACE TABLE person_follow_up AS SELECT * FROM _followed")
        return list(cohort_change(people.con, people.workbook))

    twice.people, twice.kept = people, kept
    return twice


THEN = crowd(
    stays=(300, OFTEN), dies=(20, OFTEN), gone=(3, OFTEN), fewer=(90, OFTEN), grows=(100, ONCE),
    moves=(40, OFTEN), others=(200, ONCE), far=(50, ONCE | THERE),
)  # fmt: skip
NOW = crowd(
    stays=(300, OFTEN), fewer=(90, ONCE), grows=(100, OFTEN), moves=(40, OFTEN | THERE), joins=(20, OFTEN),
    others=(200, ONCE), far=(50, ONCE | THERE),
)  # fmt: skip
DIED = tuple(f"dies{n}" for n in range(20))


def pages(models: list[engine.Model], area: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two tables as an area's notebook gets them."""
    tables = protected(models, CHANGES)
    change, criteria = (cohort_page.named(table_of(tables, release, area), CHOSEN) for release in (CHANGE, CRITERION))
    return change, criteria


def test_the_page_says_how_many_came_and_left_and_why(runs):
    change, criteria = pages(runs(THEN, NOW, DIED), "U99001")
    [said] = change_page.changes(change, criteria)
    assert str(said) == (
        "Seven or more ED attendances: of 420 members 120 are new since 28 February 2025 (20 registered since, 100 "
        'meet "Seven or more attendances in 12 months" now); of 455 then, 155 left (20 died, 40 moved and are members '
        'elsewhere, 90 no longer meet "Seven or more attendances in 12 months", the others too few to show).'
    )
    shown = change_page.sizes(change).iloc[0]
    assert shown[["Members then", "Left", "Stayed", "New", "Members now"]].tolist() == [455, 155, 300, 120, 420]
    why = change_page.reasons(change, criteria).set_index("Why")["People"]
    assert why["Meets now: Seven or more attendances in 12 months"] == 100
    assert pd.isna(why["No longer registered"])  # three people
    assert "Moved here, a member already" not in why


def test_those_who_move_are_new_there_and_have_stayed_in_the_ics(runs):
    models = runs(THEN, NOW, DIED)
    change, _ = pages(models, "U99002")
    assert change.loc[0, ["members_then", "moved_in", "members_new", "members_now"]].tolist() == [0, 40, 40, 40]
    change, _ = pages(models, "QZZ")
    assert change.loc[0, ["stayed", "moved_in", "moved_out"]].tolist() == [340, 0, 0]


def test_what_is_declared_of_how_they_add_up_is_true_and_columns_are_the_declared_ones(runs):
    models = {model.name: model.frame for model in runs(THEN, NOW, DIED)}
    for release in CHANGES:
        for relation in release.relations:
            assert relation.violations(models[release.aggregate_name], release.keys, "QZZ") == 0, relation


def test_without_an_earlier_run_nothing_is_made_and_the_page_says_what_is_lacking(runs):
    runs.people.are(NOW)
    made(runs.people.con, runs.people.workbook)
    assert list(cohort_change(runs.people.con, runs.people.workbook)) == []
    assert earlier_files(runs.people.workbook) == []
    absent = Absent(CHANGE.part, CHANGE.needs)
    assert absent.sentence == (
        "What changed since an earlier run: left out, because this run lacks a kept run of an earlier index date with "
        "the same pseudonyms."
    )
    assert change_page.changes(absent, absent) is None
    assert change_page.sizes(absent).sentence == absent.sentence


def test_a_run_depends_on_the_newest_earlier_one_and_not_on_itself(runs):
    runs(THEN, NOW)
    before = earlier_files(runs.people.workbook)
    assert {path.parents[1].name for path in before} == {"2025-02-28"}
    for day in ("2025-03-31", "2025-01-31", "2025-04-30"):
        kept_run(runs.people.con, runs.kept, day)
    assert earlier_files(runs.people.workbook) == before
    later = runs.people.workbook.model_copy(update={"index_date": date(2025, 4, 30)})
    assert {path.parents[1].name for path in earlier_files(later)} == {"2025-03-31"}


def test_nothing_small_enters_a_sentence_and_a_table_of_stars_is_left_out(runs):
    then = crowd(stays=(4, OFTEN), fewer=(3, OFTEN), others=(100, ONCE))
    now = crowd(stays=(4, OFTEN), fewer=(3, ONCE), joins=(2, OFTEN), others=(100, ONCE))
    change, criteria = pages(runs(then, now), "QZZ")
    assert [str(said) for said in change_page.changes(change, criteria)] == [
        "Seven or more ED attendances: numbers are too small to show."
    ]
    assert change_page.reasons(change, criteria).sentence == (
        "Why people came and left: left out, because this run lacks numbers that are large enough to show."
    )


def test_a_changed_definition_is_said_with_what_is_still_known(runs, monkeypatch):
    digests = iter(["of then", "of now"])
    monkeypatch.setattr(cohort_members, "definition_digest", lambda *_: next(digests))
    models = runs(THEN, NOW, DIED)
    change, criteria = pages(models, "U99001")
    assert criteria.empty
    [said] = change_page.changes(change, criteria)
    assert "(20 registered since, 100 by the changed definition); of 455 then, 155 left (20 died, " in str(said)
    assert str(said).endswith("The definition has changed since, so no criterion is named as the reason.")


def test_a_cohort_that_the_earlier_run_did_not_count_is_named():
    change = pd.DataFrame({"cohort": [FREQUENT], "earlier": ["2025-02-28"]})
    both = load_cohorts()
    chosen = {name: both[name] for name in (FREQUENT, "neighbourhood_team")}
    assert change_page.not_compared(change, CHOSEN) is None
    said = change_page.not_compared(change, chosen)
    assert said.level == "limit"
    assert str(said) == (
        "Not compared with 28 February 2025, because one of the two runs did not count them: "
        f"{chosen['neighbourhood_team'].short}."
    )


def test_released_tables_of_no_criteria_can_be_read_again(runs, tmp_path, monkeypatch):
    digests = iter(["of then", "of now"])
    monkeypatch.setattr(cohort_members, "definition_digest", lambda *_: next(digests))
    table = protected(runs(THEN, NOW), CHANGES)[CRITERION.name]
    table.to_parquet(tmp_path / "empty.parquet")
    again = read_released([Path(tmp_path / "empty.parquet")])
    assert list(again) == CRITERION.names
    assert again.empty
