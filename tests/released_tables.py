"""What readers get of true figures, for tests: each aggregate of a stage under disclosure control."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from phm_utils.engine import Model
from phm_utils.params import Disclosure
from phm_utils.privacy.disclosure import protect
from phm_utils.privacy.release import Release


def protected(
    models: Iterable[Model],
    releases: Iterable[Release],
    parameters: Mapping[str, Any] | None = None,
    policy: Disclosure | None = None,
) -> dict[str, pd.DataFrame]:
    """The released tables by name, from the models that a stage gives and the releases that it declares."""
    by_table = {release.aggregate_name: release for release in releases}
    found = {}
    for model in models:
        release = by_table[model.name]
        found[release.name] = protect(release, model.frame, policy or Disclosure(), parameters or {})
    return found
