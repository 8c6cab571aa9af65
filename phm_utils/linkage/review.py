"""Clerical review: a sample of pairs by match weight, weights hidden; and the reviewer's verdicts.

The reviewer's file has names and addresses: it is written below the
identified root alone, and read by `read_back`. The weights are in the vault,
encrypted, with record numbers and no names.
"""

import csv
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql
from phm_utils.errors import InputError
from phm_utils.linkage.queries import query
from phm_utils.methods.linkage_error import lowest_threshold
from phm_utils.methods.rates import proportion
from phm_utils.privacy import vault
from phm_utils.privacy.access import warn_if_open

BAND_BITS, LOWEST_BAND, HIGHEST_BAND = 2, -8, 20  # bits: weaker and stronger pairs share the outer bands
PER_BAND = 40  # ten bands above the usual threshold: enough for a lower limit of 0.99 where all are right
FIELDS = ("nhs_number", "forename", "surname", "date_of_birth", "sex", "postcode", "uprn")
PAIR, VERDICT = "pair_id", "same_person"
VERDICTS = ("yes", "no", "unsure")
PAIRS_FILE, KEY_FILE = Path("review") / "pairs.csv", Path("vault") / "review_key.phm"
KEY_CONTENT = "key to a clerical review 1"  # declared content of the vault file
KEY_COLUMNS = (PAIR, "source", "first_id", "gp_first_id", "match_weight", "band", "decision")
BY_WEIGHT = ("linked", "review", "too weak")  # decisions that follow from the match weight
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Suggestion:
    """Precision by band, and the threshold that a review suggests.

    bands: one row per band, lowest first: `reviewed`, `matches`, and `value`, `lower`, `upper` of their share.
    threshold: the lowest band (bits) from which precision is high enough; None where there is none.
    """

    bands: pd.DataFrame
    threshold: int | None


def band_sql(weight: str) -> str:
    """SQL: the band of a match weight, by its lower edge in bits."""
    return f"greatest({LOWEST_BAND}, least({HIGHEST_BAND}, {BAND_BITS} * floor({weight} / {BAND_BITS})))::INTEGER"


def sample(con: duckdb.DuckDBPyConnection, folder: Path, key: bytes, per_band: int = PER_BAND, seed: int = 0) -> Path:
    """Draw pairs for review; write them for the reviewer, and their key separately.

    con: after linkage: `identity`, `candidate`. Probes are left out.
    folder: a folder below the identified root, never one that analysts read.
        `review/pairs.csv` there has both sides' fields, in random
        order, and an empty column `same_person` for yes, no or unsure; a file of
        the vault identifies the pairs.
    key: the user's root key, with which the vault is encrypted.
    Returns the path of the reviewer's file. The same candidates and seed give
    the same bytes. An earlier sample is replaced: read it back first.
    """
    if per_band < 1:
        raise InputError(f"per_band is {per_band}: draw at least 1 pair of each band ({PER_BAND} as a rule).")
    fields = {side: ", ".join(f"{side}.{f}::VARCHAR AS {side}_{f}" for f in FIELDS) for side in ("record", "gp")}
    with guarded("Drawing pairs for review"):
        drawn = read_sql(
            con,
            query(
                "quality/review_sample",
                per_band=str(per_band),
                seed=str(seed),
                band=band_sql("candidate.match_weight"),
                record_fields=fields["record"],
                gp_fields=fields["gp"],
                decision=_decision(con),
            ),
        )
    run = _run_id(drawn)
    drawn[PAIR] = [f"{run}-{number:04d}" for number in range(1, len(drawn) + 1)]
    shown = pd.DataFrame({PAIR: drawn[PAIR], "record_from": drawn["source"]})
    for name in FIELDS:
        shown[f"record_{name}"], shown[f"gp_{name}"] = drawn[f"record_{name}"], drawn[f"gp_{name}"]
    _write(folder / PAIRS_FILE, shown.assign(**{VERDICT: ""}))
    vault.write_table(folder / KEY_FILE, drawn[list(KEY_COLUMNS)], key, KEY_CONTENT)
    return folder / PAIRS_FILE


def has_verdicts(folder: Path) -> bool:
    """Does the reviewer's file have a verdict? Such a sample must not be replaced."""
    file = folder / PAIRS_FILE
    if not file.is_file() or len(file.read_bytes().splitlines()) < 2:  # no pair was drawn
        return False
    return any(_read_pairs(file).values())


def read_back(folder: Path, file: Path, key: bytes) -> pd.DataFrame:
    """The reviewer's verdicts, with the key's columns for each pair.

    folder, key: as given to `sample`. file: the reviewer's file, filled; further
        columns and blank rows are ignored.
    Returns one row per judged pair: `pair_id`, `source`, `first_id`,
    `gp_first_id`, `match_weight`, `band`, `decision`, `verdict`; see `with_identities`.
    Raises InputError where the file is of another run, has unknown or
    repeated pairs or other words than yes, no and unsure, or judges nothing.
    """
    drawn = _read_key(folder / KEY_FILE, key)
    rows = _read_pairs(file)
    known = set(drawn[PAIR])
    run = drawn[PAIR].iloc[0].partition("-")[0] if len(drawn) else ""
    if others := [pair for pair in rows if pair.partition("-")[0] != run]:
        raise InputError(
            f"{file.name}: {len(others)} of {len(rows)} pairs do not belong to the sample in the vault. "
            f"Review {PAIRS_FILE.as_posix()} of this run, or draw a new sample with `phm link`."
        )
    if unknown := [pair for pair in rows if pair not in known]:
        raise InputError(
            f"{file.name}: {len(unknown)} of {len(rows)} pairs are not in the sample (first: {unknown[0]})."
        )
    if wrong := [pair for pair, word in rows.items() if word not in ("", *VERDICTS)]:
        raise InputError(
            f"{file.name}: {len(wrong)} of {len(rows)} pairs have another word than {', '.join(VERDICTS)} in "
            f"`{VERDICT}` (first: pair {wrong[0]}). Leave unjudged pairs blank."
        )
    verdicts = {pair: word for pair, word in rows.items() if word}
    if not verdicts:
        raise InputError(f"{file.name}: no pair is judged. Write yes, no or unsure into `{VERDICT}`.")
    return drawn.assign(verdict=drawn[PAIR].map(verdicts)).dropna(subset="verdict").reset_index(drop=True)


