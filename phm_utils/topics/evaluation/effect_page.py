"""The effect, evidence from elsewhere, and before against after."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.programme_page import Evaluation, limits, than


@if_present
def forest_rows(of: Evaluation) -> pd.DataFrame:
    """The estimates that count, and what others found elsewhere, for a forest; none where no effect is shown."""
    if not of.shown:
        return of.effect[["label", "rate_ratio", "lower", "upper"]].head(0)
    rows = of.effect[of.effect["evidence"]][["label", "rate_ratio", "lower", "upper"]]
    known = of.programme
    plausible = {
        "label": "Found elsewhere",
        "rate_ratio": known["plausible_ratio"],
        "lower": known["plausible_lower"],
        "upper": known["plausible_upper"],
    }
    return pd.concat([rows, pd.DataFrame([plausible])], ignore_index=True)


@if_present
def headline(of: Evaluation) -> list[str]:
    """The label of the estimate that the report concludes from."""
    return forest_rows(of)["label"].head(1).tolist()


@if_present
def before_after_rows(of: Evaluation) -> pd.DataFrame:
    """Before against after, in the people enrolled and in people without the programme."""
    rows = of.effect[of.effect["estimator"].str.startswith("before_after") & of.effect["rate_ratio"].notna()]
    rows = rows[["label", "rate_ratio", "lower", "upper"]]
    return rows.assign(label=rows["label"].str.replace("Before and after, not evidence", "People enrolled").str.replace(
        "Before and after in ", "").str.capitalize())  # fmt: skip


NOT_EVIDENCE = "This is not evidence of an effect: people chosen for a bad year improve anyway."


@finding
def before_after(of: Evaluation) -> str:
    """The before-and-after comparison, and why it is not evidence."""
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


@finding
def effect(of: Evaluation) -> str:
    """The headline, or why there is none."""
    title, row = of.programme["title"], of.headline
    if not of.shown:
        return f"No effect of {title} is shown. {row['reason']}"
    span = f"over {of.programme['follow_up_months']} months ({limits(row)}; the whole ICS)"
    if row["lower"] <= 1 <= row["upper"]:
        return (
            f"The effect of {title} is not distinguishable from chance: people had {than(row['rate_ratio'])} expected "
            f"without it, {span}."
        )
    return f"With {title} people had {than(row['rate_ratio'])} expected without it, {span}."


@finding
def compared_with_elsewhere(of: Evaluation) -> str:
    """The result compared with evidence from elsewhere."""
    known, row = of.programme, of.headline
    elsewhere = (
        f"{known['plausible_ratio']:.2f} ({known['plausible_lower']:.2f} to {known['plausible_upper']:.2f}; "
        f"{known['plausible_source']})"
    )
    if not of.shown:
        return f"Evidence from elsewhere for this kind of programme: rate ratio {elsewhere}."
    inside = row["lower"] <= known["plausible_upper"] and known["plausible_lower"] <= row["upper"]
    verdict = "overlap" if inside else "do not overlap: doubt the larger effect first"
    return f"Elsewhere the rate ratio was {elsewhere}; its limits and these {verdict}."
