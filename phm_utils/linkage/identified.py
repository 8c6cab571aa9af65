"""`phm link PARAMETERS`: from identified extracts to the pseudonymised landing that `phm run` reads.

The landing has no name, NHS number, full date of birth, postcode or
UPRN: only columns of the pseudonymised form, with tokens instead.
"""

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import guarded, present_tables, quote
from phm_utils.errors import InputError
from phm_utils.linkage import review
from phm_utils.linkage.encoded_lists import EncodedLists, add_encoded
from phm_utils.linkage.identities import SETTING as IDENTITIES
from phm_utils.linkage.identities import VAULT_FILE, write_identities
from phm_utils.linkage.ledger import assign_roots, save_ledger
from phm_utils.linkage.ledger_stamp import check_ledger, stamp_after
from phm_utils.linkage.link import IDENTITY_SOURCES
from phm_utils.linkage.linked_landing import addresses_said, link_events, make_tokens, write_landing, write_quality
from phm_utils.linkage.linking import copy_index, finish_linking, method_counts
from phm_utils.linkage.model import LinkageModel
from phm_utils.linkage.probabilistic import Options
from phm_utils.linkage.results import Results
from phm_utils.linkage.scheme import Scheme, deterministic_links
from phm_utils.linkage.training import ChooseModel
from phm_utils.params import Workbook
from phm_utils.privacy.pseudonyms import key_id, purpose_key, require_secret
from phm_utils.privacy.workplace import Workplace, only_one, workplace
from phm_utils.runs import resolve
from phm_utils.tables import BOUNDARY_FILE, TABLES

SPINE = "gp_registration"
NO_LISTS = EncodedLists()
INDEX_FILE = "person_index.parquet"
LEDGER_FILE = Path("vault") / "ledger.phm"
VERIFIED_STATUS = "01"  # NHS NUMBER STATUS INDICATOR CODE: number present and verified


@dataclass(frozen=True)
class Linked:
    """What was written: the landing's folder, and a sample for review if one was drawn.

    model: the one used. steps: one row per source and method, `records` and `people`. addresses: see `addresses_said`.
    """

    folder: Path
    model: LinkageModel
    steps: pd.DataFrame
    review: Path | None = None
    addresses: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [str(self.folder), f"model {self.model.name} ({self.model.fingerprint})"]
        if self.review:
            lines.append(f"pairs for clerical review: {self.review}")
        return "\n".join([*lines, self.steps.to_string(index=False), *self.addresses])


def run(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    key: bytes,
    choose: ChooseModel,
    *,
    options: Options | None = None,
    reviewed: Path | None = None,
    encoded: EncodedLists = NO_LISTS,
    place: Workplace | None = None,
    accept_ledger: bool = False,
) -> Linked:
    """Link the identified tables that `con` can read, and write the pseudonymised landing.

    con: every validated table of an identified extract, by its name.
    key: the user's root key; pseudonyms are made with the key of the
        workbook's purpose derived from it. The demo's key is refused for real data.
    choose: the model, loaded or trained after the deterministic links.
    reviewed: the filled file of a clerical review (see `review`).
    encoded: lists sent encoded: for each, `encoded/<list>.parquet` next to the
        landing has the pseudonym of each of its records.
    place: the command's working folder, where `con` spills; None for one of its own.
    accept_ledger: go on although the ledger is not the one of the last landing.
    Writes `<identified_root>/landing/<name>/linked` for
    a parameter file with `form: pseudonymised` and this landing;
    below `<identified_root>/linking/<name>`, the ledger of identities, the vault of
    identities (see `identities`), the index of every record (method and match weight) and, without
    `reviewed`, a sample of pairs for review. All are published together, or nothing is.
    Raises InputError where there are no GP registrations, or the ledger is not the last landing's.
    """
    require_secret(key, synthetic=workbook.synthetic)
    root = resolve(workbook.identified_root)
    linking = root / "linking" / workbook.name
    ledger = linking / LEDGER_FILE
    collect_records(con)
    with ExitStack() as stack:
        if place is None:
            stack.enter_context(only_one(root, workbook.name, synthetic=workbook.synthetic))
            place = stack.enter_context(workplace(root, synthetic=workbook.synthetic))
        files = Results(root, workbook.name, place)
        check_ledger(con, ledger, key, files.records(), accept=accept_ledger)
        model, verdicts = _link(con, choose, options or Options(), linking, reviewed, key)
        assign_roots(con, ledger, key, spine=SPINE)
        add_encoded(con, Scheme(SPINE), encoded)
        _write(con, files, workbook, key, model, verdicts)
        if encoded.files:
            _write_encoded(con, files.new(files.landing.with_name("encoded")), encoded)
        files.record(key, stamp_after(con, key, workbook.purpose), workbook.purpose)
        save_ledger(con, ledger, key, draft=files.new(ledger))
        copy_index(con, files.new(linking / INDEX_FILE))
        if draws := reviewed is None and not review.has_verdicts(linking):
            review.sample(con, files.new(linking), key)
        steps, addresses = method_counts(con), tuple(addresses_said(con))
        files.publish()
    return Linked(files.landing, model, steps, linking / review.PAIRS_FILE if draws else None, addresses)


