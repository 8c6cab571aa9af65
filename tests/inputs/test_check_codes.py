"""Check digits in SQL against published identifiers and their properties."""

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.inputs.fields import _has_form, is_nhs_number, is_snomed_concept
from phm_utils.tables import TOKEN

CON = duckdb.connect()


def says(rule, *values):
    """What a rule of one text answers for each value."""
    marks = ", ".join(["(?)"] * len(values))
    return [
        answer for (answer,) in CON.execute(f"SELECT {rule('v')} FROM (VALUES {marks}) t(v)", list(values)).fetchall()
    ]


@pytest.mark.parametrize("code", ["44054006", "73211009", "38341003", "195967001", "1239511000000100", "138875005"])
def test_concepts_pass(code):
    assert says(is_snomed_concept, code) == [True]


@pytest.mark.parametrize(
    ("code", "why"),
    [("44054007", "check digit"), ("751689013", "a description"), ("116680003x", "letter"), ("", "empty"),
     ("044054006", "leading zero"), ("12345", "too short"), ("1239511000000000", "rounded by a spreadsheet"),
     ("4.4054006E7", "a number"), ("44054006 ", "blank")],
)  # fmt: skip
def test_what_is_no_concept_does_not(code, why):
    assert says(is_snomed_concept, code) == [False]


@given(st.integers(0, 7), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(place, step):
    code = list("195967001")
    code[place] = str((int(code[place]) + step) % 10)
    assert says(is_snomed_concept, "".join(code)) == [False]


@given(st.integers(0, 5))
def test_any_two_neighbours_swapped_are_found(place):
    code = list("195967001")
    code[place], code[place + 1] = code[place + 1], code[place]
    assert "".join(code) == "195967001" or says(is_snomed_concept, "".join(code)) == [False]


def test_nhs_numbers():
    # 943 476 591?: 9x10 + 4x9 + 3x8 + 4x7 + 7x6 + 6x5 + 5x4 + 9x3 + 1x2 = 299; 299 mod 11 = 2; 11 - 2 = 9.
    assert says(is_nhs_number, "9434765919", "9434765918") == [True, False]


@pytest.mark.parametrize("digit", "0123456789")
def test_nobody_has_one_digit_ten_times(digit):
    assert says(is_nhs_number, digit * 10) == [False]


@given(st.integers(0, 10**9 - 1))
def test_of_ten_check_digits_one_at_most_fits(first_nine):
    answers = says(is_nhs_number, *(f"{first_nine:09d}{digit}" for digit in range(10)))
    total = sum((10 - i) * int(d) for i, d in enumerate(f"{first_nine:09d}"))
    check = (11 - total % 11) % 11
    expected = [digit == check and f"{first_nine:09d}{digit}" != str(digit) * 10 for digit in range(10)]
    assert answers == expected


@settings(max_examples=200)
@given(st.text("aZ9é- \t\n\r\f\v\xa0", max_size=70))
def test_the_quick_form_of_a_token_equals_its_pattern(text):
    quick = says(lambda v: _has_form(v, TOKEN), text)
    assert quick == [re.fullmatch(TOKEN.replace(r"\S", r"[^ \t\n\r\f]"), text) is not None]
