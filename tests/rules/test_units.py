"""parameters/units.csv: how units are compared and converted, and what is refused with the line named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.rules.units import UnitRule, conversions, standard_unit, unit_rules

HEADINGS = "concept,unit,factor,offset,decimals,source"
HBA1C = Concept(concept="hba1c", title="HbA1c", kind="value", unit="mmol/mol", low=15, high=200)
ASTHMA = Concept(concept="asthma", title="Asthma", kind="condition")


def read(folder: Path, *lines: str, headings: str = HEADINGS) -> dict[str, UnitRule]:
    """The rules of HbA1c in a file with these lines."""
    path = folder / "units.csv"
    path.write_text("\n".join([headings, *lines, ""]), encoding="utf-8")
    return unit_rules((HBA1C, ASTHMA), path)["hba1c"]


@pytest.mark.parametrize(
    ("written", "alike"),
    [
        ("kg/m2", ("kg/m²", "kg/m^2", "KG/M2", " kg / m ^2 ", "kg/m\u00a02")),
        ("mL/min/1.73m2", ("ml/min/1.73 m²", "ML/MIN/1.73M^2", "mL / min / 1.73 m2")),
        ("mg/dL", ("mg/dl", "MG / DL")),
    ],
)
def test_case_blanks_and_raised_digits_make_no_difference(written, alike):
    assert {standard_unit(text) for text in alike} == {standard_unit(written)}


@pytest.mark.parametrize(("one", "other"), [("mmol/mol", "mmol/L"), ("mmHg", "mm[Hg]"), ("kg/m2", "kg/m")])
def test_other_units_stay_apart(one, other):
    assert standard_unit(one) != standard_unit(other)


@given(st.text("kgmLHb/2%[]().1", max_size=12), st.data())
def test_blanks_carets_and_case_anywhere_make_no_difference(text, data):
    signs = data.draw(st.lists(st.sampled_from((" ", "\t", "\u00a0", "^", "")), min_size=len(text), max_size=len(text)))
    spread = "".join(letter + sign for letter, sign in zip(text, signs, strict=True)).replace("2", "²")
    assert standard_unit(spread.swapcase()) == standard_unit(text)


# 10.93 x 6.5 - 23.5 = 47.545; x 7.2 = 55.196; x 9.0 = 74.87. 193 / 38.67 = 4.991; 232.02 / 38.67 = 6.
@pytest.mark.parametrize(
    ("concept", "unit", "recorded", "expected"),
    [
        ("hba1c", "%", 6.5, 48), ("hba1c", "DCCT %", 7.2, 55), ("hba1c", "% Hb", 9.0, 75),
        ("cholesterol", "mg/dL", 193, 5.0), ("cholesterol", "mg/dl", 232.02, 6.0),
    ],
)  # fmt: skip
def test_conversions_shipped_match_hand_working(concept, unit, recorded, expected):
    rule = unit_rules(concepts())[concept][standard_unit(unit)]
    assert rule.converted(recorded) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("concept", "units"),
    [
        ("hba1c", ("mmol/mol", "mmol/mol Hb", "MMOL/MOL")), ("bmi", ("kg/m2", "kg/m²", "kg/m^2")),
        ("systolic_bp", ("mmHg", "mm[Hg]", "mm Hg")), ("diastolic_bp", ("mmHg", "mm[Hg]")),
        ("egfr", ("mL/min/1.73m2", "ml/min/1.73m²", "mL/min/{1.73_m2}")), ("cholesterol", ("mmol/L", "mmol/l")),
    ],
)  # fmt: skip
def test_spellings_of_the_own_unit_leave_a_value_as_it_is(concept, units):
    rules = unit_rules(concepts())[concept]
    for unit in units:
        assert rules[standard_unit(unit)].converted(41.37) == 41.37


@pytest.mark.parametrize(("concept", "unit"), [("hba1c", "mmol/L"), ("bmi", "kg"), ("egfr", "mL/min"), ("bmi", "%")])
def test_another_unit_has_no_rule(concept, unit):
    assert standard_unit(unit) not in unit_rules(concepts())[concept]


def test_a_line_without_a_factor_is_a_spelling_and_comments_are_passed_over(tmp_path):
    rules = read(tmp_path, "hba1c,IFCC units,,,,", "", headings=f"# a comment, with a comma\n{HEADINGS}")
    assert set(rules) == {"mmol/mol", "ifccunits"}
    assert not rules["ifccunits"].converts
    assert conversions(rules) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("asthma,%,2,0,0,x", "line 2: `asthma` is no concept of kind value"),
        ("gout,%,2,0,0,x", "line 2: `gout` is no concept of kind value"),
        ("hba1c,%,0,0,0,x", "line 2: 1 fault"),
        ("hba1c,%,-1,0,0,x", "factor: Input should be greater than 0"),
        ("hba1c,%,ten,0,0,x", "factor"),
        ("hba1c,%,1/0,0,0,x", "a number, or a fraction such as 1/38.67"),
        ("hba1c,%,inf,0,0,x", "factor"),
        ("hba1c,%,10.93,nan,0,x", "offset"),
        ("hba1c,%,10.93,-23.5,,x", "a conversion needs `decimals` and `source`"),
        ("hba1c,%,10.93,-23.5,0,", "a conversion needs `decimals` and `source`"),
        ("hba1c,%,,,0,x", "only a converted value is rounded"),
        ("hba1c,%,10.93,-23.5,4,x", "decimals: Input should be less than or equal to 3"),
        ("hba1c,^,2,0,0,x", "the unit is blank"),
        ("hba1c,,2,0,0,x", "unit: Field required"),
        (",%,2,0,0,x", "concept: Field required"),
        ("hba1c,MMOL / MOL,2,0,0,x", "is there already, as its own unit or in another line"),
        ("hba1c,%,2,0,0,x,more", "line 2: 7 cells for 6 headings"),
    ],
)
def test_a_line_at_fault_is_refused_with_its_number(tmp_path, line, says):
    with pytest.raises(InputError, match=r"units\.csv") as error:
        read(tmp_path, line)
    assert says in str(error.value)


def test_a_unit_given_twice_is_refused_whatever_its_spelling(tmp_path):
    with pytest.raises(InputError, match="line 4: the unit `DCCT%`"):
        read(tmp_path, "hba1c,%,10.93,-23.5,0,NGSP", "hba1c,dcct %,10.93,-23.5,0,NGSP", "hba1c,DCCT%,2,0,0,x")


def test_a_heading_that_is_not_known_and_a_file_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(InputError, match="divisor"):
        read(tmp_path, "hba1c,%,2", headings="concept,unit,divisor")
    with pytest.raises(InputError, match=r"No file units\.csv .* the units of values"):
        unit_rules((HBA1C,), tmp_path / "none" / "units.csv")


def test_a_concept_without_a_unit_knows_only_what_the_file_lists(tmp_path):
    path = tmp_path / "units.csv"
    path.write_text(f"{HEADINGS}\nratio,1,,,,\n", encoding="utf-8")
    ratio = Concept(concept="ratio", title="Ratio", kind="value", low=1, high=9)
    assert set(unit_rules((ratio,), path)["ratio"]) == {"1"}
