"""Check digits in SQL and in Python against published identifiers and against each other."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.rules.check_digits import is_nhs_number, nhs_number_sql, snomed_concept_sql, verhoeff_ok

CON = duckdb.connect()


def says(rule, *values):
    """What a rule of one text answers for each value."""
    marks = ", ".join(["(?)"] * len(values))
    return [
        answer for (answer,) in CON.execute(f"SELECT {rule('v')} FROM (VALUES {marks}) t(v)", list(values)).fetchall()
    ]


@pytest.mark.parametrize("code", ["44054006", "73211009", "38341003", "195967001", "1239511000000100", "138875005"])
def test_concepts_pass(code):
    assert says(snomed_concept_sql, code) == [True]


@pytest.mark.parametrize(
    ("code", "why"),
    [("44054007", "check digit"), ("751689013", "a description"), ("116680003x", "letter"), ("", "empty"),
     ("044054006", "leading zero"), ("12345", "too short"), ("1239511000000000", "rounded by a spreadsheet"),
     ("4.4054006E7", "a number"), ("44054006 ", "blank")],
)  # fmt: skip
def test_what_is_no_concept_does_not(code, why):
    assert says(snomed_concept_sql, code) == [False]


@given(st.integers(0, 7), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(place, step):
    code = list("195967001")
    code[place] = str((int(code[place]) + step) % 10)
    assert says(snomed_concept_sql, "".join(code)) == [False]


@given(st.integers(0, 5))
def test_any_two_neighbours_swapped_are_found(place):
    code = list("195967001")
    code[place], code[place + 1] = code[place + 1], code[place]
    assert "".join(code) == "195967001" or says(snomed_concept_sql, "".join(code)) == [False]


def test_nhs_numbers():
    # 943 476 591?: 9x10 + 4x9 + 3x8 + 4x7 + 7x6 + 6x5 + 5x4 + 9x3 + 1x2 = 299; 299 mod 11 = 2; 11 - 2 = 9.
    assert says(nhs_number_sql, "9434765919", "9434765918") == [True, False]


@pytest.mark.parametrize("digit", "0123456789")
def test_nobody_has_one_digit_ten_times(digit):
    assert says(nhs_number_sql, digit * 10) == [False]


@given(st.integers(0, 10**9 - 1))
def test_of_ten_check_digits_one_at_most_fits(first_nine):
    answers = says(nhs_number_sql, *(f"{first_nine:09d}{digit}" for digit in range(10)))
    total = sum((10 - i) * int(d) for i, d in enumerate(f"{first_nine:09d}"))
    check = (11 - total % 11) % 11
    expected = [digit == check and f"{first_nine:09d}{digit}" != str(digit) * 10 for digit in range(10)]
    assert answers == expected


@given(st.integers(0, 10**9 - 1))
def test_sql_and_python_agree_on_nhs_numbers(first_nine):
    numbers = [f"{first_nine:09d}{digit}" for digit in range(10)]
    assert says(nhs_number_sql, *numbers) == [is_nhs_number(n) and len(set(n)) > 1 for n in numbers]


@given(st.integers(10**5, 10**14))
def test_sql_and_python_agree_on_concepts(stem):
    codes = [f"{stem}{digit}" for digit in range(10)]
    assert says(snomed_concept_sql, *codes) == [verhoeff_ok(c) and c[-3:-1] in ("00", "10") for c in codes]


def test_a_missing_number_is_neither_right_nor_wrong():
    assert says(nhs_number_sql, None) == [None]


def test_check_digit_matches_the_published_example():
    assert verhoeff_ok("2363")  # Verhoeff 1969: 236 takes the check digit 3
    assert not verhoeff_ok("2364")
    assert not verhoeff_ok("23a3")
    assert not verhoeff_ok("٢٣٦٣")  # digits, but not those of a code


@given(st.integers(10**5, 10**17), st.integers(0, 8))
def test_every_slip_of_one_digit_is_noticed(number, place):
    code = next(f"{number}{d}" for d in range(10) if verhoeff_ok(f"{number}{d}"))
    place %= len(code)
    slipped = code[:place] + str((int(code[place]) + 1) % 10) + code[place + 1 :]
    assert not verhoeff_ok(slipped)


@given(st.integers(10**5, 10**17), st.integers(0, 16))
def test_every_swap_of_two_neighbours_is_noticed(number, place):
    code = next(f"{number}{d}" for d in range(10) if verhoeff_ok(f"{number}{d}"))
    place %= len(code) - 1
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert verhoeff_ok(swapped) == (swapped == code)
