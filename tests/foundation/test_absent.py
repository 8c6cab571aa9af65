"""What is computed from an absent table is absent too, and nothing else is hidden."""

import pandas as pd
import pytest

from phm_utils.absent import Absent, if_present

GONE = Absent("The map", "outlines")


@if_present
def total(frame: pd.DataFrame, column: str = "people") -> int:
    return int(frame[column].sum())


def test_a_function_of_tables_gives_the_absent_one():
    assert total(pd.DataFrame({"people": [1, 2]})) == 3
    assert total(GONE) is GONE
    assert total(frame=GONE["people"].dropna().head(3)) is GONE


def test_it_passes_through_what_pandas_offers():
    assert GONE[~(GONE["share"] > 0.5) & (GONE["share"] < 1)].groupby("x")["y"].sum() / 2 is GONE
    assert list(GONE.groupby("x")) == []
    assert len(GONE) == 0


def test_python_and_ipython_are_not_deceived():
    for name in ("__array__", "_ipython_display_", "_repr_mimebundle_"):
        with pytest.raises(AttributeError):
            getattr(GONE, name)
