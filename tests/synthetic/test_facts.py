"""Deficits, late stages, resolutions, risks: planted, and found again in what practices wrote down."""

import numpy as np
import pytest

from phm_utils.synthetic import codes, days, medicines
from phm_utils.synthetic import published_registers as registers
from phm_utils.synthetic.conditions import log_odds
from phm_utils.synthetic.deficits import DEFICITS, FACT_LINKS, FACT_NAMES, FACTS, STAGE_OF
from phm_utils.synthetic.draws import NULL
from phm_utils.synthetic.facts import ALCOHOL_RISKS, FRAILTIES, FRAILTY_FROM, NAMES_OF_FACTS, NEVER, fact_factors
from phm_utils.synthetic.maternity import births
from phm_utils.synthetic.prevalence import AGES, CONDITIONS, NAMES


@pytest.fixture(scope="module")
def entries(tables):
    """Person and day of every entry of a concept, in the order of the rows."""
    rows = tables["gp_event"]
    code, day = rows.columns["snomed_code"].index, rows.columns["event_date"].days

    def of(*concepts: str) -> tuple[np.ndarray, np.ndarray]:
        mine = np.isin(code, np.concatenate([codes.positions(c) for c in concepts]))
        return rows.who[mine], day[mine]

    return of


@pytest.fixture(scope="module")
def in_extract(network):
    """People in the GP extract up to the index date."""
    people = network.people
    return registers.registered(people) & ~people.type_1 & (network.gp_last() >= days.INDEX_DAY)


def planted(network, fact) -> np.ndarray:
    """The planted chance of a fact for each person, given everything drawn before it."""
    factors = fact_factors(network.people, network.health)
    factors |= {name: network.facts.column(name)[0] for name in FACT_NAMES}
    return 1 / (1 + np.exp(-log_odds(fact, network.people, factors, FACT_LINKS)))


@pytest.mark.parametrize("fact", FACTS, ids=FACT_NAMES)
def test_each_fact_is_as_common_at_each_age_as_planted(network, fact):
    has, _ = network.facts.column(fact.concept)
    among = network.facts.of(STAGE_OF[fact.concept]) if fact.concept in STAGE_OF else np.ones(len(has), bool)
    chance, age = planted(network, fact), network.people.age
    for low, high in ((0, 18), (18, 50), (50, 65), (65, 75), (75, 105)):
        group = among & (age >= low) & (age < high)
        expected = chance[group].sum()
        error = np.sqrt((chance[group] * (1 - chance[group])).sum())
        assert abs(has[group].sum() - expected) <= 4 * error + 1, (low, high)


@pytest.mark.parametrize("name", ["hearing_loss", "dizziness", "urinary_system_disease", "irritable_bowel"])
def test_facts_without_links_have_the_prevalence_of_the_table(network, name):
    # Seventy to eighty years: the planted percentage at 75, over areas and frailties of all kinds.
    group = (network.people.age >= 70) & (network.people.age < 80)
    at_75 = FACTS[FACT_NAMES.index(name)].at_age[AGES.index(75)]
    assert network.facts.of(name)[group].mean() == pytest.approx(at_75, rel=0.2)


