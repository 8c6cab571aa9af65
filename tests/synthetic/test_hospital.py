"""What hospitals code is tied to conditions, facts and need, at the planted shares."""

import csv
import re

import numpy as np
import pytest

from phm_utils.runs import project_root
from phm_utils.schema import ICD10
from phm_utils.synthetic import coding, days, diagnoses
from phm_utils.synthetic import published_registers as registers
from phm_utils.synthetic.draws import NULL

COLUMNS = [f"diag_{n:02d}" for n in range(1, 2 + coding.OWN + coding.NOTED)]
EMERGENCY = ("21", "22", "24", "25", "28", "2A", "2B")


@pytest.fixture(scope="module")
def stays(tables):
    """The first episode of each stay: whose, the day, whether an emergency, and a row of codes with "" for none."""
    rows = tables["apc_episode"]
    first = rows.columns["epiorder"].values == 1
    words = np.array([*diagnoses.WORDS, *[""] * (NULL + 1 - len(diagnoses.WORDS))])
    method = rows.columns["admimeth"]
    return {
        "who": rows.who[first],
        "day": rows.columns["admidate"].days[first],
        "emergency": np.isin(np.array(method.words)[method.index], EMERGENCY)[first],
        "codes": np.column_stack([words[rows.columns[c].index[first]] for c in COLUMNS]),
    }


def coded(stays, *beginnings: str) -> np.ndarray:
    """Stays with a code that begins so in any column."""
    return np.any([np.char.startswith(stays["codes"], start).any(axis=1) for start in beginnings], axis=0)


def test_words_fit_a_byte_and_are_codes():
    assert len(diagnoses.WORDS) <= NULL - 2  # two faults are added to them later
    assert all(re.fullmatch(ICD10, word) for word in diagnoses.WORDS)


def test_diagnoses_stand_without_gaps_and_no_one_twice(stays):
    known = stays["codes"] != ""
    assert known[:, 0].all()
    assert (known[:, 1:] <= known[:, :-1]).all()
    for row in stays["codes"][::37]:
        codes = [code for code in row if code]
        assert len(codes) == len(set(codes))
    assert known[:, 8].any()


def test_homelessness_is_coded_of_homeless_people_alone(stays, network):
    homeless = coding.is_homeless(network.people, network.facts)[stays["who"]]
    found = coded(stays, "Z590")
    assert not found[~homeless].any()
    share = diagnoses.HOMELESS_CODED
    assert abs(found[homeless].mean() - share) < 4 * np.sqrt(share * (1 - share) / homeless.sum())


@pytest.mark.parametrize("place", range(len(diagnoses.REASONS)), ids=[r.name for r in diagnoses.REASONS])
def test_reasons_of_emergency_stays_come_at_their_planted_shares(stays, network, place):
    # Its main diagnoses may come from elsewhere too (a flare of alcoholic liver disease): never fewer than planted.
    who = stays["who"][stays["emergency"]]
    main = stays["codes"][stays["emergency"], 0]
    share = coding.reason_shares(network.people, network.facts)[who, place].astype(float)
    found = np.isin(main, list(diagnoses.REASONS[place].codes)).sum()
    error = np.sqrt((share * (1 - share)).sum())
    assert share.sum() > 10
    assert found > share.sum() - 4 * error
    if diagnoses.REASONS[place].name in ("hip_fracture", "stroke", "dental", "self_harm"):
        assert found < share.sum() + 4 * error


def test_shares_of_reasons_leave_room_for_others(network):
    assert coding.reason_shares(network.people, network.facts).sum(axis=1).max() < 0.9


def test_causes_follow_their_reason_and_nothing_else(stays):
    harm = coded(stays, *(f"X{n}" for n in range(60, 85)))
    assert harm.sum() > 50
    assert np.isin(stays["codes"][harm, 0], list(diagnoses.REASONS[0].codes)).all()
    assert not np.char.startswith(stays["codes"][:, 0], "X").any()
    hip = np.char.startswith(stays["codes"][:, 0], "S72")
    assert coded(stays, "W")[hip].all()


@pytest.mark.parametrize(
    ("codes", "concept", "times"),
    [
        (("F10", "T51"), "alcohol_problems", 5),
        (("F11", "F19", "T40"), "substance_misuse", 10),
        (("R296", "W19"), "falls", 2),
        (("S72",), "fragility_fracture", 3),
        (("I63",), "stroke_tia", 1.5),
        (("R41", "F05"), "cognitive_problems", 3),
        (("F2", "F3"), "smi", 1.3),
    ],
)
def test_diagnoses_follow_the_conditions_that_lead_to_them(stays, network, codes, concept, times):
    mine = network.facts.of(concept)[stays["who"]] & stays["emergency"]
    others = ~network.facts.of(concept)[stays["who"]] & stays["emergency"]
    found = coded(stays, *codes)
    assert found[mine].mean() > times * found[others].mean()


def test_complications_are_coded_of_people_with_the_illness_alone(stays, network):
    lone = [(c, code) for c, _, code in diagnoses.COMPLICATIONS
            if sum(code == other for *_, other in diagnoses.COMPLICATIONS) == 1]  # fmt: skip
    elsewhere = {code for reason in diagnoses.REASONS for code in reason.codes} | {s[0] for s in diagnoses.SIGNS}
    for concept, code in lone:
        if code not in elsewhere:
            assert network.facts.of(concept)[stays["who"][coded(stays, code)]].all(), code


def test_babies_have_no_conditions_noted(stays):
    newborn = stays["codes"][:, 0] == "Z380"
    assert newborn.sum() > 100
    assert (stays["codes"][newborn, 1:] == "").all()


def test_hospital_frailty_risk_is_low_in_most_of_the_old_and_high_in_few(stays, network):
    # Gilbert and others 2018: points by category of codes over two years; below 5 low, above 15 high.
    with (project_root() / "parameters" / "reference" / "hfrs_weights.csv").open(encoding="utf-8") as handle:
        tenths = {row["icd10"]: int(row["tenths"]) for row in csv.DictReader(handle)}
    recent = (stays["day"] > days.INDEX_DAY - 730) & (stays["day"] <= days.INDEX_DAY)
    of: dict[int, set[str]] = {}
    for person, row in zip(stays["who"][recent], stays["codes"][recent], strict=True):
        of.setdefault(int(person), set()).update(code[:3] for code in row if code)
    score = np.zeros(len(network.people))
    for person, found in of.items():
        score[person] = sum(tenths.get(code, 0) for code in found) / 10
    old = registers.registered(network.people) & (registers.age_at(network.people, days.INDEX_DAY) >= 65)
    low, high = (score[old] < 5).mean(), (score[old] > 15).mean()
    assert 0.75 < low < 0.93
    assert 0.005 < high < 0.05
    assert 0.05 < 1 - low - high < 0.2
