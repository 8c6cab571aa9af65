"""Frailty, multimorbidity, comorbidity and medicines: the published tables, and people on both sides of every edge."""

from datetime import date

import pandas as pd
import pytest

INDEX = date(2025, 3, 31)
LONG_AGO, SINCE, BEFORE = date(2012, 9, 1), date(2016, 9, 1), date(2024, 3, 31)
LAST_YEAR, TWO_YEARS, TWO_YEARS_BEFORE = date(2024, 4, 1), date(2023, 4, 1), date(2023, 3, 31)

# Clegg et al. 2016: the 36 deficits, each with the concepts that make it. Polypharmacy is made of medicines.
DEFICITS = {
    "activity limitation": ("activity_limitation",),
    "anaemia & haematinic deficiency": ("anaemia",),
    "arthritis": ("osteoarthritis", "rheumatoid_arthritis"),
    "atrial fibrillation": ("atrial_fibrillation",),
    "cerebrovascular disease": ("stroke_tia",),
    "chronic kidney disease": ("ckd",),
    "diabetes": ("diabetes",),
    "dizziness": ("dizziness",),
    "dyspnoea": ("dyspnoea",),
    "falls": ("falls",),
    "foot problems": ("foot_problems",),
    "fragility fracture": ("fragility_fracture",),
    "hearing impairment": ("hearing_loss",),
    "heart failure": ("heart_failure",),
    "heart valve disease": ("heart_valve_disease",),
    "housebound": ("housebound",),
    "hypertension": ("hypertension",),
    "hypotension/syncope": ("hypotension_syncope",),
    "ischaemic heart disease": ("chd",),
    "memory & cognitive problems": ("cognitive_problems", "dementia"),
    "mobility & transfer problems": ("mobility_problems",),
    "osteoporosis": ("osteoporosis",),
    "parkinsonism & tremor": ("parkinsons",),
    "peptic ulcer": ("peptic_ulcer",),
    "peripheral vascular disease": ("pad",),
    "polypharmacy": (),
    "requirement for care": ("care_requirement",),
    "respiratory disease": ("asthma", "copd"),
    "skin ulcer": ("skin_ulcer",),
    "sleep disturbance": ("sleep_disturbance",),
    "social vulnerability": ("social_vulnerability",),
    "thyroid disease": ("hypothyroidism", "hyperthyroidism"),
    "urinary incontinence": ("urinary_incontinence",),
    "urinary system disease": ("urinary_system_disease",),
    "visual impairment": ("visual_impairment",),
    "weight loss & anorexia": ("weight_loss",),
}
DRUGS = [f"02{n:02d}010A{letter}" for n in range(1, 13) for letter in "ABC"]  # all of the heart: in scope


def medicines(world, token: str, count: int, first: int = 0) -> list:
    """So many distinct repeat medicines, issued on the index date."""
    return [world.issue(DRUGS[n], INDEX, token=token) for n in range(first, first + count)]


@pytest.fixture(scope="module")
def frail(page):
    single = [c for group in DEFICITS.values() for c in group]
    firsts = [group[0] for group in DEFICITS.values() if group]
    has = {f"has-{c}": (c,) for c in single} | {f"count-{n}": tuple(firsts[:n]) for n in range(36)}
    has |= {f"pair-{name}": group for name, group in DEFICITS.items() if len(group) > 1}
    has |= {"all-36": tuple(firsts), "pills-4": (), "pills-5": (), "younger": tuple(firsts[:13]), "65": ()}
    born = {"younger": date(1960, 4, 1), "65": date(1960, 3, 1)}
    return page.person(
        gp_registration=[
            page.registered(token, **({"birth_month": born[token]} if token in born else {})) for token in has
        ],
        gp_event=[page.entry(c, LONG_AGO, token=token) for token, group in has.items() for c in group]
        + [page.entry("diabetes_resolved", SINCE, token="count-0")],
        gp_medication=[
            *medicines(page, "all-36", 5),
            *medicines(page, "pills-4", 4),
            *medicines(page, "pills-5", 5),
        ],
    )


def test_there_are_36_deficits_and_each_counts_one(frail):
    assert len(DEFICITS) == 36
    assert set(frail.filter(like="has-", axis=0)["efi_deficits"]) == {1}
    assert frail.loc["pills-5", "efi_deficits"] == 1
    assert frail.loc["pills-4", "efi_deficits"] == 0
    assert (frail.loc["all-36", "efi_deficits"], frail.loc["all-36", "efi"]) == (36, 1.0)


