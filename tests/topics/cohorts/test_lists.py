"""Lists and what came of them, as released and as a page says it: each person once, denominators, nothing small."""

from datetime import date, timedelta

import pandas as pd
import pytest
from listed_people import MADE, Lists, lists_of
from released_tables import protected, table_of

from phm_utils.absent import Absent
from phm_utils.engine import Model
from phm_utils.measures.cohort_definitions import load_cohorts
from phm_utils.privacy.relations import violations
from phm_utils.topics.cohorts import list_page
from phm_utils.topics.cohorts.list_releases import GROUP, LEFT_OUT, LIST_RELEASES, LISTS, STATUS, TIME, UNIT
from phm_utils.topics.cohorts.list_tables import list_tables

SCREENING = "cervical_screening_overdue"
EVERY = {SCREENING: load_cohorts()[SCREENING]}
SOUTH = {"practice": "A99003"}


@pytest.fixture
def lists(tmp_path) -> Lists:
    return lists_of(tmp_path)


def on(day: int) -> date:
    """The day so many days after the list was made."""
    return MADE + timedelta(days=day)


def each(name: str, count: int, *events: tuple[str, int]) -> list[tuple[str, str, date]]:
    """The same returned rows for each of a group: status, and days after the list."""
    return [(f"{name}{n}", status, on(day)) for n in range(count) for status, day in events]


@pytest.fixture
def listed(lists) -> Lists:
    """400 people of one list: 200 met early, 100 later, 40 called three times, 50 not tried, 10 dead before a call."""
    lists.many(
        early=(200, {}), late=(100, {"practice": "A99002", "fifth": 1}), called=(40, SOUTH), untried=(50, SOUTH),
        dead=(10, {"died": on(5)}),
    )  # fmt: skip
    request = lists.request()
    lists.came_back(
        request,
        *each("early", 200, ("contacted", 1), ("reached", 3)), *each("late", 100, ("not_reached", 2), ("reached", 10)),
        *each("called", 40, ("not_reached", 1), ("not_reached", 2), ("not_reached", 3)),
    )  # fmt: skip
    lists.have(*((f"early{n}", "cervical_screening", date(2025, 3, 3)) for n in range(60)))
    return lists


def models(lists: Lists) -> list[Model]:
    lists.run()
    return list(list_tables(lists.con, lists.workbook))


def page(lists: Lists, release, area: str = "QZZ") -> pd.DataFrame:
    return list_page.titled(table_of(protected(models(lists), LIST_RELEASES), release, area), EVERY)


def test_each_person_counts_once_in_each_column(listed):
    row = page(listed, LISTS).iloc[0]
    counted = row[["lists", "listed", "here", "ended", "tried", "not_tried", "ended_untried", "reached", "thrice"]]
    assert counted.tolist() == [1, 400, 390, 10, 340, 50, 10, 300, 40]
    assert row["this_month"] == 60  # attended in March, the month of the index date
    assert row["share"] == pytest.approx(0.75)
    north = page(listed, LISTS, "U99001").iloc[0]
    assert north[["listed", "tried", "not_tried"]].tolist() == [310, 300, 0]


def test_the_finding_stands_first_and_says_who_is_left(listed):
    [said] = list_page.came_of_it(page(listed, LISTS))
    assert str(said) == (
        "Cervical screening overdue: of 400 people on 1 list, 340 were tried and 300 (75.0%, 70.5% to 79.0%) were "
        "reached. Still registered and not yet tried: 50; tried on three days or more and not reached: 40. In the "
        "month of the index date 60 people had a contact."
    )


def test_a_person_has_a_history_so_statuses_do_not_add_up(listed):
    frame = list_page.statuses(page(listed, STATUS))
    assert dict(zip(frame["status"], frame["people"], strict=True)) == {
        "Contacted": 200, "Reached": 300, "Attended": 60, "Not reached": 140,
    }  # fmt: skip
    assert frame["listed"].eq(400).all()
    [said] = list_page.statuses_said(frame)
    assert str(said) == "Cervical screening overdue: contacted 200, reached 300, attended 60 and not reached 140."


def test_groups_have_their_own_denominators_and_differences_are_tested(listed):
    frame = list_page.by_group(page(listed, GROUP))
    shown = frame.set_index("group")
    assert shown.loc["Deprivation: 1 (most deprived)", ["reached", "listed"]].tolist() == [100, 100]
    assert shown.loc["Deprivation: 5 (least deprived)", ["reached", "listed"]].tolist() == [200, 290]
    assert shown.loc["Not counted now (died, moved, no GP records)", "listed"] == 10
    assert frame["group"].is_unique
    assert frame["group"].iloc[-1].startswith("Not counted now")
    [said] = list_page.unequal(frame)
    assert str(said).startswith(
        "Cervical screening overdue: the share reached differs by deprivation more than chance explains: 1 (most "
        "deprived) 100% ("
    )
    assert said.level == "finding"


def test_equal_shares_are_said_to_differ_by_nothing():
    frame = pd.DataFrame(
        {"short": "A", "dimension": "Sex", "level": ["Male", "Female"], "reached": [50, 55], "listed": [100, 105]}
    )
    [said] = list_page.unequal(frame)
    assert str(said) == "Between no groups does the share reached differ by more than chance explains (1 comparison)."
    assert said.level == "detail"  # nothing to act on: it stands at the figure alone
    [said] = list_page.unequal(frame.assign(reached=[pd.NA, 55]))
    assert str(said) == "Too few people were listed to compare how many of each group were reached."


