"""Train the linkage model: estimate m and u of each comparison level from the records.

m, the probability of a level among matches, comes from pairs linked by NHS
number; u, its probability among non-matches, from random pairs of two samples,
or from exact counts where it is too small for samples. Without
enough numbers, m comes by expectation maximisation. The samples are chosen
by a hash of the record's identifier and everything runs on one thread, so
that the same records give the same model in whatever order they come.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from phm_utils.engine import guarded
from phm_utils.errors import InputError
from phm_utils.linkage.comparisons import COMPARED, ELSE, LINE, NUMBER, STANDARD, Compared, comparison_settings, rule
from phm_utils.linkage.model import (
    LinkageModel,
    Thresholds,
    has_probability,
    load_model,
    require_complete,
    require_sense,
)
from phm_utils.linkage.queries import make, query
from phm_utils.linkage.scheme import Scheme
from phm_utils.linkage.scoring import ID, compared_columns, pairs_of, score, settings_for

SAMPLE = 1_500  # identities on each side: their pairs estimate u
MOST_LABELLED = 60_000  # identities linked by their number: their pairs estimate m
FEWEST_LABELLED = 1_000
EM_BLOCKING = (("born",), ("given", "family"), ("place", "family"))
# Levels whose u is too small for a sample, with the column whose equality is that level.
EXACT_U = {
    ("born", "the same"): "born",
    ("home", "the same property"): "address",
    ("home", "the same postcode"): "place",
    ("number", "the same"): "digits",
    ("address_line", "the same"): "address_line",
}
DIGITS_KEPT = 6
NEVER_SEEN = 1e-6  # m below it: expectation maximisation's word for none of the pairs
RAREST = 5e-4  # m of 'different' where none of at least 1,000 pairs differs: half a pair
FEWEST_TESTED, LEAST_REACHED, LARGE = 100, 0.6, 1_000  # labelled pairs; share of the pairs tested; bits
TRAINING_TABLES = (
    *("training_left", "training_right", "training_label", "training_label_side", "training_label_spine"),
    *("training_all_left", "training_all_right"),
)
# Loads or trains the model, after the deterministic links.
ChooseModel = Callable[[duckdb.DuckDBPyConnection, Scheme], LinkageModel]


def use_saved(path: Path | None = None) -> ChooseModel:
    """The model saved at `path`, else the workbook's own."""
    model = load_model(path)
    return lambda con, scheme: model


def train_and_save(path: Path, *, thresholds: Thresholds | None = None, drop_unseen: bool = False) -> ChooseModel:
    """A model trained on the records, named after its file and saved there."""

    def choose(con: duckdb.DuckDBPyConnection, scheme: Scheme) -> LinkageModel:
        model = train(con, scheme, name=path.stem, thresholds=thresholds or Thresholds(), drop_unseen=drop_unseen)
        model.save(path)
        return model

    return choose


def train(
    con: duckdb.DuckDBPyConnection,
    scheme: Scheme,
    *,
    name: str,
    thresholds: Thresholds,
    drop_unseen: bool = False,
) -> LinkageModel:
    """After `deterministic_links`: a model trained on the records of `con`.

    drop_unseen: leave out levels that no training pair had; such pairs then get
        the next level that is true.
    Raises InputError, with its name, where a level was never seen or its weight goes against its direction, and
    where the model fails its own test (see `self_test`).
    """
    if not scheme.spine:
        raise InputError(
            f"Training needs two lists, and {name} would be trained on one. Leave out --train, or add the other list."
        )
    compared = _usable(con, scheme)
    with guarded("Training the linkage model"), _one_thread(con):
        _samples(con)
        settings = {"comparisons": comparison_settings(compared), "link_type": "link_only", "unique_id_column_name": ID}
        labelled = _count(con, "training_label_side")
        by_number = labelled >= FEWEST_LABELLED and scheme.national == "nhs"
        trained = _splink(con, settings, by_number=by_number)
        frequency = {column: _chance_equal(con, column) for column in ("given", "family")}
        comparisons = _with_exact_u(con, trained["comparisons"], frequency)
        found = _share_on_spine(con)
    frequency = {column: chance for column, chance in frequency.items() if chance}  # 0 where no name is shared
    if drop_unseen:
        comparisons = [_without_unseen(comparison) for comparison in comparisons]
    require_complete({"comparisons": comparisons}, "Training")
    require_sense({"comparisons": comparisons}, "Training")
    # No count here: the text is shown to readers without disclosure control.
    how = "identities whose NHS number settled them" if by_number else "expectation maximisation"
    model = LinkageModel(name, {"comparisons": comparisons}, found, frequency, thresholds, trained_on=how)
    with guarded("Testing the linkage model"):
        self_test(con, model)
    for table in TRAINING_TABLES:
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return model


