"""Small segmentations for tests: rules by age, or by one yes or no column."""

from phm_utils.measures.definitions import Segmentation
from phm_utils.params import validated


def model(*segments: tuple[str, list[dict]], **kw) -> Segmentation:
    content = {
        "title": "T",
        "source": "S",
        "segments": [{"name": name, "about": "", "rules": rules} for name, rules in segments],
        "otherwise": {"name": "Rest", "about": "", "says": "none"},
        **kw,
    }
    return validated(Segmentation, content, "test.yml")


def over(age: int) -> dict:
    return {"column": "age", "op": "at least", "value": age, "says": f"{age} or over"}
