"""Episodes form spells, events keep to people's lives, and errors come at their stated rates."""

import duckdb
import numpy as np
import pytest

from phm_utils.synthetic import data_errors, days
from phm_utils.synthetic.draws import Coded, Mix, stream
from phm_utils.synthetic.network import STALE_FROM, STALE_PRACTICE
from phm_utils.synthetic.rows import Dates, Numbers, Rows
from phm_utils.tables import TABLES


def test_episodes_of_a_spell_follow_each_other(tables):
    episodes = tables["apc_episode"].columns
    spell, order = episodes["spell_id"].values, episodes["epiorder"].values
    start, end = episodes["epistart"].days, episodes["epiend"].days
    admitted, discharged = episodes["admidate"].days, episodes["disdate"].days
    first, follows = order == 1, order[1:] > 1
    assert (start[first] == admitted[first]).all()
    assert (spell[1:][follows] == spell[:-1][follows]).all()
    assert (order[1:][follows] == order[:-1][follows] + 1).all()
    assert (start[1:][follows] == end[:-1][follows]).all()
    last = np.append(order[1:] == 1, True)
    assert (end[last] == discharged[last]).all()
    closed = discharged != days.NO_DAY
    assert (discharged[closed] >= admitted[closed]).all()
    assert 1.05 < len(spell) / len(np.unique(spell)) < 1.6


def test_admission_methods_and_rates_are_those_of_a_hospital(tables, network):
    episodes = tables["apc_episode"].columns
    first = episodes["epiorder"].values == 1
    method = np.array(episodes["admimeth"].words)[episodes["admimeth"].index[first]]
    years = network.people.years.sum()
    emergency = np.isin(method, ["21", "22", "24", "25", "28", "2A", "2B"]).sum() / years
    assert 0.06 < emergency < 0.14
    assert (method == "21").sum() > 4 * (method == "22").sum()
    assert {"11", "12", "13", "31", "82"} <= set(method)


def test_no_care_before_arrival_or_after_death(tables, network):
    people = network.people
    for table, column in data_errors.DATED.items():
        rows = tables[table]
        day = rows.columns[column].days
        early = day < people.first[rows.who]
        if table == "apc_episode":
            early &= day < people.birth[rows.who] - days.EPOCH  # a baby is in hospital before it has a practice
        assert not early.any(), table
        died = people.died[rows.who]
        assert not ((died != days.NO_DAY) & (day > died)).any(), table


def test_the_stale_practice_stops_but_its_registrations_do_not(tables, network):
    stale = list(network.practices).index(STALE_PRACTICE)
    mine = network.people.practice[tables["gp_event"].who] == stale
    day = tables["gp_event"].columns["event_date"].days
    assert day[mine].max() <= days.day(STALE_FROM)
    assert day[~mine].max() > days.day(STALE_FROM)
    joined = tables["gp_registration"].columns["registered_from"].days
    assert joined[network.people.practice[tables["gp_registration"].who] == stale].max() > days.day(STALE_FROM)


def test_people_who_died_or_left_are_in_the_extract(tables):
    ended = tables["gp_registration"].columns["registered_to"].days != days.NO_DAY
    assert 0.06 < ended.mean() < 0.20
    assert len(tables["death"]) > 300


def test_keys_are_unique_before_the_planted_duplicates(tables):
    for table, rows in tables.items():
        [key] = TABLES[table].key
        assert (np.diff(rows.columns[key].values) > 0).all(), table


def some_rows(count: int) -> Rows:
    columns = {
        "event_id": Numbers(np.arange(count)),
        "event_date": Dates(np.full(count, 100, np.int16)),
        "value_num": Numbers(np.full(count, 25.0), np.zeros(count, bool)),
        "snomed_code": Coded(np.zeros(count, np.uint8), ("60621009",)),
    }
    return Rows(np.zeros(count, np.int32), columns)


def test_dirt_comes_at_its_stated_rate():
    n = 300_000
    with_errors = data_errors.add_errors(stream(1, 1, "test"), "gp_event", some_rows(n))
    assert len(with_errors) - n == pytest.approx(n * data_errors.DUPLICATED, rel=0.3)
    ids = with_errors.columns["event_id"].values
    assert len(np.unique(ids)) == n
    day = with_errors.columns["event_date"].days
    assert (day == days.NO_DAY).sum() == pytest.approx(n * data_errors.DATE_ABSENT, abs=25)
    assert (day > days.DAYS).sum() == pytest.approx(n * data_errors.DATE_IN_FUTURE, abs=25)
    value = with_errors.columns["value_num"].values
    assert (value != 25.0).mean() == pytest.approx(data_errors.VALUE_IMPOSSIBLE, rel=0.3)


def test_ethnicity_is_missing_more_often_in_some_groups(network):
    recorded = data_errors.recorded_ethnicity(stream(1, 1, "test"), network.people)
    missing = recorded != network.people.ethnicity
    minority = network.people.ethnicity > 2
    assert missing[minority].mean() > 1.5 * missing[~minority].mean()
    assert 0.03 < missing.mean() < 0.15


def test_a_mix_draws_its_shares_and_a_blank_is_null():
    drawn = Mix.of({"a": 3, "b": 1, "": 1}).draw(stream(1, 1, "test"), 100_000)
    share = [(drawn.index == k).mean() for k in (0, 1, drawn.null)]
    assert share == pytest.approx([0.6, 0.2, 0.2], abs=0.01)


def test_pseudonymised_rows_show_conflicts_and_missing_pseudonyms(tiny):
    found = (
        duckdb.connect()
        .execute(
            f"""SELECT count(*) FILTER (e.token_person_id IS NULL),
            count(*) FILTER (e.sex <> p.sex AND e.birth_month <> date_trunc('month', p.date_of_birth)), count(*)
        FROM '{tiny}/pseudonymised/ecds_attendance/*.parquet' AS e
        LEFT JOIN '{tiny}/truth/person/*.parquet' AS p USING (token_person_id)"""
        )
        .fetchall()
    )
    missing, conflicts, rows = found[0]
    assert missing / rows == pytest.approx(data_errors.IDENTITY["ecds_attendance"].missing, abs=0.012)
    assert conflicts < 0.01 * rows


def test_type_1_opt_outs_are_marked_and_bring_no_events(tiny):
    [(marked, events)] = (
        duckdb.connect()
        .execute(
            f"""SELECT count(*), (SELECT count(*) FROM '{tiny}/pseudonymised/gp_event/*.parquet' AS e
            SEMI JOIN (FROM '{tiny}/truth/person/*.parquet' WHERE type_1_opt_out) AS t USING (token_person_id))
        FROM '{tiny}/pseudonymised/gp_registration/*.parquet' WHERE type_1_opt_out"""
        )
        .fetchall()
    )
    assert marked >= 1
    assert events == 0
