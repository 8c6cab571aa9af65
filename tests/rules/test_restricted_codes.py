"""parameters/restricted_codes.csv: what a line may say, what is refused, and which texts hold a restricted code."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.rules.code_systems import snomed_fault
from phm_utils.rules.restricted_codes import RestrictedCodes, restricted_codes

HEADINGS = "system,code,group,title,legal_basis"
CON = duckdb.connect()
SHIPPED = restricted_codes()


def read(folder: Path, *lines: str) -> RestrictedCodes:
    path = folder / "restricted_codes.csv"
    path.write_text("\n".join(["# a comment", HEADINGS, *lines, ""]), encoding="utf-8")
    return restricted_codes(path)


def held(system: str, *texts: str | None, codes: RestrictedCodes = SHIPPED) -> list[bool]:
    """For each text: does it hold a restricted code?"""
    marks = ", ".join(["(CAST(? AS VARCHAR))"] * len(texts))
    rule = codes.sql(system, "v")
    rows = CON.execute(f"SELECT {rule} FROM (VALUES {marks}) AS t (v)", list(texts)).fetchall()
    return [answer for (answer,) in rows]


def test_the_three_laws_are_covered_in_all_code_systems():
    for code in ("A500", "A64", "B24", "F640", "Z312", "N981"):
        assert SHIPPED.covers("icd10", code), code
    for code in ("Q131", "Y961", "X151"):
        assert SHIPPED.covers("opcs4", code), code
    for code in ("76272004", "15628003", "86406008", "52637005", "407374003"):
        assert SHIPPED.covers("snomed", code), code


def test_shipped_snomed_codes_pass_their_check_digit_and_are_dozens():
    assert all(snomed_fault(code) is None for code in SHIPPED.snomed)
    assert 50 < len(SHIPPED.snomed) < 200


@pytest.mark.parametrize("code", ["A49", "A65", "B19", "B25", "F63", "Z30", "Z32", "N97", "I10", "E119"])
def test_neighbours_are_not_restricted(code):
    assert not SHIPPED.covers("icd10", code)
    assert held("icd10", code) == [False]


def test_a_range_and_a_beginning_are_taken_apart(tmp_path):
    lines = ["icd10,A50-A52,sexually_transmitted,STI,Directions", "icd10,z20.6*,sexually_transmitted,HIV,Directions"]
    codes = read(tmp_path, *lines, "opcs4,Q13,human_fertilisation,Gametes,HFE Act")
    assert codes == RestrictedCodes((), ("A50", "A51", "A52", "Z206"), ("Q13",))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("snomed,76272005,sexually_transmitted,STI,Directions", "the code fails its check digit"),
        ("snomed,A50,sexually_transmitted,STI,Directions", "looks like ICD-10"),
        ("icd10,A5,sexually_transmitted,STI,Directions", "no beginning of 3 to 5 characters"),
        ("icd10,A50-B20,sexually_transmitted,STI,Directions", "no beginning of 3 to 5 characters"),
        ("icd10,A52-A50,sexually_transmitted,STI,Directions", "no beginning of 3 to 5 characters"),
        ("icd10,A.*,sexually_transmitted,STI,Directions", "no beginning of 3 to 5 characters"),
        ("read,A50,sexually_transmitted,STI,Directions", "system: Input should be"),
        ("icd10,A50,secret,STI,Directions", "group: Input should be"),
        ("icd10,A50,sexually_transmitted,STI,", "legal_basis: Field required"),
        ("icd10,,sexually_transmitted,STI,Directions", "code: Field required"),
    ],
)
def test_a_line_at_fault_is_refused_with_its_number(tmp_path, line, says):
    with pytest.raises(InputError, match=r"restricted_codes\.csv, line 3") as error:
        read(tmp_path, line)
    assert says in str(error.value)


def test_a_code_twice_an_empty_list_and_no_list_are_refused(tmp_path):
    twice = "icd10,A51*,sexually_transmitted,STI,Directions"
    with pytest.raises(InputError, match="line 4: A51 of icd10 is there twice"):
        read(tmp_path, "icd10,A50-A52,sexually_transmitted,STI,Directions", twice)
    with pytest.raises(InputError, match="nothing would be withheld"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"No file restricted_codes\.csv"):
        restricted_codes(tmp_path / "none" / "restricted_codes.csv")


@pytest.mark.parametrize(
    "text",
    [
        "76272004",
        " 76272004 ",
        "76272004.0",
        "7.6272004E7",
        "SCT:76272004",
        "76272004 | Syphilis |",
        "195967001,76272004",
    ],
)
def test_a_snomed_code_is_found_in_whatever_form_it_comes(text):
    assert held("snomed", text) == [True]


@pytest.mark.parametrize(
    "text", ["176272004", "762720041", "195967001", "", None, "Syphilis", "nan", "infinity", "1e300"]
)
def test_other_snomed_texts_are_not_taken_for_one(text):
    assert held("snomed", text) == [False]


@pytest.mark.parametrize("text", ["A540", "a54.0", "A54", "A54X", "A540D", "A54.0+", "||A540,I10", "I10 A540", "z20.6"])
def test_an_icd10_code_is_found_in_whatever_form_it_comes(text):
    assert held("icd10", text) == [True]


@pytest.mark.parametrize("text", ["I10", "BA54", "XA540", "Z205", "", None, "A4", "-"])
def test_other_icd10_texts_are_not_taken_for_one(text):
    assert held("icd10", text) == [False]


@given(st.sampled_from(SHIPPED.icd10), st.from_regex(r"[0-9A-Z]{0,2}", fullmatch=True), st.booleans(), st.booleans())
def test_every_code_that_begins_so_is_found(beginning, more, dotted, small):
    code = beginning + more
    code = f"{code[:3]}.{code[3:]}" if dotted and len(code) > 3 else code
    assert held("icd10", code.lower() if small else code) == [True]
    assert SHIPPED.covers("icd10", beginning + more)


@given(st.text("AFZ02456. ,", max_size=9))
def test_any_other_text_holds_one_where_a_plain_search_finds_one(text):
    starts = [n for n in range(len(text)) if n == 0 or not text[n - 1].isalnum()]
    assert held("icd10", text) == [any(_begins(text[n:], code) for n in starts for code in SHIPPED.icd10)]


def _begins(text: str, code: str) -> bool:
    """Does a text begin with a code, whose places after the third may have a dot before them?"""
    if not text.startswith(code[:3]):
        return False
    rest = text[3:]
    for sign in code[3:]:
        rest = rest.removeprefix(".")
        if not rest.startswith(sign):
            return False
        rest = rest[1:]
    return True
