"""What the check of the extracts declares, and the report on their quality."""

from phm_utils.inputs.code_lists import FILES
from phm_utils.inputs.practice_caution import CAUTION
from phm_utils.inputs.quality import RELEASES
from phm_utils.inputs.quality_params import DataQualityParams
from phm_utils.tables import TABLES
from phm_utils.topic import Facts, Stage, Topic, aggregates

CHECK_TABLES = (
    *(
        "check_table",
        "check_address_list",
        "check_field",
        "check_completeness",
        "check_practice",
        "check_alarm",
        "governance_source",
    ),
    *("silent_practice", "silent_month", "people_account", "unread_file"),
)

TOPIC = Topic(
    "inputs",
    stages=(
        Stage(
            "check",
            "phm_utils.inputs.check:check_stage",
            makes=(*TABLES, *CHECK_TABLES, "boundary"),
            settings=(
                *("form", "mapping", "governance", "purpose", "geography", "ics_code", "index_date", "synthetic"),
                *("data", "truth", "unreadable_opt_outs", "limits", "accept"),
            ),
            files="phm_utils.inputs.check:input_files",
            writes=True,
        ),
        Stage(
            "code_lists",
            "phm_utils.inputs.code_lists:code_lists",
            makes=("code_list",),
            settings=(),
            files=FILES,
        ),
        Stage(
            "quality_tables",
            "phm_utils.inputs.quality:quality_tables",
            makes=aggregates(RELEASES),
            reads=(*CHECK_TABLES, "practice"),
        ),
        Stage(
            "practice_caution",
            "phm_utils.inputs.practice_caution:practice_caution",
            makes=("practice_caution", *aggregates((CAUTION,))),
            reads=("check_practice", "person"),
            parameters=(DataQualityParams,),
        ),
    ),
    releases=(*RELEASES, CAUTION),
    notebook="00_data_quality",
    parameters=DataQualityParams,
    reads=("value_units",),
    examine="phm_utils.inputs.doctor_extracts:extracts",
    facts=Facts(
        "phm_utils.inputs.run_facts:extracts",
        reads=("check_practice", "check_table", "check_alarm", "governance_source", "practice", "silent_practice"),
        parameters=(DataQualityParams,),
    ),
    areas="phm_utils.inputs.practice_table:areas",
    permitted="phm_utils.inputs.governance:refuse_run",
)
