"""Code systems: every way in which a code goes wrong is named, with its likely cause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.rules.check_digits import verhoeff_ok
from phm_utils.rules.code_systems import (
    SYSTEMS,
    cleaned,
    code_fault,
    is_code,
    looks_like,
    normalised,
    quoted,
    snomed_fault,
    system_named,
)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("", "is empty"),
        ("9.99001E+17", "turned into a number by a spreadsheet"),
        ("44054006.0", "turned into a number by a spreadsheet"),
        ("999003111000000000", "rounded by a spreadsheet"),
        ("44054007", "check digit: mistyped"),
        ("E11", "looks like ICD-10"),
        ("F20.4", "looks like ICD-10"),
        ("C10F.", "looks like Read v2"),
        ("XaPwi", "looks like CTV3"),
        ("044054006", "another code system"),
        ("Y00060", "another code system"),
        ("2807821000000115", "description or relationship id"),
        ("٤٤٠٥٤٠٠٦", "other digits than 0 to 9"),
        ("44054006; 46635009", "holds 2 codes"),
        ("01/03/2020", "is a date"),
        ("Mar-01", "is a date"),
    ],
)
def test_an_id_that_is_none_is_told_why(code, cause):
    assert cause in snomed_fault(code)


def test_ids_of_either_length_are_accepted():
    assert snomed_fault("44054006") is None
    assert snomed_fault("196381000000100") is None  # of the UK extension, partition 10
    assert snomed_fault("16218291000119100") is None  # 17 digits that end in zeros by right


def test_a_rounded_id_whose_check_digit_happens_to_fit_is_still_seen():
    # 18 digits kept to 15 end in 000: a partition 00 that only short ids have. Of ten endings one fits.
    rounded = [f"{n}000" for n in range(100000311100000, 100000311100040) if verhoeff_ok(f"{n}000")]
    assert rounded
    assert all("rounded by a spreadsheet" in snomed_fault(code) for code in rounded)


def test_an_id_of_an_issuer_that_is_none_is_refused():
    code = next(f"12345699999991{tail}" for tail in ("00", *(f"0{d}" for d in range(10))) if
                verhoeff_ok(f"12345699999991{tail}"))  # fmt: skip
    assert "issuer" in snomed_fault(code)


@pytest.mark.parametrize(
    ("system", "codes"),
    [
        ("snomed", "44054006 1240491000000103"),
        ("dmd", "36124911000001107 348047008"),
        ("icd10", "E11 E119 E11.9 Z59.0 A17.0† A170D M45X9 I10X I10- O F2 e11.9"),
        ("opcs4", "K40 K401 K40.1 X Y53"),
        ("bnf", "04 0403 0402030K0 1501041T0AAAAAA 1404000H0AAAFAF 2101"),
        ("readv2", "13D.. 1B1V.00 8CAZ000 13D..11 1466.00 bd3j."),
        ("ctv3", "XaPwi 13D.. XE0ox 1377."),
    ],
)
def test_what_each_system_calls_a_code_is_one(system, codes):
    assert [(code, code_fault(code, system)) for code in codes.split() if code_fault(code, system)] == []


@pytest.mark.parametrize(
    ("code", "system", "cause"),
    [
        ("E10-E14", "icd10", "a range of codes"),
        ("E10 E11", "icd10", "holds 2 codes"),
        ("I1O", "icd10", "letter O for a zero"),
        ("S72.001A", "icd10", "ICD-10-CM"),
        ("44054006", "icd10", "looks like SNOMED CT: this list takes ICD-10"),
        ("G20..", "icd10", "looks like Read v2"),
        ("E11", "dmd", "this list takes dm+d product ids"),
        ("E11", "bnf", "looks like ICD-10"),
        ("403", "bnf", "lost its leading zero"),
        ("4", "bnf", "lost its leading zero"),
        ("23964", "bnf", "is not a BNF code"),
        ("1466", "readv2", "lost its full stops, Read v2 codes have 5 characters: a spreadsheet took it for a number"),
        ("13D", "ctv3", "lost its full stops"),
        ("1466.0", "readv2", "turned into a number"),
        ("XaPwi", "readv2", "looks like CTV3: this list takes Read v2"),
        ("K40.12", "opcs4", "looks like ICD-10"),
        ("hernia", "opcs4", "is not an OPCS-4 code"),
    ],
)
def test_a_code_that_is_none_of_its_system_is_told_why(code, system, cause):
    assert cause in code_fault(code, system)


@pytest.mark.parametrize(
    ("code", "system", "form"),
    [
        ("Z59.0", "icd10", "Z590"),
        ("A17.0†", "icd10", "A170"),
        ("A170D", "icd10", "A170"),
        ("M01.10A", "icd10", "M0110"),
        ("I10X", "icd10", "I10"),
        ("I10-", "icd10", "I10"),
        ("M45X9", "icd10", "M45X9"),  # X fills the fourth place, the site counts
        ("e11.9", "icd10", "E119"),
        ("K40.1", "opcs4", "K401"),
        ("13D..11", "readv2", "13D.."),
        ("XaPwi", "ctv3", "XaPwi"),  # capitals tell codes apart
    ],
)
def test_codes_take_the_form_that_extracts_hold(code, system, form):
    assert normalised(code, system) == form


@given(st.text(alphabet="0123456789ABCDEFXabcx.-†*+ ", max_size=18), st.sampled_from(SYSTEMS))
def test_whatever_is_accepted_stays_accepted_in_its_normal_form(code, system):
    assert (code_fault(code, system) is None) == is_code(code, system)
    if is_code(code, system):
        once = normalised(code, system)
        assert is_code(once, system)
        assert normalised(once, system) == once


def test_a_cell_is_freed_of_what_is_no_part_of_its_code():
    assert cleaned("\ufeff 44054006\u200b\xa0") == "44054006"
    assert cleaned("'44054006") == "44054006"
    assert cleaned('="44054006"') == "44054006"


def test_a_code_tells_its_system():
    systems = {code: looks_like(code) for code in ("44054006", "E11.9", "13D..", "XaPwi", "0402030K0", "F2", "bread")}
    assert systems == {
        "44054006": "snomed",
        "E11.9": "icd10",
        "13D..": "readv2",
        "XaPwi": "ctv3",
        "0402030K0": "bnf",
        "F2": None,  # a beginning alone could be of several
        "bread": "readv2",  # five letters are a Read code as far as anybody can see
    }


def test_systems_go_by_many_names():
    names = ("SNOMED CT", "ICD-10", "Read2", "dmd_snomed", "dm+d", "CTV3", "OPCS4", "see name")
    assert [system_named(name) for name in names] == ["snomed", "icd10", "readv2", "dmd", "dmd", "ctv3", "opcs4", None]


def test_what_may_be_a_persons_number_is_never_quoted():
    assert "9434765919" not in quoted("9434765919")
    assert quoted("44054006") == "`44054006`"
    assert quoted("a long remark about somebody") == "a cell of 28 characters"
    assert "\n" not in quoted("two\nlines")
