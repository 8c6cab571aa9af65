"""Values of GP entries by concept and unit as recorded: which are used, converted or not used, and how many of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from phm_utils.engine import Workspace, quote
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.rules.concepts import Concept
from phm_utils.rules.units import UnitRule, conversions, standard_unit, unit_rules

OUTCOMES = AS_RECORDED, CONVERTED, WITHOUT_UNIT, REFUSED, OUT_OF_RANGE = (
    *("as_recorded", "converted", "without_unit", "unit_refused", "out_of_range"),
)
NOT_USED = (REFUSED, OUT_OF_RANGE)
COUNT_KEY = ("concept", "unit", "outcome")
FEWEST, MOST_SHARE = 10, 0.5  # values that cannot be used, from which a concept is `unusable`
Way = UnitRule | None  # how values in a unit are converted; None: they are used as recorded


@dataclass(frozen=True)
class ValueUnits:
    """What became of the values of GP entries up to the index date.

    counts: one row per concept, unit as recorded ('' for none) and outcome, with its `entries`.
    used: by the number of a concept with a unit that is converted or refused: the ways of the units, as recorded,
        that are used. Values of all other concepts are used as recorded.
    """

    counts: pd.DataFrame
    used: Mapping[int, Mapping[str, Way]]

    @property
    def unusable(self) -> frozenset[str]:
        """Concepts of which most values, and at least FEWEST, cannot be used: the others would be no fair picture."""
        lost = self.counts["entries"].where(self.counts["outcome"].isin(NOT_USED), 0)
        sums = self.counts.assign(lost=lost).groupby("concept")[["entries", "lost"]].sum()
        most = (sums["lost"] >= FEWEST) & (sums["lost"] > MOST_SHARE * sums["entries"])
        return frozenset(sums.index[most])

    def sql(self, *, rounded: bool) -> str:
        """SQL over gp_event and code: the value in the concept's unit; null where its unit cannot be used.

        rounded: to the decimals of the conversion; without, for comparison with the believable range.
        """
        if not self.used:
            return raw("gp_event.value_num")
        cases = "".join(f"WHEN {number} THEN {_case(units, rounded)} " for number, units in sorted(self.used.items()))
        return raw(f"CASE code.concept_no {cases}ELSE gp_event.value_num END")


NO_VALUES = ValueUnits(pd.DataFrame({name: [] for name in (*COUNT_KEY, "entries")}), {})


def value_units(
    work: Workspace, known: tuple[Concept, ...], codes: Mapping[str, tuple[str, ...]], index_date: date
) -> ValueUnits:
    """Count the values up to a day, by concept and unit, and find each unit's way.

    codes: the codes of each list. Raises InputError for a fault of parameters/units.csv.
    """
    numbered = {n: c for n, c in enumerate(known) if c.kind == "value"}
    rules = unit_rules(known)
    ways: dict[int, list[Way]] = {n: [None, *conversions(rules[c.concept])] for n, c in numbered.items()}
    _register_codes(work, numbered, codes, ways)
    found = work.read(sql_file("persons", "value_unit", index_date=index_date))
    found["unit"] = found["unit"].map(lambda unit: unit if isinstance(unit, str) else "").astype("str")
    found = found.groupby(["concept_no", "conversion_no", "unit"], as_index=False)[["entries", "in_range"]].sum()
    rows, used = [], {}
    for n, concept in numbered.items():
        own = found[found["concept_no"] == n]
        outcomes = {unit: _outcome(unit, rules[concept.concept]) for unit in own["unit"]}
        for row in own.itertuples():
            outcome, way = outcomes[row.unit]
            if row.conversion_no == ways[n].index(way):
                kept = 0 if outcome == REFUSED else row.in_range
                lost = REFUSED if outcome == REFUSED else OUT_OF_RANGE
                rows += [
                    (concept.concept, row.unit, outcome, kept),
                    (concept.concept, row.unit, lost, row.entries - kept),
                ]
        if any(outcome in (CONVERTED, REFUSED) for outcome, _ in outcomes.values()):
            used[n] = {unit: way for unit, (outcome, way) in outcomes.items() if outcome != REFUSED}
    return ValueUnits(_counts(rows), used)


def _register_codes(
    work: Workspace,
    numbered: Mapping[int, Concept],
    codes: Mapping[str, tuple[str, ...]],
    ways: Mapping[int, list[Way]],
) -> None:
    """Table `value_code`: one row per code of a value concept and way of converting its values."""
    rows = [
        (code, n, way_no, *((way.factor, way.offset) if way else (1.0, 0.0)), c.low, c.high)
        for n, c in numbered.items()
        for code in codes[c.codes_from]
        for way_no, way in enumerate(ways[n])
    ]
    numbers, amounts = ("concept_no", "conversion_no"), ("factor", "shift", "low", "high")
    listed = pd.DataFrame(rows, columns=["code", *numbers, *amounts])
    kinds = dict.fromkeys(numbers, "int64") | dict.fromkeys(amounts, "float64")
    work.register("value_code", listed.astype({"code": "str"} | kinds))


def _outcome(unit: str, rules: Mapping[str, UnitRule]) -> tuple[str, Way]:
    """What becomes of a value with this unit, if it is in the believable range then, and how it is converted."""
    form = standard_unit(unit)
    if not form:
        return WITHOUT_UNIT, None
    if form not in rules:
        return REFUSED, None
    if not rules[form].converts:
        return AS_RECORDED, None
    return CONVERTED, next(way for way in conversions(rules) if way.same_way(rules[form]))


def _counts(rows: list[tuple[str, str, str, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*COUNT_KEY, "entries"])
    frame = frame.astype(dict.fromkeys(COUNT_KEY, "str") | {"entries": "int64"})
    return frame[frame["entries"] > 0].sort_values(list(COUNT_KEY), ignore_index=True)


def _case(units: Mapping[str, Way], rounded: bool) -> str:
    """The value by unit as recorded; null for a unit that is not among them."""
    cases = "WHEN gp_event.unit IS NULL THEN gp_event.value_num "
    ways = [way for place, way in enumerate(units.values()) if way not in list(units.values())[:place]]
    for way in ways:
        written = ", ".join(quote(unit) for unit in sorted(units) if units[unit] == way)
        cases += f"WHEN gp_event.unit IN ({written}) THEN {_converted(way, rounded)} "
    return f"CASE {cases}END"


def _converted(way: Way, rounded: bool) -> str:
    """SQL of a value in the concept's unit."""
    if way is None:
        return "gp_event.value_num"
    value = f"gp_event.value_num * CAST({way.factor!r} AS DOUBLE) + CAST({way.offset!r} AS DOUBLE)"
    scale = 10 ** (way.decimals or 0)
    half_up = f"CAST(CAST(floor(({value}) * {scale} + CAST(0.5 AS DOUBLE)) AS BIGINT) AS DOUBLE) / {scale}"
    return half_up if rounded else value
