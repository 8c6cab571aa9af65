"""`phm link`: records, model and key from the command's arguments."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from phm_utils.engine import session
from phm_utils.engine.spark import require_spark
from phm_utils.errors import InputError
from phm_utils.params import PURPOSES, Workbook
from phm_utils.privacy.workplace import Workplace, only_one, workplace
from phm_utils.runs import Store, resolve


@dataclass(frozen=True)
class LinkArguments:
    """Arguments of `phm link`.

    key_file: the user's root key; optional for synthetic data, whose key is public.
    model: a saved model, else the workbook's own. train: where to save a newly
        trained one instead; leave_out_unseen, accept: options of that training.
    encoded: lists made by `phm encode`; encoded_key_file: the key shared with their senders.
    accept_ledger: go on although the ledger is not the last landing's.
    """

    key_file: Path | None = None
    model: Path | None = None
    train: Path | None = None
    leave_out_unseen: bool = False
    accept: float | None = None
    engine: Literal["duckdb", "spark"] = "duckdb"
    encoded: tuple[Path, ...] = ()
    encoded_key_file: Path | None = None
    accept_ledger: bool = False

    def model_choice(self):
        """A function that loads or trains the model (see `linkage.training`)."""
        from phm_utils.linkage.model import Thresholds
        from phm_utils.linkage.training import train_and_save, use_saved

        if self.train is None and (self.leave_out_unseen or self.accept is not None):
            raise InputError("--leave-out-unseen and --accept need --train: a saved model has its own thresholds.")
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
        """The function that scores pairs."""
        if self.engine == "spark":
            require_spark()  # before anything is read
            from phm_utils.linkage.spark_scoring import score
        else:
            from phm_utils.linkage.scoring import score
        return score


def link_folder(
    folder: Path,
    out: Path | None,
    linking: LinkArguments,
    *,
    spine: str,
    purpose: str,
    one_to_one: list[str],
    any_numbers: bool,
) -> str:
    """Link the sources of a folder into an index of their records; its path, and counts by source and method."""
    from phm_utils.linkage import standalone
    from phm_utils.linkage.probabilistic import Options
    from phm_utils.linkage.scheme import Scheme
    from phm_utils.privacy.pseudonyms import load_key

    if purpose not in PURPOSES:
        raise InputError(f"--purpose {purpose} is not one of {', '.join(PURPOSES)}.")
    if out is None:
        raise InputError("Give the output file: `phm link INPUT_DIR OUT.parquet --key-file FILE`.")
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
        choose=linking.model_choice(),
        options=Options(score=linking.scorer(), one_to_one=frozenset(one_to_one)),
        encoded=linking.encoded_lists(),
    )
    return str(standalone.link_folder(request))


@contextmanager
def identified_place(workbook: Workbook) -> Iterator[Workplace]:
    """A working folder for the one command that may be at work on a parameter file's identified extracts."""
    root = resolve(workbook.identified_root)
    with (
        only_one(root, workbook.name, synthetic=workbook.synthetic),
        workplace(root, synthetic=workbook.synthetic) as place,
    ):
        yield place


def link_identified(
    workbook: Workbook,
    check: Callable[[Workbook, Workplace], Store],
    linking: LinkArguments,
    reviewed: Path | None = None,
) -> str:
    """Check identified extracts and link them; the pseudonymised landing's path, and counts by source and method.

    check: runs the check stage in the working folder and gives its store. reviewed: a clerical review, filled in.
    """
    from phm_utils.linkage import identified
    from phm_utils.linkage.probabilistic import Options
    from phm_utils.privacy.pseudonyms import demo_key, load_key

    if workbook.form != "identified":
        raise InputError(
            f"`form: {workbook.form}`: such records are linked on their pseudonym by `phm run`. "
            "`phm link` is for extracts with names and NHS numbers."
        )
    if linking.key_file is None and not workbook.synthetic:
        raise InputError("Real data need your own key: `phm link PARAMETERS --key-file FILE`.")
    key = load_key(linking.key_file) if linking.key_file else demo_key(0)
    choose, options = linking.model_choice(), Options(score=linking.scorer())
    encoded = linking.encoded_lists()
    with identified_place(workbook) as place:
        store = check(workbook, place)
        with session() as con:
            store.register(con)
            linked = identified.run(
                con,
                workbook,
                key,
                choose,
                options=options,
                reviewed=reviewed,
                encoded=encoded,
                place=place,
                accept_ledger=linking.accept_ledger,
            )
    return str(linked)
