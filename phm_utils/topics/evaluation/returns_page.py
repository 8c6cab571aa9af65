"""Return on investment: frames and sentences."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import Level, finding
from phm_utils.topics.evaluation.programme_page import HEADINGS, Evaluation

NOT_PRICED = (
    "Only attendances of the people analysed are priced: what changed in their other contacts (ambulances, admissions, "
    "GP, mental health, community and social care), and in people enrolled and not analysed, is not."
)


@if_present
def money_rows(of: Evaluation) -> pd.DataFrame:
    """Return on investment, limits in words where there are any; none where there is no effect with a verdict."""
    returns = of.returns if of.verdict else of.returns.head(0)
    limits = [_limits(low, high) for low, high in zip(returns["lower"], returns["upper"], strict=True)]
    columns = ("measure", "definition", "value", "unit")
    return HEADINGS.table(returns, *columns).assign(**{"95% limits": limits})


def _limits(low: float, high: float) -> str:
    if pd.isna(low):
        return ""
    if pd.isna(high):
        return f"{low:,.3g} or more"
    return f"{low:,.3g} to {high:,.3g}" if abs(low) < 1000 else f"{low:,.0f} to {high:,.0f}"


@finding
def money(of: Evaluation) -> str | tuple[str, Level]:
    """The return on investment with its limits and what is not priced, or why there is none."""
    if not of.shown:
        return "No effect is shown, so no return on investment is calculated.", "limit"
    if not of.verdict:
        return "There is no verdict on the effect, so no return on investment is calculated.", "limit"
    returns = of.returns.set_index("measure")
    given, months = returns.loc["Return on £1"], int(returns.loc["Months", "value"])
    worth = f"worth {_pounds(given['value'])} (95% limits {_pounds(given['lower'])} to {_pounds(given['upper'])})"
    if of.headline["lower"] <= 1 <= of.headline["upper"]:
        return (
            f"The saving is not distinguishable from chance: over {months} months each pound spent freed attendances "
            f"{worth}. {NOT_PRICED}"
        )
    chance = _chance(returns.loc["Chance that the whole saving exceeds the cost", "value"])
    return (
        f"Over the {months} months from the first enrolment to the end of the last follow-up each pound spent freed "
        f"attendances {worth}; the chance that the whole saving exceeds the cost is {chance}. "
        f"{_paying_for_itself(returns)} {NOT_PRICED}"
    )


def _paying_for_itself(returns: pd.DataFrame) -> str:
    """What share of the saving would have to be cash, or that even all of it would not do."""
    share, given = returns.loc["Cashable share needed to break even"], returns.loc["Return on £1"]
    if pd.isna(share["value"]):
        return "It cannot pay for itself: nothing was saved."
    if share["value"] > 1:
        lead = "It" if share["lower"] > 1 else "By this estimate it"
        return (
            f"{lead} cannot pay for itself: were the whole saving cash, it would be {given['value']:.0%} of the cost "
            f"({max(given['lower'], 0):.0%} to {given['upper']:.0%})."
        )
    highest = f"to {share['upper']:.0%}" if share["upper"] <= 1 else "to more than all of it"
    return (
        f"For the programme to pay for itself {share['value']:.0%} of the saving ({share['lower']:.0%} {highest}) "
        "would have to be cash."
    )


def _pounds(amount: float) -> str:
    return f"{'-' if amount < 0 else ''}£{abs(amount):.2f}"


def _chance(share: float) -> str:
    return "over 99%" if share > 0.99 else "under 1%" if share < 0.01 else f"{share:.0%}"