def test_half_of_the_old_are_fit_and_few_are_severely_frail(network, tables, in_extract):
    # Clegg and others 2016, people aged 65 and over: about 50%, 35%, 12% and 3%.
    issues = tables["gp_medication"]
    day = issues.columns["issue_date"].days
    recent = issues.columns["is_repeat"].values & (day > days.INDEX_DAY - 90) & (day <= days.INDEX_DAY)
    pairs = np.unique(issues.who[recent].astype(np.int64) * 1_000 + issues.columns["bnf_code"].index[recent])
    many = np.bincount(pairs // 1_000, minlength=len(in_extract)) >= 5
    old = in_extract & (registers.age_at(network.people, days.INDEX_DAY) >= 65)
    count = (network.facts.deficits + many)[old]
    share = np.bincount(np.searchsorted(FRAILTY_FROM, count, side="right"), minlength=4) / old.sum()
    bounds = ((0.42, 0.62), (0.26, 0.40), (0.06, 0.15), (0.01, 0.05))
    assert all(low <= found <= high for found, (low, high) in zip(share, bounds, strict=True)), share


def test_deficits_are_thirty_five_of_known_concepts_each_counted_once():
    named = [name for group in DEFICITS for name in group]
    assert len(DEFICITS) == 35
    assert len(named) == len(set(named))
    assert set(named) <= {*NAMES, *FACT_NAMES}


def test_deficits_on_the_index_date_are_the_groups_with_any_member(network):
    facts, person = network.facts, int(np.argmax(network.facts.deficits))
    mine = {name for name in (*NAMES, *FACT_NAMES) if facts.at(name)[person]}
    assert facts.deficits[person] == sum(bool(mine & set(group)) for group in DEFICITS) >= 10


def test_late_stages_come_only_to_those_with_the_disease_and_not_before_it(network):
    for stage, disease in STAGE_OF.items():
        has, onset = network.facts.column(stage)
        ill, known = network.facts.column(disease)
        assert has.sum() > 5, stage
        assert ill[has].all()
        assert (onset[has] >= known[has]).all()


def test_nothing_is_entered_before_birth_or_registration_or_after_leaving_or_death(network, tables):
    people = network.people
    for table, column in (("gp_event", "event_date"), ("gp_medication", "issue_date")):
        rows = tables[table]
        day, who = rows.columns[column].days, rows.who
        assert (day >= people.birth[who] - days.EPOCH).all()
        assert (day >= people.joined[who]).all()
        for ended in (people.died, people.left):
            assert ((ended[who] == days.NO_DAY) | (day <= ended[who])).all()


@pytest.mark.parametrize("name", [c for c in (*NAMES, *NAMES_OF_FACTS) if c not in ("palliative_care", "end_of_life")])
def test_whoever_has_it_on_the_index_date_is_found_in_the_entries(network, entries, in_extract, name):
    # First entries come some days after the day from which a thing is known.
    has, onset = network.facts.column(name)
    who, day = entries(name)
    found = np.bincount(who[day <= days.INDEX_DAY], minlength=len(in_extract)) > 0
    due = in_extract & has & (onset <= days.INDEX_DAY)
    assert found[due].sum() >= 0.97 * due.sum() - 3
    assert not found[in_extract & ~has].any()


@pytest.mark.parametrize("condition", [c for c in CONDITIONS if c.resolved], ids=lambda c: c.concept)
def test_a_share_of_conditions_is_resolved_and_nothing_is_entered_after(network, entries, condition):
    facts, people = network.facts, network.people
    has, onset = facts.column(condition.concept)
    ends = facts.resolved[:, NAMES.index(condition.concept)]
    could = has & (people.last - onset > 60)
    share, error = condition.resolved, np.sqrt(condition.resolved / could.sum())
    assert (ends[could] != NEVER).mean() == pytest.approx(share, abs=4 * error)
    who, day = entries(condition.concept)
    assert (day < ends[who]).all()
    gone, gone_day = entries(*codes.resolutions()[condition.concept])
    assert (gone_day >= ends[gone]).all()
    written = people.registered & ~people.type_1 & (ends + 6 <= network.gp_last())
    assert set(np.flatnonzero(written)) <= set(gone)


def test_diabetes_is_entered_with_the_code_of_its_type(network, entries):
    kind = network.facts.diabetes_type
    assert ((kind > 0) == network.health.of("diabetes")).all()
    for number in (1, 2):
        who, _ = entries(f"diabetes_type{number}")
        assert len(who) > 100
        assert (kind[who] == number).all()
    young = network.people.age < 25
    assert (kind[young & (kind > 0)] == 1).mean() > 0.75
    assert 0.04 < (kind == 1).sum() / (kind > 0).sum() < 0.15


@pytest.mark.parametrize(
    ("status", "concepts"),
    [
        ("alcohol", ["alcohol_lower_risk", "alcohol_increasing_risk", "alcohol_higher_risk"]),
        ("frailty", [f"frailty_{word.lower()}" for word in FRAILTIES]),
    ],
)
def test_statuses_are_entered_as_planted_for_adults_alone(network, entries, status, concepts):
    planted_status = getattr(network.facts, status)
    least_age = 65 if status == "frailty" else 18
    for place, concept in enumerate(concepts):
        who, _ = entries(concept)
        assert (planted_status[who] == place).all()
        assert (network.people.age[who] >= least_age).all()
        assert len(np.unique(who)) > 0.9 * (planted_status == place)[network.people.registered].sum() - 5
    assert len(ALCOHOL_RISKS) == len(FRAILTIES) == 3


def test_coded_frailty_follows_the_deficits(network):
    frailty, deficits = network.facts.frailty, network.facts.deficits
    means = [deficits[frailty == place].mean() for place in range(3)]
    assert means[0] < means[1] < means[2]
    assert (frailty[network.people.age < 65] == NULL).all()


def test_kidney_disease_lowers_egfr_and_its_end_stage_far_more(network, tables):
    rows = tables["gp_event"]
    mine = np.isin(rows.columns["snomed_code"].index, codes.positions("egfr"))
    value, who = rows.columns["value_num"].values[mine], rows.who[mine]
    ill, failed = network.health.of("ckd")[who], network.facts.of("end_stage_renal")[who]
    assert value[ill & ~failed].mean() < 60 < 75 < value[~ill].mean()
    assert np.quantile(value[failed], 0.95) < 15
    assert (value[~ill] >= 55).mean() > 0.99
    assert set(rows.columns["unit"].index[mine]) == {rows.columns["unit"].words.index("mL/min/1.73m2")}


def test_cholesterol_is_believable(tables):
    rows = tables["gp_event"]
    mine = np.isin(rows.columns["snomed_code"].index, codes.positions("cholesterol"))
    value = rows.columns["value_num"].values[mine]
    assert 4.2 < value.mean() < 5.5
    assert 2 <= value.min() < value.max() <= 12


def test_pregnancies_are_entered_of_women_of_childbearing_age_in_nine_months(network, entries):
    people = network.people
    who, day = entries("pregnancy")
    age = (day + days.EPOCH - people.birth[who]) / days.YEAR
    assert (people.sex[who] == 1).all()
    assert age.min() >= 15
    assert age.max() < 46
    babies, mothers = births(people)
    born = people.birth[babies] - days.EPOCH
    young = people.age[mothers] < 44
    here = young & (people.first[mothers] < born - 270) & (people.last[mothers] >= born) & (born > 300)
    here &= people.registered[mothers] & ~people.type_1[mothers]
    here &= network.gp_last()[mothers] > born
    expecting = [((who == mother) & (day > day_born - 270) & (day <= day_born)).any()
                 for mother, day_born in zip(mothers[here], born[here], strict=True)]  # fmt: skip
    assert np.mean(expecting) > 0.98
    late = network.facts.pregnancies.of_late(len(people))
    assert 0.005 < late[registers.registered(people)].mean() < 0.025


def test_the_last_weeks_of_life_are_those_of_people_with_palliative_care(network, entries):
    people = network.people
    has, onset = network.facts.column("end_of_life")
    assert network.health.of("palliative_care")[has].all()
    assert (people.last[has] - onset[has] <= 75).all()
    assert (people.died[has] != days.NO_DAY).mean() > 0.9
    who, _ = entries("end_of_life")
    assert has[who].all()


def test_treatments_are_taken_by_those_who_are_issued_them(network, tables):
    issues = tables["gp_medication"]
    takers = medicines.takers(issues)
    assert set(takers) == set(medicines.TREATMENTS)
    drug, day = issues.columns["bnf_code"], issues.columns["issue_date"].days
    inhaler = np.array([word.startswith("03") for word in drug.words])[drug.index]
    recent = inhaler & (day > days.INDEX_DAY - 365) & (day <= days.INDEX_DAY)
    here = registers.registered(network.people) & (network.gp_last() >= days.INDEX_DAY)
    assert set(takers["asthma_medicines"][here[takers["asthma_medicines"]]]) == set(
        np.unique(issues.who[recent])[here[np.unique(issues.who[recent])]]
    )


def test_the_volume_is_that_of_a_gp_extract(network, tables):
    # 60 million events and 28 million issues of 817,000 people in five years.
    assert 60 < len(tables["gp_event"]) / 30_000 < 80
    assert 28 < len(tables["gp_medication"]) / 30_000 < 40