def with_identities(con: duckdb.DuckDBPyConnection, reviewed: pd.DataFrame) -> pd.DataFrame:
    """Judged pairs with the identities of this run: `identity_id`, `source`, `first_id`, `person`, `verdict`.

    con: after the deterministic links: `identity`, and `gp_person` with `identity_id` and `person`.
    Raises InputError where a pair's records are not in this run: the extracts changed since it was drawn.
    """
    con.register("_reviewed", reviewed[["source", "first_id", "gp_first_id", "verdict"]])
    with guarded("Reading reviewed pairs"):
        found = read_sql(
            con,
            "SELECT record.identity_id, record.source, record.first_id, gp_person.person, _reviewed.verdict"
            " FROM _reviewed INNER JOIN identity AS record"
            " ON record.source = _reviewed.source AND record.first_id = _reviewed.first_id"
            " INNER JOIN gp_person ON gp_person.first_id = _reviewed.gp_first_id ORDER BY record.identity_id",
        )
    con.unregister("_reviewed")
    if missing := len(reviewed) - len(found):
        raise InputError(
            f"{missing} of {len(reviewed)} judged pairs are not in these extracts, which have changed since the sample "
            "was drawn. Draw a new sample with `phm link`."
        )
    return found


def by_band(reviewed: pd.DataFrame) -> pd.DataFrame:
    """`linkage_review`: one row per band, lowest first: pairs judged, and judged to match.

    Only pairs decided by their weight alone: others are contrary, unclear, or too
    close to another person, and no threshold would link them. 'unsure' counts as
    judged and not a match, so precision is a low estimate.
    """
    weighed = reviewed[reviewed["decision"].isin(BY_WEIGHT)]
    counted = weighed.assign(matches=weighed["verdict"] == "yes").groupby("band")["matches"]
    return counted.agg(reviewed="size", matches="sum").astype("int64").reset_index()


def suggest_thresholds(reviewed: pd.DataFrame, target: float = 0.99, confidence: float = 0.95) -> Suggestion:
    """Per band the share of judged pairs that are one person, and the lowest threshold that reaches `target`.

    reviewed: from `read_back`. target: what the lower limit of precision must reach; see `lowest_threshold`.
    """
    bands = by_band(reviewed)
    limits = proportion(bands["matches"], bands["reviewed"], confidence)
    return Suggestion(bands.join(limits), lowest_threshold(bands, target, confidence))


def _decision(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: a candidate's decision, or 'unclear' where it awaits review whatever its weight."""
    columns = {name for (name, *_) in con.execute("DESCRIBE candidate").fetchall()}
    unclear = "candidate.unclear" if "unclear" in columns else "false"
    return f"CASE WHEN candidate.decision = 'review' AND {unclear} THEN 'unclear' ELSE candidate.decision END"


def _run_id(drawn: pd.DataFrame) -> str:
    """Identifier of a sample: eight hexadecimal digits."""
    text = drawn[["draw", "match_weight"]].to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _write(path: Path, frame: pd.DataFrame) -> None:
    """A CSV file readable by its owner alone, with formulas escaped."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    warn_if_open(path.parent)
    shown = frame.map(lambda v: f"'{v}" if isinstance(v, str) and v.startswith(FORMULA_STARTS) else v)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as out:
        shown.to_csv(out, index=False, lineterminator="\n")


def _read_key(path: Path, key: bytes) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"No {KEY_FILE.as_posix()} below the identified root: draw a sample with `phm link` first.")
    types = dict.fromkeys(KEY_COLUMNS, "str") | {"match_weight": "float64", "band": "int64"}
    return vault.read_table(path, key, KEY_CONTENT).to_pandas().astype(types)


def _read_pairs(path: Path) -> dict[str, str]:
    """The verdict of each pair of a reviewer's file, in lower case; any delimiter of a spreadsheet."""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}).") from None
    lines = text.splitlines()
    head = lines[0] if lines else ""
    delimiter = max(",;\t", key=head.count)
    rows = list(csv.DictReader(lines, delimiter=delimiter))
    if not rows or PAIR not in rows[0] or VERDICT not in rows[0]:
        raise InputError(
            f"{path.name} lacks rows or the columns `{PAIR}` and `{VERDICT}`: fill the file as it was drawn."
        )
    found = {(row[PAIR] or "").strip(): (row[VERDICT] or "").strip().lower() for row in rows}
    found.pop("", None)
    if len(found) < len([row for row in rows if (row[PAIR] or "").strip()]):
        raise InputError(f"{path.name}: some pairs appear twice. Keep one row of each.")
    return found
