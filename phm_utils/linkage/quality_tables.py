"""Quality of a linkage as counted by `phm link`: linkage error, match weights, examples, reviews and settings.

Aggregates only: no identifier, and no row about one person. They are part of
the pseudonymised landing, as the `linkage_*` tables of tables.py. Made from
the temporary tables `identity`, `person_of`, `person_of_record`,
`candidate` and `probe`, of which the last two may be empty.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, present_tables, quote, read_sql
from phm_utils.linkage.error import COLUMNS, KEY, MODELLED, NOT_KNOWN, REVIEWED, TESTED
from phm_utils.linkage.known_truth import truth_sql
from phm_utils.linkage.queries import area_table, grouped, make, query
from phm_utils.linkage.review import band_sql, by_band, suggest_thresholds
from phm_utils.methods.linkage_error import FALSE, precision, shares_from_test
from phm_utils.rules.identifiers import NO_FIXED_ABODE, plain_postcode_form, postcode_form
from phm_utils.schema import SQL_TYPE
from phm_utils.tables import TABLES

# Methods that link a record to a person of the GP extract, and those of them without the NHS number.
UNNUMBERED = ("same description", "probabilistic", "encoded")
LINKED = ("NHS number", *UNNUMBERED, "clerical review")
LEAST_PAIRS = 10  # pairs that share an example's pattern: fewer might identify a person
EXAMPLES_PER_DECISION = 1
DECISIONS = ("linked", "review", "too close", "contrary", "too weak")  # in the order of the examples
COMPARISONS = {
    "given": "Forename",
    "family": "Surname",
    "born": "Date of birth",
    "home": "Address",
    "sex": "Sex",
    "address_line": "Address as one line",
    "number": "Number",
}
CONTRARY = ("given", "born")  # comparisons that contradict a link where they differ
START = ("Before any evidence", "two people taken at random")
SUGGESTED = "threshold that the review suggests (bits)"


def quality_tables(
    con: duckdb.DuckDBPyConnection,
    settings: dict[str, str],
    *,
    words: dict[str, dict[int, str]] | None = None,
    truth: str | None = None,
    reviewed: pd.DataFrame | None = None,
) -> Iterator[Model]:
    """The `linkage_*` tables, one by one; each of them is small.

    settings: by name, what a reader needs to assess or repeat the linkage
        (model and its hash, thresholds, spine). No number of people or records.
    words: of each comparison, its levels in words by Splink's number (-1
        missing, 0 different); without them no examples are made.
    truth: synthetic data only: a FROM clause of `table_name`, `record_id`, `person`.
    reviewed: clerical verdicts, from `review.read_back`.

    Also needs the extract's tables: `gp_registration`, and
    `postcode_area` and `area` for groups by deprivation. Where they are absent
    those groups are left out, and `linkage_setting` states it under 'left out'.
    """
    with guarded("Measuring the linkage"):
        present = present_tables(con)
        has_area = {"area", "postcode_area"} <= present
        _make_attributes(con, present, has_area)
        bands = by_band(reviewed) if reviewed is not None else None
        yield _typed("linkage_step", read_sql(con, query("quality/step")))
        yield _typed("linkage_weight", read_sql(con, query("quality/weight")))
        if words is not None:
            yield _typed("linkage_example", examples(con, words))
        yield _typed("linkage_error", errors(con, has_area, bands))
        if bands is not None:
            yield _typed("linkage_review", bands)
        yield _typed("linkage_setting", _settings(settings, has_area, reviewed))
        if truth is not None:
            yield _typed("linkage_truth", _truth(con, truth, has_area))
        for table in (
            "known_ethnicity",
            "identity_attributes",
            "probe_attributes",
            "true_record",
            "link_outcome",
            "true_person",
        ):
            con.execute(f"DROP TABLE IF EXISTS {table}")


def errors(con: duckdb.DuckDBPyConnection, has_area: bool, bands: pd.DataFrame | None = None) -> pd.DataFrame:
    """`linkage_error`: missed shares from the test; false ones from it too, else from the review, else from weights."""
    counts = _by_group(con, "links", "identity_attributes", has_area)
    tests = _by_group(con, "tests", "probe_attributes", has_area)
    frame = counts.merge(tests, how="left", on=list(KEY))
    frame[["tested", "wrong", "lost"]] = frame[["tested", "wrong", "lost"]].fillna(0).astype("int64")
    # Records that are not linked have no ethnicity: the records of these groups are not known.
    known = frame["records"].where(frame["characteristic"] != "Ethnicity")
    frame = frame.join(shares_from_test(frame.assign(records=known)))
    frame["false_basis"] = frame["false_share"].isna().map({True: NOT_KNOWN, False: TESTED})
    frame["missed_basis"] = frame["missed_share"].isna().map({True: NOT_KNOWN, False: TESTED})
    if bands is not None:
        _fill(frame, _from_review(con, has_area, bands, frame), REVIEWED)
    _fill(frame, _from_weights(frame), MODELLED)
    return frame[list(COLUMNS)]


def examples(con: duckdb.DuckDBPyConnection, words: dict[str, dict[int, str]]) -> pd.DataFrame:
    """`linkage_example`: one row per example and comparison, in the order of adding up to the match weight."""
    names = list(words)
    bits = ", ".join(f"quantile_disc(bits_{n}, 0.5) AS bits_{n}" for n in names)
    found = read_sql(
        con,
        query(
            "quality/example",
            levels=", ".join(f"gamma_{n}" for n in names),
            bits=bits,
            sum=" + ".join(f"bits_{n}" for n in names),
            least=str(LEAST_PAIRS),
            most=str(EXAMPLES_PER_DECISION),
        ),
    )
    found = found.sort_values("decision", key=lambda decision: decision.map(DECISIONS.index), kind="stable")
    rows = []
    for example, pair in enumerate(found.to_dict("records"), start=1):
        parts = [(*START, pair["bits_start"])]
        parts += [(COMPARISONS.get(n, n), words[n][pair[f"gamma_{n}"]], pair[f"bits_{n}"]) for n in names]
        rows += [
            (example, place, pair["decision"], comparison, level, weight, pair["pairs"])
            for place, (comparison, level, weight) in enumerate(parts)
        ]
    return pd.DataFrame(rows, columns=[c.name for c in TABLES["linkage_example"].columns])


def _make_attributes(con: duckdb.DuckDBPyConnection, present: set[str], has_area: bool) -> None:
    """`identity_attributes`: every identity of the other sources; `probe_attributes`: those tested."""
    make(con, "known_ethnicity", query("quality/known_ethnicity"))
    places = "SELECT NULL::VARCHAR AS place, NULL::VARCHAR AS lsoa WHERE false"
    if has_area:
        plain = plain_postcode_form("postcode")
        places = f"SELECT {plain} AS place, min(lsoa) AS lsoa FROM postcode_area GROUP BY 1"
    columns = {name for (name, *_) in con.execute("DESCRIBE candidate").fetchall()}
    linked, unnumbered = (", ".join(quote(method) for method in methods) for methods in (LINKED, UNNUMBERED))
    make(
        con,
        "identity_attributes",
        query(
            "quality/identity_attributes",
            linked=linked,
            unnumbered=unnumbered,
            place_area=places,
            postcode_form=postcode_form("postcode"),
            no_fixed_abode=NO_FIXED_ABODE,
            differs=" OR ".join(f"gamma_{name} = 0" for name in CONTRARY if f"gamma_{name}" in columns) or "false",
            area=area_table(present if has_area else set()),
        ),
    )
    make(con, "probe_attributes", query("quality/probe_attributes"))


def _by_group(con: duckdb.DuckDBPyConnection, name: str, table: str, has_area: bool, **parts: str) -> pd.DataFrame:
    rows = grouped(table, has_area=has_area)
    return read_sql(con, query(f"quality/{name}", grouped=rows, **parts) + " ORDER BY ALL")


def _from_review(
    con: duckdb.DuckDBPyConnection, has_area: bool, bands: pd.DataFrame, frame: pd.DataFrame
) -> pd.DataFrame:
    """False shares of links made by weight, from the reviewed share of each band, spread over all links."""
    banded = _by_group(con, "banded", "identity_attributes", has_area, band=band_sql("match_weight"))
    strata = banded.merge(bands, how="left", on="band").fillna({"reviewed": 0, "matches": 0})
    found = {key: precision(part) for key, part in strata.groupby(list(KEY))}
    right = pd.DataFrame([found.get(key, (float("nan"),) * 3) for key in frame[list(KEY)].itertuples(index=False)])
    spread = frame["unnumbered"] / frame["linked"].where(frame["linked"] > 0)
    # Links by equal description have no weight: the review does not cover them.
    spread = spread.where(frame["weighed"] == frame["unnumbered"])
    return pd.DataFrame(
        {name: (1 - right[column].to_numpy()) * spread for name, column in zip(FALSE, (0, 2, 1), strict=True)}
    )


def _from_weights(frame: pd.DataFrame) -> pd.DataFrame:
    """False shares as the model expects them; without limits, which would only repeat its assumptions."""
    share = frame["doubtful"] / frame["linked"].where(frame["linked"] > 0)
    known = (frame["weighed"] == frame["unnumbered"]) & (frame["unnumbered"] > 0)
    return pd.DataFrame({FALSE[0]: share.where(known)}, columns=list(FALSE), dtype=float)


def _fill(frame: pd.DataFrame, shares: pd.DataFrame, basis: str) -> None:
    """Put estimates where there are none yet."""
    chosen = frame[FALSE[0]].isna() & shares[FALSE[0]].notna()
    frame.loc[chosen, list(FALSE)] = shares.loc[chosen, list(FALSE)]
    frame.loc[chosen, "false_basis"] = basis


def _settings(settings: dict[str, str], has_area: bool, reviewed: pd.DataFrame | None) -> pd.DataFrame:
    stated = {name: str(value) for name, value in settings.items()}
    if reviewed is not None:
        threshold = suggest_thresholds(reviewed).threshold
        stated[SUGGESTED] = "none is sure enough" if threshold is None else f"{threshold}"
    if not has_area:
        stated["left out"] = "Groups by deprivation: they need the tables area and postcode_area."
    return pd.DataFrame(sorted(stated.items()), columns=["name", "value"])


def _truth(con: duckdb.DuckDBPyConnection, truth: str, has_area: bool) -> pd.DataFrame:
    make(con, "true_record", query("quality/true_record", truth=truth))
    make(con, "true_person", query("true_person", truth=truth))
    make(con, "link_outcome", query("quality/link_outcome"))
    return read_sql(con, truth_sql(has_area))


def _typed(name: str, frame: pd.DataFrame) -> Model:
    """A table in order of its key, its columns typed as tables.py states, even without rows."""
    frame = frame.sort_values(list(TABLES[name].key), ignore_index=True)
    columns = ", ".join(f"{c.name}::{SQL_TYPE[c.type]} AS {c.name}" for c in TABLES[name].columns)
    with duckdb.connect(":memory:") as con:
        con.register("_frame", frame[[c.name for c in TABLES[name].columns]].astype(object).where(frame.notna(), None))
        return Model(name, key=TABLES[name].key, frame=con.execute(f"SELECT {columns} FROM _frame").df())
