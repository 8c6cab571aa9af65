"""A misspelt table or column of a notebook is found before anything runs."""

import pytest

from phm_utils.batch.table_references import check_table_references, tables_named
from phm_utils.errors import InputError
from phm_utils.privacy.release import AREA, Release, count, derived, key

SIZE = Release("cohort_size", "Sizes", (AREA, key("cohort"), count("people"), derived("share")))
KNOWN = {"cohort_size": SIZE}


def notebook(*cells: str) -> dict:
    return {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}


def check(*cells: str) -> None:
    check_table_references(notebook(*cells), "03.ipynb", KNOWN)


def test_what_is_declared_may_be_asked_for():
    check('sizes = run.table("cohort_size")', 'show(bars(sizes, "people", "cohort"))\nsizes["share"]')


def test_a_misspelt_table_is_refused_with_its_cell_and_the_nearest():
    words = r"cell \[2\]: no topic declares a table `cohort_sizes`; did you mean `cohort_size`"
    with pytest.raises(InputError, match=words):
        check("x = 1", 'run.table("cohort_sizes")')


@pytest.mark.parametrize(
    "asking",
    [
        'bars(sizes, "peple", "cohort")',
        'sizes["peple"]',
        'sizes[["cohort", "peple"]]',
        'grid(sizes, "cohort", "peple")',
    ],
)
def test_a_misspelt_column_is_refused_with_the_nearest(asking):
    with pytest.raises(InputError, match=r"`cohort_size` has no column `peple`; did you mean `people`"):
        check('sizes = run.table("cohort_size")', asking)


def test_a_table_held_beside_another_is_followed():
    with pytest.raises(InputError, match="peple"):
        check('own, whole = run.table("cohort_size"), run.ics_table("cohort_size")', 'own["peple"]')


def test_a_variable_that_holds_something_else_by_then_is_not_held_to_the_table():
    check('sizes = run.table("cohort_size")', "sizes = changed(sizes)", 'sizes["per_1000"]')
    check('sizes = run.table("cohort_size")', 'sizes["here"] = 1', 'sizes["here"]')


def test_every_fault_is_listed_once():
    with pytest.raises(InputError) as error:
        check('run.table("nothing")', 'sizes = run.table("cohort_size")', 'sizes["a1"]\nsizes["b2"]')
    assert str(error.value).count("\n- ") == 3


def test_the_tables_that_a_notebook_names_are_found_whatever_the_rest_is():
    assert tables_named(notebook('run.table("b")', "%matplotlib inline", 'if run.table("a"):\n    pass')) == ["a", "b"]