def test_units_add_up_and_none_is_named(listed):
    frame = list_page.by_unit(page(listed, UNIT, "U99001"))
    assert dict(zip(frame["unit_name"], frame["listed"], strict=True)) == {"One": 210, "Two": 100}
    [said] = list_page.by_unit_said(frame, "practice")
    assert "One" not in str(said)
    assert "between 95.2% and 100% were reached in 2 practices" in str(said)


def test_time_to_first_contact_counts_the_dead_as_not_met(listed):
    # All 200 had a contact on day 1 and 100 on day 10; the 10 died on day 5; 90 had none. 200/400 and 300/400.
    frame = page(listed, TIME).set_index("day")
    assert frame.loc[7, "incidence"] == pytest.approx(0.5)
    assert frame.loc[14, "incidence"] == pytest.approx(0.75)
    assert frame.loc[7, "died"] == pytest.approx(0.02)  # 10/400
    assert frame.loc[14, ["died", "moved"]].isna().all()  # nobody was added
    assert pd.isna(frame.loc[21, "incidence"])
    [said] = list_page.first_contact(frame.reset_index())
    assert str(said).startswith("Cervical screening overdue: 75% (95% limits 70% to 80%) of the people listed")
    assert "within 14 days" in str(said)
    assert list_page.curves(frame.reset_index())["day"].tolist() == [0, 7, 14]


def test_figures_of_few_people_do_not_tell_how_many_they_are(lists):
    lists.many(met=(21, {}), unmet=(10, {}))
    request = lists.request()
    lists.came_back(request, *each("met", 21, ("reached", 2)))
    row = page(lists, TIME).set_index("day").loc[7]
    assert row["incidence"] == 0.68  # 21/31 = 0.677 would name both numbers
    assert (100 * row[["lower", "upper"]].astype(float) % 1).round(6).isin([0, 1]).all()
    assert row["lower"] < 0.5136  # its limits, 0.514 and 0.831, rounded outward
    assert row["upper"] > 0.8313


def test_a_step_of_fewer_than_ten_people_is_not_shown(lists):
    lists.many(many=(50, {}), few=(9, {}), more=(5, {}), none=(20, {}))
    request = lists.request()
    lists.came_back(
        request, *each("many", 50, ("reached", 2)), *each("few", 9, ("reached", 10)), *each("more", 5, ("reached", 13))
    )
    lists.have(*((f"few{n}", "cervical_screening_declined", on(12)) for n in range(9)))
    frame = page(lists, TIME).set_index("day")["incidence"]
    assert frame.dropna().round(3).to_dict() == {7: 0.6, 14: 0.76}
    lists.came_back(request, *each("many", 50, ("reached", 2)), *each("few", 9, ("reached", 10)))
    frame = page(lists, TIME).set_index("day")["incidence"]
    assert list(frame.dropna().index) == [7]


def test_a_person_on_two_lists_counts_once_from_the_first(lists):
    lists.many(a=(30, {}), b=(20, {}))
    first = lists.request()
    lists.request(made=on(21), digits="8A8A8A")
    lists.came_back(first, *each("a", 30, ("reached", 3)))
    row = page(lists, LISTS).iloc[0]
    assert row[["lists", "listed", "reached", "first_list", "last_list"]].tolist() == [
        2, 50, 30, "2025-01-06", "2025-01-27",
    ]  # fmt: skip
    assert page(lists, TIME).set_index("day").loc[7, "incidence"] == pytest.approx(0.6)


def test_nothing_small_is_shown_or_said(lists):
    lists.many(met=(4, {}), unmet=(3, {}))
    request = lists.request()
    lists.came_back(request, *each("met", 4, ("reached", 2)))
    frame = page(lists, LISTS)
    assert frame[["listed", "reached", "tried"]].isna().all(axis=None)
    assert [str(said) for said in list_page.came_of_it(frame)] == [
        "Cervical screening overdue: the people on 1 list are too few to show."
    ]
    frame = page(lists, TIME)
    assert frame.empty
    assert str(list_page.first_contact(frame)[0]).startswith("Too few people were followed for long enough")


def test_too_few_contacts_are_said_to_be_too_few(lists):
    lists.many(met=(9, {}), unmet=(30, {}))
    request = lists.request()
    lists.came_back(request, *each("met", 9, ("reached", 2)))
    [said] = list_page.first_contact(page(lists, TIME))
    assert str(said) == "Cervical screening overdue: too few had a contact to say when the first was."


def test_what_is_declared_of_how_figures_add_up_is_true(listed):
    found = {model.name: model.frame for model in models(listed)}
    others = {release.name: found[release.aggregate_name] for release in LIST_RELEASES}
    checked = [
        (release.name, relation)
        for release in LIST_RELEASES
        for relation in release.relations
        if violations(relation, others[release.name], release.keys, "QZZ", others)
    ]
    assert checked == []
    assert sum(len(release.relations) for release in LIST_RELEASES) > 15


def test_without_a_list_the_page_says_what_is_lacking(lists):
    lists.many(a=(20, {}))
    assert [model.name for model in models(lists)] == [LEFT_OUT.aggregate_name]
    absent = Absent(LISTS.part, LISTS.needs)
    assert list_page.titled(absent, EVERY).sentence == (
        "What came of lists: left out, because this run lacks a list that was asked for up to the index date."
    )
    assert list_page.came_of_it(absent) is None


def test_a_request_that_is_not_counted_is_named(lists):
    lists.many(a=(20, {}))
    lists.request(made=date(2025, 4, 1))
    said = list_page.not_counted(protected(models(lists), LIST_RELEASES)[LEFT_OUT.name])
    assert said.level == "limit"
    assert "R-20250401-7K2M9Q (it was made on 2025-04-01, after the index date 2025-03-31)" in str(said)