def test_two_names_of_one_deficit_count_once(frail):
    pairs = frail.filter(like="pair-", axis=0)
    assert len(pairs) == 4
    assert set(pairs["efi_deficits"]) == {1}


def test_the_index_is_deficits_by_36(frail):
    for n in range(36):
        assert frail.loc[f"count-{n}", "efi"] == n / 36


def test_categories_change_between_4_and_5_8_and_9_12_and_13(frail):
    # 0.12 x 36 = 4.32, 0.24 x 36 = 8.64, 0.36 x 36 = 12.96: no number of deficits is on an edge.
    found = [frail.loc[f"count-{n}", "efi_category"] for n in range(15)]
    assert found == ["Fit"] * 5 + ["Mild"] * 4 + ["Moderate"] * 4 + ["Severe"] * 2
    assert frail.loc["all-36", "efi_category"] == "Severe"


def test_the_category_is_for_65_and_over_the_index_for_everybody(frail):
    assert frail.loc["younger", "efi"] == 13 / 36
    assert pd.isna(frail.loc["younger", "efi_category"])
    assert frail.loc["65", "efi_category"] == "Fit"


# Payne et al. 2020, weights of the general outcome: name, weight, what is recorded, what is issued.
CMS = [
    ("hypertension", 0.08, [("hypertension", LONG_AGO)], []),
    ("anxiety", 0.50, [("anxiety", LAST_YEAR)], []),
    ("depression", 0.50, [("depression", LAST_YEAR)], []),
    ("antidepressants", 0.50, [], ["040303"] * 4),
    ("painful_condition", 0.92, [], ["040701"] * 4),
    ("hearing_loss", 0.09, [("hearing_loss", LONG_AGO)], []),
    ("irritable_bowel", 0.21, [("irritable_bowel", LONG_AGO)], []),
    ("antispasmodics", 0.21, [], ["0102"] * 4),
    ("asthma", 0.19, [("asthma", LONG_AGO)], ["0301"]),
    ("diabetes", 0.75, [("diabetes", LONG_AGO)], []),
    ("chd", 0.49, [("chd", LONG_AGO)], []),
    ("ckd", 0.53, [("ckd", LONG_AGO)], []),
    ("atrial_fibrillation", 1.34, [("atrial_fibrillation", LONG_AGO)], []),
    ("constipation", 1.12, [], ["0106"] * 4),
    ("stroke_tia", 0.80, [("stroke_tia", LONG_AGO)], []),
    ("copd", 1.46, [("copd", LONG_AGO)], []),
    ("rheumatoid_arthritis", 0.43, [("rheumatoid_arthritis", LONG_AGO)], []),
    ("connective_tissue", 0.43, [("connective_tissue", LONG_AGO)], []),
    ("cancer", 1.53, [("cancer", date(2020, 4, 1))], []),
    ("alcohol_problems", 0.65, [("alcohol_problems", LONG_AGO)], []),
    ("heart_failure", 1.18, [("heart_failure", LONG_AGO)], []),
    ("dementia", 2.50, [("dementia", LONG_AGO)], []),
    ("smi", 0.64, [("smi", LONG_AGO)], []),
    ("epilepsy", 0.92, [("epilepsy", LONG_AGO)], ["0408"]),
    # On the other side of each edge: nothing.
    ("anxiety over a year ago", 0, [("anxiety", BEFORE)], []),
    ("depression over a year ago", 0, [("depression", BEFORE)], []),
    ("three antidepressants", 0, [], ["040303"] * 3),
    ("three analgesics", 0, [], ["040701"] * 3),
    ("three laxatives", 0, [], ["0106"] * 3),
    ("three antispasmodics", 0, [], ["0102"] * 3),
    ("asthma untreated", 0, [("asthma", LONG_AGO)], []),
    ("inhaler alone", 0, [], ["0301"]),
    ("epilepsy untreated", 0, [("epilepsy", LONG_AGO)], []),
    ("cancer five years ago", 0, [("cancer", date(2020, 3, 31))], []),
    ("cancer again", 0, [("cancer", LONG_AGO), ("cancer", INDEX)], []),
    ("diabetes resolved", 0, [("diabetes", LONG_AGO), ("diabetes_resolved", SINCE)], []),
    ("nothing", 0, [], []),
]
TWENTY = [name for name, weight, _, _ in CMS if weight and name not in
          ("depression", "antidepressants", "antispasmodics", "connective_tissue")]  # fmt: skip


