"""What is true of a cohort's members by its definition, and so no finding."""

from phm_utils.measures.cohort_definitions import Cohort, load_cohort
from phm_utils.rules.concepts import long_term_conditions
from phm_utils.rules.forms import Criterion, InCohort, concepts_of
from phm_utils.rules.groups import BROAD_AGES
from phm_utils.rules.tree import criteria, leaves
from phm_utils.topics.cohorts.cohort_releases import ALSO

BY_DEFINITION = "the definition asks for it"
# The columns of `person` by which people are divided in each way.
COLUMNS = {
    "Age": {"age", "age_band"},
    "Sex": {"sex"},
    "Deprivation": {"imd_quintile", "imd_decile", "core20"},
    "Ethnic group": {"ethnic_group"},
}
OLDEST = 200  # years: an age that nobody reaches


def asked_columns(cohort: Cohort) -> set[str]:
    """The columns of `person` that a cohort's criteria ask for, by themselves, by events or through other cohorts."""
    found: set[str] = set()
    for leaf in (leaf for rule in cohort.criteria for leaf in leaves(rule)):
        if isinstance(leaf, Criterion):
            found.add(leaf.column)
        elif isinstance(leaf, InCohort):
            found |= asked_columns(load_cohort(leaf.cohort))
        found |= {column for name in concepts_of(leaf) for column in (name, f"{name}_12m")}
    return found


def asks_for(cohort: Cohort, level: str) -> bool:
    """Does a cohort's definition decide how many of a group are in it? level: such as `Age: 18-39`.

    Of ages it decides those that are not wholly within its limits.
    """
    dimension, group = level.split(": ", 1)
    asked = COLUMNS[dimension] & asked_columns(cohort)
    if not asked:
        return False
    limits = age_limits(cohort) if asked == {"age"} else None
    if limits is None or group not in BROAD_AGES.names:
        return True
    place = BROAD_AGES.names.index(group)
    last = BROAD_AGES.starts[place + 1] - 1 if place + 1 < len(BROAD_AGES.starts) else OLDEST
    return not (limits[0] <= BROAD_AGES.starts[place] and last <= limits[1])


def age_limits(cohort: Cohort) -> tuple[float, float] | None:
    """The youngest and the oldest age that a cohort's own criteria allow; None where other rules ask for age."""
    low, high, found = 0.0, float(OLDEST), 0
    for rule in cohort.criteria:
        if isinstance(rule, Criterion) and rule.column == "age" and isinstance(rule.value, int | float):
            found += 1
            if rule.op in ("at least", "more than"):
                low = max(low, rule.value + (rule.op == "more than"))
            elif rule.op in ("at most", "less than"):
                high = min(high, rule.value - (rule.op == "less than"))
            else:
                return None
    everywhere = sum(c.column == "age" for rule in cohort.criteria for c in criteria(rule))
    return (low, high) if found == everywhere else None


def asks_for_also(cohort: Cohort, also: str) -> bool:
    """Does a cohort's definition ask for a characteristic of ALSO, or for a condition that counts towards it?"""
    column, asked = ALSO[also]["column"], asked_columns(cohort)
    counted = {c.concept for c in long_term_conditions()}
    return column in asked or (column == "n_conditions" and bool(asked & counted))
