"""Shares of false and missed links, and the range of a count taken through links.

Two shares describe the links of a source. *False*: of its linked records,
those linked to another person. *Missed*: of its records whose person is in the
spine, those not linked to that person. With L linked records, true
number N: right links = L (1 - false) = N (1 - missed).

Each function takes and gives one row per source or group; a share that
cannot be estimated is missing, never zero.
"""

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from phm_utils.errors import InputError
from phm_utils.methods.count_limits import Limits
from phm_utils.methods.rates import proportion

SHARES = ("false_share", "false_lower", "false_upper", "missed_share", "missed_lower", "missed_upper")
FALSE, MISSED = SHARES[:3], SHARES[3:]


def count_range(count: pd.Series, errors: pd.DataFrame) -> Limits:
    """The range in which a count from linked records would be, if every link were right.

    count: people or records counted through links, 0 or more; one number or
        one per row of `errors`.
    errors: `false_lower`, `false_upper`, `missed_lower`, `missed_upper`, fractions.

    Returns two float arrays: count (1 - false_upper) / (1 - missed_lower) and
    count (1 - false_lower) / (1 - missed_upper); NaN where a limit is not
    known, or everything may be missed. Both ends take the worse limit of each
    share, so the range is too wide rather than too narrow. Shares are of records: a person
    with several is missed only if all of them are, so the upper end is then
    too high. Errors are taken to be the same among the counted as among all.
    Raises InputError where a share is not from 0 to 1 or a count is negative.

    >>> errors = pd.DataFrame({"false_lower": [0.01], "false_upper": 0.02, "missed_lower": 0.03, "missed_upper": 0.05})
    >>> [limit.round().tolist() for limit in count_range(pd.Series([1_000]), errors)]
    [[1010.0], [1042.0]]
    """
    shares = {name: _fractions(errors, name) for name in (*FALSE[1:], *MISSED[1:])}
    given = np.broadcast_to(pd.array(np.atleast_1d(count), "Float64").to_numpy(float, na_value=np.nan), len(errors))
    if (given < 0).any():
        raise InputError(f"{(given < 0).sum()} of {len(given)} counts are negative. A count is 0 or more.")
    complement = {name: np.where(shares[name] < 1, 1 - shares[name], np.nan) for name in MISSED[1:]}
    low = given * (1 - shares["false_upper"]) / complement["missed_lower"]
    return low, given * (1 - shares["false_lower"]) / complement["missed_upper"]


