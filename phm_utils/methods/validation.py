"""What every method asks of its inputs, so that a wrong one is refused by name.

A missing number stays missing (a suppressed count has a missing rate); what is not a number, infinite,
negative where a count is meant, or of another length or label, is refused. Fractional counts are numbers:
the formulas hold for them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.errors import InputError

Confidence = float | Sequence[float]


def tail(confidence: float) -> float:
    """The share of each tail outside an interval of `confidence`.

    >>> tail(0.95).__round__(4)
    0.025
    """
    if not isinstance(confidence, (int, float, np.number)) or not 0.5 <= confidence < 1:
        raise InputError(f"confidence is {confidence}; it is the coverage of the interval, 0.5 to below 1 (0.95).")
    return float((1 - confidence) / 2)


def z_value(confidence: float) -> float:
    """The normal quantile of an interval of `confidence`: 1.96 for 0.95.

    >>> round(z_value(0.95), 2)
    1.96
    """
    return float(stats.norm.isf(tail(confidence)))


def levels(confidence: Confidence) -> dict[str, float]:
    """Coverage by the suffix of its columns: none for the first level, its digits for each further one.

    >>> levels((0.95, 0.998))
    {'': 0.95, '_998': 0.998}
    """
    asked: list[float] = list(confidence) if isinstance(confidence, Sequence) else [confidence]
    if not asked or len(set(asked)) != len(asked):
        raise InputError(f"confidence names {len(asked)} levels; give one, or several that differ (0.95, 0.998).")
    for level in asked:
        tail(level)
    digits = [f"{level:.10f}".rstrip("0").split(".")[1] for level in asked]
    return {
        "" if not i else f"_{name}": float(level) for i, (name, level) in enumerate(zip(digits, asked, strict=True))
    }


def numbers(values: Any, name: str) -> np.ndarray:
    """The values as floats, NaN where missing. InputError for text that is no number, and for infinite values.

    >>> numbers(pd.Series([1, None], dtype="Int64"), "events")
    array([ 1., nan])
    """
    try:
        found = pd.Series(values).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise InputError(
            f"Values of {name} are not all numbers. Read the column as numbers, or empty the others."
        ) from None
    if infinite := int(np.isinf(found).sum()):
        raise InputError(f"{infinite} of {len(found)} values of {name} are infinite. Leave them out, or give a number.")
    return found


def counts(values: Any, name: str, *, missing: bool = True) -> np.ndarray:
    """Numbers of 0 or more as floats. missing: may some be missing (suppressed)?

    >>> counts([3, 0.5], "expected")
    array([3. , 0.5])
    """
    found = numbers(values, name)
    if negative := int((found < 0).sum()):
        raise InputError(f"{negative} of {len(found)} values of {name} are negative. A count is 0 or more.")
    if not missing and (gaps := int(np.isnan(found).sum())):
        raise InputError(f"{gaps} of {len(found)} values of {name} are missing. Give each, or leave its row out.")
    return found


def matched(**columns: Any) -> list[pd.Series]:
    """The columns as Series in the order of the first one's labels.

    Columns with the same labels in another order are put in order; other labels, or
    another length, are refused: pairing by position would compare one area with another.

    >>> first, second = matched(events=pd.Series([1, 2], ["a", "b"]), people=pd.Series([20, 10], ["b", "a"]))
    >>> second.tolist()
    [10, 20]
    """
    (first_name, first), *others = columns.items()
    lead = pd.Series(first)
    found = [lead]
    for name, values in others:
        column = pd.Series(values)
        if len(column) != len(lead):
            raise InputError(
                f"{name} has {len(column)} values and {first_name} {len(lead)}. Give one of each for every row."
            )
        if not isinstance(first, pd.Series) or not isinstance(values, pd.Series):
            column = column.set_axis(lead.index)
        elif not column.index.equals(lead.index):
            column = _reordered(column, lead, name, first_name)
        found.append(column)
    return found


def _reordered(column: pd.Series, lead: pd.Series, name: str, first_name: str) -> pd.Series:
    if not (lead.index.is_unique and column.index.is_unique):
        raise InputError(f"{name} and {first_name} repeat labels and are in different order. Put them in one table.")
    if strange := int((~lead.index.isin(column.index)).sum()):
        raise InputError(
            f"{strange} of {len(lead)} labels of {first_name} are not those of {name}. Put both in one table first."
        )
    return column.reindex(lead.index)


def frame(inputs: Sequence[pd.Series], **columns: np.ndarray) -> pd.DataFrame:
    """An answer on the first input's index, nullable where an input is.

    >>> frame([pd.Series([3], ["a"], dtype="Int64")], value=np.array([0.5])).dtypes.astype(str).to_dict()
    {'value': 'Float64'}
    """
    answer = pd.DataFrame(columns, index=inputs[0].index)
    nullable = any(isinstance(s.dtype, pd.api.extensions.ExtensionDtype) and s.dtype.kind in "iuf" for s in inputs)
    return answer.astype("Float64") if nullable else answer


def one_of(value: Any, allowed: Sequence[str], name: str) -> None:
    """InputError where the value is none of those allowed.

    >>> one_of("log", ("linear", "log"), "scale")
    """
    if value not in allowed:
        raise InputError(f"{name} is {value!r}; use one of: {', '.join(allowed)}.")


def has_columns(table: pd.DataFrame, *names: str) -> None:
    """InputError where a table lacks a column.

    >>> has_columns(pd.DataFrame({"events": [1]}), "events")
    """
    if lacking := [name for name in names if name not in table]:
        raise InputError(f"The table lacks {len(lacking)} columns (first: {lacking[0]}). Rename or add them.")
