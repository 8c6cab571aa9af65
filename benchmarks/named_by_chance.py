"""Pages on which any unit is named, where nothing but chance or usual variation makes units differ.

    python benchmarks/named_by_chance.py [--runs 500] [PART ...]

Each part draws the counts of a page and asks the page's own functions for its sentences. A page names a unit where a
sentence says `above it` or `below it`. With usual variation, practices differ as much as phi = 10 means at their size;
groups of people, such as those of an ethnic group, are then alike as before.
"""

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

from phm_utils.measures.cohort_definitions import Cohort, load_cohort
from phm_utils.measures.usual_variation import against_others
from phm_utils.methods.rates import crude_rate, proportion, with_shares
from phm_utils.reports.findings import Finding
from phm_utils.reports.segment_headings import SHORT
from phm_utils.rules.groups import LEAST_DEPRIVED, MOST_DEPRIVED
from phm_utils.topics.cohorts import cohort_page, differences_page
from phm_utils.topics.cohorts.alike import with_ratio
from phm_utils.topics.cohorts.cohort_releases import ALSO, DIMENSIONS
from phm_utils.topics.cohorts.cohort_releases import RATE as COHORT_RATE
from phm_utils.topics.inequalities import emergency_rates_page, prevalence_page
from phm_utils.topics.inequalities.standard import RATE as INEQUALITIES_RATE
from phm_utils.topics.published import prevalence_page as published_page
from phm_utils.topics.published import variation_page
from phm_utils.topics.segmentation import frailty_page, segment_groups_page, segment_use_page
from phm_utils.topics.segmentation.frailty import FRAILTY_AGE
from phm_utils.topics.segmentation.segment_groups import RATE as SEGMENTATION_RATE

Sentences = list[str]
ICS, PRACTICES, PER_PCN = "QZZ", 60, 5
REGISTERS = 21
PEOPLE = 45_000  # of the PCN
SEGMENT_SHARES = np.array([0.45, 0.2, 0.12, 0.1, 0.07, 0.04, 0.02])
NEED_SHARES = (0.3, 0.1, 0.04, 0.2, 0.05, 0.25, 0.1)  # of the ICS's people of an age, in each category of need
COHORT_SHARES = {
    "high_bmi_anxiety_depression_no_covid_vaccination": 0.01,
    "frequent_ed_attenders": 0.02,
    "diabetes_depression_deprived": 0.04,
}
CONTACTS = dict(zip(SHORT, (4.0, 0.4, 0.1, 0.2, 1.5), strict=False))  # of a person a year


def usual(rng: np.random.Generator, units: int, phi: float, events: float) -> np.ndarray:
    """Factors by which units differ: phi is the ratio of variances at this number of events."""
    return np.exp(np.sqrt((phi - 1) / events) * rng.normal(size=units))


def practices(rng: np.random.Generator) -> pd.DataFrame:
    """60 practices in 12 PCNs: `area_code`, `unit_code`, `unit_name` and `people`."""
    codes = [f"A{n}" for n in range(PRACTICES)]
    networks = [f"U{n // PER_PCN}" for n in range(PRACTICES)]
    people = rng.integers(3_000, 15_000, PRACTICES)
    return pd.DataFrame({"area_code": networks, "unit_code": codes, "unit_name": codes, "people": people})


def with_networks(rows: pd.DataFrame, keys: list[str], counts: list[str]) -> pd.DataFrame:
    """Rows of practices, and of the PCNs that they make up, as in a released table by unit."""
    sums = rows.groupby(["area_code", *keys], as_index=False, sort=False)[counts].sum()
    networks = sums.assign(unit_code=sums["area_code"], unit_name=sums["area_code"], area_code=ICS)
    return pd.concat([rows, networks], ignore_index=True).assign(why="")


