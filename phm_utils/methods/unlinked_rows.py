"""The range that unlinked rows of lists put on a count of households or people.

Somebody whose row on a list could not be linked looks as if they were not on it. How much that moves a count is seen
from the rows that were linked: take one away, and the count changes by its *influence*, -1, 0 or 1. Rows that were
not linked, were they linked, would change it as those did, on average.
"""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.count_limits import Limits

COLUMNS = ("linked", "fewest", "most", "influence", "squared")


def range_with_unlinked(count: float, lists: pd.DataFrame, deviations: float = 1.96) -> Limits:
    """The range in which a count would lie, if every row of every list had been linked.

    count: as counted, 0 or more.
    lists: one row per list. `linked`: its linked rows, those of people who can be counted. `fewest`, `most`: of its
        rows that were not linked, how many are of such people. `influence`: the sum over linked rows of the count with
        the row less the count without it; `squared`: the sum of their squares.
    deviations: standard deviations beyond both ends; 1.96 for 95%.

    Returns the lower and the upper end, 0 or more. With m = influence / linked, the count changes by missed x m for a
    list of which `missed` rows are not linked, from `fewest` to `most` of them; each of them varies as a linked row
    does, and m itself is known from `linked` rows: variance most x (squared / linked) + most^2 x (squared / linked -
    m^2) / linked. A first-order answer: rows of two lists that are missed for one household are taken to act apart.
    Rows are taken to be missed without regard to whom they are about; where those at risk are missed more often, the
    range is too low for what is on a list and too high for what is beyond it.
    A list without a linked row tells nothing: with rows missed, both ends are missing; so they are where it is not
    known how many rows were missed.
    Raises InputError where a number is negative, or `fewest` more than `most`.

    >>> row = {"linked": 100, "fewest": 10, "most": 10, "influence": -50, "squared": 50}
    >>> [round(float(end), 1) for end in range_with_unlinked(400, pd.DataFrame([row]))]
    [390.5, 399.5]
    """
    _check(count, lists)
    nothing_known = (lists["linked"] == 0) & (lists["most"] > 0)
    if nothing_known.any() or lists[["fewest", "most"]].isna().any(axis=None):
        return np.array(np.nan), np.array(np.nan)
    known = lists[lists["linked"] > 0].astype(float)
    mean, square = known["influence"] / known["linked"], known["squared"] / known["linked"]
    ends = pd.concat([known["fewest"] * mean, known["most"] * mean], axis=1)
    spread = known["most"] * square + known["most"] ** 2 * (square - mean**2).clip(lower=0) / known["linked"]
    wide = deviations * np.sqrt(spread.sum())
    low, high = count + ends.min(axis=1).sum() - wide, count + ends.max(axis=1).sum() + wide
    return np.array(max(low, 0.0)), np.array(max(high, 0.0))


def _check(count: float, lists: pd.DataFrame) -> None:
    amounts = lists[["linked", "fewest", "most", "squared"]]
    if count < 0 or (amounts < 0).any(axis=None):
        raise InputError("A count, or a number of rows, is negative. Each is 0 or more.")
    if (wrong := int((lists["fewest"] > lists["most"]).sum())) > 0:
        raise InputError(f"{wrong} of {len(lists)} lists have more rows missed at least than at most.")
