"""The shielded list has its planted faults, and the earlier edition of partners' lists changes nothing else."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from phm_utils.synthetic import days, partners, shielding
from phm_utils.synthetic.medicines import PREDNISOLONE
from phm_utils.synthetic.shielding import STATES

DAY = days.day(shielding.LIST_DATE)


@pytest.fixture(scope="module")
def listed(network, added) -> pd.DataFrame:
    """One row per person listed or eligible: `who`, `state`, `reason`, and what is true of the person."""
    truth, people = added.shielded.truth(), network.people
    frame = pd.DataFrame({"who": truth.who, "state": np.array(STATES)[truth.coded("state").index]})
    reason = truth.coded("reason").index
    frame["reason"] = np.where(reason == 255, "", np.array([*shielding.REASONS, ""])[np.minimum(reason, 6)])
    for name in ("listed", "eligible"):
        frame[name] = truth.numbers(name).values
    for name in ("first", "last", "died", "left", "registered", "type_1"):
        frame[name] = getattr(people, name)[frame["who"]]
    return frame


def eligible_by_hand(network, tables) -> set[int]:
    """Person by person: a late stage by the day, a cancer that began in 731 days, or four issues in 365."""
    people, facts = network.people, network.facts
    began = {name: facts.column(name) for name in (*shielding.STAGES, "cancer")}
    issues, day = tables["gp_medication"], tables["gp_medication"].dates("issue_date").days
    steroid = issues.coded("bnf_code").index == issues.coded("bnf_code").words.index(PREDNISOLONE)
    courses = pd.Series(issues.who[steroid & (day > DAY - 365) & (day <= DAY)]).value_counts()
    found = set()
    for who in range(len(people)):
        if people.registered[who] and not people.type_1[who] and people.first[who] <= DAY <= people.last[who]:
            late = any(began[name][0][who] and began[name][1][who] <= DAY for name in shielding.STAGES)
            cancer = began["cancer"][0][who] and DAY - 731 < began["cancer"][1][who] <= DAY
            if late or cancer or courses.get(who, 0) >= 4:
                found.add(who)
    return found


def test_the_eligible_are_those_of_the_rule_person_by_person(network, tables, listed):
    assert set(listed.loc[listed["eligible"], "who"]) == eligible_by_hand(network, tables)
    assert set(listed.loc[listed["eligible"], "reason"]) == set(shielding.REASONS)


def test_faults_have_their_planted_shares(listed):
    # 300 or so on the list: the standard error of a share of 0.14 is 0.02; the other shares are counted out.
    on_list = listed[listed["listed"]]
    assert len(on_list) > 150
    missing = (listed["state"] == "missing").sum() / listed["eligible"].sum()
    assert missing == pytest.approx(shielding.MISSING, abs=0.08)
    shares = on_list["state"].value_counts(normalize=True)
    assert shares["without reason"] == pytest.approx(0.05, abs=0.005)
    assert shares["dead"] == pytest.approx(0.02, abs=0.005)
    assert shares["moved"] == pytest.approx(0.02, abs=0.005)


def test_each_fault_is_what_its_name_says(listed):
    of = dict(list(listed.groupby("state")))
    assert of["dead"]["died"].between(DAY - 365, DAY - 1).all()
    assert of["moved"]["left"].between(DAY - 365, DAY - 1).all()
    here = listed[listed["state"].isin(["right", "missing", "without reason"])]
    assert ((here["first"] <= DAY) & (here["last"] >= DAY)).all()
    assert (of["without reason"]["reason"] == "").all()
    assert not (of["right"]["reason"] == "").any()
    assert not of["missing"]["listed"].any()
    assert not listed["type_1"].any()
    assert listed["registered"].all()
    assert listed["who"].is_unique


def rows_of_lists(tiny, form: str) -> pd.DataFrame:
    """Rows of partner_list with the true person of each, and when they were here."""
    con = duckdb.connect()
    return con.execute(
        f"""SELECT DISTINCT l.*, p.person, p.on_shielded_patients, p.first_seen, p.last_seen
        FROM '{tiny}/{form}/partner_list/*.parquet' AS l
        INNER JOIN '{tiny}/truth/record/*.parquet' AS r ON r.table_name = 'partner_list' AND r.record_id = l.row_id
        INNER JOIN '{tiny}/truth/person/*.parquet' AS p USING (person)"""
    ).df()


def test_the_list_arrives_without_a_flag_and_in_one_edition(tiny):
    rows = rows_of_lists(tiny, "pseudonymised")
    shielded = rows[rows["list_name"] == shielding.NAME]
    truth = pd.read_parquet(tiny / "truth" / "shielded")
    assert set(shielded["person"]) == set(truth.loc[truth["listed"], "person"])
    assert shielded["flag"].isna().all()
    assert shielded["on_shielded_patients"].all()
    assert rows.loc[rows["list_name"] != shielding.NAME, "flag"].notna().all()
    assert set(shielded["list_date"].dropna()) <= {"2024-12-01", "about a year ago"}


@pytest.mark.parametrize("form", ["pseudonymised", "identified"])
def test_both_editions_name_whoever_was_there_on_both_days_in_the_same_words(tiny, form):
    rows = rows_of_lists(tiny, form).query("list_name != @shielding.NAME")
    number = rows["row_id"] % 1_000_000_000
    later, earlier = rows[number < partners.EARLIER_IDS_FROM], rows[number > partners.EARLIER_IDS_FROM]
    assert later["row_id"].is_unique
    keys = ["person", "list_name"]
    both = later.merge(earlier, on=keys, suffixes=("", "_before"))
    own = [name for name in later if name not in (*keys, "row_id", "list_date")]
    assert len(both) > 50
    assert all(both[name].equals(both[f"{name}_before"].rename(name)) for name in own)
    new = later[~later.set_index(keys).index.isin(earlier.set_index(keys).index)]
    gone = earlier[~earlier.set_index(keys).index.isin(later.set_index(keys).index)]
    assert (pd.to_datetime(new["first_seen"]) > "2024-12-01").all()
    assert pd.to_datetime(gone["last_seen"]).between("2024-12-01", "2025-02-28").all()


def test_nobody_here_in_march_is_on_a_list_by_the_earlier_edition_alone(network, tables, added):
    people, rows = network.people, tables["partner_list"]
    on = partners.on_lists(np.random.default_rng(0), people, network.health)
    gone = partners.only_earlier(people, on)
    assert len(gone) > 5
    assert (people.last[gone.who] < days.day(partners.LIST_DATE)).all()
    edition = added.earlier(rows)
    assert (people.first[rows.who[edition.places]] <= days.day(partners.EARLIER_DATE)).all()
    assert len(edition.places) > 0.95 * len(rows)
