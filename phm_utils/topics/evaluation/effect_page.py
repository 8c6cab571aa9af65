"""The effect, evidence from elsewhere, and before against after."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.methods.network_variance import MIN_CONTROLS
from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.checks import beyond
from phm_utils.topics.evaluation.programme_page import Evaluation, change, limits


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


@if_present
def limit_rows(of: Evaluation) -> pd.DataFrame:
    """Each estimate with its limits, and those of people alone; none where no effect is shown."""
    rows = of.effect[of.effect["evidence"] | (of.effect["estimator"] == "negative_control")]
    rows = rows if of.shown else rows.head(0)
    columns = ["label", "rate_ratio", "lower", "upper", "people_lower", "people_upper", "networks", "control_networks"]
    return rows[columns]


NOT_EVIDENCE = "This is not evidence of an effect: people chosen for a bad year improve anyway."


@finding
def before_after(of: Evaluation) -> str:
    """The before-and-after comparison, and why it is not evidence."""
    own = of.row("before_after")
    if own is None or pd.isna(own["rate_ratio"]):
        return "There are too few attendances to compare before with after."
    text = f"The people enrolled had {_than(own)} in the months before enrolment."
    like, elsewhere = of.row("before_after_controls"), of.row("before_after_elsewhere")
    other = elsewhere if like is None else like
    if other is None or pd.isna(other["rate_ratio"]):
        return f"{text} {NOT_EVIDENCE}"
    who = "All eligible people elsewhere" if like is None else "People like them elsewhere"
    return f"{text} {who}, without any programme, had {_than(other)} before. {NOT_EVIDENCE}"


def _than(row: pd.Series) -> str:
    """The first half of a comparison, with limits: 41% fewer attendances (35% to 46% fewer) than."""
    same = change(row["rate_ratio"]) == "as many"
    words = f"{change(row['rate_ratio'])} attendances ({limits(row['lower'], row['upper'])})"
    return f"{words} {'as' if same else 'than'}"


@finding
def effect(of: Evaluation) -> str:
    """The headline: the effect, or that there is no verdict on it, or why it is withheld."""
    return _effect(of.headline, str(of.title), of.months)


@finding
def effects_beside(of: Evaluation, here: list[str]) -> list[str]:
    """The headline of the area's other programmes. here: codes, of `own_page.programmes_here`."""
    beside = of.others[
        of.others["intervention"].isin(here) & (of.others["intervention"] != of.programme["intervention"])
    ]
    return [_effect(row, row["title"], int(row["follow_up_months"])) for _, row in beside.iterrows()]


def _effect(row: pd.Series, title: str, months: int) -> str:
    if pd.isna(row["rate_ratio"]):
        return f"No effect of {title} is shown. {row['reason']}"
    ratio = f"rate ratio {row['rate_ratio']:.2f}"
    expected = f"{change(row['rate_ratio'])} attendances {'as' if change(row['rate_ratio']) == 'as many' else 'than'}"
    had = f"people had {expected} expected without it over {months} months"
    if pd.isna(row["lower"]):
        alone = f"{ratio}; 95% limits from people alone {row['people_lower']:.2f} to {row['people_upper']:.2f}"
        return f"No verdict on {title}: {had} ({alone}; the whole ICS), but {_too_few_networks(row)}"
    given = f"95% limits {limits(row['lower'], row['upper'])}; {ratio}, {row['lower']:.2f} to {row['upper']:.2f}"
    if row["lower"] <= 1 <= row["upper"]:
        return (
            f"The effect of {title} is not distinguishable from chance and differences between networks: {had} "
            f"({given}; the whole ICS)."
        )
    return (
        f"With {title} {had} ({given}; the whole ICS). The limits allow for differences between networks: those "
        f"without it differ by {beyond(row['tau'])}; a difference of {row['overturning_tau']:.0%} would overturn the "
        "result."
    )


def _too_few_networks(row: pd.Series) -> str:
    """Why there is no verdict, and what difference between networks would do away with the effect."""
    count = int(row["control_networks"])
    few = (
        f"only {count} {'network' if count == 1 else 'networks'} without the programme can be compared, and "
        f"{MIN_CONTROLS} are needed to know how much networks differ by anyhow."
    )
    if not row["overturning_tau"] > 0:
        return f"{few} Chance among people alone could explain it."
    return f"{few} A difference between networks of {row['overturning_tau']:.0%} (standard deviation) could explain it."


@finding
def compared_with_elsewhere(of: Evaluation) -> str:
    """The result compared with evidence from elsewhere."""
    known, row = of.programme, of.headline
    elsewhere = (
        f"{known['plausible_ratio']:.2f} ({known['plausible_lower']:.2f} to {known['plausible_upper']:.2f}; "
        f"{known['plausible_source']})"
    )
    if not of.verdict:
        return f"Evidence from elsewhere for this kind of programme: rate ratio {elsewhere}."
    inside = row["lower"] <= known["plausible_upper"] and known["plausible_lower"] <= row["upper"]
    verdict = "overlap" if inside else "do not overlap: doubt the larger effect first"
    return f"Elsewhere the rate ratio was {elsewhere}; its limits and these {verdict}."