def self_test(con: duckdb.DuckDBPyConnection, model: LinkageModel) -> None:
    """Refuse a model by which most pairs of one person would not be linked.

    By its own m, whatever the records: the share of such pairs that reach the threshold (all fields given). By the
    records: the share of pairs of one number that agree on two other things (`training_label`), where there are
    FEWEST_TESTED of them.
    """
    [(people,)] = con.execute("SELECT count(DISTINCT person) FROM gp_person").fetchall()
    shares = {"as the model describes them": expected_reach(model, people)}
    if _count(con, "training_label_side") >= FEWEST_TESTED:
        shares["of one number"] = _reach_of_labelled(con, model, people)
    for pairs, share in shares.items():
        if share < LEAST_REACHED:
            raise InputError(
                f"Training: the model fails its own test and was not saved. Of pairs of one person, {pairs}, "
                f"{share:.0%} reach the threshold of {model.thresholds.accept:g} bits; at least {LEAST_REACHED:.0%} "
                "should. Give a lower threshold with --accept, more fields or more records, or use another model."
            )


def expected_reach(model: LinkageModel, people: int) -> float:
    """The share of one person's pairs whose match weight reaches the threshold, if all fields are given.

    Levels are independent given that two records are one person's, as the model has it.
    """
    prior = model.prior(people)
    weights, shares = np.array([np.log2(prior / (1 - prior))]), np.array([1.0])
    for comparison in model.splink["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        m, u = (np.array([level[f"{letter}_probability"] for level in levels]) for letter in "mu")
        weights = np.add.outer(weights, np.log2(m / u)).ravel()
        shares = np.multiply.outer(shares, m / m.sum()).ravel()
    return float(shares[weights >= model.thresholds.accept].sum())


def _reach_of_labelled(con: duckdb.DuckDBPyConnection, model: LinkageModel, people: int) -> float:
    """The share of pairs of one number that reach the threshold."""
    for column in model.frequency:  # every name as frequent as the average one
        make(con, f"frequency_{column}", f"SELECT NULL::VARCHAR AS {column}, 0.5 AS tf_{column} WHERE false")
    settings = settings_for(model, people=people, rules=["l.label = r.label"], link_type="link_only")
    score(con, "training_label_spine", "training_label_side", settings, -LARGE)
    accept = model.thresholds.accept
    [(share,)] = con.execute(f"SELECT avg((match_weight >= {accept})::INT) FROM scored").fetchall()
    for table in ("scored", *(f"frequency_{column}" for column in model.frequency)):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return share if share is not None else 0.0


def _usable(con: duckdb.DuckDBPyConnection, scheme: Scheme) -> tuple[Compared, ...]:
    """The comparisons with values on both sides."""
    candidates = (*STANDARD, LINE, *((NUMBER,) if scheme.national == "any" else ()))
    kept = []
    for one in candidates:
        columns = {"home": "coalesce(address, place)", "sex": "known_sex", "number": "nhs"}.get(one.name, one.name)
        [(gp, other)] = con.execute(
            f"SELECT (SELECT count({columns}) FROM gp_person), (SELECT count({columns}) FROM other_person)"
        ).fetchall()
        if gp and other:
            kept.append(one)
    if len(kept) < 3:
        raise InputError(
            f"Only {len(kept)} of names, date of birth, address and sex are in both the spine and another source: "
            "too few to train a linkage model on."
        )
    return tuple(kept)


@contextmanager
def _one_thread(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One thread, so that sums of floats do not depend on how rows are split."""
    [(threads,)] = con.execute("SELECT current_setting('threads')").fetchall()
    con.execute("SET threads = 1")
    try:
        yield
    finally:
        con.execute(f"SET threads = {threads}")


def _samples(con: duckdb.DuckDBPyConnection) -> None:
    columns = compared_columns()
    for table, source in (("training_left", "gp_person"), ("training_right", "other_person")):
        make(
            con,
            table,
            f"SELECT {ID}, {columns} FROM {source} ORDER BY md5(source || '|' || first_id), {ID} LIMIT {SAMPLE}",
        )
    make(con, "training_label", query("identified/training_label", most=str(MOST_LABELLED)))
    make(
        con,
        "training_label_side",
        f"SELECT other_id AS {ID}, label, {columns} FROM training_label"
        f" INNER JOIN other_person ON other_person.{ID} = other_id ORDER BY {ID}",
    )
    make(
        con,
        "training_label_spine",
        f"SELECT {ID}, min(label) AS label, {', '.join(f'min({sql}) AS {name}' for name, sql in COMPARED.items())}"
        f" FROM training_label INNER JOIN gp_person ON gp_person.{ID} = gp_id GROUP BY {ID} ORDER BY {ID}",
    )


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def _splink(con: duckdb.DuckDBPyConnection, settings: dict[str, Any], *, by_number: bool) -> dict[str, Any]:
    """Splink's estimates of u on the samples, and of m by label or by expectation maximisation."""
    rules = [{"blocking_rule": rule(("born",)), "sql_dialect": "duckdb"}]
    blocked = settings | {"blocking_rules_to_generate_predictions": rules}
    api = DuckDBAPI(con)
    linker = _linker(api, ("training_left", "training_right"), blocked)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e12, min_count_per_level=None, num_chunks=1)
    stated = linker.misc.save_model_to_json()
    if by_number:
        linker = _linker(api, ("training_label_spine", "training_label_side"), stated)
        linker.training.estimate_m_from_label_column("label")
    else:
        make(con, "training_all_left", f"SELECT {ID}, {compared_columns()} FROM gp_person ORDER BY {ID}")
        make(con, "training_all_right", f"SELECT {ID}, {compared_columns()} FROM other_person ORDER BY {ID}")
        linker = _linker(api, ("training_all_left", "training_all_right"), stated)
        for keys in _rules_with_pairs(con, EM_BLOCKING):
            linker.training.estimate_parameters_using_expectation_maximisation(rule(keys))
    trained = linker.misc.save_model_to_json()
    api.delete_tables_created_by_splink_from_db()
    return trained


def _rules_with_pairs(con: duckdb.DuckDBPyConnection, rules: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """The blocking rules that yield pairs; refused where there are none."""
    found = [keys for keys in rules if pairs_of(con, "training_all_left", "training_all_right", keys)]
    if not found:
        raise InputError(
            "No record shares a date of birth, both names, or surname and postcode with the spine: "
            "there is nothing to train on. Check that these fields are filled on both sides."
        )
    return found


def _linker(api: DuckDBAPI, tables: tuple[str, str], settings: dict[str, Any]) -> Linker:
    return Linker([api.register(t) for t in tables], settings, log_level=None, validate_settings=False)


def _with_exact_u(
    con: duckdb.DuckDBPyConnection, comparisons: list[dict[str, Any]], frequency: dict[str, float]
) -> list[dict[str, Any]]:
    """The comparisons with exact u where samples are too small, and all probabilities rounded."""
    swapped = frequency["given"] * frequency["family"] / 10  # few words are both forename and surname
    for comparison in comparisons:
        for level in comparison["comparison_levels"]:
            name = (comparison["output_column_name"], level["label_for_charts"])
            if name in EXACT_U:
                level["u_probability"] = _chance_equal(con, EXACT_U[name]) or level.get("u_probability")
            if name[1].startswith("swapped"):
                level["u_probability"] = level.get("u_probability") or swapped
            if (level.get("m_probability") or 0) < NEVER_SEEN:
                level.pop("m_probability", None)
            for letter in ("m_probability", "u_probability"):
                if isinstance(level.get(letter), float):
                    level[letter] = float(f"{level[letter]:.{DIGITS_KEPT}g}")
    return comparisons


def _without_unseen(comparison: dict[str, Any]) -> dict[str, Any]:
    """The comparison without levels that no training pair had.

    'different' stays, because nothing else is true of such pairs: RAREST among one person's, at least twice that
    among two people's.
    """
    for level in comparison["comparison_levels"]:
        if level["label_for_charts"] == ELSE:
            for letter, least in (("m", RAREST), ("u", 2 * RAREST)):
                if not has_probability(level, letter):
                    level[f"{letter}_probability"] = least
    seen = [
        level
        for level in comparison["comparison_levels"]
        if level.get("is_null_level") or (has_probability(level, "m") and has_probability(level, "u"))
    ]
    return comparison | {"comparison_levels": seen}


def _chance_equal(con: duckdb.DuckDBPyConnection, column: str) -> float:
    """The chance that an identity of the spine and one of the others agree, where both are known."""
    sides = [f"(SELECT {compared_columns()} FROM {table})" for table in ("gp_person", "other_person")]
    counted = [f"(SELECT {column} AS v, count(*) AS n FROM {s} WHERE {column} IS NOT NULL GROUP BY ALL)" for s in sides]
    totals = " * ".join(f"(SELECT sum(n) FROM {c})" for c in counted)
    joined = f"{counted[0]} AS l INNER JOIN {counted[1]} AS r USING (v)"
    [(share,)] = con.execute(f"SELECT sum(l.n::HUGEINT * r.n)::DOUBLE / ({totals})::DOUBLE FROM {joined}").fetchall()
    return float(f"{share or 0:.{DIGITS_KEPT}g}")


def _share_on_spine(con: duckdb.DuckDBPyConnection) -> float:
    """Share of other sources' identities with a number that are on the spine; assumed for those without one too."""
    [(known, all_with)] = con.execute(
        "SELECT count(*) FILTER (WHERE method = 'NHS number'), count(*) FILTER (WHERE own_nhs IS NOT NULL)"
        " FROM other_person"
    ).fetchall()
    return round(min(max(known / all_with, 0.1), 0.9), 4) if all_with >= FEWEST_LABELLED else 0.5
