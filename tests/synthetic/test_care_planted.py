"""Reviews, checks, screening and attacks: planted, and found again in what practices wrote down."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from phm_utils.synthetic import attacks, care, codes, days, medicines, mental_illness_checks, prevention
from phm_utils.synthetic import published_registers as registers
from phm_utils.synthetic.draws import expit, logit
from phm_utils.synthetic.people import BLACK, SOUTH_ASIAN


@pytest.fixture(scope="module")
def recorded(network, tables):
    """True for the people with an entry of a concept, as the truth counts them."""
    found = care.recorded(tables["gp_event"])
    everybody = np.arange(len(network.people))
    return {name: np.isin(everybody, who) for name, who in found.items()}


@pytest.fixture(scope="module")
def present(network):
    """People in the GP extract for all of its five years."""
    people = network.people
    whole = (people.first == 0) & (network.gp_last() == days.DAYS - 1)
    return people.registered & ~people.type_1 & whole


def expected(share: float, odds: np.ndarray, spread: float = 0.0) -> np.ndarray:
    """Chances at log-odds beside those of a share, over differences between people of that standard deviation."""
    points, weights = np.polynomial.hermite_e.hermegauss(30)
    each = expit(logit(share) + np.asarray(odds)[:, None] + spread * points)
    return each @ weights / weights.sum()


def near(found: np.ndarray, chance: np.ndarray) -> bool:
    """Is a count within four standard errors of what was planted?"""
    return abs(found.sum() - chance.sum()) <= 4 * np.sqrt((chance * (1 - chance)).sum()) + 1


@pytest.mark.parametrize("process", ["creatinine", "foot_check", "urine_acr"])
def test_diabetes_processes_are_done_as_often_as_planted(network, tables, recorded, present, process):
    people, facts = network.people, network.facts
    _, onset = facts.column("diabetes")
    due = present & facts.at("diabetes") & (onset < days.INDEX_DAY - 365) & ~facts.of("ckd")
    share, gradient = care.SHARES["diabetes_review"]
    chance = expected(share, gradient * people.deprivation[due], care.HABIT) * care.AT_DIABETES_REVIEW[process]
    if process == "creatinine":  # and with every eGFR
        assert recorded[process][due].mean() > chance.mean()
    else:
        assert near(recorded[process][due], chance)


def test_health_checks_of_learning_disability_come_from_14_on(network, recorded, present):
    people, facts = network.people, network.facts
    _, onset = facts.column("learning_disability")
    age = registers.age_at(people, days.INDEX_DAY)
    here = facts.at("learning_disability")
    assert not recorded["learning_disability_check"][~here | (age < 14)].any()
    due = present & here & (age >= 15) & (onset < days.INDEX_DAY - 365)
    share, gradient = care.SHARES["learning_disability_check"]
    assert near(
        recorded["learning_disability_check"][due],
        expected(share, gradient * people.deprivation[due], care.HABIT),
    )


def test_checks_of_severe_mental_illness_are_held_as_often_as_planted(network, tables, present):
    # An entry of a smoking status and one of cholesterol on the same day: nothing but a check gives both.
    people, facts, rows = network.people, network.facts, tables["gp_event"]
    code, day = rows.coded("snomed_code").index, rows.dates("event_date").days
    recent = (day > days.INDEX_DAY - 365) & (day <= days.INDEX_DAY)
    smoking = np.concatenate([codes.positions(f"smoking_{word}") for word in ("never", "ex", "current")])
    keys = [rows.who[mine].astype(np.int64) * 10_000 + day[mine] for mine in (
        recent & np.isin(code, smoking), recent & np.isin(code, codes.positions("cholesterol")))]  # fmt: skip
    checked = np.isin(np.arange(len(people)), np.intersect1d(*keys) // 10_000)
    _, onset = facts.column("smi")
    due = present & facts.at("smi") & (onset < days.INDEX_DAY - 365) & (people.age >= 20)
    planted = mental_illness_checks
    share = expected(planted.SHARE, planted.GRADIENT * people.deprivation[due], care.HABIT)
    assert checked[due].mean() == pytest.approx(share.mean() * planted.ELEMENT_DONE**2, abs=0.08)


def test_screening_has_its_planted_gaps(network, recorded, present):
    people = network.people
    south_asian = people.is_ethnic(SOUTH_ASIAN)
    women = present & (people.sex == 1) & (people.age >= 25) & (people.age < 65) & ~recorded["hysterectomy"]
    odds = prevention.CERVICAL_GRADIENT * people.deprivation + prevention.CERVICAL_SOUTH_ASIAN * south_asian
    found = recorded["cervical_screening"]
    # A day after the index date, in the last month of the extract, is not counted: a thirtieth to a sixtieth.
    missed = women & ~found
    chance = expected(prevention.CERVICAL, odds[women])
    assert found[women].mean() == pytest.approx(chance.mean(), abs=0.03)
    assert found[women & south_asian].mean() < found[women & ~south_asian].mean() - 0.05
    asked = recorded["cervical_screening_no_response"] | recorded["cervical_screening_declined"]
    assert asked[missed].mean() == pytest.approx(prevention.NO_RESPONSE_CODED + prevention.DECLINED, abs=0.06)
    assert not asked[women & found].any()
    assert not found[~(people.sex == 1)].any()
    old = present & (people.age >= 55) & (people.age < 74)
    odds = prevention.BOWEL_GRADIENT * people.deprivation + prevention.BOWEL_SOUTH_ASIAN * south_asian
    chance = expected(prevention.BOWEL, odds[old])
    assert recorded["bowel_screening"][old].mean() == pytest.approx(chance.mean(), abs=0.04)


def test_children_have_their_two_doses_at_the_ages_of_the_schedule(network, tables, present):
    people, rows = network.people, tables["gp_event"]
    code, day = rows.coded("snomed_code").index, rows.dates("event_date").days
    first, second = codes.positions("mmr_vaccination")
    age_days = day + days.EPOCH - people.birth[rows.who]
    assert age_days[code == first].min() >= 366
    assert age_days[code == second].min() >= 1_220
    by_then = day <= days.INDEX_DAY
    had = [np.isin(np.arange(len(people)), rows.who[(code == one) & by_then]) for one in (first, second)]
    assert not (had[1] & ~had[0]).any()
    age = days.INDEX_DAY + days.EPOCH - people.birth
    five = people.registered & ~people.type_1 & (network.gp_last() >= days.INDEX_DAY) & (age > 1_500) & (age < 1_820)
    odds = prevention.MMR_GRADIENT * people.deprivation + prevention.MMR_BLACK * people.is_ethnic(BLACK)
    assert near(had[0][five], expected(prevention.MMR_FIRST, odds[five]))


def test_attacks_come_to_people_with_asthma_and_some_are_treated(network, tables):
    facts, people = network.facts, network.people
    has, onset = facts.column("asthma")
    assert has[facts.attacks.who].all()
    assert (facts.attacks.day >= onset[facts.attacks.who]).all()
    assert facts.attacks.treated.mean() == pytest.approx(attacks.TREATED_SHARE, abs=0.05)
    issues = tables["gp_medication"]
    drug = issues.coded("bnf_code")
    mine = drug.index == drug.words.index(medicines.PREDNISOLONE)
    mine &= issues.numbers("duration_days").values == 5  # other people's courses are for seven days
    kept = facts.attacks.until(people, network.gp_last())
    assert sorted(zip(issues.who[mine], issues.dates("issue_date").days[mine], strict=True)) == sorted(
        zip(kept.who[kept.treated], kept.day[kept.treated], strict=True)
    )


def test_creatinine_is_that_of_its_egfr(network):
    # CKD-EPI 2009: eGFR = 141 x (S / k) ^ -1.209 x 0.993 ^ age x 1.018 (women) where S is above k, in umol/L 79.6 for
    # men and 61.9 for women. A man of 60 at 60: S = 79.6 x 1.5418 ^ (1 / 1.209) = 113.9. A woman of 60 at 90:
    # S = 61.9 x 1.0464 ^ (1 / 1.209) = 64.3.
    people = network.people
    for sex, egfr, value in ((0, 60, 114), (1, 90, 64)):
        one = np.flatnonzero((people.sex == sex) & (people.age == 60))[:1]
        assert care._creatinine(people, one, np.array([float(egfr)]))[0] == pytest.approx(value, abs=1)


def test_no_entry_of_care_lies_outside_its_person_extract(network, tables):
    rows, people = tables["gp_event"], network.people
    places = np.concatenate([codes.positions(name) for name in (*care.YEARLY, *care.EVER)])
    mine = np.isin(rows.coded("snomed_code").index, places)
    who, day = rows.who[mine], rows.dates("event_date").days[mine]
    assert (day >= people.first[who]).all()
    assert (day <= network.gp_last()[who]).all()


def test_the_truth_tells_who_has_an_entry(tiny):
    truth = pq.read_table(next((tiny / "truth" / "person").glob("*.parquet"))).to_pandas()
    assert truth["recorded_medication_review"].mean() > 0.05
    assert set(truth.loc[truth["recorded_hysterectomy"].astype(bool), "sex"]) == {"2"}
