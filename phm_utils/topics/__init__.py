"""The questions: one folder per report, each question's tables and its page side by side.

A new topic is a folder whose module `topic` exports `TOPIC`, and one line here.
"""

TOPICS = (  # in the order of their reports
    "phm_utils.inputs.topic",
    "phm_utils.linkage.topic",
    "phm_utils.persons.topic",
    "phm_utils.measures.topic",
    "phm_utils.topics.segmentation.topic",
    "phm_utils.topics.segmentation.annex",
    "phm_utils.topics.cohorts.topic",
    "phm_utils.topics.inequalities.topic",
    "phm_utils.topics.published.topic",
    "phm_utils.topics.evaluation.topic",
    "phm_utils.topics.vulnerability.topic",
)