def _write(
    con: duckdb.DuckDBPyConnection,
    files: Results,
    workbook: Workbook,
    key: bytes,
    model: LinkageModel,
    verdicts: pd.DataFrame | None,
) -> None:
    """The landing, in the working folder."""
    draft = files.new(files.landing)
    draft.mkdir(parents=True)
    purpose = purpose_key(key, workbook.purpose)
    made = settings(model, key) | {"purpose": workbook.purpose, "ledger": stamp_after(con, key, workbook.purpose)}
    with guarded("Writing the linked landing"):
        link_events(con)
        make_tokens(con, purpose)
        write_landing(con, draft, purpose)
        vault_file = files.new(files.root / "linking" / files.name / VAULT_FILE)
        made[IDENTITIES] = write_identities(con, vault_file, key, workbook.purpose)
        write_quality(con, draft, workbook, made, model, verdicts)
    outlines = resolve(workbook.landing) / BOUNDARY_FILE
    if outlines.is_file():
        shutil.copyfile(outlines, draft / BOUNDARY_FILE)


def _link(
    con: duckdb.DuckDBPyConnection,
    choose: ChooseModel,
    options: Options,
    linking: Path,
    reviewed: Path | None,
    key: bytes,
) -> tuple[LinkageModel, pd.DataFrame | None]:
    """Link the records; the model used, and the reviewer's verdicts."""
    scheme = Scheme(SPINE)
    with guarded("Linking identified records"):
        deterministic_links(con, scheme)
    model = choose(con, scheme)
    verdicts = None
    if reviewed is not None:
        verdicts = review.read_back(linking, reviewed, key)
        options = replace(options, verdicts=review.with_identities(con, verdicts))
    with guarded("Linking identified records"):
        finish_linking(con, scheme, model, options)
    return model, verdicts


def _write_encoded(con: duckdb.DuckDBPyConnection, draft: Path, encoded: EncodedLists) -> None:
    """For each encoded list, its records' pseudonyms: the owner's other columns are joined by them."""
    draft.mkdir(parents=True)
    for file in encoded.files:
        copy_index(con, draft / f"{file.stem}.parquet", f"source = {quote(file.stem)}")


def settings(model: LinkageModel, key: bytes) -> dict[str, str]:
    """What a reader needs to assess or repeat the linkage."""
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


def collect_records(con: duckdb.DuckDBPyConnection) -> None:
    """The view `record` (see `deterministic_links`) over every identified table that `con` can read."""
    present = present_tables(con)
    if SPINE not in present:
        raise InputError(
            "No gp_registration table: other records are linked to the people of the GP extract. Add it to the landing."
        )
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
