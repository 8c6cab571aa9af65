"""The run's own record: what each report was made with."""

from phm_utils.batch.record import facts_of

FACTS = {"title": "Demo", "notebooks": {"03": {"parameters": {"index_date": "2025-03-31"}}, "04": {"parameters": {}}}}


def test_a_report_depends_on_its_own_part_of_the_record():
    changed = {**FACTS, "notebooks": {**FACTS["notebooks"], "04": {"parameters": {"confidence": 0.99}}}}
    assert facts_of(FACTS, "03") == facts_of(changed, "03")
    assert facts_of(FACTS, "04") != facts_of(changed, "04")


def test_a_report_depends_on_what_is_said_of_the_whole_run():
    assert facts_of(FACTS, "03") != facts_of({**FACTS, "title": "Other"}, "03")
