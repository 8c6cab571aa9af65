"""The standard form of an identifier, in whatever way it is written."""

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from phm_utils.rules import identifiers
from phm_utils.rules.check_digits import nhs_number_sql
from phm_utils.schema import POSTCODE, UPRN
from phm_utils.tables import NAMED, NHS_NUMBER, SEX_COLUMN, TABLES

CON = duckdb.connect()
BLANKS = st.text(" \t\u00a0\u2009-\u2010\u2013", max_size=3)  # hyphens of two kinds and a dash among them


def value_of(form, text):
    """What the SQL that `form` writes gives for one text."""
    return CON.execute(f"SELECT {form('v')} FROM (SELECT ?::VARCHAR AS v)", [text]).fetchall()[0][0]


def spaced(draw, characters):
    return draw(BLANKS) + "".join(c + draw(BLANKS) for c in characters)


@st.composite
def nhs_numbers(draw):
    """A number that passes modulo 11, and a way of writing it."""
    digits = draw(st.lists(st.integers(0, 9), min_size=9, max_size=9))
    check = 11 - sum(d * (10 - n) for n, d in enumerate(digits)) % 11
    assume(check != 10)
    number = "".join(map(str, [*digits, check % 11]))
    assume(len(set(number)) > 1)
    written = spaced(draw, number)
    return number, draw(st.sampled_from([written, number + ".0", number + ".", f" {number}.00 "]))


@st.composite
def postcodes(draw):
    """A postcode in its standard form, and a way of writing it."""
    plain = draw(st.from_regex(POSTCODE, fullmatch=True)).replace(" ", "")
    written = spaced(draw, "".join(draw(st.sampled_from([c, c.lower()])) for c in plain))
    return f"{plain[:-3]} {plain[-3:]}", written


@settings(deadline=None)
@given(nhs_numbers())
def test_a_valid_number_is_its_ten_digits_however_spaced(pair):
    number, written = pair
    assert value_of(identifiers.nhs_number_form, written) == number
    assert value_of(nhs_number_sql, number)


@settings(deadline=None)
@given(postcodes())
def test_a_valid_postcode_has_capitals_and_one_blank_however_typed(pair):
    standard, written = pair
    assert value_of(identifiers.postcode_form, written) == standard
    assert value_of(identifiers.plain_postcode_form, written) == standard.replace(" ", "")


@settings(deadline=None)
@given(st.text("019 -.+EexMfB\u00a0", max_size=14))
def test_a_standard_form_stays_as_it_is(text):
    for form in (identifiers.nhs_number_form, identifiers.postcode_form, identifiers.uprn_form, identifiers.sex_form):
        once = value_of(form, text)
        assert value_of(form, once) == once


@settings(deadline=None)
@given(st.integers(1, 10**12 - 1), st.integers(0, 3), st.sampled_from(["", ".0", ".", ".000"]))
def test_a_property_is_its_number_without_leading_zeros(uprn, zeros, decimal):
    assert value_of(identifiers.uprn_form, "0" * zeros + str(uprn) + decimal) == str(uprn)


@pytest.mark.parametrize(
    "written", ["9.99E+09", "9.99e+09", "9.990001006E9", "999000100.6", "999.000.1006", "99900010O6", "NHS 9990001006"]
)
def test_a_number_that_lost_digits_or_has_letters_is_no_number(written):
    assert not value_of(nhs_number_sql, value_of(identifiers.nhs_number_form, written))


@pytest.mark.parametrize("written", ["1.00023E+11", "-1", "12 High Street", "1000233369567", "100023336956.5", ""])
def test_what_is_no_property_does_not_become_one(written):
    standard = value_of(identifiers.uprn_form, written)
    assert not value_of(identifiers.usable_uprn, standard)


@pytest.mark.parametrize("zeros", ["0", "000", "0.0"])
def test_zeros_alone_are_not_recorded(zeros):
    [uprn] = (c for c in NAMED if c.pattern == UPRN)
    assert value_of(identifiers.uprn_form, zeros) in identifiers.fillers_of(uprn)


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("1", ["1", "1.0", " 1 ", "M", "m", "Male", "MALE"]),
        ("2", ["2", "2.0", "F", "f", "female "]),
        ("9", ["9", "9.0", "I", "Indeterminate"]),
        ("X", ["X", "x", "U", "Unknown", "not known"]),
        ("0", ["0", "0.0"]),
    ],
)
def test_a_sex_is_its_code(code, written):
    assert {value_of(identifiers.sex_form, text) for text in written} == {code}


@pytest.mark.parametrize("text", ["10", "3", "MF", "1.5", "Mann", ""])
def test_a_word_that_is_no_sex_stays(text):
    assert value_of(identifiers.sex_form, text) == text


@pytest.mark.parametrize("postcode", ["B1 1A", "B1 11AA1", "ÄB1 1AA", "QQ", "", "123 456"])
def test_what_is_no_postcode_is_no_address(postcode):
    assert not value_of(identifiers.usable_postcode, value_of(identifiers.plain_postcode_form, postcode))


@pytest.mark.parametrize("nowhere", ["zz99 3vz", "ZZ993VZ", "ZZ99  3CZ"])
def test_pseudo_postcodes_are_valid_and_no_address(nowhere):
    standard = value_of(identifiers.postcode_form, nowhere)
    assert CON.execute("SELECT regexp_full_match(?, ?)", [standard, POSTCODE]).fetchall() == [(True,)]
    assert not value_of(identifiers.usable_postcode, value_of(identifiers.plain_postcode_form, nowhere))


def test_each_column_has_its_reader_and_others_have_none():
    forms = {c.name: identifiers.identifier_form("v", c) for c in (*NAMED, NHS_NUMBER, SEX_COLUMN)}
    assert forms == {
        "forename": "v",
        "surname": "v",
        "date_of_birth": "v",
        "postcode": identifiers.postcode_form("v"),
        "uprn": identifiers.uprn_form("v"),
        "nhs_number": identifiers.nhs_number_form("v"),
        "sex": identifiers.sex_form("v"),
    }
    assert identifiers.identifier_form("v", TABLES["gp_event"].column("practice_code")) == "v"


def test_nothing_is_a_word_for_nothing_except_in_a_name():
    words = {c.name: set(identifiers.fillers_of(c)) for c in (*NAMED, NHS_NUMBER)}
    assert all("NA" in words[name] for name in ("nhs_number", "postcode", "uprn", "date_of_birth"))
    assert not {"NA", "None", "nan"} & (words["forename"] | words["surname"])
