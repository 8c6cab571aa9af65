"""`phm check` and `phm link`: the commands that come before a run."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from phm_utils.batch.batch import Batch
from phm_utils.batch.plan import Plan
from phm_utils.batch.progress import Progress
from phm_utils.batch.run import held
from phm_utils.batch.stage_steps import failure, run_stages
from phm_utils.batch.stages import CHECK, PERSON_LEVEL
from phm_utils.engine import session
from phm_utils.errors import InputError, StepFailed
from phm_utils.params import PURPOSES, Workbook
from phm_utils.runs import Store, resolve


def permitted(workbook: Workbook) -> None:
    """Refuse a run of identified extracts, and of sources that governance does not permit."""
    from phm_utils.inputs import governance

    if workbook.form == "identified":
        raise InputError(
            "`form: identified`: a run reads no names. Run `phm link` for this file first, then `phm run` for one "
            "with `form: pseudonymised` and the landing folder that `phm link` prints."
        )
    governance.permitted(workbook)


def check_extracts(workbook: Workbook) -> str:
    """Bring the check stage up to date, alone; what became of every row, as text."""
    from phm_utils.inputs.check import report

    return report(_checked(workbook))


@dataclass(frozen=True)
class Linking:
    """How `phm link` is asked to link.

    key_file: the user's root key. Synthetic data may go without: theirs is public.
    model: a saved model, else the workbook's own; train: one is trained and
        saved there instead. leave_out_unseen, accept: of that training.
    encoded: lists that `phm encode` made, and the key shared with who sent them.
    """

    key_file: Path | None = None
    model: Path | None = None
    train: Path | None = None
    leave_out_unseen: bool = False
    accept: float | None = None
    engine: Literal["duckdb", "spark"] = "duckdb"
    encoded: tuple[Path, ...] = ()
    encoded_key_file: Path | None = None

    def chosen(self):
        """The choice of model (see `linkage.training`)."""
        from phm_utils.linkage.model import Thresholds
        from phm_utils.linkage.training import train_and_save, use_saved

        if self.train is None and (self.leave_out_unseen or self.accept is not None):
            raise InputError("--leave-out-unseen and --accept belong to --train: a saved model has its own.")
        if self.train is None:
            return use_saved(self.model)
        thresholds = Thresholds()
        if self.accept is not None:
            thresholds = Thresholds(accept=self.accept, review=min(thresholds.review, self.accept))
        return train_and_save(self.train, thresholds=thresholds, drop_unseen=self.leave_out_unseen)

    def encoded_lists(self):
        """Lists sent encoded, and their key."""
        from phm_utils.linkage.encoded_lists import EncodedLists
        from phm_utils.privacy.pseudonyms import load_key

        return EncodedLists(self.encoded, load_key(self.encoded_key_file) if self.encoded_key_file else None)

    def scorer(self):
        """Where pairs are scored."""
        if self.engine == "spark":
            from phm_utils.linkage.spark_scoring import score
        else:
            from phm_utils.linkage.scoring import score
        return score


def link_folder(
    folder: Path,
    out: Path | None,
    linking: Linking,
    *,
    spine: str,
    purpose: str,
    one_to_one: list[str],
    any_numbers: bool,
) -> str:
    """Link the sources of a folder into an index of their records; where it is, and what linked how."""
    from phm_utils.linkage import standalone
    from phm_utils.linkage.probable import Options
    from phm_utils.linkage.scheme import Scheme
    from phm_utils.privacy.pseudonyms import load_key

    if purpose not in PURPOSES:
        raise InputError(f"--purpose {purpose} is none of {', '.join(PURPOSES)}.")
    if out is None:
        raise InputError("Say where the index goes: `phm link INPUT_DIR OUT.parquet --key-file FILE`.")
    if linking.key_file is None:
        raise InputError(
            "Pseudonyms need a key: `--key-file FILE`. Make one with `phm key FILE`, outside the workbook's folder."
        )
    request = standalone.Request(
        folder=folder,
        out=out,
        key=load_key(linking.key_file),
        purpose=purpose,
        scheme=Scheme(spine, "any" if any_numbers else "nhs"),
        choose=linking.chosen(),
        options=Options(score=linking.scorer(), one_to_one=frozenset(one_to_one)),
        encoded=linking.encoded_lists(),
    )
    return str(standalone.link_folder(request))


def link_identified(workbook: Workbook, linking: Linking, reviewed: Path | None = None) -> str:
    """Check identified extracts and link them; where the pseudonymised landing is, and what linked how.

    reviewed: a clerical review, filled in.
    """
    from phm_utils.linkage import identified
    from phm_utils.linkage.probable import Options
    from phm_utils.privacy.pseudonyms import demo_key, load_key

    if workbook.form != "identified":
        raise InputError(
            f"`form: {workbook.form}`: such records are joined on their pseudonym by `phm run`. "
            "`phm link` is for extracts with names and NHS numbers."
        )
    if linking.key_file is None and not workbook.synthetic:
        raise InputError("Real data need a key of their own: `phm link PARAMETERS --key-file FILE`.")
    key = load_key(linking.key_file) if linking.key_file else demo_key(0)
    choose, options = linking.chosen(), Options(score=linking.scorer())
    encoded = linking.encoded_lists()
    store = _checked(workbook)
    with session() as con:
        store.register(con)
        return str(identified.run(con, workbook, key, choose, options=options, reviewed=reviewed, encoded=encoded))


def _checked(workbook: Workbook) -> Store:
    """The store of validated tables: for identified extracts one of its own, below the identified root."""
    from phm_utils.inputs import governance

    if workbook.data != "person_level":
        raise InputError("Published data have nothing to check or link: `phm run` reads them directly.")
    governance.permitted(workbook)
    identified = workbook.form == "identified"
    parent = resolve(workbook.identified_root) / "checked" if identified else resolve(workbook.outputs)
    with held(parent / workbook.name) as folder:
        batch = Batch(workbook, replace(PERSON_LEVEL, stages=(CHECK,)), Plan({}, (), ()), folder, Progress())
        problem = run_stages(batch)
        batch.fingerprints.save()
        if isinstance(problem, InputError):
            raise problem
        if problem is not None:
            raise StepFailed(f"The check stage failed: {failure(problem, folder)}")
        return batch.store
