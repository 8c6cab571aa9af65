"""Frozen, validated parameters: the model of a parameter file, and the base model of every notebook."""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from phm_utils.errors import InputError
from phm_utils.yaml_files import load_yaml as load_yaml

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
PURPOSES = (
    "population_health_management",
    "service_evaluation",
    "direct_care",
    "commissioning",
    "public_health",
)
# An IMD release uses one vintage of LSOAs; joined to the other it loses areas without an error.
IMD_VINTAGE = {"IMD2019": 2011, "IoD2025": 2021}
# HES and ECDS analysis rules: no figure on fewer people leaves.
FEWEST_REAL_PEOPLE = 8
NUMBERS = frozenset({int, float, Decimal})
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Frozen(BaseModel):
    """A model that cannot be changed, refuses unknown names, and takes a value for what it is.

    pydantic reads `yes` as the number 1, and a number as the day so many seconds after 1970.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _of_its_own_kind(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = _kinds(cls, str(info.field_name))
        if isinstance(value, bool) and kinds & NUMBERS and bool not in kinds:
            raise ValueError("a number is needed, not yes or no")
        if kinds == {date} and not (isinstance(value, date) or (isinstance(value, str) and DAY.fullmatch(value))):
            raise ValueError("a day such as 2025-03-31 is needed")
        return value


@cache
def _kinds(model: type[BaseModel], field: str) -> frozenset[Any]:
    """The types that a field takes, None left out."""
    annotation = model.model_fields[field].annotation
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return frozenset(part for part in parts if part is not type(None))


def of_run(default: Any = ..., **named: Any) -> Any:
    """A run parameter: figures are made with it, so a notebook cannot change it."""
    return Field(default, json_schema_extra={"of_run": True}, **named)


class RunParams(Frozen):
    """The parameters of every notebook; each notebook's model adds to them.

    Fields made by `of_run` are run parameters: the tables were made with them.
    A notebook with another value is refused (`reports.notebook.open_run`).
    All others are view parameters and can be changed in the notebook.
    """

    NOTEBOOK: ClassVar[str] = ""

    workbook: Code = Field(description="Name of the run: its folder below `outputs`")
    area_code: Code = Field(description="PCN code, or the ICS's own code for the whole ICS")
    index_date: date = of_run(description="Last day counted, inclusive")
    outputs: str = Field("outputs", description="Folder of all runs; relative to the workbook's folder")

    def __init__(self, **values: Any) -> None:
        """Raises InputError, a line for each fault, where a value is out of range or a name is not known."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InputError(_faults(error, type(self), type(self).__name__)) from None

    @classmethod
    def run_fields(cls) -> tuple[str, ...]:
        """Names of the run parameters, in order."""
        extras = {name: field.json_schema_extra for name, field in cls.model_fields.items()}
        return tuple(name for name, extra in extras.items() if isinstance(extra, dict) and extra.get("of_run"))

    @classmethod
    def of(cls, workbook: "Workbook", area_code: str | None = None) -> Self:
        """The parameters of this model's notebook in the parameter file, in one area (by default the whole ICS).

        A run parameter that another notebook's model declares is set there, once.
        """
        own: dict[str, Any] = {}
        for name in cls.model_fields:
            values = workbook.notebooks.get(cls._declaring_notebook(name), {})
            own |= {name: values[name]} if name in values else {}
        common = {"workbook": workbook.name, "area_code": area_code or workbook.ics_code,
                  "index_date": workbook.index_date, "outputs": workbook.outputs}  # fmt: skip
        return validated(cls, common | own, f"notebooks: {cls.NOTEBOOK}")

    @classmethod
    def _declaring_notebook(cls, field: str) -> str:
        """The notebook of the first model that declares a field: its parameters set the field."""
        models = [m for m in cls.__mro__ if issubclass(m, RunParams) and m.NOTEBOOK and field in m.model_fields]
        return models[-1].NOTEBOOK if models else cls.NOTEBOOK

    @classmethod
    def run_values(cls, workbook: "Workbook") -> dict[str, Any]:
        """The run parameters by name: all that a stage may read."""
        return cls.of(workbook).model_dump(include=set(cls.run_fields()))


class Geography(Frozen):
    """The one vintage of small areas that a run uses."""

    lsoa_vintage: Literal[2011, 2021] = Field(2021, description="census year of the LSOA codes")
    imd_version: Literal["IMD2019", "IoD2025"] = "IoD2025"

    @model_validator(mode="after")
    def _same_vintage(self) -> "Geography":
        if IMD_VINTAGE[self.imd_version] != self.lsoa_vintage:
            raise ValueError(
                f"{self.imd_version} joins {IMD_VINTAGE[self.imd_version]} LSOAs, not "
                f"{self.lsoa_vintage}: set both to one vintage"
            )
        return self


class Disclosure(Frozen):
    """What a released table may show."""

    suppress_below: int = Field(8, ge=2, le=100, description="counts from 1 to one less are shown as *")
    round_to: int = Field(5, ge=1, le=100, description="people or events")
    min_events_for_estimate: int = Field(10, ge=5, description="events behind a standardised or modelled figure")
    min_people_for_estimate: int = Field(
        10, ge=1, description="distinct people who had those events; on real data 8 or more"
    )
    tier: Literal["partners", "public"] = Field("partners", description="who may read the reports")


