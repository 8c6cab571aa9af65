"""Windows that lie within each other: worked cases, and the days that windows mean in runs made by chance."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import INDEX_DATES, window

from phm_utils.rules.event_windows import Days, EventSource, Window, days_of
from phm_utils.rules.window_within import ends_alike, lies_within


def of(**given: object) -> Window:
    return Window.model_validate(given)


@pytest.mark.parametrize(
    ("inner", "outer", "said"),
    [
        (of(months=12), None, True),
        (None, of(years=100), False),  # an entry may be older
        (of(days=28), of(months=1), True),
        (of(days=29), of(months=1), False),  # of a February
        (of(days=365), of(years=1), True),
        (of(months=1), of(days=31), False),  # it begins earlier where a month has no data
        (of(months=1, ending={"months": 3}), of(ending={"months": 2}), True),
        (of(months=1, ending={"months": 2}), of(ending={"months": 3}), False),
        (of(months=1, ending={"months": 2}), of(months=2, ending={"months": 2}), True),
        (of(months=1, ending={"months": 2}), of(months=3), False),  # from the 31st, months back are not always added up
        (of(after="copd", months=6), of(after="copd", months=12), False),
        (of(after="copd", months=12), of(after="copd", years=1, which="last"), True),
        (of(after="copd", months=12), of(after="copd", months=12, which="first"), False),
    ],
)
def test_a_window_lies_within_another_in_every_run(inner, outer, said):
    assert lies_within(inner, outer) is said


def test_windows_that_end_on_the_last_day_of_their_source_end_alike():
    assert ends_alike(of(months=6), of(days=10))
    for other in (of(months=6, ending={"days": 1}), of(to=date(2025, 3, 31)), of(after="copd")):
        assert not ends_alike(other, of(months=6))


def a_source(rng: random.Random, index_date: date) -> EventSource:
    """A source that ends some days before the index date, with months in which it has no data."""
    first = index_date.replace(day=1)
    months = [(first - timedelta(days=30 * n)).replace(day=1) for n in range(1, 40)]
    silent = tuple(sorted(set(rng.sample(months, rng.choice([0, 1, 5, 12])))))
    return EventSource("t", None, index_date - timedelta(days=rng.choice([0, 0, 1, 31, 45])), silent)


def inside(inner: Days, outer: Days) -> bool:
    empty = inner.first is not None and inner.first > inner.last
    begins = outer.first is None or (inner.first is not None and inner.first >= outer.first)
    return empty or (begins and inner.last <= outer.last)


def apart(seed: int) -> tuple[int, int]:
    """How many of some pairs of windows are said to lie within each other, and how many do not in a run."""
    rng, said, wrong = random.Random(seed), 0, 0
    index_date = rng.choice(INDEX_DATES)
    source = a_source(rng, index_date)
    for _ in range(60):
        inner, outer = (Window.model_validate(window(rng, index_date)) for _ in range(2))
        if inner.anchor or outer.anchor or not lies_within(inner, outer):
            continue
        said += 1
        wrong += not inside(days_of(inner, source, index_date), days_of(outer, source, index_date))
    return said, wrong


@given(seed=st.integers(0, 2**32))
def test_each_day_of_a_window_is_one_of_that_around_it(seed):
    assert apart(seed)[1] == 0


def test_many_such_pairs_are_said_to_lie_within_each_other():
    assert sum(apart(seed)[0] for seed in range(20)) >= 40
