"""Return on investment: frames and sentences."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import Level, finding
from phm_utils.topics.evaluation.programme_page import HEADINGS, Evaluation


@if_present
def money_rows(of: Evaluation) -> pd.DataFrame:
    """Return on investment, limits in words where there are any; none where no effect is shown."""
    returns = of.returns if of.shown else of.returns.head(0)
    limits = [
        "" if pd.isna(low) else f"{low:,.3g} to {high:,.3g}" if abs(low) < 1000 else f"{low:,.0f} to {high:,.0f}"
        for low, high in zip(returns["lower"], returns["upper"], strict=True)
    ]
    columns = ("measure", "definition", "value", "unit")
    return HEADINGS.table(returns, *columns).assign(**{"95% limits": limits})


@finding
def money(of: Evaluation) -> str | tuple[str, Level]:
    """The return on investment, or that there is none without an effect."""
    if not of.shown:
        return "No effect is shown, so no return on investment is calculated.", "limit"
    value = of.returns.set_index("measure")["value"]
    part, chance = value["Same period"], value["Chance that the whole saving exceeds the cost"]
    likely = "over 99%" if chance > 0.99 else f"{chance:.0%}"
    if of.headline["lower"] <= 1 <= of.headline["upper"]:
        return "Neither the effect nor the saving is distinguishable from chance; the figures below are estimates."
    return (
        f"Each pound spent freed attendances worth £{part:.2f} in the same months; the chance that the whole saving "
        f"exceeds the cost is {likely}. For the programme to pay for itself "
        f"{value['Cashable share needed to break even']:.0%} of the saving would have to be cash."
    )
