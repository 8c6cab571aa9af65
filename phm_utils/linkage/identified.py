"""`phm link PARAMETERS`: from identified extracts to a pseudonymised landing that the ordinary run reads.

What is written holds no name, NHS number, full date of birth, postcode or
UPRN: only columns of the pseudonymised form, with the tokens in their place.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import ROW_GROUP_SIZE, guarded, parquet_source, quote
from phm_utils.errors import InputError
from phm_utils.linkage import review
from phm_utils.linkage.encoded_lists import EncodedLists, add_encoded
from phm_utils.linkage.identity import Scheme, certain_links, make, room_sql
from phm_utils.linkage.ledger import keep, save
from phm_utils.linkage.link import IDENTITY_SOURCES, TOKEN_SOURCES
from phm_utils.linkage.linking import copy_index, finish_linking, method_counts
from phm_utils.linkage.measured import quality_tables
from phm_utils.linkage.model import LinkageModel, level_words
from phm_utils.linkage.probable import Options
from phm_utils.linkage.queries import present_tables
from phm_utils.linkage.training import ChooseModel
from phm_utils.linkage.truth import truth_files
from phm_utils.params import Workbook
from phm_utils.privacy.pseudonyms import key_id, make_pseudonyms, purpose_key, require_secret
from phm_utils.runs import resolve
from phm_utils.tables import BOUNDARY_FILE, DATE_FILLERS, TABLES

SPINE = "gp_registration"
PERSON_PURPOSE = "person"  # of the key, derived from the purpose's, under which people's pseudonyms are made
REFERENCES = ("practice", "area")  # postcodes stay behind: an address is known by its small area
NO_LISTS = EncodedLists()
INDEX_FILE = "person_index.parquet"
LEDGER_FILE = Path("vault") / "ledger.phm"
VERIFIED_STATUS = "01"  # NHS NUMBER STATUS INDICATOR CODE: number present and verified


@dataclass(frozen=True)
class Linked:
    """What was written: the landing's folder, and a sample for review if one was drawn.

    model: the one used. steps: one row per source and method, `records` and `people`.
    """

    folder: Path
    model: LinkageModel
    steps: pd.DataFrame
    review: Path | None = None

    def __str__(self) -> str:
        lines = [str(self.folder), f"model {self.model.name} ({self.model.fingerprint})"]
        if self.review:
            lines.append(f"pairs for clerical review: {self.review}")
        return "\n".join([*lines, self.steps.to_string(index=False)])


def run(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    key: bytes,
    choose: ChooseModel,
    *,
    options: Options | None = None,
    reviewed: Path | None = None,
    encoded: EncodedLists = NO_LISTS,
) -> Linked:
    """Link the identified tables that `con` can read, and write the pseudonymised landing.

    con: every validated table of an identified extract, by its name.
    key: the user's root key; pseudonyms are made with the key of the
        workbook's purpose derived from it. The demo's key is refused for real data.
    choose: the model, loaded or trained once the certain steps are done.
    reviewed: the filled file of a clerical review (see `review`).
    encoded: lists sent encoded: of each, `encoded/<list>.parquet` beside the
        landing says which pseudonym each of its records has.
    Writes `<identified_root>/landing/<name>/linked`, whole or not at all; a
    parameter file with `form: pseudonymised` and this landing then reads it.
    Then, below `<identified_root>/linking/<name>`, the ledger of identities,
    the index of every record (how and how surely it was linked) and, without
    `reviewed`, a sample of pairs for review.
    Raises InputError where there are no GP registrations.
    """
    require_secret(key, synthetic=workbook.synthetic)
    folder = resolve(workbook.identified_root) / "landing" / workbook.name / "linked"
    aside = resolve(workbook.identified_root) / "linking" / workbook.name
    book = aside / LEDGER_FILE
    collect_records(con)
    model, judged = _link(con, choose, options or Options(), aside, reviewed, key)
    keep(con, book, key, spine=SPINE)
    add_encoded(con, Scheme(SPINE), encoded)
    with whole(folder) as draft, guarded("Writing the linked landing"):
        link_events(con)
        make_tokens(con, purpose_key(key, workbook.purpose))
        write_landing(con, draft)
        write_quality(con, draft, workbook, settings(model, key), model, judged)
        done = method_counts(con)
        outlines = resolve(workbook.landing) / BOUNDARY_FILE
        if outlines.is_file():
            shutil.copyfile(outlines, draft / BOUNDARY_FILE)
    if encoded.files:
        _write_encoded(con, folder.with_name("encoded"), encoded)
    save(con, book, key)
    copy_index(con, aside / INDEX_FILE)
    drawn = review.sample(con, aside, key) if reviewed is None and not review.begun(aside) else None
    return Linked(folder, model, done, drawn)


def _link(
    con: duckdb.DuckDBPyConnection,
    choose: ChooseModel,
    options: Options,
    aside: Path,
    reviewed: Path | None,
    key: bytes,
) -> tuple[LinkageModel, pd.DataFrame | None]:
    """Who is who; the model that was used, and the reviewer's verdicts."""
    scheme = Scheme(SPINE)
    with guarded("Linking identified records"):
        certain_links(con, scheme)
    model = choose(con, scheme)
    judged = None
    if reviewed is not None:
        judged = review.read_back(aside, reviewed, key)
        options = replace(options, verdicts=review.named(con, judged))
    with guarded("Linking identified records"):
        finish_linking(con, scheme, model, options)
    return model, judged


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A draft folder that takes the place of `folder` if the block ends well, and is gone if it does not."""
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)  # left by a run that was killed
    draft.mkdir(parents=True, mode=0o700)
    try:
        yield draft
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_encoded(con: duckdb.DuckDBPyConnection, folder: Path, encoded: EncodedLists) -> None:
    """Of each encoded list, its records' people: what its owner's own columns are joined by."""
    with whole(folder) as draft:
        for file in encoded.files:
            copy_index(con, draft / f"{file.stem}.parquet", f"source = {quote(file.stem)}")


def settings(model: LinkageModel, key: bytes) -> dict[str, str]:
    """What a reader must know to judge or repeat the linkage."""
    limits = model.thresholds
    return {
        "model": f"{model.name} ({model.fingerprint})",
        "model trained on": model.trained_on,
        "linked from (bits)": f"{limits.accept:g}",
        "margin over the next person (bits)": f"{limits.margin:g}",
        "reviewed from (bits)": f"{limits.review:g}",
        "may not plainly differ": ", ".join(limits.contrary),
        "spine": SPINE,
        "key": key_id(key),
        "splink": version("splink"),
    }


def write_quality(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    workbook: Workbook,
    said: dict[str, str],
    model: LinkageModel,
    judged: pd.DataFrame | None,
) -> None:
    """After linking: the `linkage_*` tables (see `measured`), one Parquet file each."""
    truth = truth_files(workbook)
    source = parquet_source(truth) if truth else None
    for table in quality_tables(con, said, words=level_words(model.splink), truth=source, reviewed=judged):
        sql = table.sql
        if table.frame is not None:
            if table.frame.empty:  # an empty file would be taken for a broken one
                continue
            con.register("_quality", table.frame)
            sql = "SELECT * FROM _quality"
        con.execute(
            f"COPY (SELECT * FROM ({sql}) ORDER BY {', '.join(table.key)}) "
            f"TO {quote(folder / f'{table.name}.parquet')} (FORMAT parquet)"
        )
        if table.frame is not None:
            con.unregister("_quality")


def collect_records(con: duckdb.DuckDBPyConnection) -> None:
    """The view `record` (see `certain_links`) over every identified table that `con` can read."""
    present = present_tables(con)
    if SPINE not in present:
        raise InputError("No gp_registration table: the people of the GP extract are what others are linked to.")
    selects = [_records_of(source) for source in IDENTITY_SOURCES if source in present]
    con.execute(f"CREATE OR REPLACE TEMP VIEW record AS {' UNION ALL '.join(selects)}")


def _records_of(source: str) -> str:
    is_spine = source == SPINE
    verified = (
        f"coalesce(nhs_number_status, '{VERIFIED_STATUS}') = '{VERIFIED_STATUS}'" if is_spine else "NULL::BOOLEAN"
    )
    return (
        f"SELECT '{source}' AS source, {TABLES[source].key[0]}::VARCHAR AS record_id, nhs_number, forename, surname,"
        " date_of_birth, sex, postcode, uprn, NULL::VARCHAR AS line,"
        f" {verified} AS verified, {'registered_from' if is_spine else 'NULL::DATE'} AS latest FROM {source}"
    )


def link_events(con: duckdb.DuckDBPyConnection) -> None:
    """After `link_people`: `event_person`, one row per GP event source, NHS number and practice, with its person."""
    make(con, "number_at_practice", room_sql("number_at_practice"))
    present = present_tables(con)
    selects = [room_sql("event_person", source=source) for source in TOKEN_SOURCES if source in present]
    empty = "SELECT NULL AS source, NULL AS nhs_number, NULL AS practice_code, NULL AS person WHERE false"
    make(con, "event_person", "\nUNION ALL\n".join(f"SELECT * FROM (\n{s}\n)" for s in selects) or empty)


def make_tokens(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """After `link_events`: make `token_of_person` and `token_of_address` with one purpose's key.

    People and addresses have keys of their own, so that no token of one can
    be looked up among the other's.
    """
    people = (
        "SELECT person, coalesce(root, person) AS value FROM"
        " (SELECT person FROM person_of_record UNION SELECT person FROM event_person WHERE person IS NOT NULL)"
        " LEFT JOIN root_of USING (person)"
    )
    make_pseudonyms(con, "token_of_person", "person", people, purpose_key(key, PERSON_PURPOSE))
    cleaned = "coalesce(try_cast(uprn AS BIGINT)::VARCHAR, uprn)"  # with leading noughts or decimals too
    addresses = f"SELECT DISTINCT uprn, {cleaned} AS value FROM record WHERE uprn IS NOT NULL"
    make_pseudonyms(con, "token_of_address", "uprn", addresses, purpose_key(key, "household"))


def write_landing(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """After `make_tokens`: one Parquet file per table, columns of the pseudonymised form, in key order."""
    present = present_tables(con)
    for table in (*IDENTITY_SOURCES, *TOKEN_SOURCES, *REFERENCES):
        if table not in present:
            continue
        order = ", ".join(TABLES[table].key)
        con.execute(
            f"COPY (SELECT {_columns(table)} FROM {_rows(table, present)} ORDER BY {order}) "
            f"TO {quote(folder / f'{table}.parquet')} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
        )


def _columns(table: str) -> str:
    """The pseudonymised form's columns, each from where it is to be had."""
    fillers = ", ".join(f"DATE {quote(day)}" for day in DATE_FILLERS)
    made = {
        "token_person_id": "person_token.token",
        "household_token": "address_token.token",
        "birth_month": f"CASE WHEN given.date_of_birth NOT IN ({fillers}) "
        "THEN date_trunc('month', given.date_of_birth)::DATE END",
        "lsoa": "coalesce(given.lsoa, postcode_area.lsoa)" if table in IDENTITY_SOURCES else "given.lsoa",
    }
    names = [column.name for column in TABLES[table].for_form("pseudonymised")]
    return ", ".join(f"{made.get(name, f'given.{name}')} AS {name}" for name in names)


