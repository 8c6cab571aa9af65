"""One name in several spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.synthetic.identity import valid_numbers
from phm_utils.synthetic.linkage import spellings
from phm_utils.synthetic.linkage.wider_names import WIDER

ANY_LUCK = st.integers(0, 2**32 - 1)
NAMES = sorted({word for words in (*WIDER.forenames, *WIDER.surnames) for word in words})
WAYS = (spellings.misspelt, spellings.short, spellings.other_spelling, spellings.half, spellings.unjoined,
        spellings.plain, spellings.garbled, spellings.titled, spellings.other_case)  # fmt: skip


@pytest.mark.parametrize(
    ("way", "name", "luck", "written"),
    [
        (spellings.slip, "Smith", 0, "Sith"),  # the first kind, at the second letter: left out
        (spellings.slip, "Smith", 1, "Smmith"),
        (spellings.slip, "Smith", 2, "Snith"),  # n is m's only neighbour on its row
        (spellings.slip, "Smith", 3, "Simth"),
        (spellings.by_ear, "Joseph", 0, "Josef"),
        (spellings.short, "Elizabeth", 0, "Liz"),
        (spellings.short, "Sharma", 0, "Sharma"),
        (spellings.other_spelling, "Mohammed", 0, "Muhammad"),
        (spellings.half, "Ashton-Smith", 1, "Smith"),
        (spellings.half, "St-John", 1, "St-John"),  # one name, not two
        (spellings.unjoined, "O'Brien", 0, "OBrien"),
        (spellings.unjoined, "Ashton-Smith", 1, "Ashton Smith"),
        (spellings.unjoined, "McDonald", 1, "MacDonald"),
        (spellings.plain, "Zoë", 0, "Zoe"),
        (spellings.plain, "Łukasz", 0, "Lukasz"),
        (spellings.garbled, "Siân", 0, "SiÃ¢n"),
        (spellings.titled, "Ann", 1, "Mrs Ann"),
        (spellings.digit_slip, "9990000018", 0, "9990000018"),  # two nines swapped
        (spellings.digit_slip, "9990000018", 33, "9990000028"),
        (spellings.postcode_slip, "QZ1 2AB", 2, "QZ1 0AB"),
        (spellings.typed_postcode, "QZ1 2AB", 1, "QZ12AB"),
    ],
)
def test_each_way_of_writing_does_what_it_says(way, name, luck, written):
    assert way(name, luck) == written


@given(st.sampled_from(NAMES), ANY_LUCK)
def test_a_name_stays_a_name(name, luck):
    for way in WAYS:
        assert way(name, luck).strip()


@given(st.sampled_from(NAMES), ANY_LUCK)
def test_a_slip_keeps_the_first_letter_and_nearly_the_length(name, luck):
    written = spellings.slip(name, luck)
    assert written[0] == name[0]
    assert abs(len(written) - len(name)) <= 1


@given(st.sampled_from(NAMES))
def test_without_accents_only_plain_letters_are_left(name):
    assert spellings.plain(name).isascii()


@given(st.sampled_from(valid_numbers(7).tolist()), ANY_LUCK)
def test_the_check_digit_gives_a_mistyped_number_away(number, luck):
    written = spellings.digit_slip(str(number), luck)
    remainder = sum(weight * int(digit) for weight, digit in zip(range(10, 0, -1), written, strict=True)) % 11
    assert written == str(number) or remainder != 0


def test_no_name_is_its_own_other_spelling():
    for words in (spellings.SHORT_FORMS, spellings.SAME_NAME):
        assert all(forms and name not in forms for name, forms in words.items())
