"""A rule in words says what it means."""

from datetime import date

import pytest

from phm_utils.measures.cohort_run import static_words
from phm_utils.rules.describe import describe
from phm_utils.rules.tree import parse

COPD_FIRST = {"after": "copd", "which": "first", "months": 6, "starting": {"months": 1}}
HALF, HALF_BEFORE = {"months": 6}, {"months": 6, "ending": {"months": 6}}
VALUES = {"change": "bmi", "of": "latest", "op": "at least", "value": 3}
REGISTERED = {"column": "registered_from"}
WORDS = {
    "Asthma in the last 12 months": {"has": "asthma", "within": {"months": 12}},
    "Asthma in the last month": {"has": "asthma", "within": {"months": 1}},
    "no (Asthma or COPD) in the 12 months before the last year": {
        "has not": ["asthma", "copd"],
        "within": {"months": 12, "ending": {"years": 1}},
    },
    "no Asthma before the last 12 months": {"has not": "asthma", "within": {"ending": {"months": 12}}},
    "Asthma from 2024-09-01 on": {"has": "asthma", "within": {"from": date(2024, 9, 1)}},
    "Asthma within 6 months after the last COPD": {"has": "asthma", "within": {"after": "copd", "months": 6}},
    "Asthma from 1 month to 6 months after the first COPD": {"has": "asthma", "within": COPD_FIRST},
    "Asthma from 6 months to 1 month before the last COPD": {
        "has": "asthma",
        "within": {"before": "copd", "months": 6, "starting": {"months": 1}},
    },
    "Asthma 1 month or more after the last COPD": {
        "has": "asthma",
        "within": {"after": "copd", "starting": {"months": 1}},
    },
    "Asthma within 5 years after birth": {"has": "asthma", "within": {"after": "born", "years": 5}},
    "not: (Asthma or COPD)": {"not": {"any": [{"has": "asthma"}, {"has": "copd"}]}},
    "First day registered on or before 12 months ago": REGISTERED | {"op": "at most", "value": "12 months ago"},
    "First day registered after 2024-01-01": REGISTERED | {"op": "more than", "value": date(2024, 1, 1)},
    "Sex is one of Male, Female": {"column": "sex", "op": "one of", "value": ["Male", "Female"]},
    "latest Body mass index in the last 6 months less that in the 6 months before the last 6 months: at least 3": {
        **VALUES,
        "from": HALF_BEFORE,
        "to": HALF,
    },
}


@pytest.mark.parametrize("words", WORDS)
def test_a_rule_in_words_says_what_it_means(words):
    assert describe(parse(WORDS[words]), static_words(None, {}).titles) == words
