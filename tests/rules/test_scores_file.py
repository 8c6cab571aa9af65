"""The score files and weight tables: the published numbers, and what is refused."""

import itertools
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.persons.hospital_diagnoses import MORE_SEVERE, charlson_groups, diagnosis_codes, hfrs_weights
from phm_utils.persons.medicines import in_scope, polypharmacy_scope
from phm_utils.rules.codelists import load
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import EFI_BANDS, EFI_DEFICITS, Item, load_score, score_columns, usable_columns

# Payne et al. 2020, CMAJ 192:E107: weights of the general outcome, in the order of the file.
CMS = ("0.08", "0.50", "0.92", "0.09", "0.21", "0.19", "0.75", "0.49", "0.53", "1.34", "1.12", "0.80", "1.46", "0.43",
       "1.53", "0.65", "1.18", "2.50", "0.64", "0.92")  # fmt: skip
# Gilbert et al. 2018, Lancet 391:1775, in tenths.
HFRS = {
    "F00": 71, "G81": 44, "G30": 40, "I69": 37, "R29": 36, "N39": 32, "F05": 32, "W19": 32, "S00": 32, "R31": 30,
    "R54": 22, "L89": 17, "N17": 18, "S72": 14, "J18": 11, "I63": 8, "R13": 8, "F32": 5, "R11": 3, "R50": 1,
}  # fmt: skip
# Summary Hospital-level Mortality Indicator.
CHARLSON = {
    "acute_mi": 5, "heart_failure": 13, "peripheral_vascular": 6, "cerebrovascular": 11, "dementia": 14, "pulmonary": 4,
    "connective_tissue": 4, "peptic_ulcer": 9, "liver": 8, "diabetes": 3, "diabetes_complications": -1, "paraplegia": 1,
    "renal": 10, "cancer": 8, "severe_liver": 18, "metastatic_cancer": 14, "hiv": 2,
}  # fmt: skip


def test_the_frailty_index_has_36_deficits_of_one_each():
    items = load_score("efi").items
    assert len(items) == EFI_DEFICITS == 36
    assert len({item.item for item in items}) == 36
    assert {item.hundredths for item in items} == {100}


def test_no_number_of_deficits_is_on_an_edge_of_the_frailty_index():
    # 36 times 0.12, 0.24 and 0.36 is 4.32, 8.64 and 12.96: whether an edge is in or out never matters.
    edges = [edge for _, edge in EFI_BANDS if edge < 1]
    assert edges == [0.12, 0.24, 0.36]
    assert not {Decimal(str(edge)) * 36 for edge in edges} & {Decimal(n) for n in range(37)}


def test_the_multimorbidity_score_has_the_20_published_weights():
    items = load_score("cms").items
    assert tuple(str(item.weight) for item in items) == CMS
    assert sum(item.hundredths for item in items) == 1633
    assert len({item.item for item in items}) == 20


@pytest.mark.parametrize("name", ["efi", "cms"])
def test_every_rule_of_a_score_asks_only_for_what_there_is(name):
    columns = usable_columns(concepts())
    for item in load_score(name).items:
        assert compile_rule(item.rule, columns)


def test_the_hospital_frailty_score_has_109_codes_and_the_published_weights():
    weights = hfrs_weights()
    assert len(weights) == 109
    assert sum(weights.values()) == 1_732
    assert {code: weights[code] for code in HFRS} == HFRS


def test_charlson_has_17_groups_and_the_published_weights():
    groups = charlson_groups()
    assert {name: weight for name, (weight, _) in groups.items()} == CHARLSON
    assert len(groups) == 17
    assert groups["dementia"][1] == ("F00", "F01", "F02", "F03", "F051")
    assert groups["metastatic_cancer"][1] == ("C77", "C78", "C79", "C80")
    assert sum(len(starts) for _, starts in groups.values()) == 166
    assert set(MORE_SEVERE) | set(MORE_SEVERE.values()) <= set(groups)


def test_no_code_is_of_two_charlson_groups():
    starts = [(start, name) for name, (_, found) in charlson_groups().items() for start in found]
    for (one, first), (other, second) in itertools.permutations(starts, 2):
        assert first == second or not one.startswith(other), (one, other)


def test_what_a_hospital_code_counts_for():
    known = concepts()
    codes = {c.codes_from: tuple(load(c.codes_from, system=c.system)) for c in known if c.system == "icd10"}
    found = diagnosis_codes(["F0010", "S7210", "J459", "F051"], known, codes)
    rows = {(r.icd10, r.used_for, r.item, r.weight) for r in found.itertuples()}
    assert rows == {
        ("F0010", "hfrs", "F00", 71), ("F0010", "charlson", "dementia", 14),
        ("S7210", "hfrs", "S72", 14), ("S7210", "concept", "stay_hip_fracture", 0),
        ("J459", "charlson", "pulmonary", 4), ("J459", "concept", "stay_asthma", 0),
        ("F051", "hfrs", "F05", 32), ("F051", "charlson", "dementia", 14), ("F051", "concept", "stay_frailty", 0),
    }  # fmt: skip
    assert diagnosis_codes([], known, codes).empty


