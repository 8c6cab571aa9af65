"""Registers here compared with the published ones."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.methods.comparisons import rates_against
from phm_utils.methods.rates import indirect_ratio
from phm_utils.reports.comparisons import Family
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.reports.segment_headings import HEADINGS
from phm_utils.wording import in_sentence, joined

MIN_REGISTER = 50  # published people: rounding to 5 moves fewer by a twentieth and more
DIFFERS = 0.1  # share: a register that differs by more from the published one is named


@if_present
def registers(frame: pd.DataFrame) -> pd.DataFrame:
    """Ratios of counted to published, people registered first, then registers by title.

    Registers of fewer than 50 people are left out: rounding alone can move them by a tenth.
    """
    first = frame["register"].ne("list_size")
    frame = frame.assign(first=first).sort_values(["first", "title", "practice_name"], ignore_index=True)
    return frame[frame["published"] >= MIN_REGISTER].reset_index(drop=True)


@if_present
def register_table(registers: pd.DataFrame, *, is_ics: bool) -> pd.DataFrame:
    """The table behind the ratios: every practice of a PCN; of an ICS, which has too many, each register's spread."""
    if not is_ics:
        wide = registers.pivot(index="title", columns="practice_name", values="ratio")
        return (
            wide.reindex(registers["title"].unique())
            .rename_axis(HEADINGS["title"])
            .rename_axis(None, axis=1)
            .reset_index()
        )
    some = registers.assign(ratio=registers["ratio"].astype("Float64").astype(float))
    spread = some.groupby("title", sort=False)["ratio"].agg(
        shown="count",
        lowest="min",
        middle="median",
        highest="max",
        differing=lambda r: int((r - 1).abs().gt(DIFFERS).sum()),
    )
    titles = ["Register", "Practices shown", "Lowest ratio", "Median ratio", "Highest ratio", "Over 10% different"]
    return spread.reset_index().set_axis(titles, axis=1)


@finding
def registers_differing(frame: pd.DataFrame) -> str:
    """How many counted registers are not within a tenth of the published ones, and which differ beyond chance.

    Limits are those of the number counted, had it been of other people of the same kind: wider than needed, as both
    numbers are largely of the same people.
    """
    known = shown(frame, "ratio")
    if known.empty:
        return TOO_FEW
    apart = (known["ratio"] - 1).abs() > DIFFERS
    of = f"{len(known)} {'register' if len(known) == 1 else 'registers'} of {MIN_REGISTER} people or more in a practice"
    if not apart.any():
        return f"None of {of} differs from the published one by more than {DIFFERS:.0%}."
    each = apart.groupby(known["title"], sort=False).agg(["sum", "size"])
    parts = [f"{in_sentence(str(row.Index))} {row.sum} of {row.size}" for row in each.itertuples() if row.sum]
    ratio = indirect_ratio(known["counted"], known["published"]).astype(float)
    found = rates_against(ratio, 1.0)
    judged = known.drop(columns=found.columns, errors="ignore").assign(**found, events=known["counted"])
    names = [f"{in_sentence(row.title)} at {row.practice_name}" for row in judged.itertuples()]
    words = Family(
        "of it", "register", "registers", "the published number", lambda ratio: f"{ratio:.1%}", counted="counted"
    )
    return (
        f"{int(apart.sum())} of {of} {'differs' if apart.sum() == 1 else 'differ'} from the published one by more than "
        f"{DIFFERS:.0%}: {joined(parts)}. {words.standing_out(judged.assign(unit=names))}"
    )
