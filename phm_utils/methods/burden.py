"""The age at which a group first reaches a given burden, interpolated between age bands."""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError

BEFORE, NEVER = -np.inf, np.inf  # before the middle of the first known band; not by the middle of the last


def age_reached(bands: pd.DataFrame, burden: float) -> dict[str, float]:
    """The first age at which a share reaches `burden`, with the ages at which its limits do.

    bands: one row per band of age: `age` (its middle, years, each once), and
        `share`, `lower`, `upper` (0 to 1; missing in a band that is suppressed).
    burden: the share to be reached, above 0 and up to 1.

    Returns `age`, `earliest` (where the upper limits reach it), `latest` (the
    lower limits), and `first` and `last`, the middles of the first and the
    last band that is known. Ages are interpolated between the middles of neighbouring
    bands; a suppressed band is skipped. BEFORE (minus infinity) where the
    first known band is already reached, NEVER (infinity) where none is; all are
    missing where every band is suppressed. `earliest` to `latest` is wider
    than a 95% interval where both neighbours are uncertain. Shares within a
    band are taken to be those at its middle, which misleads in a wide last band.
    Raises InputError for a burden that is not a share, or repeated bands.

    >>> bands = pd.DataFrame({"age": [42, 47, 52], "share": [0.1, 0.2, 0.3], "lower": 0.0, "upper": 1.0})
    >>> age_reached(bands, 0.25)["age"]
    49.5
    """
    if not 0 < burden <= 1:
        raise InputError(f"A burden is a share above 0 and up to 1, not {burden:g}.")
    if bands["age"].duplicated().any():
        raise InputError(f"{bands['age'].duplicated().sum()} of {len(bands)} bands of age repeat another. Merge them.")
    columns = ["share", "lower", "upper"]
    known = bands[["age", *columns]].astype("Float64").dropna().astype(float).sort_values("age")
    if known.empty:
        return dict.fromkeys(("age", "earliest", "latest", "first", "last"), float("nan"))
    age, latest, earliest = (_crossing(known["age"].to_numpy(), known[c].to_numpy(), burden) for c in columns)
    first, last = float(known["age"].iloc[0]), float(known["age"].iloc[-1])
    return {"age": age, "earliest": earliest, "latest": latest, "first": first, "last": last}


def _crossing(ages: np.ndarray, values: np.ndarray, level: float) -> float:
    """Where the line through the points first reaches `level` from below."""
    reached = np.flatnonzero(values >= level)
    if not len(reached):
        return NEVER
    at = reached[0]
    if at == 0:
        return BEFORE
    part = (level - values[at - 1]) / (values[at] - values[at - 1])
    return float(ages[at - 1] + part * (ages[at] - ages[at - 1]))