def shares_from_test(tests: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """False and missed shares of a source, from identities linked again with their number hidden.

    tests: one row per source or group. Of its records: `records` (missing
        where only the linked ones are known), `linked`, and `unnumbered`, the
        linked ones that had no number; of those not linked
        `set_aside`, which agree with a person who has another number, and
        `undecided`, with some evidence for a link.
        Of the test's identities, whose person is known: `tested`, `wrong`
        (linked to another person), `lost` (not linked).

    The test shows what happens to records without a number; those linked by
    number and agreeing description are taken to be right. Of the unnumbered,
    false = wrong / (tested - lost) and missed = (wrong + lost) / tested, with
    Wilson's limits, which are then spread over all linked records. Records
    missed cannot outnumber those not rightly linked. Records set aside are
    taken to be missed, for their number is probably wrong; the lower limit
    leaves them out, and the upper one adds the undecided.
    Returns `SHARES`, missing where nothing was tested. People who are
    not in the spine cannot be tested so: a link of theirs is always false.

    >>> test = {"records": 1_000, "linked": 950, "unnumbered": 100, "set_aside": 0, "undecided": 0}
    >>> test |= {"tested": 200, "wrong": 2, "lost": 10}
    >>> shares_from_test(pd.DataFrame([test]))[["false_share", "missed_share"]].round(4)
       false_share  missed_share
    0       0.0011        0.0066
    """
    linked, unnumbered = tests["linked"].astype(float), tests["unnumbered"].astype(float)
    records = tests["records"].astype("Float64").astype(float)
    known = (tests["tested"] > 0) & (linked > 0)
    false = proportion(tests["wrong"], tests["tested"] - tests["lost"], confidence)
    missed = proportion(tests["wrong"] + tests["lost"], tests["tested"], confidence)
    by_number = linked - unnumbered
    right = (unnumbered * (1 - false["value"])).where(unnumbered > 0)
    nothing_open = records == by_number  # every record linked by its number: nothing to miss
    answer = pd.DataFrame(index=tests.index, columns=list(SHARES), dtype=float)
    others = {"value": tests["set_aside"], "lower": 0, "upper": tests["set_aside"] + tests["undecided"]}
    for end, false_name, missed_name in zip(("value", "lower", "upper"), FALSE, MISSED, strict=True):
        answer[false_name] = (false[end] * unnumbered / linked).mask(unnumbered == 0, 0.0)
        lost = right * missed[end] / (1 - missed[end]) + others[end]
        lost = lost.clip(upper=records - by_number - right)
        answer[missed_name] = (lost / (by_number + right + lost)).mask(nothing_open, 0.0)
    return answer.where(known)


def shares_from_checks(checks: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """False shares of records linked on a pseudonym, from conflicts of sex and month of birth.

    checks: one row per source or group. Records: `records`, `linked`; of those
        with sex and month of birth known on both sides `agree`, `sex_differs`
        and `month_differs` (one differs; linked nevertheless) and `conflicts`
        (both differ; not linked). `conflict_people`, `checked_people`:
        identities behind the conflicts, and behind all that were checked.
        `seen`: the probability that a random person of the spine differs in both.

    A random person's pseudonym shows as a conflict with probability `seen` (about
    half: sex agrees by chance in half, the month in one of a thousand) and is
    linked undetected otherwise. Data errors in both fields of a right record are
    conflicts too: sex_differs x month_differs /
    agree are expected. So hidden = (conflicts - data errors) (1 - seen) / seen.
    Limits are of the negative binomial distribution: of the number of
    non-matches undetected for the number detected, counting identities, since
    one wrong pseudonym affects all of a person's records.

    Missed links are not known: at most every record that is not linked, so
    `missed_share` is missing, with limits 0 and that. A relative's pseudonym
    agrees more often than a random one: false links are then understated.

    >>> check = {"records": 1_000, "linked": 960, "agree": 940, "sex_differs": 5, "month_differs": 5, "conflicts": 10}
    >>> check |= {"conflict_people": 10, "checked_people": 500, "seen": 0.5}
    >>> shares_from_checks(pd.DataFrame([check]))[["false_share", "false_lower", "false_upper"]].round(4)
       false_share  false_lower  false_upper
    0       0.0105       0.0031       0.0231
    """
    agree, sex, month = (checks[c].to_numpy(float) for c in ("agree", "sex_differs", "month_differs"))
    joined, seen = agree + sex + month, checks["seen"].to_numpy(float)
    conflicts, people = checks["conflicts"].to_numpy(float), checks["conflict_people"].to_numpy(float)
    tail = (1 - confidence) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        data_errors = np.where(agree > 0, sex * month / agree, 0.0)
        each = np.where(people > 0, conflicts / people, (joined + conflicts) / checks["checked_people"])
        undetected = (1 - seen) / seen
        low = np.where(people > 0, nbinom.ppf(tail, np.maximum(people, 1), seen), 0.0) * each
        high = nbinom.ppf(1 - tail, people + 1, seen) * each
        hidden = np.column_stack([conflicts * undetected, low, high]) - (data_errors * undetected)[:, None]
        false = np.clip(hidden / joined[:, None], 0, 1)
    false = np.where(((joined > 0) & (seen > 0))[:, None], false, np.nan)
    records = checks["records"].to_numpy(float)
    unjoined = np.where(records > 0, 1 - checks["linked"].to_numpy(float) / np.where(records > 0, records, 1), np.nan)
    missed = np.column_stack([np.full(len(checks), np.nan), unjoined * 0, unjoined])
    return _shares(checks, false, missed)


def precision(strata: pd.DataFrame, confidence: float = 0.95) -> tuple[float, float, float]:
    """The share of pairs that are the same person, from a review of some pairs of each band of weight.

    strata: one row per band: `pairs`, and of them `reviewed` and `matches`.
    Returns value, lower and upper: each band's share weighted by its pairs,
    Wilson's limits for the sample's effective size (Kish: one over the sum of
    squared weights over the numbers reviewed). NaN where a band that has
    pairs was not reviewed.
    Source: Kish 1965, Survey Sampling; Wilson 1927.

    >>> strata = pd.DataFrame({"pairs": [900, 100], "reviewed": [50, 50], "matches": [50, 40]})
    >>> round(precision(strata)[0], 2)
    0.98
    """
    used = strata[strata["pairs"] > 0]
    if used.empty or not (used["reviewed"] > 0).all():
        return np.nan, np.nan, np.nan
    weight = used["pairs"] / used["pairs"].sum()
    size = 1 / (weight**2 / used["reviewed"]).sum()
    share = min((weight * used["matches"] / used["reviewed"]).sum(), 1.0)
    limits = proportion(pd.Series([share * size]), pd.Series([size]), confidence).iloc[0]
    return float(limits["value"]), float(limits["lower"]), float(limits["upper"])


def lowest_threshold(bands: pd.DataFrame, target: float = 0.99, confidence: float = 0.95) -> int | None:
    """The lowest band from which reviewed pairs are matches often enough, or None.

    bands: one row per `band` (lower edge in bits), `reviewed`, `matches`.
    target: the lower limit (Wilson) of matches among everything reviewed from
        that band up must reach it. Bands count by what was reviewed: samples
        of equal size give doubtful bands more weight than they have among
        links, so precision is understated rather than overstated.

    >>> bands = pd.DataFrame({"band": [10, 15, 20], "reviewed": 500, "matches": [300, 499, 500]})
    >>> lowest_threshold(bands, target=0.99)
    15
    """
    if not 0 < target < 1:
        raise InputError(f"target is {target}; it is a share of links, between 0 and 1 (0.99).")
    ordered = bands[bands["reviewed"] > 0].sort_values("band", ascending=False)
    upward = ordered[["matches", "reviewed"]].cumsum()
    enough = proportion(upward["matches"], upward["reviewed"], confidence)["lower"] >= target
    return int(ordered.loc[enough, "band"].min()) if enough.any() else None


def _shares(like: pd.DataFrame, false: np.ndarray, missed: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(np.column_stack([false, missed]), index=like.index, columns=list(SHARES))


def _fractions(errors: pd.DataFrame, name: str) -> np.ndarray:
    values = errors[name].astype("Float64").to_numpy(float, na_value=np.nan)
    if (outside := (values < 0) | (values > 1)).any():
        raise InputError(f"{outside.sum()} of {len(values)} values of {name} are not from 0 to 1: give fractions.")
    return values
