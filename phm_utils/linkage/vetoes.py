"""Pairs that no match weight links: the two contradict each other, too little is known, or the evidence is unclear.

Each function gives SQL over a row of `scored` and the columns of its two sides (`comparisons.COMPARED`), by their
aliases. The levels are those of the model that scored them; births and addresses are compared as they are, so that a
model which lacks a level makes no exception.
"""

import duckdb

from phm_utils.linkage.births import births_apart_sql
from phm_utils.linkage.model import LinkageModel, level_number
from phm_utils.linkage.queries import make, query

LEAST_COMMUNAL = 11  # people of one source at one property or one-line address, as in household.sql
LEAST_CROWD = 100  # people of one postcode without a property of their own; one in 25 postcodes has more residents


def crowded_places(con: duckdb.DuckDBPyConnection) -> None:
    """After `identity`: the temporary table `crowd`, one row per `kind` and `place` that so many people share
    that it tells nobody from a stranger: hostels, care homes, prisons.
    """
    make(con, "crowd", query("identified/crowd", communal=str(LEAST_COMMUNAL), crowd=str(LEAST_CROWD)))


def contrary(model: LinkageModel, left: str, right: str) -> str:
    """SQL: true where a comparison of `contrary` differs; of births, where they are plainly different."""
    parts = [f"gamma_{name} = 0" for name in model.thresholds.contrary if name in model.comparisons]
    if "born" in model.thresholds.contrary:
        parts.append(births_apart_sql(f"{left}.born", f"{right}.born"))
    return f"({' OR '.join(parts)})" if parts else "false"


def too_little(model: LinkageModel) -> str:
    """SQL: true for a scored pair without comparable addresses that lacks a name or date of birth."""
    given, family, born, home, line = (
        level_is(model, name, "= -1", absent="true") for name in ("given", "family", "born", "home", "address_line")
    )
    return f"({home} AND {line} AND ({given} OR {family} OR {born}))"


def unclear(model: LinkageModel, left: str, right: str) -> str:
    """SQL: true for a pair that needs a reviewer, however high its weight.

    1. No birth date on one side, and neither one property nor (where a property is unknown) one postcode.
    2. A shared address that is a crowd's (see `crowded_places`) and no birth date; or, at one property, not the same;
       or a weight that falls below the threshold without what the address added.
    A pair of one number is clear.
    """
    no_birth = level_is(model, "born", "= -1", absent="true")
    other_birth = level_is(model, "born", f"< {level_number(model.splink, 'born', 'the same')}", absent="true")
    same = {name: f"coalesce({left}.{name} = {right}.{name}, false)" for name in ("address", "place", "address_line")}
    crowd = {
        name: f"({same[name]} AND {right}.{name} IN (SELECT place FROM crowd WHERE kind = '{name}'))" for name in same
    }
    bits = "".join(f" - greatest(bits_{n}, 0)" for n in ("home", "address_line") if n in model.comparisons)
    weak = f"match_weight{bits} < {model.thresholds.accept}"
    return (
        f"(NOT {_one_number(model)} AND (({no_birth} AND NOT ({_one_home(model, left, right)}))"
        f" OR (({crowd['address']} OR {crowd['address_line']}) AND ({other_birth} OR {weak}))"
        f" OR ({crowd['place']} AND NOT {same['address']} AND ({no_birth} OR {weak}))))"
    )


def _one_home(model: LinkageModel, left: str, right: str) -> str:
    """SQL: true where the two have one address."""
    ways = []
    if "home" in model.comparisons:
        closest = level_number(model.splink, "home", "the same postcode")
        ways.append(f"(gamma_home >= {closest} AND NOT coalesce({left}.address <> {right}.address, false))")
    if "address_line" in model.comparisons:
        ways.append(f"gamma_address_line >= {level_number(model.splink, 'address_line', 'alike')}")
    return " OR ".join(ways) or "false"


def _one_number(model: LinkageModel) -> str:
    """SQL: true where the two have one number, or nearly, of data whose numbers are compared."""
    if "number" not in model.comparisons:
        return "false"
    return f"gamma_number >= {level_number(model.splink, 'number', 'one slip')}"


def level_is(model: LinkageModel, comparison: str, test: str, *, absent: str) -> str:
    """SQL for a test of one comparison's level; `absent` where the model does not compare it."""
    return f"gamma_{comparison} {test}" if comparison in model.comparisons else absent
