"""The balance figure: furthest apart at the top, nothing drawn where nothing is known."""

import numpy as np
import pandas as pd

from phm_utils.figures.love import love_plot

ROWS = pd.DataFrame(
    {"covariate": ["age", "sex", "smi"], "smd_before": [0.1, -0.4, 0.2], "smd_after": [0.0, 0.05, np.nan]}
)


def draw(rows: pd.DataFrame):
    return love_plot(rows, "covariate", "smd_before", "smd_after", limit=0.1).axes[0]


def test_covariates_stand_in_order_of_their_difference():
    assert [t.get_text() for t in draw(ROWS).get_yticklabels()] == ["sex", "smi", "age"]


def test_differences_that_are_not_known_are_not_drawn():
    def drawn(rows: pd.DataFrame) -> int:
        return sum(np.isfinite(np.ma.filled(c.get_offsets()[:, 0], np.nan)).sum() for c in draw(rows).collections)

    assert drawn(ROWS) == 5
    assert drawn(ROWS.assign(smd_after=np.nan)) == 3
