"""Gates before an effect is shown.

Gates use people, weights and the attendances of the controls, not what those enrolled went on to do: a failed gate
withholds the effect and gives the reason. One rule more is of disclosure: a few people's events are no rate ratio, of
whichever group. A failed check becomes a warning.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.methods.effects import minimum_detectable_rate_ratio
from phm_utils.methods.weighting import effective_sample
from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.trials import Trials

SIMILAR = 0.25  # share by which a control's count may differ from a treated person's to be like them
SIMILAR_CONTROLS = 10  # so many like controls in the same month make a treated person comparable
UNLIKE = 0.1  # standard deviations: the groups differ in a covariate by more than this


@dataclass(frozen=True)
class Check:
    """One gate or check: the requirement, the value, and a sentence for readers."""

    name: str
    requirement: str
    value: float
    passed: bool
    sentence: str


def overlap(trials: Trials) -> float:
    """Share of the treated with enough similar controls in their month: a count within a quarter of theirs."""
    rows, found = trials.rows, []
    counts = {month: np.sort(part.to_numpy()) for month, part in rows[~rows["treated"]].groupby("month")["rule_count"]}
    treated = rows.loc[rows["treated"], ["month", "rule_count"]]
    for month, part in treated.groupby("month")["rule_count"]:
        pool, count = counts.get(month, np.array([])), part.to_numpy(float)
        low = np.searchsorted(pool, count * (1 - SIMILAR), side="left")
        found.append(np.searchsorted(pool, count * (1 + SIMILAR), side="right") - low >= SIMILAR_CONTROLS)
    # In steps of a twentieth, downwards: a finer share could give away one person without anybody like them.
    return float(np.floor(np.concatenate(found).mean() * 20) / 20)


def overlap_gate(trials: Trials, programme: Intervention) -> Check:
    """Are there controls like the treated? Checked before weighting."""
    share, least = overlap(trials), programme.gates.min_overlap
    return Check(
        "Overlap",
        f"at least {least:.0%} of those enrolled have {SIMILAR_CONTROLS} or more similar controls in their month",
        share,
        share >= least,
        f"At least {share:.0%} of those enrolled have {SIMILAR_CONTROLS} or more controls in the same month whose "
        f"earlier attendances differ by no more than a quarter; {least:.0%} are needed.",
    )


def weight_gates(trials: Trials, weights: np.ndarray, balance: pd.DataFrame, programme: Intervention) -> list[Check]:
    """Balance, enough effective controls, and no dominant control."""
    gates, treated = programme.gates, int(trials.rows["treated"].sum())
    worst = float(balance["smd_after"].abs().max())
    per_treated = effective_sample(weights) / treated
    person = trials.rows.loc[~trials.rows["treated"], "person"].to_numpy()
    largest = float(pd.Series(weights).groupby(person).sum().max() / weights.sum())
    return [
        Check(
            "Balance",
            f"largest standardised difference at most {gates.max_smd:g}",
            worst,
            worst <= gates.max_smd,
            f"After weighting the largest standardised difference is {gap(worst)}; {gates.max_smd:g} is allowed.",
        ),
        Check(
            "Effective sample",
            f"at least {gates.min_effective_per_treated:g} effective control months per enrolled person",
            per_treated,
            per_treated >= gates.min_effective_per_treated,
            f"After weighting there are {per_treated:.1f} effective control months for each person enrolled; "
            f"{gates.min_effective_per_treated:g} are needed.",
        ),
        Check(
            "No dominant control",
            f"no one person carries more than {gates.max_person_share:.0%} of the weight",
            largest,
            largest <= gates.max_person_share,
            f"The heaviest control carries {largest:.1%} of the weight; {gates.max_person_share:.0%} is allowed.",
        ),
    ]


def impossible_balance(balance: pd.DataFrame) -> Check:
    """The gate that fails where no weighting exists. Its sentence counts no people: counts are rounded."""
    return Check(
        "Balance",
        "weights exist that make controls like the people enrolled",
        np.nan,
        False,
        "No weighting balances the controls and the people enrolled on every covariate: without weights "
        f"{unlike(balance['smd_before'])}. More networks without the programme would be needed.",
    )


def unlike(differences: pd.Series) -> str:
    """In how many covariates the groups differ, and by how much at most. differences: standardised, one per covariate.

    >>> unlike(pd.Series([0.05, -0.42, 0.11]))
    'they differ by more than 0.1 standard deviations in 2 of 3 covariates, by 0.42 at most'
    """
    size = differences.abs().dropna()
    many = int((size > UNLIKE).sum())
    if not many:
        return f"they differ by more than {UNLIKE:g} standard deviations in none of {len(size)} covariates"
    return (
        f"they differ by more than {UNLIKE:g} standard deviations in {many} of {len(size)} covariates, "
        f"by {gap(size.max())} at most"
    )


def gap(difference: float) -> str:
    """A standardised difference in words.

    >>> gap(0.421), gap(0.0004)
    ('0.42', 'less than 0.01')
    """
    return "less than 0.01" if difference < 0.005 else f"{difference:.2f}"


def no_estimate() -> Check:
    """The gate that fails where weights exist and no rate ratio does."""
    return Check(
        "Events",
        "both groups have events, and more of them than covariates",
        np.nan,
        False,
        "There are too few events in follow-up to estimate a rate ratio.",
    )


def few_users(least: int) -> Check:
    """The rule of disclosure: a few people had all events of a group. Its sentence does not count them."""
    return Check(
        "People with events",
        f"disclosure: {least} people or more of each group have events in follow-up",
        np.nan,
        False,
        f"Fewer than {least} people of a group have events in follow-up, so no rate ratio is given.",
    )


def power_gate(error: float, programme: Intervention) -> Check:
    """Could the strongest effect that is plausible have been seen?

    error: the standard error without an effect, from the controls alone (`error_without_effect`).
    """
    least, strongest = minimum_detectable_rate_ratio(error), programme.plausible.lower
    return Check(
        "Minimum detectable effect",
        f"a rate ratio of {strongest:g}, the strongest plausible, would be seen with 80% power",
        least,
        least >= strongest,
        f"With so many people, and were networks alike, a rate ratio of {least:.2f} or lower would be seen with 80% "
        f"power; the strongest that is plausible is {strongest:g}.",
    )
