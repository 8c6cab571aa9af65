"""Everybody registered in the extract is counted in a network or has a named reason."""

import pandas as pd
import pytest

from phm_utils.inputs.check_report import report
from phm_utils.inputs.people_account import DIED, END_UNKNOWN, IN_EXTRACT, NO_TOKEN, NOT_CURRENT, REGISTERED
from phm_utils.inputs.practices import ELSEWHERE
from phm_utils.schema import PCN_NOT_KNOWN


def account(store) -> pd.DataFrame:
    return store.read("people_account").set_index(["part", "unit_code", "what"])["people"]


@pytest.fixture
def everybody(small, rows):
    """Twelve registrations: each outcome once, and two people counted."""
    person = rows["gp_registration"]

    def of(n: int, **changes) -> dict:
        return person | {"registration_id": f"r{n}", "token_person_id": f"t{n}", "household_token": f"h{n}"} | changes

    other = rows["practice"] | {"practice_code": "A88001", "pcn_code": "U88001", "icb_code": "QYY"}
    none = rows["practice"] | {"practice_code": "A99002", "pcn_code": None}
    small.put("practice", rows["practice"], other, none)
    small.put(
        "gp_registration", of(1), of(2, token_person_id="t1", registered_from="2012-01-01"),
        of(3, token_person_id=None), of(4, registered_to="2020-02-30"), of(5, practice_code="A88001"),
        of(6, practice_code="A99002"), of(7, practice_code="A77001"), of(8, type_1_opt_out="true"),
        of(9, registered_to="2020-01-01"), of(10, registered_from="2025-04-15"), of(11, practice_code=None), of(12),
    )  # fmt: skip
    return small.put("death", {"death_id": "d1", "token_person_id": "t12", "sex": "1", "birth_month": "1980-02-01",
                               "date_of_death": "2025-01-01"})  # fmt: skip


ACCEPTED = {"accept": ["gp_registration:quarantined", "gp_registration.registered_to:emptied"]}


def test_the_account_adds_up_and_names_each_reason(everybody):
    found = account(everybody.checked(everybody.workbook(**ACCEPTED)))
    rows, people = found["registrations"].droplevel(0), found["people"].droplevel(0)
    assert rows[IN_EXTRACT] == 12 == rows.drop(IN_EXTRACT).sum() - rows[REGISTERED] + 7
    assert rows.to_dict() == {
        IN_EXTRACT: 12, "of people who opted out: withheld": 1, "cannot be used: quarantined": 1, NOT_CURRENT: 2,
        "further registrations of the same people": 1, REGISTERED: 7,
    }  # fmt: skip
    assert {what: n for what, n in people.items() if n} == {
        NO_TOKEN: 1, END_UNKNOWN: 1, DIED: 1, f"practice {ELSEWHERE}": 1
    }  # fmt: skip
    assert found["counted"].droplevel(1).to_dict() == {PCN_NOT_KNOWN: 2, "U99001": 1}
    assert rows[REGISTERED] == people.sum() + found["counted"].sum()


def test_the_check_prints_it(everybody):
    text = report(everybody.checked(everybody.workbook(**ACCEPTED)))
    assert "            12  registrations in the extract" in text
    assert "             7  people registered on the index date" in text
    assert "not counted: practice of another ICB" in text
    assert "             2      of them in no known network (unit `PCN not known`)" in text
    assert "practice not in the practice table" in text
    assert "no registrations:" not in text


def test_open_practices_without_registrations_are_named(small, rows):
    more = [rows["practice"] | {"practice_code": f"A9900{n}"} for n in range(2, 9)]
    closed = rows["practice"] | {"practice_code": "A99009", "close_date": "2019-03-31"}
    other = rows["practice"] | {"practice_code": "A88001", "pcn_code": "U88001", "icb_code": "QYY"}
    small.put("practice", rows["practice"], *more, closed, other)
    assert (
        "no registrations: 7 of 8 open practices of the ICS have none in gp_registration "
        "(A99002, A99003, A99004, A99005, A99006 and others)"
    ) in report(small.checked())


def test_a_death_of_another_person_of_that_pseudonym_is_none(everybody):
    everybody.put("death", {"death_id": "d1", "token_person_id": "t12", "sex": "2", "birth_month": "1950-01-01",
                            "date_of_death": "2025-01-01"})  # fmt: skip
    assert account(everybody.checked(everybody.workbook(**ACCEPTED)))["people"].droplevel(0)[DIED] == 0


def test_rows_in_another_order_give_the_same_account(everybody):
    first = everybody.checked(everybody.workbook(**ACCEPTED))
    path = everybody.folder / "gp_registration.csv"
    pd.read_csv(path, dtype=str).iloc[::-1].to_csv(path, index=False)
    second = everybody.checked(everybody.workbook(**ACCEPTED), store="again")
    pd.testing.assert_frame_equal(first.read("people_account"), second.read("people_account"))
