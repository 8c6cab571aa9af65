"""Practices on the index date: memberships, mergers, other ICBs, and people whom no network has."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.inputs.practice_table import areas
from phm_utils.inputs.practices import CLOSED, ELSEWHERE, LISTED, MERGED, NO_PCN, UNLISTED, settled_practices
from phm_utils.params import Workbook
from phm_utils.schema import PCN_NOT_KNOWN
from phm_utils.tables import TABLES

INDEX = date(2025, 3, 31)
COLUMNS = [c.name for c in TABLES["practice"].for_form("pseudonymised")] + ["nulled_fields"]


def listed(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([{"icb_code": "QZZ", **row} for row in rows], columns=COLUMNS)


def settled(*rows: dict, registered: dict | None = None) -> pd.DataFrame:
    workbook = Workbook(name="t", title="T", ics_code="QZZ", synthetic=True, index_date=INDEX, landing="x")
    people = pd.Series(registered or {}, dtype="int64")
    return settled_practices(listed(*rows), people, workbook).set_index("practice_code")


def row(code: str = "A99001", pcn: str | None = "U99001", **changes) -> dict:
    return {"practice_code": code, "pcn_code": pcn, **changes}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (row(pcn="U99001", pcn_to="2024-03-31"), row(pcn="U99002", pcn_from="2024-04-01")),
        (row(pcn="U99001", pcn_from="2019-07-01"), row(pcn="U99002", pcn_from="2024-04-01")),
        (row(pcn="U99001"), row(pcn="U99002", pcn_from="2024-04-01")),
        (row(pcn="U99001", close_date="2024-03-31"), row(pcn="U99002")),
        (row(pcn=None), row(pcn="U99002")),
        (row(pcn="U99003", pcn_from="2025-04-01"), row(pcn="U99002")),
    ],
)
def test_the_membership_of_the_index_date_counts_in_whatever_order_rows_come(first, second):
    assert settled(first, second).loc["A99001", "pcn_code"] == "U99002"
    assert settled(second, first).loc["A99001", "pcn_code"] == "U99002"


def test_two_memberships_that_no_date_tells_apart_are_refused_if_the_practice_is_counted():
    two = (row(pcn="U99001"), row(pcn="U99002"))
    with pytest.raises(InputError, match=r"1 of 1 practices \(first: A99001\) are in two networks on 2025-03-31"):
        settled(*two)
    elsewhere = [{**r, "icb_code": "QYY"} for r in two]
    with pytest.raises(InputError, match="two networks"):
        settled(*elsewhere, row("A99002"), registered={"A99001": 5})


def test_a_bad_row_of_another_part_of_england_stops_nothing():
    elsewhere = [{**row("A88001", pcn), "icb_code": "QYY"} for pcn in ("U88001", "U88002")]
    found = settled(*elsewhere, row())
    assert found.loc["A99001", "pcn_code"] == "U99001"
    assert not found.loc["A88001", "of_ics"]


def test_practices_in_no_network_or_on_no_list_are_a_network_of_their_own():
    left = row("A99003", "U99001", pcn_to="2024-12-31")
    found = settled(row(), row("A99002", None), left, registered={"A99009": 50, "A99001": 1})
    assert found["pcn_code"].to_dict() == {
        "A99001": "U99001", "A99002": PCN_NOT_KNOWN, "A99003": PCN_NOT_KNOWN, "A99009": PCN_NOT_KNOWN
    }  # fmt: skip
    assert found["standing"].tolist() == [LISTED, NO_PCN, NO_PCN, UNLISTED]
    assert found["of_ics"].all()


def test_a_merged_practice_is_in_the_network_of_its_last_successor():
    found = settled(
        row("A99001", "U99001"), row("A99002", "U99002", close_date="2024-06-30", successor_code="A99003"),
        row("A99003", None, successor_code="A99001"),
    )  # fmt: skip
    assert found["pcn_code"].eq("U99001").all()
    assert found["standing"].tolist() == [LISTED, MERGED, MERGED]


def test_successors_in_a_circle_or_unknown_end():
    found = settled(row("A99001", None, successor_code="A99002"), row("A99002", None, successor_code="A99001"))
    assert found["pcn_code"].eq(PCN_NOT_KNOWN).all()
    assert settled(row("A99001", None, successor_code="A90000"))["pcn_code"].tolist() == [PCN_NOT_KNOWN]


def test_a_closed_practice_without_successor_keeps_its_last_network():
    found = settled(row(close_date="2024-06-30"))
    assert found[["pcn_code", "standing"]].iloc[0].tolist() == ["U99001", CLOSED]


def test_practices_of_another_icb_are_not_of_the_ics():
    moved = [row("A99002", icb_code="QYY", pcn_from="2024-04-01"), row("A99002", pcn_to="2024-03-31")]
    found = settled(row(), *moved, row("A99003", icb_code="QYY"))
    assert found["standing"].tolist() == [LISTED, ELSEWHERE, ELSEWHERE]


def test_an_ics_code_that_no_practice_has_is_refused_with_those_that_they_have():
    with pytest.raises(InputError, match=r"none of 2 practices has the icb_code QZZ.*QYY \(2\)"):
        settled(row(icb_code="QYY"), row("A99002", icb_code="QYY"))
    assert settled(row(icb_code=None))["of_ics"].all()


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "U99001", "U99002", "U99003"]), st.integers(-900, 200), st.integers(0, 900)),
        min_size=1, max_size=5, unique_by=lambda t: t[1],
    ),
    st.randoms(),
)  # fmt: skip
@settings(deadline=None)
def test_one_row_a_practice_whatever_its_memberships_and_their_order(spans, random):
    rows = [
        row(pcn=pcn, pcn_from=str(INDEX + timedelta(start)), pcn_to=str(INDEX + timedelta(start + length)))
        for pcn, start, length in spans
    ]
    found = settled(*rows)
    random.shuffle(rows)
    pd.testing.assert_frame_equal(found, settled(*rows))
    current = [(start, pcn) for pcn, start, length in spans if start <= 0 <= start + length and pcn]
    assert found.loc["A99001", "pcn_code"] == (max(current)[1] if current else PCN_NOT_KNOWN)


def test_a_run_is_planned_for_the_networks_of_the_index_date(small):
    small.put("practice", row(pcn_to="2024-03-31", icb_code="QZZ"),
              row(pcn="U99002", pcn_name="South", pcn_from="2024-04-01", icb_code="QZZ"),
              row("A99002", None, icb_code="QZZ"))  # fmt: skip
    assert areas(small.workbook()) == {"QZZ": "Tiny ICS", "U99002": "South"}
