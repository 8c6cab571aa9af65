"""The form `address`: how it is written, what it says to a reader, and what it contains by definition."""

import pytest

from phm_utils.errors import InputError
from phm_utils.rules.describe import describe
from phm_utils.rules.forms import AtAddress
from phm_utils.rules.implies import implies
from phm_utils.rules.tree import any_of, parse
from phm_utils.rules.vocabulary import Vocabulary, check_leaf

COLD = {"address": ["energy_band/E", "energy_band/F"], "within": {"months": 120}}


def test_a_name_is_a_list_or_one_value_of_it_and_says_so():
    rule = parse(COLD)
    assert isinstance(rule, AtAddress)
    words = "at an address on the list energy_band/E or energy_band/F in the last 120 months"
    assert describe(rule, {}) == words
    assert [part.address for part in any_of(rule)] == [("energy_band/E",), ("energy_band/F",)]


@pytest.mark.parametrize("name", ["energy_band/", "/E", ""])
def test_a_name_without_its_list_or_its_value_is_refused(name):
    with pytest.raises(InputError, match="write `list`, or `list/value`"):
        parse({"address": name})


def test_a_list_that_the_run_does_not_have_is_refused_with_the_nearest():
    words = Vocabulary({}, addresses=("energy_band", "energy_band/E", "priority_services_register"))
    check_leaf(parse({"address": ["energy_band", "energy_band/E"]}), words)
    with pytest.raises(InputError, match=r"no list of addresses `energy_bands`\. Did you mean `energy_band`"):
        check_leaf(parse({"address": "energy_bands"}), words)


@pytest.mark.parametrize(
    ("rule", "other", "follows"),
    [
        ({"address": "energy_band/E"}, {"address": ["energy_band/E", "energy_band/F"]}, True),
        ({"address": ["energy_band/E", "energy_band/F"]}, {"address": "energy_band"}, True),
        ({"address": "energy_band"}, {"address": "energy_band/E"}, False),  # it may have another value, or none
        ({"address": "energy_band/E"}, {"address": "energy_band/F"}, False),
        ({"not": {"address": "energy_band"}}, {"not": {"address": "energy_band/E"}}, True),
        ({"not": {"address": "energy_band/E"}}, {"not": {"address": "energy_band"}}, False),
        ({"address": "a/b", "within": {"months": 6}}, {"address": "a", "within": {"months": 12}}, True),
        ({"address": "a/b"}, {"list": "a"}, False),  # a list of people of that name is another list
        ({"list": "a/b"}, {"list": "a"}, False),  # `/` is part of the name of a list of people
    ],
)
def test_who_is_at_an_address_with_a_value_is_at_one_of_the_list(rule, other, follows):
    assert implies(parse(rule), parse(other), {}) is follows