@pytest.fixture(scope="module")
def cms(page):
    people = {name: (entries, issues) for name, _, entries, issues in CMS}
    chosen = [case for case in CMS if case[0] in TWENTY]
    people["everything"] = [entry for c in chosen for entry in c[2]], [drug for c in chosen for drug in c[3]]
    return page.person(
        gp_registration=[page.registered(name) for name in people],
        gp_event=[page.entry(*entry, token=name) for name, (entries, _) in people.items() for entry in entries],
        gp_medication=[
            page.issue(drug, INDEX, repeat=False, token=name) for name, (_, issues) in people.items() for drug in issues
        ],
    )["cms"]


@pytest.mark.parametrize(("name", "weight"), [(c[0], c[1]) for c in CMS])
def test_each_condition_of_the_multimorbidity_score_has_its_published_weight(cms, name, weight):
    assert cms[name] == weight


def test_all_twenty_conditions_make_the_sum_of_the_published_weights(cms):
    assert len(TWENTY) == 20
    assert cms["everything"] == 16.33


IN_HOSPITAL = {
    # Tenths: F00 71, G81 44, N39 32, W19 32, L89 17, R55 18, R11 3, E83 4.
    "4.9": ["N390", "L89X"],
    "5.0": ["N390", "R55X"],
    "15.0": ["F001", "G819", "N390", "R11X"],
    "15.1": ["F001", "G819", "N390", "E831"],
    "three characters": ["F00"],
    "five characters": ["F0010"],
    "not in the table": ["J45", "Z000"],
    "in no hospital": [],
    "younger": ["F001", "G819", "N390", "E831"],
    "65": ["R55X"],
    # Charlson
    "infarction twice": ["I219", "I252"],
    "diabetes": ["E119"],
    "diabetes with complications": ["E119", "E102"],
    "complications alone": ["E102"],
    "liver": ["K703"],
    "liver, severe": ["K703", "K721"],
    "cancer": ["C509"],
    "cancer, spread": ["C509", "C787"],
    "dementia": ["F051"],
    "rheumatoid": ["M0690"],  # M069 and a place of five characters
}


@pytest.fixture(scope="module")
def hospital(page):
    born = {"younger": date(1960, 4, 1), "65": date(1960, 3, 1)}
    people = {t: {"birth_month": born.get(t, date(1950, 6, 1))} for t in [*IN_HOSPITAL, "often", "first", "before"]}
    episodes = [
        page.episode(token, *codes, admimeth="11", **people[token])
        for token, codes in IN_HOSPITAL.items() if codes
    ]  # fmt: skip
    episodes += [
        # F00 in two places, two episodes, two spells, and four codes of it: 7.1 once, and dementia. I21 likewise.
        page.episode("often", "F000", "F001", "I219"),
        page.episode("often", "F002", "I210", epiorder=2),
        page.episode("often", "F009", "I219", spell_id="S2", admidate=date(2024, 9, 1)),
        page.episode("first", "F000", "I219", admidate=TWO_YEARS),
        page.episode("before", "F000", "I219", admidate=TWO_YEARS_BEFORE),
    ]
    return page.person(
        gp_registration=[page.registered(token, **kw) for token, kw in people.items()], apc_episode=episodes
    )


@pytest.mark.parametrize(
    ("token", "score", "category"),
    [
        ("4.9", 4.9, "Low"),
        ("5.0", 5.0, "Intermediate"),
        ("15.0", 15.0, "Intermediate"),
        ("15.1", 15.1, "High"),
        ("three characters", 7.1, "Intermediate"),
        ("five characters", 7.1, "Intermediate"),
        ("not in the table", 0.0, "Low"),
        ("in no hospital", 0.0, "Low"),
        ("often", 7.1, "Intermediate"),
        ("first", 7.1, "Intermediate"),
        ("before", 0.0, "Low"),
        ("65", 1.8, "Low"),
    ],
)
def test_the_hospital_frailty_score_and_its_bands(hospital, token, score, category):
    # Below 5 is low, 5 to 15 intermediate, above 15 high (Gilbert et al. 2018).
    assert hospital.loc[token, ["hfrs", "hfrs_category"]].tolist() == [score, category]


