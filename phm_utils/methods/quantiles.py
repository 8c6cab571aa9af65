"""Quantiles of areas: deciles and fifths with ties and remainders handled as OHID does."""

import numpy as np
import pandas as pd


def quantile(
    values: pd.Series, groups: int = 10, *, by: pd.Series | None = None, descending: bool = False
) -> pd.Series:
    """The quantile of each value, 1 for the lowest.

    values: one per area; missing ones have none and are not counted.
    by: a grouping on the same index: quantiles are taken within each group.
    descending: True makes 1 the highest.

    Equal values share a quantile (minimum ranks). A group of fewer areas
    than quantiles has none. Returns Int64 on the index of `values`.
    Source: floor((q + 1) - ceil((N + 1 - rank) / (N / q))), 0 becoming 1,
    as in the Office for Health Improvement and Disparities' indicators.

    >>> quantile(pd.Series([30, 10, 20, 50, 40]), groups=5).tolist()
    [3, 1, 2, 5, 4]
    """
    numbers = pd.to_numeric(values).astype(float)
    keys = pd.Series(0, index=values.index) if by is None else by
    grouped = numbers.groupby(keys, dropna=False)
    rank = grouped.rank(method="min", ascending=not descending)
    size = grouped.transform("count")
    # The integer form of ceil((N + 1 - rank) / (N / q)): no rounding error where the division is whole.
    from_top = -((-(size + 1 - rank) * groups) // size.where(size > 0))
    place = np.maximum(groups + 1 - from_top, 1)
    return place.where(numbers.notna() & (size >= groups)).astype("Int64").rename("quantile")
