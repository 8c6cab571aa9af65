"""The parameters of 00_data_quality."""

from typing import ClassVar

from pydantic import Field

from phm_utils.params import RunParams, of_run


class DataQualityParams(RunParams):
    """00_data_quality."""

    NOTEBOOK: ClassVar[str] = "00_data_quality"

    stale_days: int = of_run(
        45, ge=1, le=3650, description="days: a practice whose last GP event is older is stale, on every report"
    )
    list_size_gap: float = Field(
        0.05, gt=0, lt=1, description="share: extract and published list size may differ by so much"
    )
