"""The model of a file of `parameters/interventions`: one programme and its evaluation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from phm_utils.errors import InputError
from phm_utils.params import Code, Frozen, load_yaml, validated

HISTORY_MONTHS = 24  # months before the trial from which covariates are taken
OWN = "own"  # as a report's programme: that in which the area's own people are


class Eligibility(Frozen):
    """Who is eligible on the first day of a calendar month."""

    column: Code = Field("ed_attendances", description="monthly count of person_month")
    minimum: int = Field(7, ge=1, le=1000, description="events in the window")
    from_month: int = Field(12, ge=1, le=HISTORY_MONTHS, description="first month of the window, counted back")
    to_month: int = Field(1, le=HISTORY_MONTHS, description="last month of the window, counted back: 1 is last month")
    entry: Literal["every_month", "first_crossing"] = Field(
        "every_month", description="a trial starts in every month in which somebody is eligible"
    )

    @model_validator(mode="after")
    def _known_beforehand(self) -> "Eligibility":
        if self.to_month < 1:
            raise ValueError(
                f"eligibility: the window ends {-self.to_month} months after the trial starts, so it touches follow-up "
                "and selects people on their outcome; set to_month to 1 or more"
            )
        if self.to_month > self.from_month:
            raise ValueError("eligibility: to_month lies before from_month; count months back, such as 12 to 1")
        if self.entry == "first_crossing":
            raise ValueError(
                "eligibility: 'first_crossing' takes each person at a peak, from which everybody falls back, and "
                "leaves out controls who crossed earlier; use every_month"
            )
        return self


class Plausible(Frozen):
    """Evidence from elsewhere for this kind of programme, shown next to the result."""

    rate_ratio: float = Field(gt=0, lt=10)
    lower: float = Field(gt=0, lt=10)
    upper: float = Field(gt=0, lt=10)
    source: str

    @model_validator(mode="after")
    def _ordered(self) -> "Plausible":
        if not self.lower <= self.rate_ratio <= self.upper:
            raise ValueError("plausible: lower, rate_ratio and upper must rise")
        return self


class Money(Frozen):
    """The programme's cost and the value of an event avoided."""

    cost_gbp_per_year: float = Field(gt=0, description="GBP: the whole programme, staff and overheads")
    unit_cost_item: Code = Field("ed_attendance", description="an item of parameters/reference/unit_costs.csv")
    cashable: float = Field(0.1, ge=0, le=1, description="share of the saving that leaves a budget: an assumption")
    cost_shifted: float = Field(0.1, ge=0, le=1, description="share that other services pay instead: an assumption")

    seed: int = Field(20250331, ge=0, description="of the probabilistic sensitivity analysis")

    @model_validator(mode="after")
    def _shares(self) -> "Money":
        if self.cashable + self.cost_shifted > 1:
            raise ValueError("money: cashable and cost_shifted together exceed 1; the rest is capacity released")
        return self


class Gates(Frozen):
    """What must hold before an effect is shown."""

    max_smd: float = Field(0.1, gt=0, le=0.25, description="largest standardised difference after weighting")
    min_effective_per_treated: float = Field(5.0, ge=1, description="effective control rows per treated row")
    min_overlap: float = Field(0.9, gt=0, le=1, description="share of the treated who have controls in their month")
    max_person_share: float = Field(0.05, gt=0, le=1, description="largest share of all weight that one control has")


class Intervention(Frozen):
    """One programme: eligibility, outcome and cost."""

    code: Code = Field(description="the file's name")
    programme: str = Field(description="code in programme_enrolment")
    title: str
    kind: Code = Field(description="programmes of one kind are never each other's controls")
    eligibility: Eligibility = Eligibility()
    outcome: Code = Field("ed_attendances", description="monthly count of person_month")
    negative_control: Code | None = Field(None, description="a monthly count that the programme cannot change")
    follow_up_months: int = Field(6, ge=1, le=24, description="from the month of enrolment, that month included")
    site_share: float = Field(
        0.02, gt=0, lt=1, description="a PCN with more of its eligible people enrolled has the service"
    )
    money: Money
    plausible: Plausible
    gates: Gates = Gates()


def load_interventions(folder: Path) -> Iterator[Intervention]:
    """Every definition of a folder, by file name. Raises InputError with every fault of a file listed."""
    for path in sorted(folder.glob("*.yml")):
        content = load_yaml(path)
        if path.stem == OWN:
            raise InputError(f"{path.name}: in a report `{OWN}` stands for the area's own programme; rename the file.")
        if "code" in content:
            raise InputError(f"{path.name}: leave out `code`; the file's name is the code.")
        yield validated(Intervention, {"code": path.stem, **content}, path.name)