class Limits(Frozen):
    """From when an extract that can be read cannot be right: the check stops."""

    quarantined: float = Field(0.05, gt=0, le=1, description="share of a table's rows that cannot be used")
    emptied: float = Field(0.10, gt=0, le=1, description="share of a field's values that are faulty")
    filled: float = Field(0.50, ge=0, lt=1, description="share of rows that must have a field on which figures rest")
    silent: float = Field(0.20, gt=0, le=1, description="share of people whose practice sends no GP records")
    drop: float = Field(0.30, gt=0, le=1, description="share of a table's rows lost since the last run")


class Resources(Frozen):
    """What each worker may use."""

    workers: int = Field(2, ge=1, le=64)
    memory: str = Field("1500MB", pattern=r"^\d+(MB|GB)$", description="DuckDB's limit in each worker")
    threads: int = Field(1, ge=1, le=64, description="DuckDB threads in each worker")
    stage_memory: str | None = Field(
        None,
        pattern=r"^\d+(MB|GB)$",
        description="DuckDB's limit in ICS-level stages; default: half of what is free",
    )
    engine: Literal["duckdb", "spark"] = Field("duckdb", description="what makes the person table; Spark needs Java 17")
    dask_scheduler: str | None = Field(None, description="address of a dask.distributed scheduler, or none")


class Audit(Frozen):
    """Where the record of every request for a list of people is kept (docs/AUDIT.md)."""

    log: str = Field(description="Folder of the log, of this run alone")
    head: str = Field(description="Folder of its head (count and hash), on another disk or share")


class Workbook(Frozen):
    """A parameter file: one ICS, one index date, one stated purpose."""

    name: Code = Field(description="Name of the run: its folder below `outputs`")
    title: str = Field(description="Name of the ICS for readers")
    ics_code: Code = Field(description="Code used for the whole ICS in file names and reports")
    data: Literal["person_level", "published"] = "person_level"
    synthetic: bool = Field(description="True marks every page SYNTHETIC DATA")
    # PURPOSES is the one list of these words, and mypy reads no Literal from a tuple.
    purpose: Literal[PURPOSES] = "population_health_management"  # type: ignore[valid-type]
    index_date: date = Field(description="Last day counted, inclusive")
    form: Literal["pseudonymised", "identified"] = "pseudonymised"
    landing: str = Field(description="Folder of the extracts, one file or folder per table")
    identified_root: str = Field("outputs/identified", description="quarantine and vault; not read by analysts")
    outputs: str = Field("outputs", description="Folder of all runs")
    mapping: str | None = Field(None, description="YAML file of the extracts' own names and codes")
    governance: str = Field("parameters/governance.yml", description="YAML file of sources and permissions")
    agreements: str | None = Field(None, description="YAML file of who may have a list of people, and whose; or nobody")
    limits: Limits = Limits()
    accept: tuple[str, ...] = Field((), description="names of alarms of the check that are right after all")
    unreadable_opt_outs: Literal["withhold", "stop"] = Field(
        "withhold", description="what an opt-out flag does that cannot be read as yes or no"
    )
    truth: str | None = Field(None, description="synthetic data: folder `truth` that `phm simulate` wrote, or none")
    geography: Geography = Geography()
    disclosure: Disclosure = Disclosure()
    resources: Resources = Resources()
    audit: Audit | None = Field(None, description="folders of the audit log; without it no list of people is made")
    files: dict[str, str] = Field(default_factory=dict, description="published data: file name per input")
    downloads: dict[str, str] = Field(default_factory=dict, description="published data: where each file comes from")
    notebooks: dict[str, dict[str, Any]] = Field(default_factory=dict, description="parameters by notebook")

    @model_validator(mode="after")
    def _truth_is_of_synthetic_data(self) -> "Workbook":
        if self.truth is not None and not self.synthetic:
            raise ValueError("truth: only synthetic data have one; remove the line, or set `synthetic: true`")
        return self

    @model_validator(mode="after")
    def _estimates_of_real_people(self) -> "Workbook":
        if not self.synthetic and self.disclosure.min_people_for_estimate < FEWEST_REAL_PEOPLE:
            raise ValueError(
                f"disclosure.min_people_for_estimate: {FEWEST_REAL_PEOPLE} or more, as the data are not synthetic"
            )
        return self


M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], content: dict[str, Any], where: str) -> M:
    """`model` filled from `content`; every fault is listed once, in one InputError."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(_faults(error, model, where)) from None
    except InputError as error:  # of a model that words its faults itself, which does not know where they stand
        raise InputError(f"{where}{str(error).removeprefix(model.__name__)}") from None


def _faults(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """Every fault in a line of its own, and the names that the model knows; no value is quoted."""
    faults = [
        f"- {'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    known = ", ".join(model.model_fields)
    return (
        f"{where}: {len(faults)} fault{'s' if len(faults) > 1 else ''}.\n"
        + "\n".join(faults)
        + f"\nKnown names: {known}."
    )
