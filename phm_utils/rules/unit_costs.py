"""National unit costs by item, and the items that price each setting of care."""

from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.rules.data_files import rows_by, whole_number
from phm_utils.runs import project_root

# The items that price each setting of `rules.columns.COSTS`.
ITEMS: dict[str, tuple[str, ...]] = {
    "gp": ("gp_appointment",),
    "ed": ("ed_attendance",),
    "emergency": ("emergency_spell_short", "emergency_spell_long"),
    "other_admissions": ("other_spell",),
    "op": ("op_attendance",),
    "community": ("community_contact",),
    "mental_health": ("mental_health_contact",),
    "social_care": (
        "social_care_nursing_week",
        "social_care_residential_week",
        "social_care_community_week",
        "social_care_short_week",
    ),
}


def unit_costs(path: Path | None = None) -> dict[str, int]:
    """Whole pence per item, from parameters/reference/unit_costs.csv. An item left out has no price.

    Raises InputError for a price that is not a whole number of 0 or more, a
    repeated item, or an item that nothing counts.

    >>> unit_costs()["gp_appointment"] > 0
    True
    """
    path = path or project_root() / "parameters" / "reference" / "unit_costs.csv"
    rows = rows_by(path, "what each contact costs", "item", ("item", "pence", "year", "source"))
    known = {item for items in ITEMS.values() for item in items}
    if unknown := sorted(set(rows) - known):
        raise InputError(f"{path.name} prices `{unknown[0]}`, which nothing counts. Items: {', '.join(sorted(known))}.")
    return {item: whole_number(path, item, row, "pence") for item, row in rows.items()}


def unpriced(costs: dict[str, int]) -> set[str]:
    """Settings that lack the price of one of their items: they are not costed, and reports state so.

    >>> "gp" in unpriced({"gp_appointment": 4_200}), "ed" in unpriced({"gp_appointment": 4_200})
    (False, True)
    """
    return {setting for setting, items in ITEMS.items() if any(item not in costs for item in items)}


def price_values(costs: dict[str, int]) -> dict[str, int]:
    """The values of `$pence_<item>` in SQL files; 0 where there is no price, and then no report shows the cost.

    >>> price_values({"gp_appointment": 4_200})["pence_gp_appointment"]
    4200
    """
    return {f"pence_{item}": costs.get(item, 0) for items in ITEMS.values() for item in items}