def own(units: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first PCN's report."""
    return units[units["area_code"] == "U0"].reset_index(drop=True)


def inequalities(rng: np.random.Generator, phi: float) -> Sentences:
    """A PCN's report: emergency admissions and a condition by practice, and the condition by ethnic group."""
    rows = practices(rng)
    people = rows["people"]
    rows["expected"] = people * 0.1
    rows["admissions"] = rng.poisson(people * 0.1 * usual(rng, PRACTICES, phi, 900))
    rows["with_condition"] = rng.binomial(people, np.clip(0.07 * usual(rng, PRACTICES, phi, 630), 0, 1))
    units = with_networks(rows, [], ["people", "expected", "admissions", "with_condition"])
    rated = against_others(units, ICS, "admissions", "expected", kind="ratio", scale=100.0, rate=INEQUALITIES_RATE)
    rated = rated.join(100 * crude_rate(rated["admissions"], rated["expected"], per=1)[["value", "lower", "upper"]])
    said = [str(emergency_rates_page.units(emergency_rates_page.compared(own(rated), 100.0), "practice"))]
    shared = against_others(units, ICS, "with_condition", "people", kind="proportion", rate=INEQUALITIES_RATE)
    share = proportion(shared["with_condition"], shared["people"]).set_axis(["share", "lower", "upper"], axis=1)
    shared = shared.join(share).assign(condition="diabetes", title="Diabetes")
    whole = shared[shared["area_code"] == ICS].reset_index(drop=True)
    found = prevalence_page.condition_units(own(shared), whole, "diabetes")
    return [*said, str(prevalence_page.condition(found, {}, "practice")), ethnic_groups(rng)]


def ethnic_groups(rng: np.random.Generator) -> str:
    """One condition in five ethnic groups, the smallest of 60 people."""
    people = np.array([40_000, 4_000, 2_000, 600, 60])
    having = rng.binomial(people, 0.08)
    limits = proportion(pd.Series(having), pd.Series(people)).astype(float)
    limits = limits.where(pd.Series(having) >= 10).set_axis(["adjusted", "adjusted_lower", "adjusted_upper"], axis=1)
    rows = limits.assign(
        category=["White", "Asian", "Black", "Mixed", "Other"], people=people, with_condition=having,
        least=limits["adjusted_lower"], greatest=limits["adjusted_upper"],
    )  # fmt: skip
    return str(prevalence_page.ethnicity(rows, "Diabetes"))


def segmentation(rng: np.random.Generator, phi: float) -> Sentences:
    """A PCN's report: its segments against the ICS's, by practice and by deprivation, and frailty by age."""
    shares = SEGMENT_SHARES
    names = pd.DataFrame({"segment": [f"Segment {n}" for n in range(len(shares))]})
    rows = practices(rng)
    differ = np.vstack([shares * usual(rng, len(shares), phi, 900) for _ in range(PRACTICES)])
    people = rng.multinomial(rows["people"].to_numpy(), differ / differ.sum(axis=1, keepdims=True))
    long = rows.rename(columns={"people": "registered"}).merge(names, how="cross").assign(people=people.ravel())
    units = with_networks(long, ["segment"], ["people", "registered"])
    judged = against_others(
        units, ICS, "people", "registered", kind="proportion", families=["segment"], rate=SEGMENTATION_RATE
    )
    said = [str(segment_groups_page.unit_gap(with_shares(own(judged)), "practice"))]
    sizes = names.assign(people=rng.multinomial(45_000, shares), registered=45_000, ics_share=shares)
    said.append(str(segment_use_page.segment_gap(with_shares(sizes))))
    fifths = pd.DataFrame({"quintile": [MOST_DEPRIVED, LEAST_DEPRIVED]}).merge(names, how="cross")
    fifths = fifths.assign(registered=9_000, people=rng.multinomial([9_000, 9_000], shares).ravel())
    said.append(str(segment_groups_page.deprivation_gap(with_shares(fifths))))
    levels = pd.DataFrame(list(frailty_page.NEED), columns=["score", "category"]).assign(ics_share=NEED_SHARES)
    scores = pd.DataFrame({"age_group": FRAILTY_AGE}).merge(levels, how="cross").assign(registered=4_000)
    scores["people"] = rng.binomial(scores["registered"], scores["ics_share"])
    return [*said, str(frailty_page.need_gap(with_shares(scores)))]


def cohorts(rng: np.random.Generator, phi: float) -> Sentences:
    """A PCN's report of three cohorts: by practice, by group, at the same age, other characteristics and contacts."""
    chosen = {name: load_cohort(name) for name in COHORT_SHARES}
    rows = practices(rng).rename(columns={"people": "registered"}).merge(_each_cohort(), how="cross")
    rows["people"] = rng.poisson(rows["registered"] * rows["share"] * usual(rng, len(rows), phi, 200))
    units = with_networks(rows.drop(columns="share"), ["cohort"], ["people", "registered"])
    units = against_others(units, ICS, "people", "registered", kind="rate", families=["cohort"], rate=COHORT_RATE)
    spread = differences_page.cohort_spread(cohort_page.named(with_shares(own(units)), chosen), "practice")
    return [str(spread), _groups(rng, chosen), _characteristics(rng, chosen), _contacts(rng, chosen)]


def _each_cohort() -> pd.DataFrame:
    return pd.DataFrame(COHORT_SHARES.items(), columns=["cohort", "share"])


def _groups(rng: np.random.Generator, chosen: dict[str, Cohort]) -> str:
    """Members in groups of people, all with the same share of members."""
    levels = [(name, level) for name, (words, *_) in DIMENSIONS.items() for level in words]
    frame = pd.DataFrame(levels, columns=["dimension", "level"])
    size = PEOPLE // frame.groupby("dimension")["level"].transform("size")
    frame = frame.assign(registered=size).merge(_each_cohort(), how="cross")
    frame["people"] = rng.binomial(frame["registered"], frame["share"])
    frame = with_ratio(frame.assign(expected=frame["registered"] * frame["share"])).drop(columns=["share", "expected"])
    profile = cohort_page.by_group(cohort_page.named(with_shares(frame), chosen))
    return _lines([*differences_page.group_gap(profile, chosen), *differences_page.alike_gap(profile, chosen)])


def _characteristics(rng: np.random.Generator, chosen: dict[str, Cohort]) -> str:
    """Other characteristics, as frequent among members as among everybody."""
    frame = pd.DataFrame({"also": list(ALSO), "share_all": rng.uniform(0.005, 0.3, len(ALSO))})
    frame = frame.merge(_each_cohort(), how="cross")
    frame["in_cohort"] = (frame["share"] * PEOPLE).astype(int)
    frame["people"] = rng.binomial(frame["in_cohort"], frame["share_all"])
    return _lines(differences_page.overlap(cohort_page.named(frame, chosen), chosen))


def _lines(found: list[Finding]) -> str:
    return "\n".join(map(str, found))


def _contacts(rng: np.random.Generator, chosen: dict[str, Cohort]) -> str:
    """Contacts, of which members have as many as everybody; people differ in how many they have."""
    rows = []
    for cohort, share in COHORT_SHARES.items():
        for activity, mean in CONTACTS.items():
            found: dict[str, float | str] = {"cohort": cohort, "counted": activity, "activity": SHORT[activity]}
            for suffix, people in (("", int(share * PEOPLE)), ("_all", PEOPLE)):
                contacts = rng.negative_binomial(0.5, 0.5 / (0.5 + mean), people)
                found[f"per_1000{suffix}"] = 1_000 * contacts.mean()
                found[f"error{suffix}"] = contacts.std(ddof=1) / np.sqrt(people) / contacts.mean()
            rows.append(found)
    return _lines(differences_page.use(cohort_page.named(pd.DataFrame(rows), chosen), chosen))


def published(rng: np.random.Generator, phi: float) -> Sentences:
    """All registers of a place: PCNs on one register, one PCN on all of them, and practices on one."""
    size = rng.integers(3_000, 15_000, PRACTICES)
    rows = pd.DataFrame(
        {
            "register_code": np.repeat([f"R{n}" for n in range(REGISTERS)], PRACTICES),
            "practice_name": np.tile([f"Practice {n}" for n in range(PRACTICES)], REGISTERS),
            "unit_code": np.tile([f"U{n // PER_PCN}" for n in range(PRACTICES)], REGISTERS),
            "list_size": np.tile(size, REGISTERS),
        }
    ).assign(list_age="of all ages", mark="")
    share = np.repeat(rng.uniform(0.01, 0.15, REGISTERS), PRACTICES)
    level = np.concatenate([usual(rng, PRACTICES, phi, 9_000 * s) for s in share[::PRACTICES]])
    rows["register"] = rng.binomial(rows["list_size"], np.clip(share * level, 0, 1))
    rows = rows.assign(register_name=rows["register_code"], unit_name=rows["unit_code"])
    keys = ["register_code", "register_name", "list_age", "mark"]
    sums = rows.groupby([*keys, "unit_code", "unit_name"], as_index=False)[["list_size", "register"]].sum()
    whole = sums.groupby(keys, as_index=False)[["list_size", "register"]].sum().assign(unit_code=ICS, unit_name="All")
    prevalence = pd.concat([sums, whole], ignore_index=True)
    judged = published_page.pcns(prevalence, ICS)
    said = [str(published_page.spread(judged, prevalence, "R0", ICS))]
    said.append(str(published_page.widest(published_page.against_ics(prevalence, "U0", ICS), judged, "U0")))
    first = variation_page.among_others(rows[rows["register_code"] == "R0"].reset_index(drop=True), "practice_name")
    return [*said, variation_page.standing_out(first, "practice", PRACTICES)]


PARTS: dict[str, Callable[[np.random.Generator, float], Sentences]] = {
    "segmentation": segmentation, "cohorts": cohorts, "inequalities": inequalities, "published": published,
}  # fmt: skip


def names_any(sentences: Sentences) -> bool:
    return any("above it" in sentence or "below it" in sentence for sentence in sentences)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[], choices=[*PARTS, []], help="by default all")
    parser.add_argument("--runs", type=int, default=500)
    asked = parser.parse_args()
    rows = []
    for name in asked.parts or PARTS:
        rng = np.random.default_rng(20_261_128)
        named = {phi: np.mean([names_any(PARTS[name](rng, phi)) for _ in range(asked.runs)]) for phi in (1, 10)}
        rows.append({"page": name, "chance alone": named[1], "phi = 10": named[10]})
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
