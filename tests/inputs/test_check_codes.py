"""The form of a token in SQL."""

import re

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.inputs.fields import _has_form
from phm_utils.schema import TOKEN

CON = duckdb.connect()


def says(rule, *values):
    """What a rule of one text answers for each value."""
    marks = ", ".join(["(?)"] * len(values))
    return [
        answer for (answer,) in CON.execute(f"SELECT {rule('v')} FROM (VALUES {marks}) t(v)", list(values)).fetchall()
    ]


@settings(max_examples=200)
@given(st.text("aZ9é- \t\n\r\f\v\xa0", max_size=70))
def test_the_quick_form_of_a_token_equals_its_pattern(text):
    quick = says(lambda v: _has_form(v, TOKEN), text)
    assert quick == [re.fullmatch(TOKEN.replace(r"\S", r"[^ \t\n\r\f]"), text) is not None]
