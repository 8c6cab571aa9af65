"""Probabilistic linkage of identities that the deterministic rules leave open.

Each open identity is scored against the spine and linked to its best person if
the match weight is high, and clearly higher than any other person's. The rest
are linked among themselves, so that an unregistered person is one person too.
"""

from dataclasses import dataclass, field

import duckdb
import pandas as pd

from phm_utils.engine import quote, read_sql
from phm_utils.linkage.comparisons import COMPARED, ONE_SLIP
from phm_utils.linkage.model import LinkageModel, level_number
from phm_utils.linkage.queries import make, query
from phm_utils.linkage.scheme import Scheme
from phm_utils.linkage.scoring import ID, Scorer, blocking_rules, compared_columns, score, settings_for
from phm_utils.linkage.unregistered import join_unregistered
from phm_utils.linkage.vetoes import contrary, crowded_places, level_is, too_little, unclear

PROBES_PER_SOURCE = 5_000
FREQUENCY_WEIGHT = 10_000  # people: in a spine of this size, its own name counts have half the weight

NO_VERDICTS = pd.DataFrame({"identity_id": [], "person": [], "verdict": []}).astype(
    {"identity_id": "int64", "person": "str", "verdict": "str"}
)


@dataclass(frozen=True)
class Options:
    """Options of a linkage, apart from its model.

    score: Splink on DuckDB, or another backend's function of the same kind.
    one_to_one: sources that list each person once: no two of their records link to one person.
    probes: identities per source that are linked a second time with their number hidden.
    verdicts: of a clerical review, one row per `identity_id` and `person` with
        `verdict`: 'yes' makes a link, 'no' prevents one.
    """

    score: Scorer = score
    one_to_one: frozenset[str] = frozenset()
    probes: int = PROBES_PER_SOURCE
    verdicts: pd.DataFrame = field(default_factory=lambda: NO_VERDICTS)


def probabilistic_links(con: duckdb.DuckDBPyConnection, scheme: Scheme, model: LinkageModel, options: Options) -> None:
    """After `deterministic_links`: the temporary tables `candidate`, `probe`, `unregistered` and `person_of`.

    candidate: one row per open identity and its best person: `person`, `gp_identity_id`,
        `match_weight`, `margin` (bits), `decision`, `probe`, and the levels and bits of each comparison.
    probe: identities linked by their NHS number, linked again with it hidden:
        `true_person`, `found_person`, `method`, `match_weight`.
    person_of: every identity once, with `person`, `method`, `match_weight`, `contradicted`.
    """
    [(people,)] = con.execute("SELECT count(DISTINCT person) FROM gp_person").fetchall()
    _frequencies(con, model)
    _open_side(con, options)
    make(con, "spine_side", f"SELECT {ID}, {compared_columns()} FROM gp_person ORDER BY {ID}")
    rules = blocking_rules(con, "spine_side", "open_side")
    settings = settings_for(model, people=people, rules=rules, link_type="link_only")
    options.score(con, "spine_side", "open_side", settings, model.thresholds.review - 10)
    con.register("verdict", options.verdicts[["identity_id", "person", "verdict"]])
    crowded_places(con)
    _decide(con, scheme, model)
    con.unregister("verdict")
    for source in sorted(options.one_to_one):
        _link_one_to_one(con, source, model.thresholds.accept)
    _drop(con, "spine_side", "scored")
    con.execute("DELETE FROM candidate WHERE place_in_order > 1")
    join_unregistered(con, model, people, options.score)
    make(con, "probe", query("identified/probe"))
    make(con, "person_of", query("identified/person_of"))
    _drop(con, "open_side", "crowd", *(f"frequency_{column}" for column in model.frequency))


def _frequencies(con: duckdb.DuckDBPyConnection, model: LinkageModel) -> None:
    """Frequency of each name on the spine; a small spine's counts are shrunk towards the model's average.

    Where there is no spine (a list deduplicated), in the list.
    """
    [(spine,)] = con.execute("SELECT count(*) > 0 FROM gp_person").fetchall()
    people = "gp_person" if spine else "other_person"
    for column, usual in model.frequency.items():
        make(
            con,
            f"frequency_{column}",
            f"WITH counted AS (SELECT {column}, count(*) AS n FROM {people} WHERE {column} IS NOT NULL GROUP BY ALL),"
            " total AS (SELECT coalesce(sum(n), 0)::DOUBLE AS n FROM counted)"
            f" SELECT counted.{column}, round(exp("
            f" (total.n * ln(counted.n / total.n) + {FREQUENCY_WEIGHT} * ln({usual})) / (total.n + {FREQUENCY_WEIGHT})"
            f" ), 12) AS tf_{column} FROM counted CROSS JOIN total ORDER BY counted.{column}",
        )