def test_under_65_the_score_has_no_band(hospital):
    assert hospital.loc["younger", "hfrs"] == 15.1
    assert pd.isna(hospital.loc["younger", "hfrs_category"])


@pytest.mark.parametrize(
    ("token", "score"),
    [
        ("infarction twice", 5),
        ("diabetes", 3),
        ("diabetes with complications", -1),  # the graver group replaces the other
        ("complications alone", -1),
        ("liver", 8),
        ("liver, severe", 18),
        ("cancer", 8),
        ("cancer, spread", 14),
        ("dementia", 14),
        ("rheumatoid", 4),
        ("often", 5 + 14),
        ("first", 5 + 14),
        ("before", 0),
        ("in no hospital", 0),
    ],
)
def test_the_charlson_score_counts_each_group_once_and_of_two_the_graver(hospital, token, score):
    assert hospital.loc[token, "charlson"] == score


def test_any_of_twenty_diagnoses_counts(page):
    people = [f"place-{n:02d}" for n in range(1, 21)]
    person = page.person(
        gp_registration=[page.registered(token) for token in people],
        apc_episode=[page.episode(token, **{f"diag_{n:02d}": "F000"}) for n, token in enumerate(people, start=1)],
    )
    assert set(person["hfrs"]) == {7.1}
    assert set(person["charlson"]) == {14}


@pytest.fixture(scope="module")
def medicated(page):
    # In scope: HIV and hepatitis (0503 01, 03). Not: antibacterials, herpes, antiprotozoals, insulin needles, creams.
    out = ["0501013B0", "0503021C0", "0504010L0", "0601060D0", "0602010V0", "1103010C0", "1304000F0", "2101000AA"]
    rows = [
        *medicines(page, "four", 4), page.issue(DRUGS[0] + "ABBBBB", INDEX, token="four"),
        *medicines(page, "five", 5),
        *medicines(page, "nine", 9),
        *medicines(page, "ten", 10),
        *medicines(page, "four and an antibacterial", 4),
        page.issue("0501013B0", INDEX, token="four and an antibacterial"),
        *medicines(page, "four and HIV", 4), page.issue("050301AAA", INDEX, token="four and HIV"),
        *medicines(page, "four and hepatitis", 4), page.issue("050303AAA", INDEX, token="four and hepatitis"),
        *(page.issue(drug, INDEX, token="out of scope") for drug in out),
        *medicines(page, "acute", 4),
        page.issue(DRUGS[9], INDEX, repeat=False, token="acute"),
        *medicines(page, "90 days", 4), page.issue(DRUGS[9], date(2025, 1, 1), token="90 days"),
        *medicines(page, "91 days", 4), page.issue(DRUGS[9], date(2024, 12, 31), token="91 days"),
        *medicines(page, "a section alone", 4),
        {**page.issue("", INDEX, token="a section alone"), "bnf_code": "0206"},
        *medicines(page, "no code", 4),
        {**page.issue("", INDEX, token="no code"), "bnf_code": None},
    ]  # fmt: skip
    tokens = list(dict.fromkeys(row["token_person_id"] for row in rows))
    return page.person(gp_registration=[page.registered(t) for t in [*tokens, "none"]], gp_medication=rows)


@pytest.mark.parametrize(
    ("token", "repeats", "counted", "polypharmacy", "severe"),
    [
        ("none", 0, 0, False, False),
        ("four", 4, 4, False, False),  # one substance in two forms is one medicine
        ("five", 5, 5, True, False),
        ("nine", 9, 9, True, False),
        ("ten", 10, 10, True, True),
        ("four and an antibacterial", 5, 4, False, False),
        ("four and HIV", 5, 5, True, False),
        ("four and hepatitis", 5, 5, True, False),
        ("out of scope", 8, 0, False, False),
        ("acute", 4, 4, False, False),
        ("90 days", 5, 5, True, False),
        ("91 days", 4, 4, False, False),
        ("a section alone", 4, 4, False, False),
        ("no code", 4, 4, False, False),
    ],
)
def test_five_medicines_are_polypharmacy_and_ten_severe(medicated, token, repeats, counted, polypharmacy, severe):
    columns = ["repeat_medicines", "polypharmacy_medicines", "polypharmacy", "severe_polypharmacy"]
    assert medicated.loc[token, columns].tolist() == [repeats, counted, polypharmacy, severe]