def _rows(table: str, present: set[str]) -> str:
    """The FROM clause of one table: its rows beside their person's token and their address."""
    if table in REFERENCES:
        return f"{table} AS given"
    tokens = "LEFT JOIN token_of_person AS person_token ON person_token.person = found.person"
    if table in TOKEN_SOURCES:
        return (
            f"{table} AS given LEFT JOIN event_person AS found ON found.source = {quote(table)}"
            " AND found.nhs_number = given.nhs_number"
            f" AND found.practice_code IS NOT DISTINCT FROM given.practice_code {tokens}"
        )
    places = "SELECT NULL::VARCHAR AS postcode, NULL::VARCHAR AS lsoa WHERE false"
    if "postcode_area" in present:
        places = "SELECT replace(postcode, ' ', '') AS postcode, min(lsoa) AS lsoa FROM postcode_area GROUP BY ALL"
    return (
        f"{table} AS given LEFT JOIN person_of_record AS found ON found.source = {quote(table)}"
        f" AND found.record_id = given.{TABLES[table].key[0]}::VARCHAR {tokens}"
        " LEFT JOIN token_of_address AS address_token ON address_token.uprn = given.uprn"
        f" LEFT JOIN ({places}) AS postcode_area ON postcode_area.postcode = replace(upper(given.postcode), ' ', '')"
    )