def _open_side(con: duckdb.DuckDBPyConnection, options: Options) -> None:
    """Identities to be scored: those left open, probes, and registrations whose person has no number."""
    columns = compared_columns()
    blank = columns.replace(f"{COMPARED['digits']} AS digits", "NULL::VARCHAR AS digits")
    make(con, "probe_sample", query("identified/probe_sample", probes=str(options.probes)))
    make(
        con,
        "open_side",
        f"SELECT {ID}, source, NULL::VARCHAR AS person, own_nhs, false AS probe, false AS registered, {columns}"
        " FROM other_person WHERE person IS NULL"
        f" UNION ALL SELECT {ID}, source, NULL, NULL, true, false, {blank}"
        f" FROM other_person WHERE {ID} IN (SELECT {ID} FROM probe_sample WHERE described_person IS NULL)"
        f" UNION ALL SELECT {ID}, source, person, NULL, false, true, {columns} FROM gp_person"
        " WHERE person_nhs IS NULL AND (nhs IS NULL OR NOT verified)"
        " AND EXISTS (SELECT 1 FROM gp_person WHERE person_nhs IS NOT NULL)"
        f" ORDER BY {ID}",
    )


def _decide(con: duckdb.DuckDBPyConnection, scheme: Scheme, model: LinkageModel) -> None:
    limits = model.thresholds
    make(
        con,
        "candidate",
        query(
            "identified/candidate",
            contrary=contrary(model, "gp_side", "open_side"),
            unclear=unclear(model, "gp_side", "open_side"),
            contrary_words=", ".join(limits.contrary),
            numbers_must_agree=str(scheme.national == "nhs").lower(),
            too_little=too_little(model),
            born_not_close=level_is(model, "born", f"< {level_number(model.splink, 'born', ONE_SLIP)}", absent="true"),
            given_missing=level_is(model, "given", "= -1", absent="true"),
            sex_differs=level_is(model, "sex", "= 0", absent="false"),
            accept=str(limits.accept),
            margin=str(limits.margin),
            review=str(limits.review),
        ),
    )


def _link_one_to_one(con: duckdb.DuckDBPyConnection, source: str, accept: float) -> None:
    """Link a source that lists each person once: strongest pairs first, no identity or person twice."""
    pairs = read_sql(
        con,
        f"SELECT candidate.{ID}, candidate.person FROM candidate INNER JOIN open_side USING ({ID})"
        f" WHERE open_side.source = {quote(source)} AND NOT candidate.probe AND NOT contrary AND NOT unclear"
        f" AND match_weight >= {accept}"
        " AND candidate.person NOT IN"
        f" (SELECT person FROM other_person WHERE source = {quote(source)} AND person IS NOT NULL)"
        f" ORDER BY match_weight DESC, {ID}, gp_identity_id",
    )
    used: set = set()
    kept = []
    for identity, person in pairs.itertuples(index=False, name=None):
        if identity not in used and person not in used:
            used |= {identity, person}
            kept.append((identity, person))
    con.register("_kept", pd.DataFrame(kept, columns=[ID, "person"]))
    of_source = f"{ID} IN (SELECT {ID} FROM open_side WHERE source = {quote(source)} AND NOT probe)"
    con.execute(
        f"UPDATE candidate SET decision = 'too close' WHERE decision = 'linked' AND {of_source};"
        f"UPDATE candidate SET place_in_order = place_in_order + 1 WHERE {of_source};"
        "UPDATE candidate SET decision = 'linked', place_in_order = 1 FROM _kept"
        f" WHERE candidate.{ID} = _kept.{ID} AND candidate.person = _kept.person AND NOT candidate.probe"
    )
    con.unregister("_kept")


def _drop(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        con.execute(f"DROP TABLE IF EXISTS {table}")
