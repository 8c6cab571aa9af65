"""Planted follow-up: what came of two lists of one network, and that it leaves everything else as it was."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from phm_utils.synthetic import codes, days, follow_up, outreach, simulate
from phm_utils.synthetic.draws import stream
from phm_utils.synthetic.network import make_network, make_tables
from phm_utils.synthetic.outreach import CERVICAL, FRAILTY
from phm_utils.synthetic.returned_list import returned_list
from phm_utils.synthetic.writing import to_arrow

CODED = {"attended": "cervical_screening", "declined": "cervical_screening_declined",
         "not_reached": "cervical_screening_no_response", "reviewed": "medication_review"}  # fmt: skip


def frame(rows) -> pd.DataFrame:
    """Rows as a data frame, with `who` and days as numbers."""
    values = {n: getattr(c, "days", None) if hasattr(c, "days") else to_arrow(c).to_pandas().astype("object")
              for n, c in rows.columns.items()}  # fmt: skip
    return pd.DataFrame({"who": rows.who, **values})


@pytest.fixture(scope="module")
def planted():
    """A network of 20,000 with its lists: the network, the truth, and the GP events without and with the planted."""
    network = make_network(seed=11, pcn=outreach.PCN, registered=20_000)
    made = make_tables(11, network)
    (_, registrations), (_, events) = next(made), next(made)
    found = outreach.make_outreach(stream(11, outreach.PCN, "outreach"), network, registrations, events)
    return network, found, events, outreach.coded_events(found)


@pytest.fixture(scope="module")
def truth(planted):
    return frame(planted[1].rows())


def last_entry(events, who, concepts, until):
    """By person: the day of the last entry of any concept, at most `until`."""
    listed = np.concatenate([codes.positions(c) for c in concepts])
    rows = np.isin(events.columns["snomed_code"].index, listed) & np.isin(events.who, who)
    found = pd.DataFrame({"who": events.who[rows], "day": events.columns["event_date"].days[rows].astype(int)})
    return found[found["day"] <= until].groupby("who")["day"].max().reindex(who)


def test_women_planted_were_overdue_when_the_list_was_made(planted):
    network, found, events, _ = planted
    who, index = found.listed[CERVICAL], days.day(pd.Timestamp("2024-12-31").date())
    assert len(who) == 300
    people = network.people
    assert (people.sex[who] == 1).all()
    assert (people.last[who] > follow_up.LIST_DAY).all()
    assert not people.type_1[who].any()
    # The age in completed years from the first of the month of birth.
    ages = (pd.Timestamp("2024-12-31") - pd.to_datetime(people.birth[who].astype("datetime64[D]"))).days / 365.25
    assert ages.min() >= 24.9
    assert ages.max() < 50.1
    since = (index - last_entry(events, who, ["cervical_screening"], index)) / days.YEAR * 12
    assert (since.fillna(np.inf) > 41.9).all()
    assert last_entry(events, who, ["hysterectomy"], days.DAYS).isna().all()
    assert not (index - last_entry(events, who, ["cervical_screening_declined"], index) < 3 * 365).any()


def test_people_planted_lived_with_severe_frailty_and_had_no_review_in_the_year(planted):
    network, found, events, _ = planted
    who, index = found.listed[FRAILTY], days.day(pd.Timestamp("2024-12-31").date())
    assert len(who) > 10
    assert (network.people.age[who] >= 65).all()
    assert last_entry(events, who, ["frailty_severe"], index).notna().all()
    reviews = last_entry(events, who, ["medication_review", "structured_medication_review"], days.DAYS)
    assert not (reviews > index - 366).any()
    assert last_entry(events, who, ["end_of_life"], days.DAYS).isna().all()


def test_the_codes_of_the_planted_after_the_list_are_those_of_the_truth_and_no_others(planted, truth):
    _, found, events, more = planted
    together = events.followed_by(more)
    for cohort, statuses in ((CERVICAL, ("attended", "declined", "not_reached")), (FRAILTY, ("reviewed",))):
        for status in statuses:
            rows = np.isin(together.columns["snomed_code"].index, codes.positions(CODED[status]))
            rows &= np.isin(together.who, found.listed[cohort])
            rows &= together.columns["event_date"].days > follow_up.INDEX_DAY
            coded = sorted(zip(together.who[rows], together.columns["event_date"].days[rows], strict=True))
            told = truth[(truth["status"] == status) & (truth["how"] == "code") & (truth["cohort"] == cohort)]
            assert coded == sorted(zip(told["who"], told["day"], strict=True))
            assert coded


def test_nothing_comes_before_the_list_after_its_end_or_after_the_persons(planted, truth):
    network, some = planted[0], truth[truth["status"].notna()]
    assert (some["day"] > follow_up.LIST_DAY).all()
    assert (some["day"] <= np.where(some["how"] == "returned", outreach.EXPIRES, follow_up.LAST_DAY)).all()
    assert (some["day"] <= network.people.last[some["who"]]).all()
    assert (days.WEEKDAY[some["day"].astype(int)] < 5).all()
    assert (network.people.last[planted[1].listed[CERVICAL]] < follow_up.LAST_DAY).any()  # some leave or die meanwhile


def test_whoever_has_no_status_stands_in_the_truth_without_one(planted, truth):
    silent = truth[truth["status"].isna()]
    assert silent["how"].isna().all()
    assert (silent["day"] == days.NO_DAY).all()
    assert not set(silent["who"]) & set(truth.loc[truth["status"].notna(), "who"])
    listed = truth.groupby("cohort")["who"].agg(set)
    assert all(listed[cohort] == set(planted[1].listed[cohort]) for cohort in outreach.COHORTS)


def test_a_history_on_the_list_has_its_steps_in_order(truth):
    told = truth[truth["how"] == "returned"]
    first, last = (told.pivot_table("day", "who", "status", aggfunc=how) for how in ("min", "max"))
    assert first["offered"].notna().all()
    for before, after in (("offered", "contacted"), ("offered", "not_reached"), ("contacted", "not_reached"),
                          ("not_reached", "reached"), ("reached", "accepted"), ("reached", "declined"),
                          ("declined", "closed"), ("not_reached", "closed")):  # fmt: skip
        both = first[after].notna() & last[before].notna()
        assert both.any()
        assert (last.loc[both, before] <= first.loc[both, after]).all()
    tries = told[told["status"] == "not_reached"].groupby("who").size()
    assert tries.max() == 3
    assert first.loc[tries.index[tries == 3], "reached"].isna().all()
    assert not (first["accepted"].notna() & first["declined"].notna()).any()


def test_shares_are_as_planted(planted, truth):
    women = len(planted[1].listed[CERVICAL])
    of = truth[truth["cohort"] == CERVICAL].groupby("status")["who"].nunique() / women
    # 300 women: standard error of a share of 0.4 is 0.03. Some leave before anything comes.
    assert of["not_reached"] == pytest.approx(outreach.SILENT, abs=0.09)
    assert of["declined"] == pytest.approx(outreach.DECLINES, abs=0.06)
    assert of["attended"] == pytest.approx(outreach.COMES + outreach.SILENT * outreach.COMES_LATE, abs=0.09)
    assert (truth["cohort"] == CERVICAL).sum() > truth.loc[truth["cohort"] == CERVICAL, "who"].nunique()  # histories


def test_one_network_has_planted_lists_and_nothing_else_of_the_extracts_changes(tmp_path, monkeypatch):
    asked = {"pcns": 2, "people_per_pcn": 1_500, "seed": 3, "workers": 1}
    with_lists = simulate(tmp_path / "with", **asked)
    monkeypatch.setattr(outreach, "PCN", 0)
    without = simulate(tmp_path / "without", **asked)
    files = {p.relative_to(root).as_posix() for root in (with_lists, without) for p in root.rglob("*") if p.is_file()}
    differ = {
        f for f in files if not (without / f).exists() or (with_lists / f).read_bytes() != (without / f).read_bytes()
    }
    events = "pseudonymised/gp_event/U99002.parquet"
    assert differ == {events, "truth/outreach/U99002.parquet", "truth/person/U99002.parquet", "truth/effects.json"}
    whole, before = (pd.read_parquet(root / events) for root in (with_lists, without))
    pd.testing.assert_frame_equal(whole[: len(before)], before)
    told = duckdb.sql(
        f"SELECT token_person_id, day FROM '{with_lists}/truth/outreach/*.parquet' WHERE how = 'code' ORDER BY ALL"
    ).fetchall()
    added = whole[len(before) :]
    assert sorted(zip(added["token_person_id"], added["event_date"], strict=True)) == told
    assert not set(added["event_id"]) & set(before["event_id"])
    assert added["practice_code"].notna().all()
    assert len(told) > 3


def written(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["token_person_id", "status", "day", "how"]).assign(
        day=lambda given: pd.to_datetime(given["day"]), cohort=FRAILTY
    )


def test_a_list_comes_back_in_its_own_order_with_every_status_and_no_code():
    truth = written([
        ("t2", "accepted", "2025-01-10", "returned"), ("t2", "reviewed", "2025-01-20", "code"),
        ("t2", "reached", "2025-01-10", "returned"), ("t1", "offered", "2025-01-07", "returned"),
        ("t3", None, None, None), ("not on this list", "offered", "2025-01-07", "returned"),
    ])  # fmt: skip
    back = returned_list(truth, {"REF2": "t2", "REF3": "t3", "REF1": "t1", "REF4": "nobody planted"})
    assert back.values.tolist() == [
        ["REF2", "reached", "2025-01-10"], ["REF2", "accepted", "2025-01-10"], ["REF3", "", ""],
        ["REF1", "offered", "2025-01-07"], ["REF4", "", ""],
    ]  # fmt: skip


def test_of_another_cohort_nothing_comes_back():
    truth = written([("t1", "offered", "2025-01-07", "returned")])
    assert returned_list(truth, {"REF1": "t1"}, CERVICAL).values.tolist() == [["REF1", "", ""]]
    assert returned_list(truth, {}).empty
