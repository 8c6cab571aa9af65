"""The parameters of 04_inequalities."""

from typing import ClassVar

from pydantic import Field

from phm_utils.params import Code, RunParams, of_run


class InequalitiesParams(RunParams):
    """04_inequalities."""

    NOTEBOOK: ClassVar[str] = "04_inequalities"

    condition: Code = Field("diabetes", description="Long-term condition shown by practice and area")
    mapped_condition: Code = of_run("diabetes", description="Long-term condition counted by small area (CSV)")
    confidence: float = of_run(0.95, gt=0.5, lt=1, description="coverage of intervals: 0.95, not 0.05")
