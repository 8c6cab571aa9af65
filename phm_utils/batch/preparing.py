"""`phm check` and `phm link`: the commands that come before a run."""

from dataclasses import replace
from pathlib import Path

from phm_utils.batch.batch import Batch
from phm_utils.batch.plan import Plan
from phm_utils.batch.progress import Progress
from phm_utils.batch.run import held
from phm_utils.batch.stage_steps import failure, run_stages
from phm_utils.batch.stages import CHECK, PERSON_LEVEL
from phm_utils.engine import session
from phm_utils.errors import InputError, StepFailed
from phm_utils.params import Workbook
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


def link_identified(workbook: Workbook, key_file: Path | None) -> str:
    """Check identified extracts and link them; where the pseudonymised landing is, and what linked how.

    key_file: the user's root key. Synthetic data may go without: theirs is public.
    """
    from phm_utils.linkage import identified
    from phm_utils.privacy.pseudonyms import demo_key, load_key

    if workbook.form != "identified":
        raise InputError(
            f"`form: {workbook.form}`: such records are joined on their pseudonym by `phm run`. "
            "`phm link` is for extracts with names and NHS numbers."
        )
    if key_file is None and not workbook.synthetic:
        raise InputError("Real data need a key of their own: `phm link PARAMETERS --key FILE`.")
    key = load_key(key_file) if key_file else demo_key(0)
    store = _checked(workbook)
    with session() as con:
        store.register(con)
        linked = identified.run(con, workbook, key)
    return f"{linked.folder}\n{linked.steps.to_string(index=False)}"


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
