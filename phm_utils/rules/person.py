"""Every column of the `person` table, in its order.

One home: the persons stage makes exactly these, the rule compiler knows no
others, and the table of what was left out follows their `needs`.
"""

from phm_utils.rules.columns import RuleColumn, base_columns, by_name
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.rules.registers import register_columns
from phm_utils.rules.scores import score_columns


def person_columns(known: tuple[Concept, ...] | None = None) -> dict[str, RuleColumn]:
    """Every column of `person` besides person_id, by name, in the table's order.

    known: the concepts; those of parameters/concepts.csv by default.
    """
    known = concepts() if known is None else known
    parts = (base_columns(known), register_columns(known), score_columns(known))
    return by_name(column for part in parts for column in part.values())
