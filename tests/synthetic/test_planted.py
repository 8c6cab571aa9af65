"""What was planted can be found again in the people and in their care."""

from types import SimpleNamespace

import numpy as np
import pytest

from phm_utils.synthetic import appointments, days, emergency, gp_events, programmes, vaccinations
from phm_utils.synthetic.conditions import log_odds, planted_factors
from phm_utils.synthetic.contacts import make_outpatients
from phm_utils.synthetic.continuing_care import RATIOS, STEADINESS, YEARS, ContinuingCare, continuing_contacts
from phm_utils.synthetic.draws import expit, stream
from phm_utils.synthetic.network import make_network
from phm_utils.synthetic.people import BLACK
from phm_utils.synthetic.prevalence import CONDITIONS, NAMES


def slope(outcome: np.ndarray, offset: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """Logistic regression with an offset: the slope on `x` and its standard error, by Newton's method."""
    design, beta = np.column_stack([np.ones_like(x), x]), np.zeros(2)
    for _ in range(25):
        fitted = expit(offset + design @ beta)
        information = (design * (fitted * (1 - fitted))[:, None]).T @ design
        beta = beta + np.linalg.solve(information, design.T @ (outcome - fitted))
    return beta[1], np.sqrt(np.linalg.inv(information)[1, 1])


@pytest.fixture(scope="module")
def current(network):
    people = network.people
    return people.registered & (people.died == days.NO_DAY) & (people.left == days.NO_DAY)


@pytest.mark.parametrize("concept", [c for c in NAMES if c != "palliative_care"])
def test_each_condition_has_its_planted_gradient(network, concept):
    people, health = network.people, network.health
    place = NAMES.index(concept)
    condition = CONDITIONS[place]
    factors = planted_factors(people, health.bmi, health.smoking)
    factors |= {name: health.has[:, k] for k, name in enumerate(NAMES)}
    offset = log_odds(condition, people, factors) - condition.gradient * people.deprivation
    found, error = slope(health.has[:, place].astype(float), offset, people.deprivation)
    assert abs(found - condition.gradient) < 4 * error


def test_prevalence_is_near_that_of_quality_registers(network, current):
    # QOF 2024/25, England, in per cent; the network is young and deprived, so bounds are wide.
    of = {name: network.health.has[:, k] for k, name in enumerate(NAMES)}
    adults = current & (network.people.age >= 17)
    bounds = {
        "diabetes": (5.5, 9.5),
        "hypertension": (13, 21),
        "depression": (11, 22),  # before those coded as resolved
        "copd": (1.3, 4.0),
        "chd": (2.5, 5.5),
        "stroke_tia": (1.6, 3.5),
        "atrial_fibrillation": (1.6, 4.0),
        "dementia": (0.5, 1.4),
        "smi": (0.7, 2.0),
        "epilepsy": (0.6, 1.4),
    }
    found = {name: 100 * of[name][adults].mean() for name in bounds}
    assert all(low <= found[name] <= high for name, (low, high) in bounds.items()), found


def test_children_have_few_conditions(network, current):
    count = network.health.has[:, :26].sum(axis=1)
    age = network.people.age
    assert count[current & (age < 12)].mean() < 0.15
    assert count[current & (age >= 75)].mean() > 1.8


def test_conditions_run_together(network, current):
    of = network.health.of
    ill, other = current & of("chd"), current & ~of("chd") & (network.people.age > 60)
    assert of("heart_failure")[ill].mean() > 2 * of("heart_failure")[other].mean()


def test_the_list_has_the_size_asked_for(network, current):
    assert current.sum() == 30_000


def test_attendances_are_overdispersed_and_some_people_come_often(network, current):
    seen = network.attendances
    year = (seen.day > days.INDEX_DAY - 365) & (seen.day <= days.INDEX_DAY)
    count = np.bincount(seen.who[year], minlength=len(network.people))[current]
    assert 0.30 < count.mean() < 0.60
    assert count.var() / count.mean() > 1.6
    assert 0.002 < (count >= 7).mean() < 0.008


def test_emergency_attendances_follow_the_planted_rate(network):
    people = network.people
    expected = emergency.attendance_rate(people, network.health) * people.years
    found = np.bincount(network.attendances.who, minlength=len(people))
    ratio = [found[g].sum() / expected[g].sum() for g in (people.deprivation > 0.7, people.deprivation < 0.3)]
    assert ratio[0] / ratio[1] == pytest.approx(1, abs=0.06)


def test_appointments_follow_the_planted_rate(network):
    people = network.people
    rows = appointments.make_appointments(stream(1, 1, "test"), people, network.use, people.last)
    seen = people.registered & ~people.type_1
    expected = appointments.appointment_rate(people, network.use) * people.years
    assert len(rows) / expected[seen].sum() == pytest.approx(1, abs=0.01)
    assert 4.5 < expected[seen].sum() / people.years[seen].sum() < 6.5


def test_repeat_users_stay_repeat_users(network):
    rows = make_outpatients(stream(1, 1, "test"), network.people, network.health, network.use)
    early = np.bincount(rows.who[rows.columns["apptdate"].days < 900], minlength=len(network.people))
    late = np.bincount(rows.who[rows.columns["apptdate"].days >= 900], minlength=len(network.people))
    whole = (network.people.first == 0) & (network.people.last == days.DAYS - 1)
    assert np.corrcoef(early[whole], late[whole])[0, 1] > 0.5


def test_the_programme_prevents_its_share_of_attendances(network):
    # People enrolled in turn on day 0 for ever: each attendance is prevented with probability 1 - 0.59.
    n = len(network.people)
    everybody = programmes.Enrolments(
        np.arange(n), np.zeros(n, np.int32), np.full(n, days.DAYS, np.int32), np.arange(n)
    )
    who, day = network.attendances.who, network.attendances.day
    prevented = programmes.spared(stream(1, 1, "test"), network.people, everybody, who, day)
    assert prevented.mean() == pytest.approx(1 - 0.59, abs=0.01)


def test_attendances_fall_by_the_planted_ratio_against_the_same_people_without_the_programme(network, monkeypatch):
    inert = programmes.Programme("HIU", 1.0, (1,))
    kept = network.attendances
    monkeypatch.setattr(programmes, "PROGRAMMES", (inert,))
    rng = stream(11, 1, "ecds_attendance")
    without, enrolled = emergency.make_attendances(rng, network.people, network.health)
    assert np.array_equal(enrolled.who, network.enrolments.who)  # the same draws, the same people chosen
    start = np.full(len(network.people), days.DAYS, np.int32)
    end = np.zeros(len(network.people), np.int32)
    start[enrolled.who], end[enrolled.who] = enrolled.start, enrolled.end

    def during(seen: emergency.Attendances) -> int:
        return int(((seen.day >= start[seen.who]) & (seen.day <= end[seen.who])).sum())

    assert during(kept) / during(without) == pytest.approx(0.59, abs=0.08)


def test_only_the_eligible_are_enrolled_and_about_two_in_five_of_them(network):
    seen, enrolments = network.attendances, network.enrolments
    month = days.MONTH[seen.day]
    for person, start in zip(enrolments.who, enrolments.start, strict=True):
        opening = days.MONTH[start]
        counted = emergency._one_of(seen.department, ("01", "02", "03")) & emergency._one_of(
            seen.category, tuple("123")
        )
        mine = month[(seen.who == person) & counted]
        assert ((mine >= opening - 12) & (mine < opening)).sum() >= 7
        assert days.MONTH_START[opening] == start
    assert 0.30 < len(enrolments.who) / len(enrolments.ever_eligible) < 0.50
    assert (enrolments.end - enrolments.start > 170).all()


def test_a_network_without_a_programme_enrols_nobody():
    assert len(make_network(3, 3, 2_000).enrolments.who) == 0


def test_a_real_size_network_enrols_enough_to_evaluate():
    assert len(make_network(2025, 1, 54_467).enrolments.who) >= 60


def test_vaccination_has_its_planted_gaps(network):
    people = network.people
    events = gp_events.make_gp_events(stream(1, 1, "test"), people, network.facts, network.use, people.last)
    code = events.columns["snomed_code"]
    mine = np.isin(code.index, [code.words.index(w) for w in ("1324681000000101", "840534001")])
    had = np.isin(np.arange(len(people)), events.who[mine])
    whole = people.registered & ~people.type_1 & (people.first == 0) & (people.last == days.DAYS - 1)
    odds = vaccinations.covid_log_odds(people)
    offset = odds - vaccinations.COVID_GRADIENT * people.deprivation
    found, error = slope(had[whole].astype(float), offset[whole], people.deprivation[whole])
    assert abs(found - vaccinations.COVID_GRADIENT) < 4 * error
    black = people.is_ethnic(BLACK)
    assert had[whole & black].mean() < had[whole & ~black].mean()


def test_lists_overlap_more_than_chance(network, tables):
    rows, everybody = tables["partner_list"], np.arange(len(network.people))
    names = rows.columns["list_name"]
    on = {word: np.isin(everybody, rows.who[names.index == k]) for k, word in enumerate(names.words)}
    both = (on["foodbank"] & on["council_tax_reduction"]).mean()
    assert both > 1.5 * on["foodbank"].mean() * on["council_tax_reduction"].mean()
    assert (on["homelessness_duty"] & ~network.people.registered).sum() > 20


def yearly_contacts(network, tables, year: int) -> np.ndarray:
    """Mental health contacts of each person in one of the years that end on 31 March, from 0."""
    day = tables["mhsds_contact"].columns["contact_date"].days
    inside = (day >= YEARS[year]) & (day < YEARS[year + 1])
    return np.bincount(tables["mhsds_contact"].who[inside], minlength=len(network.people))


def test_planted_risers_have_their_multiple_of_contacts_in_the_last_year_alone(network, tables):
    care, people = network.care, network.people
    whole = (people.first == 0) & (people.last == days.DAYS - 1)
    for ratio in RATIOS:
        mine = care.who[(care.ratio == ratio) & whole[care.who]]
        before, earlier, last = (yearly_contacts(network, tables, year)[mine].sum() for year in (2, 3, 4))
        # Contacts of referrals, some three a year each, do not rise; 20 people, each year within a gamma of k = 5.
        assert last / earlier == pytest.approx(ratio * 0.85, rel=0.35)
        assert earlier / before == pytest.approx(1, abs=0.35)
    assert 0.01 < (care.ratio > 1).sum() / (yearly_contacts(network, tables, 3) > 0).sum() < 0.04


def test_steady_people_vary_from_year_to_year_as_their_networks_k_says():
    rng, everybody = stream(1, 1, "test"), np.arange(4_000)
    alive = SimpleNamespace(first=np.zeros(4_000, np.int16))
    for k in STEADINESS:
        care = ContinuingCare(everybody, np.full(4_000, 20.0), np.ones(4_000), k)
        place, day = continuing_contacts(rng, alive, care, np.full(4_000, days.DAYS - 1))
        year = np.bincount(place[(day >= YEARS[2]) & (day < YEARS[3])], minlength=4_000)
        assert year.mean() == pytest.approx(20, rel=0.03)
        assert (year.var() - year.mean()) / year.mean() ** 2 == pytest.approx(1 / k, rel=0.12)


def test_networks_differ_in_how_steady_people_are(network):
    assert (network.care.steadiness, make_network(3, 2, 2_000).care.steadiness) == STEADINESS
