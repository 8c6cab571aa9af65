"""Days with the year last: the order of day and month comes from the whole table, or the table is refused."""

import duckdb
import pytest

from phm_utils.errors import InputError
from phm_utils.rules.day_order import Advice, day_forms
from phm_utils.rules.text_forms import formed_day_sql

ADVICE = Advice(either="Say which.", both="export them again")


def forms_of(con, **columns):
    queries = {name: f"SELECT unnest({list(values)}::VARCHAR[]) AS v" for name, values in columns.items()}
    return day_forms(con, queries, "a list", ADVICE)


def read(con, text, forms):
    return str(con.execute(f"SELECT {formed_day_sql('v', forms)} FROM (SELECT ? AS v)", [text]).fetchall()[0][0])


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    ("decides", "text", "day"),
    [
        ("17/05/1980", "03/04/1980", "1980-04-03"),
        ("05/17/1980", "03/04/1980", "1980-03-04"),
        ("17.05.1980", "03.04.1980", "1980-04-03"),
        ("17-05-1980 00:00", "03-04-1980 00:00", "1980-04-03"),
    ],
)
def test_a_day_above_12_decides_for_all(con, decides, text, day):
    forms = forms_of(con, born=[decides, text])
    assert read(con, text, forms["born"]) == day


def test_one_column_decides_for_another_of_its_table(con):
    forms = forms_of(con, born=["03/04/1980"], admitted=["17/05/2024"])
    assert read(con, "03/04/1980", forms["born"]) == "1980-04-03"


def test_months_in_words_need_no_order(con):
    forms = forms_of(con, born=["17 May 1980", "1980-05-17"])
    assert {read(con, text, forms["born"]) for text in ("17 May 1980", "17-May-1980")} == {"1980-05-17"}


def test_days_with_the_year_first_have_no_other_form(con):
    assert forms_of(con, born=["1980-05-17", "19800517"]) == {}


def test_what_does_not_decide_is_refused_without_a_value(con):
    with pytest.raises(InputError, match=r"a list: 2 days in born could be day first or month first\. Say which"):
        forms_of(con, born=["03/04/1980", "05/06/1981"])
    with pytest.raises(InputError, match="two orders, day first and month first; export them again") as refusal:
        forms_of(con, born=["17/05/1980"], died=["05/17/2024"])
    assert "1980" not in str(refusal.value)


def test_days_that_are_alike_either_way_are_read(con):
    forms = forms_of(con, born=["03/03/1980"])
    assert read(con, "03/03/1980", forms["born"]) == "1980-03-03"
