"""The parameters of 00_data_quality."""

from typing import ClassVar

from phm_utils.params import Code, RunParams, of_run


class DataQualityParams(RunParams):
    """00_data_quality."""

    NOTEBOOK: ClassVar[str] = "00_data_quality"

    stale_days: int = of_run(
        45, ge=1, le=3650, description="days: a practice whose last GP event is older is stale, on every report"
    )
    list_size_gap: float = of_run(
        0.05, gt=0, lt=1, description="share: extract and published list size may differ by so much, on every report"
    )
    other_kind: tuple[Code, ...] = of_run(
        (), description="codes of practices for a special group of patients, which are not compared with the others"
    )