def test_columns_of_scores_need_the_tables_of_their_rules():
    columns = score_columns(concepts())
    assert columns["efi"].needs == columns["cms"].needs == ("gp_event", "gp_medication")
    assert columns["hfrs"].needs == columns["charlson"].needs == ("apc_episode",)
    assert columns["efi_category"].words == ("Fit", "Mild", "Moderate", "Severe")
    assert columns["hfrs_category"].words == ("Low", "Intermediate", "High")


RULE = {"column": "asthma", "op": "is", "value": True}


def write(folder: Path, *items: dict) -> Path:
    content = {"title": "Score", "source": "here", "items": list(items)}
    (folder / "own.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([], "items: Tuple should have at least 1 item"),
        ([{"item": "a", "weight": "0.125", "rule": RULE}], "items.0.weight"),
        ([{"item": "a", "weight": "many", "rule": RULE}], "items.0.weight"),
        ([{"item": "a", "rule": RULE}], "items.0.weight: Field required"),
        ([{"item": "", "weight": "1", "rule": RULE}], "items.0.item"),
        ([{"item": "a", "weight": "1"}], "items.0.rule: Field required"),
        ([{"item": "a", "weight": "1", "rule": RULE, "per": 2}], "items.0.per: Extra inputs"),
    ],
)
def test_a_score_at_fault_is_refused_by_name_and_place(tmp_path, items, says):
    with pytest.raises(InputError) as error:
        load_score("own", write(tmp_path, *items))
    assert "own.yml" in str(error.value)
    assert says in str(error.value)


@given(st.integers(-999_999, 999_999))
def test_weights_are_exact_hundredths(hundredths):
    weight = Decimal(hundredths) / 100
    assert Item.model_validate({"item": "a", "weight": str(weight), "rule": RULE}).hundredths == hundredths


def table(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("reader", "text", "says"),
    [
        (hfrs_weights, "icd10,weight\nF00,71\n", "columns must be icd10, tenths"),
        (hfrs_weights, "icd10,tenths\nF00,\n", "line 2: no tenths"),
        (hfrs_weights, "icd10,tenths\nF001,71\n", "three characters"),
        (hfrs_weights, "icd10,tenths\nF00,71\nF00,2\n", "has `F00` twice"),
        (charlson_groups, "group,icd10\na,F00\n", "columns must be group, weight, icd10"),
        (charlson_groups, "group,weight,icd10\na,1,F00\na,2,F01\n", "has `a` twice"),
        (charlson_groups, "group,weight,icd10\na,1,\n", "line 2: no icd10"),
        (hfrs_weights, "icd10,tenths\nF00,7.1\n", "whole numbers of 0 or more"),
        (hfrs_weights, "icd10,tenths,tenths\nF00,71,2\n", "the heading `tenths` twice"),
        (charlson_groups, "group,weight,icd10\na,1,F00||F01\n", "beginnings of codes"),
        (polypharmacy_scope, "bnf\n05\n", "lacks the columns in_scope"),
        (polypharmacy_scope, "bnf,in_scope\n05,no\n", "`in_scope` must be true or false"),
        (polypharmacy_scope, "bnf,in_scope\n05,true\n05,false\n", "has `05` twice"),
    ],
)
def test_a_table_at_fault_is_refused_by_name(tmp_path, reader, text, says):
    with pytest.raises(InputError) as error:
        reader(table(tmp_path, text))
    assert "table.csv" in str(error.value)
    assert says in str(error.value)


def test_of_the_beginnings_of_a_medicine_the_longest_decides():
    scope = polypharmacy_scope()
    assert len(scope) == 44
    assert sum(scope.values()) == 2  # HIV and viral hepatitis, in a chapter that is out
    for code, counts in (
        ("0501013B0AAAAAA", False), ("0503010A0AAAAAA", True), ("0503020A0AAAAAA", False), ("0503030A0AAAAAA", True),
        ("0212000B0AAAAAA", True), ("0601060D0AAAAAA", False), ("0601022B0AAAAAA", True), ("1103010C0AAAAAA", False),
        ("0908010A0AAAAAA", True), ("0909010A0AAAAAA", False),
    ):  # fmt: skip
        assert in_scope(code, scope) == counts, code


@given(st.lists(st.text("01", min_size=2, max_size=6), unique=True), st.text("01", min_size=9, max_size=9))
def test_a_scope_asks_the_longest_beginning_there_is(starts, code):
    scope = {start: n % 2 == 0 for n, start in enumerate(starts)}
    fits = [start for start in starts if code.startswith(start)]
    assert in_scope(code, scope) == (scope[max(fits, key=len)] if fits else True)
