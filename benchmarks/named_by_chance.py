"""Pages on which any unit is named, where nothing but chance or usual variation makes units differ.

    python benchmarks/named_by_chance.py [--runs 2000] [PART ...]

Each part draws the counts of a page and asks the page's own functions for its sentences. A page names a unit where a
sentence says `above it` or `below it`. With usual variation, units differ as much as phi = 10 means at their size.
"""

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

from phm_utils.measures.usual_variation import against_others
from phm_utils.methods.rates import crude_rate, proportion
from phm_utils.topics.inequalities import emergency_rates_page, prevalence_page
from phm_utils.topics.published import prevalence_page as published_page
from phm_utils.topics.published import variation_page

Sentences = list[str]
ICS, PRACTICES, PER_PCN = "QZZ", 60, 5
REGISTERS = 21


def usual(rng: np.random.Generator, units: int, phi: float, events: float) -> np.ndarray:
    """Factors by which units differ: phi is the ratio of variances at this number of events."""
    return np.exp(np.sqrt((phi - 1) / events) * rng.normal(size=units))


def inequalities(rng: np.random.Generator, phi: float) -> Sentences:
    """Emergency admissions and a condition, by practice in a PCN's report and by PCN in the ICS's."""
    people = rng.integers(3_000, 15_000, PRACTICES).astype(float)
    network = np.arange(PRACTICES) // PER_PCN
    admissions = rng.poisson(people * 0.1 * usual(rng, PRACTICES, phi, 900))
    having = rng.binomial(people.astype(int), np.clip(0.07 * usual(rng, PRACTICES, phi, 630), 0, 1))
    practices = pd.DataFrame(
        {"area_code": [f"U{n}" for n in network], "unit_code": [f"A{n}" for n in range(PRACTICES)], "people": people,
         "expected": people * 0.1, "admissions": admissions, "with_condition": having}
    )  # fmt: skip
    sums = practices.groupby("area_code", as_index=False)[["people", "expected", "admissions", "with_condition"]].sum()
    networks = sums.rename(columns={"area_code": "unit_code"}).assign(area_code=ICS)
    units = pd.concat([practices, networks], ignore_index=True)
    units["unit_name"] = units["unit_code"]
    said = []
    for area, kind in (("U0", "practice"), (ICS, "PCN")):
        rated = against_others(units, ICS, "admissions", "expected", kind="ratio", scale=100.0)
        rated = rated.join(100 * crude_rate(rated["admissions"], rated["expected"], per=1)[["value", "lower", "upper"]])
        rows = rated[rated["area_code"] == area].reset_index(drop=True)
        said.append(str(emergency_rates_page.units(emergency_rates_page.compared(rows, 100.0), kind)))
        shared = against_others(units, ICS, "with_condition", "people", kind="proportion")
        share = proportion(shared["with_condition"], shared["people"]).set_axis(["share", "lower", "upper"], axis=1)
        shared = shared.join(share).assign(condition="diabetes", title="Diabetes")
        whole, rows = (shared[shared["area_code"] == code].reset_index(drop=True) for code in (ICS, area))
        found = prevalence_page.condition_units(rows, whole, "diabetes")
        said.append(str(prevalence_page.condition(found, {}, kind)))
    return said


def ethnic_groups(rng: np.random.Generator, phi: float) -> Sentences:
    """One condition in five ethnic groups, the smallest of 60 people. phi is not used: groups are alike."""
    people = np.array([40_000, 4_000, 2_000, 600, 60])
    having = rng.binomial(people, 0.08)
    limits = proportion(pd.Series(having), pd.Series(people)).astype(float)
    limits = limits.where(pd.Series(having) >= 10).set_axis(["adjusted", "adjusted_lower", "adjusted_upper"], axis=1)
    rows = limits.assign(
        category=["White", "Asian", "Black", "Mixed", "Other"], people=people, with_condition=having,
        least=limits["adjusted_lower"], greatest=limits["adjusted_upper"],
    )  # fmt: skip
    return [str(prevalence_page.ethnicity(rows, "Diabetes"))]


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
    "inequalities": inequalities, "ethnic_groups": ethnic_groups, "published": published,
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
