"""What an evaluation says, in sentences that read as well for a large effect as for none."""

import pandas as pd

from phm_utils.evaluation.view import Evaluated

NOT_EVIDENCE = "This is not evidence of an effect: people chosen for a bad year fall back by themselves."


def number(count: object) -> str:
    """A released count in words; a suppressed one by its range."""
    return "a small number (1 to 7)" if pd.isna(count) else f"{int(count):,}"


def change(ratio: float) -> str:
    """A rate ratio as people say it: 41% fewer, 5% more, as many."""
    if round(abs(1 - ratio), 2) == 0:
        return "as many"
    return f"{abs(1 - ratio):.0%} {'fewer' if ratio < 1 else 'more'}"


def than(ratio: float) -> str:
    """The first half of a comparison: 41% fewer attendances than, as many attendances as."""
    return f"{change(ratio)} attendances {'as' if change(ratio) == 'as many' else 'than'}"


def limits(row: pd.Series) -> str:
    """A rate ratio with its limits."""
    return f"rate ratio {row['rate_ratio']:.2f}, 95% limits {row['lower']:.2f} to {row['upper']:.2f}"


def flow(of: Evaluated, area_code: str, area_name: str) -> str:
    """How many enrolled in the area, and how many of them can be analysed."""
    own = of.people[of.people["unit_code"] == area_code]
    enrolled = own.loc[own["criterion"] == "Enrolled in the programme", "people"].iloc[0]
    analysed = own.loc[own["criterion"].str.endswith("analysed"), "people"].iloc[0]
    rule = f"{of.programme['title']} is for people with {of.programme['rule']}."
    if not pd.isna(enrolled) and enrolled == 0:
        return (
            f"{rule} Nobody of {area_name} enrolled: what follows was found in the whole ICS, in which this network's "
            "people may be among the controls."
        )
    return (
        f"{rule} Of {area_name} {number(enrolled)} people enrolled; {number(analysed)} of them met the rule in the "
        "month of enrolment and are analysed."
    )


def before_after(of: Evaluated) -> str:
    """The comparison that most reports stop at, and why it is none."""
    own = of.row("before_after")
    if own is None or pd.isna(own["rate_ratio"]):
        return "There are too few attendances to compare before with after."
    text = f"The people enrolled had {than(own['rate_ratio'])} in the months before enrolment."
    like, elsewhere = of.row("before_after_controls"), of.row("before_after_elsewhere")
    other = elsewhere if like is None else like
    if other is None or pd.isna(other["rate_ratio"]):
        return f"{text} {NOT_EVIDENCE}"
    who = "All eligible people elsewhere" if like is None else "People like them elsewhere"
    return f"{text} {who}, without any programme, had {than(other['rate_ratio'])} before. {NOT_EVIDENCE}"


def balance(of: Evaluated) -> str:
    """Whether the groups can be compared."""
    if of.balance.empty:
        return "The people enrolled and the controls could not be weighted to be alike."
    worst = of.balance.loc[of.balance["smd_before"].abs().idxmax()]
    before = f"{worst['covariate']}, by {abs(worst['smd_before']):.1f} standard deviations"
    if of.balance["smd_after"].isna().all():
        return f"No weighting makes the groups alike; they are furthest apart on {before}."
    after = of.balance["smd_after"].abs().max()
    return f"Before weighting the groups were furthest apart on {before}; after it, by {after:.2f} at most."


def effect(of: Evaluated) -> str:
    """The headline, or why there is none."""
    title, row = of.programme["title"], of.headline
    if not of.shown:
        return f"No effect of {title} is shown. {row['reason']}"
    span = f"over {of.programme['follow_up_months']} months ({limits(row)}; the whole ICS)"
    if row["lower"] <= 1 <= row["upper"]:
        return (
            f"No effect of {title} can be told from chance: people had {than(row['rate_ratio'])} expected without it, "
            f"{span}."
        )
    return f"With {title} people had {than(row['rate_ratio'])} expected without it, {span}."


def beside_others(of: Evaluated) -> str:
    """How the result stands to what was found elsewhere."""
    known, row = of.programme, of.headline
    elsewhere = (
        f"{known['plausible_ratio']:.2f} ({known['plausible_lower']:.2f} to {known['plausible_upper']:.2f}; "
        f"{known['plausible_source']})"
    )
    if not of.shown:
        return f"What a programme like this is known to do elsewhere: a rate ratio of {elsewhere}."
    inside = row["lower"] <= known["plausible_upper"] and known["plausible_lower"] <= row["upper"]
    verdict = "overlap" if inside else "do not overlap: doubt the larger effect first"
    return f"Elsewhere the rate ratio was {elsewhere}; its limits and these {verdict}."


def money(of: Evaluated) -> str:
    """What was freed for what was spent."""
    value = of.returns.set_index("measure")["value"]
    part, chance = value["Same period"], value["Chance that the whole saving exceeds the cost"]
    likely = "over 99%" if chance > 0.99 else f"{chance:.0%}"
    if of.headline["lower"] <= 1 <= of.headline["upper"]:
        return "As no effect can be told from chance, no saving can be either; the figures below are what it could be."
    return (
        f"Each pound spent freed attendances worth £{part:.2f} in the same months; the chance that the whole saving "
        f"exceeds the cost is {likely}. For the programme to pay for itself "
        f"{value['Cashable share needed to break even']:.0%} of the saving would have to be cash."
    )


def warnings(of: Evaluated) -> list[str]:
    """Checks that did not hold, for a result that is shown."""
    failed = of.check[~of.check["gate"].astype(bool) & ~of.check["passed"].astype(bool)]
    return failed["sentence"].tolist()


def others(of: Evaluated) -> pd.DataFrame:
    """Every programme's headline in words."""
    rows = [
        "withheld: a gate failed" if pd.isna(r.rate_ratio) else f"{r.rate_ratio:.2f} ({r.lower:.2f} to {r.upper:.2f})"
        for r in of.others.itertuples()
    ]
    return pd.DataFrame({"Programme": of.others["title"], "Rate ratio (95% limits)": rows})


def trend(of: Evaluated) -> str:
    """Where the lines stand before and at the end, for those who cannot see them."""
    parts = []
    for group, rows in of.trend.dropna(subset="rate").groupby("people_group", sort=True):
        rate = rows.set_index("month")["rate"].sort_index()
        parts.append(f"{group}: {rate.iloc[0]:.2f} in month {rate.index[0]}, {rate.iloc[-1]:.2f} in {rate.index[-1]}")
    return "Attendances per person and month. " + "; ".join(parts) + "."


def limits_of(of: Evaluated) -> list[str]:
    """What the result leaves out."""
    said = [
        "Attendances earlier in the month of enrolment count as follow-up, which draws an effect towards none.",
        "Conditions, sex and deprivation are those of the GP extract; what staff knew and did not record is not there.",
    ]
    if not (of.check["check_name"] == "Negative control").any():
        said.append("No outcome that the programme cannot change was tested, so unrecorded differences may remain.")
    return said
