"""What came of the people of each list: where they are now, and every event since."""

from datetime import date

import pytest
from listed_people import INDEX, MADE, Lists, lists_of

from phm_utils.errors import InputError
from phm_utils.measures.follow_up import follow_up_files
from phm_utils.measures.topic import FOLLOW_UP


@pytest.fixture
def lists(tmp_path) -> Lists:
    return lists_of(tmp_path)


def events(tables: dict, request) -> list[tuple]:
    """Of `outreach_event`: token, day, status and source."""
    frame = tables["outreach_event"].merge(request.people(), on="reference")
    days = frame["day"].dt.date
    return sorted(zip(frame["token"], days, frame["status"], frame["source"], strict=True))


def test_where_people_are_on_the_index_date(lists):
    lists.are(
        {"token": "here"}, {"token": "dead", "died": date(2025, 2, 1)}, {"token": "left", "to": date(2025, 2, 3)},
        {"token": "moved", "to": date(2025, 1, 31), "then": "A99003"}, {"token": "gone", "unknown": True},
        {"token": "merged", "practice": "A99009", "to": date(2025, 1, 31), "then": "A99002"},
        {"token": "moved and dead", "to": date(2025, 1, 20), "died": date(2025, 3, 1)},
    )  # fmt: skip
    request = lists.request()
    members = lists.run()["list_member"].merge(request.people(), on="reference").set_index("token")
    assert members["state"].to_dict() == {
        "here": "here", "dead": "died", "left": "moved", "moved": "moved", "gone": "not found", "merged": "here",
        "moved and dead": "moved",
    }  # fmt: skip
    ended = members["ended_on"].dropna().dt.date.to_dict()
    assert ended == {
        "dead": date(2025, 2, 1), "left": date(2025, 2, 3), "moved": date(2025, 1, 31),
        "moved and dead": date(2025, 1, 20),
    }  # fmt: skip
    assert members.loc["moved", "pcn_code"] == "U99001"  # where the list was made for
    assert members["listed_on"].dt.date.eq(MADE).all()
    assert members.loc["gone", ["person_no", "ended_on"]].isna().all()


def test_codes_count_after_the_day_of_the_list_and_returned_lists_from_it(lists):
    lists.are({"token": "a"}, {"token": "b"})
    request = lists.request()
    lists.have(
        ("a", "cervical_screening", MADE), ("a", "cervical_screening", date(2025, 1, 7)),
        ("a", "cervical_screening_no_response", date(2025, 1, 8)), ("a", "asthma", date(2025, 1, 9)),
        ("b", "cervical_screening_declined", INDEX), ("b", "cervical_screening", date(2024, 12, 31)),
    )  # fmt: skip
    lists.came_back(request, ("a", "reached", MADE), ("b", "closed", date(2025, 1, 20)))
    assert events(lists.run(), request) == [
        ("a", MADE, "reached", "returned list"),
        ("a", date(2025, 1, 7), "attended", "code"),
        ("a", date(2025, 1, 8), "not_reached", "code"),
        ("b", date(2025, 1, 20), "closed", "returned list"),
        ("b", INDEX, "declined", "code"),
    ]


def test_nothing_after_the_index_date_counts(lists):
    lists.are({"token": "a"})
    request = lists.request()
    lists.have(("a", "cervical_screening", date(2025, 1, 20)))
    lists.came_back(request, ("a", "reached", date(2025, 1, 19)), ("a", "closed", date(2025, 1, 10)))
    lists.workbook = lists.workbook.model_copy(update={"index_date": date(2025, 1, 15)})
    assert events(lists.run(), request) == [("a", date(2025, 1, 10), "closed", "returned list")]


def test_codes_of_people_who_have_died_or_left_are_known_all_the_same(lists):
    lists.are({"token": "a"}, {"token": "dead", "died": date(2025, 2, 1)}, {"token": "left", "to": date(2025, 2, 3)})
    request = lists.request()
    lists.have(gone=[("dead", date(2025, 1, 20)), ("left", MADE), ("left", date(2025, 2, 1)), ("a", date(2025, 1, 9))])
    assert [row[:3] for row in events(lists.run(), request)] == [
        ("dead", date(2025, 1, 20), "attended"),
        ("left", date(2025, 2, 1), "attended"),  # those of `a` would stand in `person_event`
    ]


def test_each_request_has_its_own_rows_and_codes_mean_what_its_cohort_says(lists):
    lists.are({"token": "a"}, {"token": "b"})
    first, second = lists.request(), lists.request("a", made=date(2025, 2, 3), cohort="frequent_ed_attenders")
    lists.have(("a", "cervical_screening", date(2025, 3, 1)))
    tables = lists.run()
    assert tables["list_member"].groupby("request").size().to_dict() == {first.head.request: 2, second.head.request: 1}
    assert tables["outreach_event"]["request"].tolist() == [first.head.request]


def test_a_request_that_cannot_be_counted_is_said_to_be_left_out(lists):
    lists.are(*({"token": f"p{n}"} for n in range(4)))
    counted = lists.request("p0", "p1")
    later = lists.request("p0", made=date(2025, 4, 1))
    other = lists.request("p0", run="another", digits="AAAAAA")
    lists.people = [{"token": f"q{n}", "practice": "A99001"} for n in range(3)] + lists.people[:1]
    strangers = lists.request(digits="BBBBBB")
    tables = lists.run()
    assert tables["list_request"].set_index("request")["left_out"].to_dict() == {
        counted.head.request: "",
        other.head.request: "it was made of the run another",
        strangers.head.request: "its people have other pseudonyms than this run",
        later.head.request: "it was made on 2025-04-01, after the index date 2025-03-31",
    }
    assert set(tables["list_member"]["request"]) == {counted.head.request}


def test_without_requests_the_tables_have_their_columns_and_no_rows(lists):
    lists.are({"token": "a"})
    tables = lists.run()
    assert [len(table) for table in tables.values()] == [0, 0, 0]
    assert set(tables) == set(FOLLOW_UP.makes)
    assert {"request", "reference", "state"} <= set(tables["list_member"])
    assert follow_up_files(lists.workbook) == []


def test_the_stage_depends_on_requests_what_came_back_and_the_cohorts_files(lists):
    lists.are({"token": "a"})
    request = lists.request()
    before = [path.name for path in follow_up_files(lists.workbook)]
    assert before == ["request.json", "people.csv", "cervical_screening_overdue.yml"]
    lists.came_back(request, ("a", "reached", MADE))
    assert "outreach.csv" in [path.name for path in follow_up_files(lists.workbook)]


def test_a_request_that_was_changed_stops_the_run(lists):
    lists.are({"token": "a"})
    request = lists.request()
    (request.path / "people.csv").write_text("reference,token,practice_code,reason,expires\n")
    with pytest.raises(InputError, match="is not as it was written"):
        lists.run()
