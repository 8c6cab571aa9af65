"""`phm link INPUT_DIR OUT.parquet`: linkage without the rest of the workbook."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import guarded, session
from phm_utils.errors import InputError
from phm_utils.full_disk import full_disk
from phm_utils.linkage.encoded_lists import EncodedLists, add_encoded
from phm_utils.linkage.identified_records import Source, read_records
from phm_utils.linkage.linked_landing import PERSON_PURPOSE
from phm_utils.linkage.linking import copy_index, finish_linking, method_counts
from phm_utils.linkage.model import LinkageModel
from phm_utils.linkage.probabilistic import Options
from phm_utils.linkage.remarks import of_files, of_numbers, of_sources
from phm_utils.linkage.scheme import Scheme, deterministic_links
from phm_utils.linkage.training import ChooseModel, use_saved
from phm_utils.privacy.pseudonyms import make_pseudonyms, purpose_key
from phm_utils.privacy.workplace import workplace


@dataclass(frozen=True)
class Request:
    """The arguments of `phm link INPUT_DIR OUT`.

    choose: the model, loaded or trained (see `training`).
    """

    folder: Path
    out: Path
    key: bytes
    purpose: str
    scheme: Scheme = field(default_factory=lambda: Scheme("gp"))
    choose: ChooseModel = field(default_factory=use_saved)
    options: Options = field(default_factory=Options)
    encoded: EncodedLists = field(default_factory=EncodedLists)


@dataclass(frozen=True)
class Result:
    """The file written, the model used, the sources read, one row per source and method, and what was not used."""

    out: Path
    model: LinkageModel
    sources: list[Source]
    steps: pd.DataFrame

    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [str(self.out), f"model {self.model.name} ({self.model.fingerprint})", *self.remarks]
        return "\n".join([*lines, self.steps.to_string(index=False)])


def link_folder(request: Request) -> Result:
    """Link every source of a folder to its spine, and write one row per record. One source alone is deduplicated.

    The Parquet file: `source`, `record_id`, `person_id` (a pseudonym), `method`
    and `match_weight` (bits, null where deterministic), ordered by source and
    record; complete or not at all. Raises InputError where the input is unusable.
    """
    scheme = request.scheme
    with workplace() as place, session() as con:
        _check_place(request.out, request.folder)
        place.note(_draft(request.out))
        sources = read_records(
            con,
            request.folder,
            scheme.spine,
            spine_alone=bool(request.encoded.files),
            any_century=scheme.national == "any",
        )
        if len(sources) == 1 and not request.encoded.files:
            scheme = Scheme("", scheme.national)  # one list is deduplicated
        _check_one_to_one(request, sources)
        with guarded("Linking identified records"):
            deterministic_links(con, scheme)
        model = request.choose(con, scheme)
        with guarded("Linking identified records"):
            finish_linking(con, scheme, model, request.options)
        add_encoded(con, scheme, request.encoded)
        with guarded("Writing the index"):
            write_index(con, request.out, purpose_key(request.key, request.purpose))
            steps = method_counts(con)
            remarks = (*of_files(request.folder), *of_sources(sources), *of_numbers(con))
    return Result(request.out, model, sources, steps, remarks)


def _check_place(out: Path, folder: Path) -> None:
    """Refuse, before any work, an output path that cannot be used."""
    if out.suffix.lower() != ".parquet":
        raise InputError(f"{out.name}: give the output a name that ends in .parquet.")
    if out.resolve().parent == folder.resolve():
        raise InputError("Write the output to another folder: in the sources' folder it would be read as a source.")
    if out.is_dir():
        raise InputError(f"{out} is a folder: give the output a file name.")
    draft = _draft(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft.touch()
        draft.unlink()
    except OSError as error:
        if full := full_disk(error, out.parent):
            raise full from None
        raise InputError(
            f"{out} cannot be written ({error.strerror}): choose a folder that you can write to."
        ) from None


def _draft(out: Path) -> Path:
    return out.with_name(f".{out.name}.{os.getpid()}.part")


def _check_one_to_one(request: Request, sources: list[Source]) -> None:
    others = {source.name for source in sources} - {request.scheme.spine}
    if unknown := sorted(request.options.one_to_one - others):
        raise InputError(
            f"--one-to-one names {', '.join(unknown)}: the sources linked to {request.scheme.spine} are "
            f"{', '.join(sorted(others)) or 'none'}."
        )


def write_index(con: duckdb.DuckDBPyConnection, out: Path, key: bytes) -> None:
    """After linking: the index of every record, with pseudonyms under one purpose's key."""
    people = "SELECT DISTINCT person, person AS value FROM person_of_record"
    make_pseudonyms(con, "token_of_person", "person", people, purpose_key(key, PERSON_PURPOSE))
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(out)
    try:
        copy_index(con, draft)
        os.replace(draft, out)
    finally:
        draft.unlink(missing_ok=True)
