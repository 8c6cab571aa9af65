"""The range for rows that are not linked holds the true count, in cells drawn by chance of which the truth is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods.unlinked_rows import range_with_unlinked

RUNS = 300
amounts = st.floats(0, 500)


def row(linked, fewest, most, influence, squared):
    return {"linked": linked, "fewest": fewest, "most": most, "influence": influence, "squared": squared}


def range_of(count, *rows):
    return tuple(float(end) for end in range_with_unlinked(count, pd.DataFrame(list(rows))))


def test_ends_match_hand_working():
    # 80 linked rows, of which 40 each bring a household into the cell: m = .5. 20 missed: 10 more, 110.
    # variance 20 x .5 + 20^2 x (.5 - .25) / 80 = 11.25, and 1.96 x sqrt(11.25) = 6.574.
    assert range_of(100, row(80, 20, 20, 40, 40)) == pytest.approx((103.426, 116.574), abs=0.001)
    # From 0 to 20 missed: the lower end is that of none, with the same width.
    assert range_of(100, row(80, 0, 20, 40, 40)) == pytest.approx((93.426, 116.574), abs=0.001)


@given(st.integers(0, 1_000), st.lists(st.tuples(st.integers(1, 300), st.integers(-50, 50)), max_size=4))
def test_with_every_row_linked_the_range_is_the_count(count, lists):
    rows = [row(linked, 0, 0, influence, abs(influence)) for linked, influence in lists]
    found = range_with_unlinked(count, pd.DataFrame(rows, columns=list(row(1, 0, 0, 0, 0))))
    assert [float(end) for end in found] == [count, count]


@given(amounts, amounts, st.integers(1, 300), st.floats(-1, 1), st.floats(0, 1))
def test_more_rows_missed_make_the_range_no_narrower(fewest, more, linked, mean, spare):
    squared = linked * (abs(mean) + (1 - abs(mean)) * spare)
    low, high = range_of(1_000, row(linked, fewest, fewest, mean * linked, squared))
    lower, higher = range_of(1_000, row(linked, fewest, fewest + more, mean * linked, squared))
    assert lower <= low + 1e-6
    assert higher >= high - 1e-6


@given(amounts, st.integers(1, 300), st.floats(-1, 1))
def test_rows_that_bring_in_and_rows_that_take_out_mirror_each_other(missed, linked, mean):
    low, high = range_of(2_000, row(linked, missed, missed, mean * linked, abs(mean) * linked))
    low_of_out, high_of_out = range_of(2_000, row(linked, missed, missed, -mean * linked, abs(mean) * linked))
    assert low - 2_000 == pytest.approx(2_000 - high_of_out, abs=1e-6)
    assert high - 2_000 == pytest.approx(2_000 - low_of_out, abs=1e-6)


def test_a_list_without_a_linked_row_leaves_both_ends_missing():
    assert np.isnan(range_of(100, row(0, 5, 5, 0, 0), row(80, 0, 0, 40, 40))).all()
    assert range_of(100, row(0, 0, 0, 0, 0)) == (100, 100)


def test_an_unknown_number_of_missed_rows_leaves_both_ends_missing():
    assert np.isnan(range_of(100, row(80, 5, np.nan, 40, 40), row(80, 0, 0, 40, 40))).all()


def test_ends_are_not_below_0():
    low, _ = range_of(1, row(10, 9, 9, -10, 10))
    assert low == 0


@pytest.mark.parametrize(
    ("count", "rows", "words"),
    [
        (-1, row(1, 0, 0, 0, 0), "negative"),
        (1, row(-1, 0, 0, 0, 0), "negative"),
        (1, row(1, -1, 0, 0, 0), "negative"),
        (1, row(1, 0, 0, 0, -1), "negative"),
        (1, row(1, 2, 1, 0, 0), "1 of 1 lists"),
    ],
)
def test_what_cannot_be_is_refused(count, rows, words):
    with pytest.raises(InputError, match=words):
        range_with_unlinked(count, pd.DataFrame([rows]))


class County:
    """Households at risk in one band: on an official list by people, with social domains by rows of two more lists.

    Each of 20,000 households has up to three people; anybody may be on each list. Rows lose their pseudonym at random,
    and of the others .5% are linked with somebody else.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.households = rng, 20_000
        self.home = np.repeat(np.arange(self.households), rng.integers(1, 4, self.households))
        self.in_band = rng.random(self.households) < 0.3
        need = rng.normal(0, 1, self.households)[self.home]
        ill = self.in_band[self.home]
        odds = {"official": -3.5 + 2 * ill, "income": -2.2 + 0.8 * need, "foodbank": -3.2 + 1.2 * need}
        self.lists = {
            name: np.flatnonzero(rng.random(len(need)) < 1 / (1 + np.exp(-one))) for name, one in odds.items()
        }

    def linked(self, lost: float, false: float) -> tuple[dict[str, np.ndarray], dict[str, int]]:
        """Whom each list's linked rows are linked with, some with somebody else; and how many rows are not linked."""
        found, without = {}, {}
        for name, who in self.lists.items():
            kept = who[self.rng.random(len(who)) >= lost]
            wrong, without[name] = self.rng.random(len(kept)) < false, len(who) - len(kept)
            found[name] = np.unique(np.where(wrong, self.rng.integers(0, len(self.home), len(kept)), kept))
        return found, without

    def units(self, lists: dict[str, np.ndarray], *names: str) -> np.ndarray:
        """Of each household, how many people of some lists are in it."""
        return sum(np.bincount(self.home[lists[name]], minlength=self.households) for name in names)

    def beyond(self, lists: dict[str, np.ndarray]) -> int:
        """Households in the band with a social domain and nobody on the official list."""
        return int(
            (self.in_band & (self.units(lists, "income", "foodbank") > 0) & (self.units(lists, "official") == 0)).sum()
        )

    def influence(self, lists: dict[str, np.ndarray], name: str) -> int:
        """The sum over the linked rows of a list of what the count loses without each."""
        official, social = self.units(lists, "official"), self.units(lists, "income", "foodbank")
        if name == "official":
            return -int((self.in_band & (social > 0) & (official == 1)).sum())
        alone = self.in_band & (official == 0) & (social == 1)
        return int(alone[self.home[lists[name]]].sum())


def test_the_range_holds_the_true_count_beyond_the_list_and_is_narrow():
    inside, widths = 0, []
    for run in range(RUNS):
        rng = np.random.default_rng([18, run])
        county = County(rng)
        lost, false = rng.uniform(0.02, 0.15), 0.005
        linked, without = county.linked(lost, false)
        rows = []
        for name, who in linked.items():
            influence = county.influence(linked, name)
            # What is known: rows without a pseudonym, which are counted, and the upper limit of false links.
            most = without[name] + false * len(who)
            rows.append(row(len(who), without[name], most, influence, abs(influence)))
        count, truth = county.beyond(linked), county.beyond(county.lists)
        low, high = range_of(count, *rows)
        inside += low <= truth <= high
        widths.append((high - low) / count)
    assert inside / RUNS >= 0.93, (inside, np.mean(widths))
    assert max(widths) <= 0.10, (inside, max(widths))
