"""Rising contacts: steady people are beta-binomial, few of those flagged are false, and the number is estimated."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rising_contacts import CELLS, best_power, noise, of_cell, outcome, sample
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.episodes import episode_starts
from phm_utils.methods.practice_changes import later_share, practice_changes
from phm_utils.methods.rising import Rising, flagged, rising
from phm_utils.methods.rising_areas import rising_in_areas
from phm_utils.methods.rising_fit import fit, judge
from phm_utils.methods.rising_mixture import Mixture
from phm_utils.methods.rising_moves import Likelihoods, log_counts
from phm_utils.methods.rising_rows import Rows, tally

STEADY = np.r_[1.0, np.zeros(7)]


def every_split(total: int) -> Rows:
    """People with that total over two equal years, one for each way to divide it."""
    later = np.arange(total + 1.0)
    return Rows(total - later, later, np.zeros(total + 1), np.zeros(total + 1), np.ones(total + 1))


def of_totals(rows: Rows, mixture: Mixture) -> np.ndarray:
    """The chance of each split, given the total."""
    cells = Likelihoods(rows, mixture)
    chance = (mixture.by_move(cells) @ mixture.shares) * np.exp(cells.log_scale)
    return chance / chance.sum()


@pytest.fixture(scope="module")
def found() -> tuple[Rising, pd.DataFrame, np.ndarray]:
    """20,000 people of 20 contacts a year, k = 10, 2% of them with five times as many."""
    frame, rises = of_cell(np.random.default_rng(5), (20, 10.0, 5), 20_000)
    return rising(frame), frame, rises


@pytest.mark.parametrize("k", [np.inf, 10.0, 2.0])
def test_given_the_total_a_steady_persons_later_count_is_beta_binomial(k):
    # Whatever the rates: here people of 2, 7 and 30 contacts a year together.
    rate = np.array([2.0, 7.0, 30.0])
    mixture = Mixture(rate, np.full(3, 1 / k), np.array([0.2, 0.5, 0.3]), STEADY)
    expected = stats.binom(12, 0.5) if np.isinf(k) else stats.betabinom(12, k, k)
    assert of_totals(every_split(12), mixture) == pytest.approx(expected.pmf(np.arange(13)))


def test_counts_are_negative_binomial_and_poisson_at_no_dispersion():
    counts = np.arange(6.0)
    assert np.exp(log_counts(counts, np.array(3.0), np.array(0.2))) == pytest.approx(stats.nbinom(5, 5 / 8).pmf(counts))
    assert np.exp(log_counts(counts, np.array(3.0), np.array(0.0))) == pytest.approx(stats.poisson(3).pmf(counts))


def test_a_posterior_matches_hand_working():
    # Everybody comes twice a year (Poisson); 10% five times as often. Seen: 2, then 10. The earlier year and the
    # chance of any contact: 1 - exp(-4) if steady, 1 - exp(-12) if risen.
    rise = np.zeros(8)
    rise[[0, 5]] = 0.9, 0.1
    mixture = Mixture(np.array([2.0]), np.zeros(1), np.ones(1), rise)
    steady = 0.9 * stats.poisson(2).pmf(10) / (1 - np.exp(-4))
    risen = 0.1 * stats.poisson(10).pmf(10) / (1 - np.exp(-12))
    judged = judge(mixture, Rows(*(np.array([value]) for value in (2.0, 10.0, 0.0, 0.0, 1.0))))
    assert judged.posterior == pytest.approx(risen / (steady + risen))
    assert judged.expected == pytest.approx((2 * steady + 10 * risen) / (steady + risen))


def test_dispersion_is_that_of_steady_people_not_raised_by_risers(found):
    # Poisson-like scatter of the total apart, the variance between years without its riser share is 1/10.
    [k] = found[0].strata["k"]
    assert k == pytest.approx(10, rel=0.1)


def test_few_of_those_flagged_are_not_rising_and_most_risers_are_found(found):
    result, _, rises = found
    figures = outcome(result, rises)
    assert figures["false"] < 0.15
    assert figures["power"] > 0.85 * best_power(20, 10.0, 5)


def test_a_list_says_what_share_of_it_is_real(found):
    result, _, rises = found
    listed = result.people["flagged"]
    assert result.people.loc[listed, "posterior"].mean() == pytest.approx(rises[listed].mean(), abs=0.05)
    assert (1 - result.people.loc[listed, "posterior"]).mean() <= 0.10


def test_the_number_rising_is_estimated_and_not_the_number_flagged(found):
    result, _, rises = found
    assert result.lower < rises.mean() < result.upper
    assert result.share == pytest.approx(0.02, abs=0.004)


def test_risers_fall_back_by_as_much_as_is_expected(found):
    # Contacts of the third year, every rise lasting: the later year was in part luck.
    result, frame, rises = found
    random = np.random.default_rng(6)
    third = random.poisson(20 * noise(random, 10.0, len(frame)) * np.where(rises, 5, 1))
    listed = result.people["flagged"]
    assert result.people.loc[listed, "expected"].mean() == pytest.approx(third[listed].mean(), rel=0.05)
    assert third[listed].mean() < 0.95 * frame.loc[listed, "later"].mean()


def test_the_order_of_people_changes_nothing(found):
    result, frame, _ = found
    turned = rising(frame.iloc[::-1], limits=False).people
    pd.testing.assert_frame_equal(turned.loc[frame.index], result.people, rtol=1e-6)


def test_a_practice_that_records_twice_as_much_has_nobody_flagged_in_excess():
    random = np.random.default_rng(8)
    practice = random.integers(0, 20, 20_000)
    years = noise(random, 10.0, 20_000), noise(random, 10.0, 20_000) * np.where(practice == 0, 2, 1)
    frame, rises = sample(random, np.full(20_000, 12.0), years, 5, practice_code=practice)
    result = rising(frame, limits=False)
    listed = result.people["flagged"].to_numpy()
    false = np.bincount(practice[listed & ~rises], minlength=20)
    assert false[0] <= 2 + 2 * false[1:].mean()
    assert result.changes[0] / result.changes[1:].mean() == pytest.approx(2, rel=0.06)


def test_exposure_in_part_of_a_year_is_allowed_for():
    # Nobody rises; half were there for half of the earlier year only, so have twice as many contacts in the later.
    random = np.random.default_rng(9)
    half = np.where(np.arange(20_000) % 2, 0.5, 1.0)
    years = noise(random, 10.0, 20_000), noise(random, 10.0, 20_000)
    frame, _ = sample(random, np.full(20_000, 16.0), years, 5, share=0.0, exposure=(half, np.ones(20_000)))
    result = rising(frame)
    assert result.people["flagged"].sum() <= 3
    assert result.lower < 0.002


def test_strata_have_a_dispersion_of_their_own():
    random = np.random.default_rng(10)
    old = random.integers(0, 2, 30_000)
    k = np.where(old, 3.0, 30.0)
    frame, _ = sample(
        random, np.full(30_000, 20.0), (noise(random, k, 30_000), noise(random, k, 30_000)), 5, age_band=old
    )
    assert rising(frame, limits=False).strata["k"].tolist() == pytest.approx([30, 3], rel=0.2)


def test_people_whose_contacts_begin_or_end_are_not_taken_for_risers():
    # A third began on some day of the two years and a third ended; nobody's rate rose.
    random = np.random.default_rng(13)
    kind, day = random.integers(0, 3, 8_000), random.uniform(0, 2, 8_000)
    earlier = np.select([kind == 1, kind == 2], [np.clip(1 - day, 0, 1), np.clip(day, 0, 1)], 1.0)
    later = np.select([kind == 1, kind == 2], [np.clip(2 - day, 0, 1), np.clip(day - 1, 0, 1)], 1.0)
    years = noise(random, 10.0, 8_000) * earlier, noise(random, 10.0, 8_000) * later
    frame, rises = sample(random, random.gamma(4, 1.5, 8_000), years, 5)
    result = rising(frame)
    assert result.lower < rises.mean() < result.upper
    assert outcome(result, rises)["false"] < 0.25
    assert result.people.loc[kind == 1, "flagged"].mean() < 0.02


def test_people_who_differ_in_steadiness_are_noticed():
    random = np.random.default_rng(11)
    k = random.choice([20.0, 2.0], 20_000)
    frame, rises = sample(random, np.full(20_000, 20.0), (noise(random, k, 20_000), noise(random, k, 20_000)), 5)
    result = rising(frame, limits=False)
    assert result.strata["differ"].all()
    assert outcome(result, rises)["false"] < 0.2


def test_who_has_no_contact_or_hardly_any_exposure_is_not_judged(found):
    _, frame, _ = found
    some = frame.head(2_000).copy()
    some.loc[0, ["earlier", "later"]] = 0
    some.loc[1, "earlier_years"] = 0.1
    people = rising(some, limits=False).people
    assert people.loc[:1, "posterior"].isna().all()
    assert not people.loc[:1, "flagged"].any()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("later", -1, "negative"),
        ("later", 1.5, "no whole numbers"),
        ("earlier_years", None, "missing"),
        ("age_band", None, "age_band are missing"),
    ],
)
def test_unusable_people_are_refused(found, column, value, words):
    frame = found[1].head(600).astype({column: object})
    frame.loc[0, column] = value
    with pytest.raises(InputError, match=words):
        rising(frame)


def test_too_few_people_are_refused_with_what_to_do(found):
    with pytest.raises(InputError, match=r"100 of 100 people have contacts.*Take a larger area"):
        rising(found[1].head(100))


def test_areas_together_have_about_the_number_of_all(found):
    result, frame, rises = found
    areas = rising_in_areas(result, pd.Series(np.where(frame.index < 5_000, "A", "B"), index=frame.index))
    assert areas["people"].tolist() == [5_000, 15_000]
    assert areas["rising"].sum() == pytest.approx(result.share * 20_000, rel=0.05)
    true = [rises[:5_000].sum(), rises[5_000:].sum()]
    assert ((areas["lower"] < true) & (true < areas["upper"])).all()


def test_an_area_where_nobody_rises_may_have_none(found):
    result, frame, rises = found
    area = pd.Series(np.where(rises, "risers", "others"), index=frame.index)
    areas = rising_in_areas(result, area)
    assert areas.loc["others", "lower"] == 0
    assert areas.loc["risers", "rising"] > 0.9 * rises.sum()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0.01, 0.5))
def test_a_list_is_the_longest_with_few_enough_expected_false(posterior, false_share):
    people = pd.Series(posterior)
    listed = flagged(people, false_share)
    assert not listed.any() or (1 - people[listed]).mean() <= false_share + 1e-9
    assert not listed.any() or people[~listed].max() < people[listed].min() or listed.all()


@pytest.mark.parametrize("share", [0, 1, 10])
def test_a_share_of_false_ones_is_between_none_and_all(share):
    with pytest.raises(InputError, match="between 0 and 1"):
        flagged(pd.Series([0.5]), share)


def test_the_best_power_is_that_of_hand_working():
    # Poisson 5 against 15, 2% risers: 13 or more is .002019 and .7324, of which .119 false; 14 or more .000698 and
    # .6368, .051 false. Of those with 13 as many are taken as make it .100.
    steady, risen = stats.poisson(5), stats.poisson(15)
    above = 0.98 * steady.sf(13), 0.02 * risen.sf(13)
    at = 0.98 * steady.pmf(13), 0.02 * risen.pmf(13)
    part = (0.1 * sum(above) - above[0]) / (at[0] - 0.1 * sum(at))
    assert best_power(5, np.inf, 3) == pytest.approx((above[1] + part * at[1]) / 0.02)
    assert len(CELLS) == 18


def test_changes_of_practices_are_those_of_their_contacts_whatever_their_use():
    # A practice seen twice as often in both years has not changed.
    earlier = np.r_[np.full(300, 4), np.full(300, 8), np.full(300, 8)]
    later = np.r_[np.full(300, 4), np.full(300, 8), np.full(300, 4)]
    change = practice_changes(earlier, later, np.zeros(900), np.repeat([0, 1, 2], 300), np.inf)
    assert np.exp(change) == pytest.approx([1, 1, 0.5], rel=0.02)


def test_few_people_say_little_of_their_practices_change():
    earlier, later = np.full(1_003, 5), np.r_[np.full(1_000, 5), 10, 10, 10]
    change = practice_changes(earlier, later, np.zeros(1_003), np.r_[np.zeros(1_000, int), 1, 1, 1], 5)
    assert 0.1 < change[1] < 0.6 * np.log(2)


def test_the_share_of_the_later_year_is_pulled_to_a_half_where_people_are_unsteady():
    assert later_share(np.array([np.log(3)]), np.inf) == pytest.approx(0.75)
    # k = 1: the share of both is uniform, and 3 b / (1 + 2 b) integrates to 3 (1/2 - log(3) / 4) = .676.
    assert later_share(np.array([np.log(3)]), 1.0) == pytest.approx(1.5 - 0.75 * np.log(3))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=30), st.integers(0, 9))
def test_episodes_begin_where_the_one_before_has_ended(contacts, days):
    contacts.sort()
    person, day = (np.array([c[n] for c in contacts], int) for n in (0, 1))
    expected, begun = [], {}
    for who, when in contacts:
        starts = who not in begun or when > begun[who] + days
        begun[who] = when if starts else begun[who]
        expected.append(starts)
    assert episode_starts(person, day, days).tolist() == expected


@pytest.mark.parametrize(
    ("person", "day", "days", "words"), [([1, 1], [5, 3], 1, "out of order"), ([1], [1], -1, "-1")]
)
def test_contacts_out_of_order_are_refused(person, day, days, words):
    with pytest.raises(InputError, match=words):
        episode_starts(np.array(person), np.array(day), days)


def test_rows_that_are_alike_are_counted_once_and_exposures_roughly():
    rows, row = tally(np.array([1, 1, 1]), np.array([2, 2, 2]), np.zeros(3), np.array([0.0, 0.01, 0.5]))
    assert rows.people.tolist() == [2, 1]
    assert row.tolist() == [0, 0, 1]


def test_a_mixture_of_few_people_is_one_of_one_ratio():
    frame, _ = of_cell(np.random.default_rng(12), (5, np.inf, 5), 3_000)
    rows, _ = tally(*(frame[name].to_numpy(float) for name in ("earlier", "later")), np.zeros(3_000), np.zeros(3_000))
    assert (fit(rows).shares[1:] > 0).sum() == 1
