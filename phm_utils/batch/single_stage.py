"""Run a single stage, for a command that precedes a run."""

from pathlib import Path

from phm_utils.batch.batch import Batch
from phm_utils.batch.plan import Plan
from phm_utils.batch.progress import Progress
from phm_utils.batch.route import Route
from phm_utils.batch.run import locked_folder
from phm_utils.batch.stage_steps import failure, run_stages
from phm_utils.errors import InputError, StepFailed
from phm_utils.params import Workbook
from phm_utils.runs import Store


def run_single_stage(workbook: Workbook, route: Route, stage: str, parent: Path) -> Store:
    """Bring one stage of a route up to date in the run's folder below `parent`; the store with its tables.

    The stage must read no other's tables. Raises InputError where its input
    cannot be used, StepFailed where it broke.
    """
    chosen = tuple(s for s in route.stages if s.name == stage)
    with locked_folder(parent / workbook.name) as folder:
        batch = Batch(workbook, route, Plan({}, (), ()), folder, Progress())
        batch.close_temp()  # of a run that was killed
        try:
            problem = run_stages(batch, chosen)
        finally:
            batch.close_temp()
        batch.fingerprints.save()
        if isinstance(problem, InputError):
            raise problem
        if problem is not None:
            raise StepFailed(f"The {stage} stage failed: {failure(problem, folder)}")
        return batch.store
